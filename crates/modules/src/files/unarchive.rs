//! `unarchive`: what an archive holds lies in a folder.
//!
//! Reading archives is left to the host's own `tar` and `unzip`, which keep owners, links and sparse files right.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;
use serde_json::json;
use tempfile::NamedTempFile;

use crate::arguments::{Flag, HostPath, Names, Whole, Words};
use crate::files::archive::{Archive, Kind};
use crate::files::attributes::{AttributeChange, Attributes};
use crate::files::facts::add_facts;
use crate::files::mode::FileMode;
use crate::journal::Former;
use crate::web::get_url;
use crate::{Host, Module, Step, Survey};

/// Parameters of `unarchive`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unarchive {
    src: HostPath,
    dest: HostPath,
    #[serde(default)]
    remote_src: Flag,
    creates: Option<HostPath>,
    #[serde(default)]
    exclude: Names,
    #[serde(default)]
    include: Names,
    #[serde(default)]
    keep_newer: Flag,
    #[serde(default)]
    list_files: Flag,
    #[serde(default)]
    extra_opts: Names,
    #[serde(default = "yes")]
    copy: Flag,
    /// Whether the controller decrypts `src`; it has done so by the time the task arrives.
    #[serde(rename = "decrypt")]
    _decrypt: Option<Flag>,
    /// How much Ansible reads at once from an archive.
    #[serde(rename = "io_buffer_size")]
    _io_buffer_size: Option<Whole>,
    /// Of a URL as `src`.
    #[serde(default = "yes")]
    validate_certs: Flag,
    mode: Option<FileMode>,
    owner: Option<Words>,
    group: Option<Words>,
    #[serde(rename = "_blob", alias = "_sha256")]
    blob: Option<String>,
    /// What was downloaded, where `src` is a URL; it goes with the task.
    #[serde(skip)]
    fetched: OnceLock<NamedTempFile>,
}

fn yes() -> Flag {
    Flag(true)
}

/// What is done: the archive is unpacked, or attributes of what lies there change.
#[derive(Debug)]
pub enum Unpacking {
    /// It is unpacked.
    Unpack(Change),
    /// Attributes of one path change.
    Attributes(AttributeChange),
}

impl Step for Unpacking {
    fn change(&self, diff: bool) -> Change {
        match self {
            Self::Unpack(change) => change.clone(),
            Self::Attributes(change) => change.change(diff),
        }
    }

    /// What an archive replaces in a folder is not known before it is unpacked.
    fn former(&self) -> Result<Vec<Former>, Failure> {
        match self {
            Self::Unpack(_) => Ok(vec![Former::Unknown]),
            Self::Attributes(change) => Ok(vec![Former::of(&change.change(false))?]),
        }
    }
}

impl Module for Unarchive {
    const NAME: &'static str = "unarchive";
    type Step = Unpacking;

    fn survey(&self, host: &Host) -> Result<Survey<Unpacking>, Failure> {
        if let Some(path) = self.creates.as_ref().filter(|path| path.exists()) {
            let said = format!("skipped, since {} exists", path.text());
            return Ok(Survey::skipped(format!("'{}' exists", path.display()))
                .value("skipped", true)
                .value("msg", said));
        }
        let change =
            Change::new(Verb::Change, self.dest.to_string_lossy()).detail(format!("from {}", self.src.display()));
        let unpack = Survey::steps(vec![Unpacking::Unpack(change)]);
        let archive = self.archive(host)?;
        if !archive.path.exists() || !self.dest.is_dir() {
            return Ok(self.described(unpack, &archive).unpredicted());
        }
        if !archive.lies_in(&self.dest, host)? {
            return Ok(self.described(unpack, &archive));
        }
        let names = archive.names(host)?;
        let changes = self.attribute_changes(&names);
        let survey = Survey::steps(changes.into_iter().map(Unpacking::Attributes).collect());
        let survey = if self.list_files.0 { survey.value("files", names) } else { survey };
        Ok(self.described(survey, &archive))
    }

    fn apply(&self, step: &Unpacking, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        if let Unpacking::Attributes(change) = step {
            return change.apply();
        }
        if !self.dest.is_dir() {
            return Err(Failure::new(format!("cannot unpack into {}: it is no folder", self.dest.display()))
                .help("make it first: `file: path=… state=directory`"));
        }
        let archive = self.archive(host)?;
        host.life(&format!("unpacking {}", self.src.display()), None);
        let said = archive.unpack(&self.dest, host)?;
        result.insert("extract_results".into(), json!({"rc": said.code(), "out": said.stdout, "err": said.stderr}));
        let names = archive.names(host)?;
        for change in self.attribute_changes(&names) {
            change.apply()?;
        }
        if self.list_files.0 {
            result.insert("files".into(), names.into());
        }
        Ok(())
    }

    fn conclude(&self, _host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        add_facts(&self.dest, result);
        Ok(())
    }
}

