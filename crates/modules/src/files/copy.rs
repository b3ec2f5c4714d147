//! `copy`: a file or folder of the host gets given content; also what `template` becomes once it is rendered.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use dpp_protocol::{Failure, ResultMap};
use serde::Deserialize;
use serde_json::Value;

use crate::arguments::{Flag, HostPath, Whole, Words};
use crate::files::attributes::Attributes;
use crate::files::content::{NewContent, Source};
use crate::files::copied;
use crate::files::facts::add_facts;
use crate::files::mode::FileMode;
use crate::files::refusal::refused;
use crate::files::sent_tree::{self, SentEntry};
use crate::files::step::{FileStep, folders};
use crate::files::tree::tree_steps;
use crate::{Host, Module, Survey};

/// Parameters of `copy`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Copy {
    pub(super) src: Option<HostPath>,
    pub(super) content: Option<Value>,
    pub(super) dest: HostPath,
    pub(super) mode: Option<FileMode>,
    pub(super) directory_mode: Option<FileMode>,
    pub(super) owner: Option<Words>,
    pub(super) group: Option<Words>,
    #[serde(default)]
    pub(super) backup: Flag,
    pub(super) validate: Option<String>,
    #[serde(default = "yes", alias = "thirsty")]
    pub(super) force: Flag,
    #[serde(default)]
    follow: Flag,
    #[serde(default)]
    pub(super) remote_src: Flag,
    #[serde(default = "yes")]
    pub(super) local_follow: Flag,
    pub(super) checksum: Option<String>,
    /// Whether the controller decrypts `src`; it has done so by the time the task arrives.
    #[serde(rename = "decrypt")]
    _decrypt: Option<Flag>,
    #[serde(rename = "_content_base64")]
    pub(super) content_base64: Option<String>,
    #[serde(rename = "_blob")]
    pub(super) blob: Option<String>,
    #[serde(rename = "_sha256")]
    pub(super) sha256: Option<String>,
    /// Of the bytes that `_sha256` is the hash of.
    #[serde(rename = "_sha1")]
    pub(super) sha1: Option<String>,
    #[serde(rename = "_size")]
    pub(super) size: Option<Whole>,
    /// What a folder of the controller holds.
    #[serde(rename = "_tree")]
    tree: Option<Vec<SentEntry>>,
    /// Where that folder lies on the controller; without a slash at its end it is copied itself.
    #[serde(rename = "_folder")]
    folder: Option<String>,
    #[serde(rename = "_original_basename")]
    pub(super) original_basename: Option<String>,
}

fn yes() -> Flag {
    Flag(true)
}

impl Module for Copy {
    const NAME: &'static str = "copy";
    type Step = FileStep;

    fn survey(&self, host: &Host) -> Result<Survey<FileStep>, Failure> {
        if let Some(tree) = &self.tree {
            let steps = sent_tree::steps(self, tree, host)?;
            return Ok(self.said_of_tree(steps));
        }
        if let Some(folder) = self.source_folder() {
            return self.survey_folder(&folder);
        }
        self.refuse_content_for_a_folder()?;
        let dest = self.destination();
        let source = self.source(host)?;
        self.check_checksum(&source)?;
        let mut steps = self.missing_folders(&dest);
        steps.extend(self.file_steps(&dest, source)?);
        let mut survey = Survey::steps(steps).value("dest", dest.to_string_lossy());
        survey.unpredicted =
            !survey.steps.is_empty() && (!self.attributes()?.are_known() || !self.parent_is_there(&dest));
        if let Some(src) = &self.src {
            survey = survey.value("src", src.to_string_lossy());
        }
        if survey.steps.is_empty() {
            copied::describe(self, &dest, &mut survey.result)?;
        } else {
            copied::foretell(self, &mut survey.result)?;
        }
        Ok(survey)
    }

    fn apply(&self, step: &FileStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        step.apply(host, result).map_err(|failure| match copied::sha1_of_content(self) {
            Some(sha1) => failure.value("checksum", sha1),
            None => failure,
        })?;
        if matches!(step, FileStep::Content(_)) && self.tree.is_none() {
            result.insert(copied::REPLACED.into(), true.into());
        }
        Ok(())
    }

