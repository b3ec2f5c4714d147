//! `archive`: files and folders of the host lie in an archive, or one file lies compressed beside itself.
//!
//! An archive is compared with what it would hold, so that nothing is packed a second time.

mod members;
mod packing;

use std::fs;
use std::path::PathBuf;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use crate::arguments::{Flag, HostPath, HostPaths, Words};
use crate::files::archiving::members::{Member, Selection};
use crate::files::archiving::packing::{Format, Packing};
use crate::files::attributes::{AttributeChange, Attributes};
use crate::files::facts::add_facts;
use crate::files::mode::FileMode;
use crate::files::step::FileStep;
use crate::{Host, Module, Step, Survey};

/// Parameters of `archive`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Archive {
    path: HostPaths,
    #[serde(default)]
    format: Format,
    dest: Option<HostPath>,
    #[serde(default)]
    exclude_path: Option<HostPaths>,
    #[serde(default)]
    exclusion_patterns: Option<HostPaths>,
    #[serde(default, rename = "force_archive")]
    as_tree: Flag,
    #[serde(default)]
    remove: Flag,
    mode: Option<FileMode>,
    owner: Option<Words>,
    group: Option<Words>,
}

/// One thing that is done.
#[derive(Debug)]
pub enum ArchiveStep {
    /// The archive is written.
    Pack(Change),
    /// Its attributes change.
    Attributes(AttributeChange),
    /// What was packed goes away.
    Remove(PathBuf),
}

impl Step for ArchiveStep {
    fn change(&self, diff: bool) -> Change {
        match self {
            Self::Pack(change) => change.clone(),
            Self::Attributes(change) => change.change(diff),
            Self::Remove(path) => Change::new(Verb::Delete, path.to_string_lossy()),
        }
    }
}

impl Module for Archive {
    const NAME: &'static str = "archive";
    type Step = ArchiveStep;

    fn survey(&self, host: &Host) -> Result<Survey<ArchiveStep>, Failure> {
        let selection = self.selection()?;
        let packing = self.packing(&selection)?;
        let members = selection.members(self.format)?;
        let mut steps = Vec::new();
        if !selection.found.is_empty() && !packing.is_current(&members, host)? {
            let verb = if packing.dest.exists() { Verb::Change } else { Verb::Create };
            let what = format!(
                "{} of {}",
                self.format.name(),
                self.path.0.iter().map(HostPath::text).collect::<Vec<_>>().join(", ")
            );
            steps.push(ArchiveStep::Pack(Change::new(verb, packing.dest.to_string_lossy()).detail(what)));
        }
        if let Ok(found) = fs::metadata(&packing.dest) {
            steps.extend(self.attributes().survey(&packing.dest, &found).map(ArchiveStep::Attributes));
        }
        if self.remove.0 {
            steps.extend(selection.removals(&members).into_iter().map(ArchiveStep::Remove));
        }
        let mut survey = Self::described(Survey::steps(steps), &selection, &packing, &members);
        add_facts(&packing.dest, &mut survey.result);
        survey.unpredicted = !survey.steps.is_empty() && !self.attributes().are_known();
        Ok(survey)
    }

    fn apply(&self, step: &ArchiveStep, host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        match step {
            ArchiveStep::Pack(_) => {
                let selection = self.selection()?;
                let packing = self.packing(&selection)?;
                host.life(&format!("packing {}", packing.dest.display()), None);
                packing.pack(&selection.members(self.format)?, &self.attributes(), host)
            }
            ArchiveStep::Attributes(change) => change.apply(),
            ArchiveStep::Remove(path) => FileStep::Remove(path.clone()).apply(host, &mut ResultMap::new()),
        }
    }

    fn conclude(&self, _host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let dest = result.get("dest").and_then(|dest| dest.as_str()).map(PathBuf::from).unwrap_or_default();
        add_facts(&dest, result);
        Ok(())
    }
}

impl Archive {
    fn selection(&self) -> Result<Selection, Failure> {
        let texts = |paths: Option<&HostPaths>| {
            paths.map(|paths| paths.0.iter().map(|path| path.text().to_owned()).collect()).unwrap_or_default()
        };
        Selection::of(
            texts(Some(&self.path)),
            texts(self.exclude_path.as_ref()),
            texts(self.exclusion_patterns.as_ref()),
        )
    }

    fn packing(&self, selection: &Selection) -> Result<Packing, Failure> {
        let is_tree = self.as_tree.0 || selection.are_several();
        let dest = match &self.dest {
            Some(dest) => dest.to_path_buf(),
            None if is_tree => {
                return Err(Failure::new("`dest` is needed to pack several files, or a folder").code("DPP0104"));
            }
            None => format!("{}.{}", selection.paths[0], self.format.name()).into(),
        };
        let inside = |path: &&String| PathBuf::from(path).is_dir() && dest.starts_with(path.trim_end_matches('/'));
        if let Some(path) = selection.paths.iter().find(inside).filter(|_| self.remove.0) {
            return Err(Failure::new(format!("cannot pack into {}: {path} is removed afterwards", dest.display()))
                .code("DPP0104")
                .help("write the archive to another folder, or leave `remove` out"));
        }
        let is_tree = is_tree || matches!(self.format, Format::Tar | Format::Zip);
        Ok(Packing { dest, format: self.format, is_tree, root: selection.root.clone() })
    }

    fn attributes(&self) -> Attributes {
        Attributes::of(self.mode.as_ref(), self.owner.as_ref(), self.group.as_ref())
    }