impl Unarchive {
    /// The archive as it lies on the host: where it was before, or as a pushed blob.
    fn archive(&self, host: &Host) -> Result<Archive, Failure> {
        if !self.include.0.is_empty() && !self.exclude.0.is_empty() {
            return Err(Failure::new("`include` and `exclude` exclude each other").code("DPP0104"));
        }
        let on_host = self.remote_src.0 || !self.copy.0;
        let path = match &self.blob {
            Some(blob) if !on_host => host.blob(blob),
            _ if self.src.to_string_lossy().contains("://") => self.downloaded(host)?,
            _ => self.src.to_path_buf(),
        };
        let name = self.src.to_string_lossy();
        let name = if name.contains("://") { name.split(['?', '#']).next().unwrap_or_default() } else { &name };
        let kind = Kind::of(Path::new(name))?;
        if kind == Kind::Zip && self.keep_newer.0 {
            return Err(Failure::new("`keep_newer` is for tar archives").code("DPP0104"));
        }
        Ok(Archive {
            path,
            kind,
            include: self.include.0.clone(),
            exclude: self.exclude.0.clone(),
            options: self.extra_opts.0.clone(),
            keep_newer: self.keep_newer.0,
        })
    }

    /// Once a task: it is looked at, and unpacked.
    fn downloaded(&self, host: &Host) -> Result<PathBuf, Failure> {
        if let Some(fetched) = self.fetched.get() {
            return Ok(fetched.path().to_owned());
        }
        let fetched = get_url::fetched(&self.src.to_string_lossy(), self.validate_certs.0, host)?;
        Ok(self.fetched.get_or_init(|| fetched).path().to_owned())
    }

    fn attribute_changes(&self, names: &[String]) -> Vec<AttributeChange> {
        let attributes = Attributes::of(self.mode.as_ref(), self.owner.as_ref(), self.group.as_ref());
        let paths = names.iter().map(|name| self.dest.join(name.trim_start_matches("./")));
        paths
            .filter_map(|path: PathBuf| attributes.survey(&path, &fs::symlink_metadata(Path::new(&path)).ok()?))
            .collect()
    }

    fn described(&self, survey: Survey<Unpacking>, archive: &Archive) -> Survey<Unpacking> {
        let survey = survey
            .value("src", self.src.to_string_lossy())
            .value("dest", self.dest.to_string_lossy())
            .value("handler", archive.kind.handler());
        let mut survey = survey;
        if survey.steps.is_empty() {
            add_facts(&self.dest, &mut survey.result);
        }
        survey
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use serde_json::json;

    use crate::testing::Ground;

    fn packed(ground: &Ground) -> String {
        ground.write("from/kafka/bin/run.sh", "#!/bin/sh\n");
        ground.write("from/kafka/LICENSE", "free\n");
        let (archive, from) = (ground.at("kafka.tgz"), ground.at("from"));
        assert!(Command::new("tar").args(["-czf", &archive, "-C", &from, "kafka"]).status().unwrap().success());
        std::fs::create_dir(ground.path("to")).unwrap();
        archive
    }

    #[test]
    fn an_archive_is_unpacked_once_and_repaired() {
        let ground = Ground::new();
        let params = json!({"src": packed(&ground), "dest": ground.at("to"), "remote_src": true});
        ground.converge("unarchive", &params);
        assert_eq!(ground.read("to/kafka/LICENSE"), "free\n");
        assert!(!ground.converge("unarchive", &params).changed);
        ground.write("to/kafka/LICENSE", "less free\n");
        ground.converge("unarchive", &params);
        assert_eq!(ground.read("to/kafka/LICENSE"), "free\n");
    }

    #[test]
    fn parts_are_left_out_modes_set_and_creates_heeded() {
        let ground = Ground::new();
        let archive = packed(&ground);
        let params = json!({"src": archive, "dest": ground.at("to"), "remote_src": "yes", "mode": "u=rwX,go=",
            "exclude": ["kafka/LICENSE"], "list_files": true});
        let outcome = ground.converge("unarchive", &params);
        assert!(!ground.path("to/kafka/LICENSE").exists());
        assert_eq!(ground.mode("to/kafka/bin/run.sh"), 0o600);
        assert_eq!(outcome.result["files"].as_array().unwrap().len(), 3);
        assert_eq!(
            (&outcome.result["handler"], &outcome.result["extract_results"]["rc"]),
            (&json!("TgzArchive"), &json!(0))
        );
        let skipped = json!({"src": archive, "dest": "/no/such", "creates": ground.at("to/kafka"), "remote_src": true});
        assert!(ground.apply("unarchive", &skipped).unwrap().skipped.is_some());
    }

    #[test]
    fn what_cannot_be_unpacked_is_named() {
        let ground = Ground::new();
        let broken = ground.write("x.tar.gz", "no archive");
        let params = json!({"src": broken, "dest": ground.at(""), "remote_src": true});
        let failure = ground.apply("unarchive", &params).unwrap_err();
        assert!(failure.message.starts_with("cannot read the archive"), "{}", failure.message);
    }

    #[test]
    fn an_archive_at_a_url_is_downloaded_and_unpacked_once() {
        let ground = Ground::new();
        let url = format!("file://{}", packed(&ground));
        let params = json!({"src": url, "dest": ground.at("to"), "remote_src": true});
        ground.converge("unarchive", &params);
        assert_eq!(ground.read("to/kafka/LICENSE"), "free\n");
        assert!(!ground.converge("unarchive", &params).changed);
        let gone = json!({"src": "file:///no/such.tgz", "dest": ground.at("to"), "remote_src": true});
        assert!(ground.survey("unarchive", &gone).unwrap_err().message.contains("/no/such.tgz"));
    }
}