    fn conclude(&self, _host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        if self.tree.is_some() {
            return Ok(());
        }
        let dest = result.get("dest").and_then(Value::as_str).map_or_else(|| self.destination(), PathBuf::from);
        if self.source_folder().is_some() {
            result.shift_remove(copied::REPLACED);
            add_facts(&dest, result);
            return Ok(());
        }
        copied::describe(self, &dest, result)
    }
}

impl Copy {
    /// The folder of this host that is to be copied whole.
    fn source_folder(&self) -> Option<PathBuf> {
        self.src.as_ref().filter(|src| self.remote_src.0 && src.is_dir()).map(|src| src.to_path_buf())
    }

    /// Where the file goes: into `dest` when that is a folder, else to `dest` itself, links followed if asked.
    fn destination(&self) -> PathBuf {
        let into = self.dest.is_dir() || self.dest.to_string_lossy().ends_with('/');
        let name = self.original_basename.clone().map(PathBuf::from);
        let name = name.or_else(|| Some(PathBuf::from(self.src.as_ref()?.file_name()?)));
        let dest = match name {
            Some(name) if into => self.dest.join(name),
            _ => self.dest.to_path_buf(),
        };
        if self.follow.0 { fs::canonicalize(&dest).unwrap_or(dest) } else { dest }
    }

    pub(super) fn attributes(&self) -> Result<Attributes, Failure> {
        let preserved = match (&self.mode, &self.src) {
            (Some(FileMode::Preserve), Some(src)) if self.remote_src.0 => Some(mode_of(src)?),
            (Some(FileMode::Preserve), _) => {
                return Err(Failure::new("mode `preserve` arrived without the mode of the source file"));
            }
            (mode, _) => mode.clone(),
        };
        Ok(Attributes::of(preserved.as_ref(), self.owner.as_ref(), self.group.as_ref()))
    }

    fn source(&self, host: &Host) -> Result<Source, Failure> {
        match self {
            Self { content: Some(Value::String(text)), .. } => Ok(Source::Bytes(text.clone().into_bytes())),
            Self { content: Some(value), .. } => Ok(Source::Bytes(value.to_string().into_bytes())),
            Self { content_base64: Some(text), .. } => BASE64_STANDARD
                .decode(text)
                .map(Source::Bytes)
                .map_err(|error| Failure::new(format!("the content of {} is broken: {error}", self.dest.display()))),
            Self { blob: Some(blob), .. } => {
                Ok(Some(host.blob(blob)).filter(|path| path.exists()).map_or(Source::Elsewhere, Source::Blob))
            }
            Self { src: Some(src), remote_src: Flag(true), .. } => Ok(Source::File(src.to_path_buf())),
            Self { sha256: Some(_), .. } => Ok(Source::Elsewhere),
            _ => Err(Failure::new("`copy` needs `src` or `content`").code("DPP0104")),
        }
    }

    /// Folders that `dest/` asks for; without the slash a missing parent is the operator's slip.
    fn missing_folders(&self, dest: &Path) -> Vec<FileStep> {
        match dest.parent() {
            Some(parent) if self.dest.to_string_lossy().ends_with('/') => folders(parent, &self.folder_attributes()),
            _ => Vec::new(),
        }
    }

    pub(super) fn folder_attributes(&self) -> Attributes {
        Attributes::of(self.directory_mode.as_ref(), self.owner.as_ref(), self.group.as_ref())
    }

    fn parent_is_there(&self, dest: &Path) -> bool {
        self.dest.to_string_lossy().ends_with('/')
            || dest.parent().is_none_or(|parent| parent.as_os_str().is_empty() || parent.exists())
    }

    fn file_steps(&self, dest: &Path, source: Source) -> Result<Vec<FileStep>, Failure> {
        let attributes = self.attributes()?;
        let found = fs::symlink_metadata(dest).ok();
        if found.is_some() && !self.force.0 {
            return Ok(Vec::new());
        }
        if let Some(found) = found.filter(fs::Metadata::is_file)
            && self.is_same(dest, found.len(), &source)?
        {
            return Ok(attributes.survey(dest, &found).map(FileStep::Attributes).into_iter().collect());
        }
        let content = NewContent {
            attributes,
            backup: self.backup.0,
            validate: self.validate.clone(),
            ..NewContent::new(dest, source)
        };
        Ok(vec![FileStep::content(content)])
    }