    fn described(
        survey: Survey<ArchiveStep>,
        selection: &Selection,
        packing: &Packing,
        members: &[Member],
    ) -> Survey<ArchiveStep> {
        let archived: Vec<String> = members.iter().filter(|one| !one.is_excluded).map(|one| one.path.clone()).collect();
        let state = match () {
            () if selection.found.is_empty() && !packing.dest.exists() => "absent",
            () if selection.found.is_empty() && !packing::is_archive_name(&packing.dest) => "compress",
            () if !selection.found.is_empty() && !packing.is_tree => "compress",
            () if !selection.missing.is_empty() && !selection.found.is_empty() => "incomplete",
            () => "archive",
        };
        survey
            .value("archived", archived)
            .value("dest", packing.dest.to_string_lossy())
            .value("dest_state", state)
            .value("arcroot", selection.root.as_str())
            .value("missing", selection.missing.clone())
            .value("expanded_paths", selection.expanded.clone())
            .value("expanded_exclude_paths", selection.excluded.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use serde_json::{Value, json};

    use crate::testing::Ground;

    fn stage() -> Ground {
        let ground = Ground::new();
        for (name, text) in [("d/a", "a\n"), ("d/sub/b", "b\n"), ("d/sub/c.log", "c\n"), ("e", "e\n")] {
            ground.write(name, text);
        }
        ground
    }

    fn listed(ground: &Ground, archive: &str) -> Vec<String> {
        let listed = Command::new("tar").args(["-tf", &ground.at(archive)]).output().unwrap();
        String::from_utf8(listed.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn folders_and_files_are_packed_once_and_again_when_they_changed() {
        let ground = stage();
        let params = json!({"path": [ground.at("d"), ground.at("e")], "dest": ground.at("all.tgz"), "mode": "0600"});
        let result = ground.converge("archive", &params).result;
        assert_eq!(listed(&ground, "all.tgz"), ["d/a", "d/sub/", "d/sub/b", "d/sub/c.log", "e"]);
        assert_eq!((&result["dest_state"], &result["mode"]), (&json!("archive"), &json!("0600")));
        assert_eq!(result["archived"][0], json!(ground.at("d/a")));
        assert_eq!(result["arcroot"], json!(ground.at("")));
        assert!(!ground.apply("archive", &params).unwrap().changed);
        ground.write("d/sub/b", "more\n");
        assert!(ground.converge("archive", &params).changed);
        std::fs::remove_file(ground.path("e")).unwrap();
        let result = ground.converge("archive", &params).result;
        assert_eq!((&result["missing"], &result["dest_state"]), (&json!([ground.at("e")]), &json!("incomplete")));
    }

    #[test]
    fn patterns_leave_members_and_paths_out() {
        let ground = stage();
        let params = json!({"path": ground.at("d/"), "dest": ground.at("x.tar"), "format": "tar",
            "exclusion_patterns": ["*.log"]});
        let result = ground.converge("archive", &params).result;
        assert_eq!(listed(&ground, "x.tar"), ["a", "sub/", "sub/b"]);
        assert!(!result["archived"].to_string().contains("c.log"));
        let params = json!({"path": [ground.at("d/sub/*")], "exclude_path": [ground.at("d/sub/b")], "dest": ground.at("y.tar.xz"),
            "format": "xz"});
        ground.converge("archive", &params);
        assert_eq!(listed(&ground, "y.tar.xz"), ["c.log"]);
    }

    #[test]
    fn one_file_is_compressed_beside_itself_and_may_go() {
        let ground = stage();
        let params = json!({"path": ground.at("e")});
        let result = ground.converge("archive", &params).result;
        assert_eq!((&result["dest"], &result["dest_state"]), (&json!(ground.at("e.gz")), &json!("compress")));
        ground.write("e", "other\n");
        assert!(ground.converge("archive", &params).changed);
        let params = json!({"path": ground.at("e"), "format": "bz2", "remove": true});
        ground.converge("archive", &params);
        let text = Command::new("bzip2").args(["-dc", &ground.at("e.bz2")]).output().unwrap().stdout;
        assert_eq!(text, b"other\n");
        assert!(!ground.path("e").exists());
    }

    #[test]
    fn zip_archives_and_what_goes_away_afterwards() {
        let ground = stage();
        let params = json!({"path": [ground.at("d")], "dest": ground.at("d.zip"), "format": "zip"});
        ground.converge("archive", &params);
        ground.write("d/a", "changed\n");
        assert!(ground.converge("archive", &params).changed);
        let mut archive = zip::ZipArchive::new(std::fs::File::open(ground.path("d.zip")).unwrap()).unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut archive.by_name("d/a").unwrap(), &mut text).unwrap();
        assert_eq!(text, "changed\n");
        let mut remove = params.clone();
        remove["remove"] = true.into();
        ground.converge("archive", &remove);
        assert!(!ground.path("d").exists() && ground.path("d.zip").exists());
    }

    #[test]
    fn what_cannot_be_packed_is_refused() {
        let ground = stage();
        for (params, words) in [
            (json!({"path": ground.at("no*")}), "nothing matches"),
            (json!({"path": [ground.at("d")]}), "`dest` is needed"),
            (json!({"path": [ground.at("d")], "dest": ground.at("d/x.tgz"), "remove": true}), "is removed afterwards"),
        ] {
            let failure = ground.survey("archive", &params).unwrap_err();
            assert!(failure.message.contains(words), "{}", failure.message);
        }
        let nothing: Value = json!({"path": ground.at("none"), "dest": ground.at("none.gz")});
        assert_eq!(ground.converge("archive", &nothing).result["dest_state"], "absent");
    }
}