    /// Of a folder of the controller Ansible tells from where to where alone, the name of a copied folder not included.
    fn said_of_tree(&self, steps: Vec<FileStep>) -> Survey<FileStep> {
        let source = self.folder.as_deref().unwrap_or_default();
        let into = if source.ends_with('/') { Some(&*self.dest) } else { self.dest.parent() };
        let dest = into.unwrap_or(&self.dest).to_string_lossy().trim_end_matches('/').to_owned();
        Survey::steps(steps).value("dest", format!("{dest}/")).value("src", source)
    }

    fn survey_folder(&self, folder: &Path) -> Result<Survey<FileStep>, Failure> {
        let whole = !folder.to_string_lossy().ends_with('/');
        let name = folder.file_name().filter(|_| whole).unwrap_or_default();
        let steps = tree_steps(self, folder, &self.dest.join(name))?;
        // A destination that is made is told as the task has it, one that is there with what was put into it.
        let told = if self.dest.is_dir() { self.dest.join(name) } else { self.dest.to_path_buf() };
        let survey = Survey::steps(steps).value("dest", told.to_string_lossy()).value("src", folder.to_string_lossy());
        let mut survey = survey.value("md5sum", Value::Null).value("checksum", Value::Null);
        add_facts(&told, &mut survey.result);
        Ok(survey)
    }
}

fn mode_of(path: &Path) -> Result<FileMode, Failure> {
    use std::os::unix::fs::MetadataExt;
    let found = fs::metadata(path).map_err(|error| refused("look at", path, &error))?;
    Ok(FileMode::Bits(found.mode() & 0o7777))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use serde_json::json;

    use super::*;
    use crate::testing::Ground;

    #[test]
    fn home_is_in_the_destination_and_in_a_source_of_the_host() {
        let ground = Ground::new();
        let copied = ground.converge("copy", &json!({"content": "a", "dest": "~/f"}));
        assert_eq!((copied.result["dest"].as_str(), ground.read("f").as_str()), (Some(&*ground.at("f")), "a"));
        ground.converge("copy", &json!({"src": "~/f", "dest": "~/new/", "remote_src": true}));
        assert_eq!(ground.read("new/f"), "a");
    }

    #[test]
    fn content_comes_to_its_place_with_its_mode() {
        let ground = Ground::new();
        let outcome =
            ground.converge("copy", &json!({"content": "hello\n", "dest": ground.at("motd"), "mode": "0600"}));
        assert_eq!((ground.read("motd").as_str(), ground.mode("motd")), ("hello\n", 0o600));
        assert_eq!(outcome.result["checksum"], "f572d396fae9206628714fb2ce00f72e94f2258f");
        assert_eq!(outcome.result["state"], "file");
        assert_eq!(outcome.changes[0].after.as_deref(), Some("hello\n"));
    }

    #[test]
    fn a_replaced_file_keeps_its_mode_and_its_old_bytes_are_kept() {
        let ground = Ground::new();
        let dest = ground.write("a", "old");
        ground.apply("file", &json!({"path": dest, "mode": "u=rw,g=,o="})).unwrap();
        let outcome = ground.converge("copy", &json!({"content": {"a": 1}, "dest": dest, "backup": "yes"}));
        assert_eq!((ground.read("a").as_str(), ground.mode("a")), ("{\"a\":1}", 0o600));
        assert_eq!(fs::read_to_string(outcome.result["backup_file"].as_str().unwrap()).unwrap(), "old");
        assert_eq!(fs::read_dir(ground.state().join("kept")).unwrap().count(), 1);
    }

    #[test]
    fn a_hash_alone_is_enough_for_a_survey_and_a_blob_for_the_rest() {
        let ground = Ground::new();
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let dest = ground.at("b");
        assert!(ground.survey("copy", &json!({"dest": dest, "_sha256": hash, "_size": 3})).unwrap().changed);
        fs::create_dir_all(ground.state().join("blobs")).unwrap();
        fs::write(ground.state().join("blobs").join(hash), "abc").unwrap();
        ground.apply("copy", &json!({"dest": dest, "_blob": hash, "src": "/on/controller/b", "mode": "0640"})).unwrap();
        assert_eq!((ground.read("b").as_str(), ground.mode("b")), ("abc", 0o640));
        assert!(!ground.state().join("blobs").join(hash).exists(), "it was moved, not written twice");
        assert!(!ground.survey("copy", &json!({"dest": dest, "_sha256": hash, "_size": 3})).unwrap().changed);
    }

    #[test]
    fn a_folder_as_dest_takes_the_file_under_its_own_name() {
        let ground = Ground::new();
        let dest = format!("{}/", ground.at("new/folder"));
        let params = json!({"content": "x", "dest": dest, "_original_basename": "f.conf", "directory_mode": "0750"});
        ground.converge("copy", &params);
        assert_eq!((ground.read("new/folder/f.conf").as_str(), ground.mode("new/folder")), ("x", 0o750));
    }

    #[test]
    fn what_validate_refuses_never_reaches_its_place() {
        let ground = Ground::new();
        let dest = ground.write("sudoers", "good\n");
        let params = json!({"content": "bad\n", "dest": dest, "validate": "grep -q good %s"});
        let failure = ground.apply("copy", &params).unwrap_err();
        assert!(failure.message.ends_with("was refused by `grep -q good %s`"), "{}", failure.message);
        assert_eq!(ground.read("sudoers"), "good\n");
        assert_eq!(fs::read_dir(ground.path("")).unwrap().count(), 1, "the refused file is gone");
    }

    #[test]
    fn without_force_a_file_that_is_there_stays() {
        let ground = Ground::new();
        let dest = ground.write("a", "mine");
        let outcome = ground.converge("copy", &json!({"content": "yours", "dest": dest, "force": false}));
        assert!(!outcome.changed);
    }

    #[test]
    fn a_link_is_replaced_unless_it_is_to_be_followed() {
        let ground = Ground::new();
        ground.write("target", "old");
        symlink("target", ground.path("link")).unwrap();
        ground.converge("copy", &json!({"content": "new", "dest": ground.at("link"), "follow": true}));
        assert_eq!(ground.read("target"), "new");
        ground.converge("copy", &json!({"content": "own", "dest": ground.at("link")}));
        assert_eq!((ground.read("target").as_str(), ground.path("link").is_symlink()), ("new", false));
    }

    #[test]
    fn a_missing_folder_is_foreseen_as_unpredicted_and_refused_for_real() {
        let ground = Ground::new();
        let params = json!({"content": "x", "dest": ground.at("no/such/folder/f")});
        assert!(ground.survey("copy", &params).unwrap().unpredicted);
        let failure = ground.apply("copy", &params).unwrap_err();
        assert!(failure.message.contains("there is no folder"), "{}", failure.message);
    }

    #[test]
    fn a_folder_of_the_controller_comes_with_its_modes_and_empty_folders() {
        let ground = Ground::new();
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let tree = json!([
            {"path": "a", "mode": "0640", "content": "MQ==", "sha256": "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b", "size": 1},
            {"path": "empty", "kind": "folder"},
            {"path": "l", "kind": "link", "target": "a"},
            {"path": "sub", "kind": "folder"},
            {"path": "sub/b", "sha256": hash, "size": 3},
        ]);
        let params = json!({"dest": ground.at("to"), "directory_mode": "0750", "_tree": tree});
        assert_eq!(ground.survey("copy", &params).unwrap().changes.len(), 6, "the folder itself, too");
        fs::create_dir_all(ground.state().join("blobs")).unwrap();
        fs::write(ground.state().join("blobs").join(hash), "abc").unwrap();
        ground.converge("copy", &params);
        assert_eq!(
            (ground.read("to/a"), ground.read("to/sub/b"), ground.read("to/l")),
            ("1".into(), "abc".into(), "1".into())
        );
        assert_eq!((ground.mode("to/a"), ground.mode("to/sub"), ground.mode("to/empty")), (0o640, 0o750, 0o750));
        ground.write("to/sub/b", "own");
        ground.write("to/more", "stays");
        assert_eq!(ground.converge("copy", &params).changes.len(), 1);
        assert_eq!((ground.read("to/sub/b"), ground.read("to/more")), ("abc".into(), "stays".into()));
    }

    #[test]
    fn a_folder_of_the_host_is_copied_whole() {
        let ground = Ground::new();
        ground.write("from/a", "1");
        ground.write("from/sub/b", "2");
        symlink("a", ground.path("from/l")).unwrap();
        let params = json!({"src": ground.at("from/"), "dest": ground.at("to"), "remote_src": true});
        ground.converge("copy", &params);
        assert_eq!(
            (ground.read("to/a"), ground.read("to/sub/b"), ground.read("to/l")),
            ("1".into(), "2".into(), "1".into())
        );
        ground.write("from/sub/b", "3");
        assert_eq!(ground.converge("copy", &params).changes.len(), 1);
    }
}
