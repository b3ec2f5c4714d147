//! `stat`: facts of a file, never a change.

use std::fs::{self, Metadata};
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use dpp_protocol::{Change, Failure, ResultMap};
use rustix::fs::{Access, IFlags, access};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::arguments::{Flag, HostPath};
use crate::files::checksum::Algorithm;
use crate::files::facts::stat_facts;
use crate::files::refusal::refused;
use crate::{Host, Module, Survey};

/// Parameters of `stat`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stat {
    #[serde(alias = "name", alias = "dest")]
    path: HostPath,
    #[serde(default)]
    follow: Flag,
    #[serde(default = "yes")]
    get_checksum: Flag,
    #[serde(default)]
    get_md5: Flag,
    #[serde(default, alias = "checksum", alias = "checksum_algo")]
    checksum_algorithm: Algorithm,
    #[serde(default = "yes", alias = "attr", alias = "attributes")]
    get_attributes: Flag,
    #[serde(default = "yes", alias = "mime", alias = "mime_type", alias = "mime-type")]
    get_mime: Flag,
}

fn yes() -> Flag {
    Flag(true)
}

impl Module for Stat {
    const NAME: &'static str = "stat";
    type Step = Change;

    fn survey(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        let found = if self.follow.0 { fs::metadata(&self.path) } else { fs::symlink_metadata(&self.path) };
        match found {
            Ok(metadata) => Ok(Survey::unchanged().value("stat", self.facts(&metadata)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Survey::unchanged().value("stat", json!({"exists": false})))
            }
            Err(error) => Err(refused("look at", &self.path, &error)),
        }
    }

    fn apply(&self, _step: &Change, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        Ok(())
    }
}

impl Stat {
    fn facts(&self, found: &Metadata) -> Result<Value, Failure> {
        let mut facts = stat_facts(found);
        facts.insert("path".into(), self.path.to_string_lossy().into());
        for (name, may) in
            [("readable", Access::READ_OK), ("writeable", Access::WRITE_OK), ("executable", Access::EXEC_OK)]
        {
            facts.insert(name.into(), access(&*self.path, may).is_ok().into());
        }
        if found.is_symlink() {
            self.add_target(&mut facts);
        }
        if found.is_file() {
            self.add_checksums(&mut facts)?;
        }
        if self.get_attributes.0 {
            self.add_flags(found, &mut facts);
        }
        if self.get_mime.0 {
            self.add_mime(&mut facts);
        }
        Ok(facts.into())
    }

    fn add_target(&self, facts: &mut ResultMap) {
        if let Ok(target) = fs::read_link(&self.path) {
            let folder = self.path.parent().unwrap_or(&self.path);
            let real = fs::canonicalize(&self.path).unwrap_or_else(|_| folder.join(&target));
            facts.insert("lnk_source".into(), real.to_string_lossy().into());
            facts.insert("lnk_target".into(), target.to_string_lossy().into());
        }
    }

    fn add_checksums(&self, facts: &mut ResultMap) -> Result<(), Failure> {
        let sum = |algorithm: Algorithm| match algorithm.of_file(&self.path) {
            // Of a file that this user may not read nothing is told.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(None),
            sum => sum.map(Some).map_err(|error| refused("read", &self.path, &error)),
        };
        if self.get_checksum.0 {
            facts.extend(sum(self.checksum_algorithm)?.map(|sum| ("checksum".to_owned(), sum.into())));
        }
        if self.get_md5.0 {
            facts.extend(sum(Algorithm::Md5)?.map(|sum| ("md5".to_owned(), sum.into())));
        }
        Ok(())
    }

    /// The flags of lsattr(1); file systems without them have none.
    fn add_flags(&self, found: &Metadata, facts: &mut ResultMap) {
        let file = (found.is_file() || found.is_dir()).then(|| fs::File::open(&self.path).ok()).flatten();
        let flags = file.and_then(|file| rustix::fs::ioctl_getflags(&file).ok());
        // The kernel's number of a file's generation is for NFS servers; nothing but lsattr(1) tells it.
        facts.insert("version".into(), Value::Null);
        let flags = flags.unwrap_or(IFlags::empty());
        let set: Vec<(char, &str)> =
            FLAGS.iter().filter(|(bit, ..)| flags.contains(*bit)).map(|(_, c, n)| (*c, *n)).collect();
        facts.insert("attr_flags".into(), set.iter().map(|(letter, _)| letter).collect::<String>().into());
        facts.insert("attributes".into(), set.iter().map(|(_, name)| *name).collect::<Vec<_>>().into());
    }

    /// Asks file(1), as the type of a file is nothing but its opinion; without it the type is unknown.
    fn add_mime(&self, facts: &mut ResultMap) {
        let answer = program("file").and_then(|file| {
            answer_of(Command::new(file).args(["--mime-type", "--mime-encoding", "--brief"]).arg(&*self.path))
        });
        let answer = answer.unwrap_or_default();
        let (kind, charset) = answer.split_once("; charset=").unwrap_or(("unknown", "unknown"));
        facts.insert("mimetype".into(), kind.into());
        facts.insert("charset".into(), charset.into());
    }
}

/// Looked for without starting anything: most hosts have no file(1).
fn program(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_else(|| "/usr/sbin:/usr/bin:/sbin:/bin".into());
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
}

fn answer_of(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

const FLAGS: &[(IFlags, char, &str)] = &[
    (IFlags::IMMUTABLE, 'i', "immutable"),
    (IFlags::APPEND, 'a', "append-only"),
    (IFlags::NODUMP, 'd', "nodump"),
    (IFlags::NOATIME, 'A', "noatime"),
    (IFlags::COMPRESSED, 'c', "compressed"),
    (IFlags::NOCOW, 'C', "nocow"),
];

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use serde_json::json;

    use crate::testing::Ground;

    #[test]
    fn a_file_shows_all_that_ansible_shows() {
        let ground = Ground::new();
        let path = ground.write("f", "abc");
        ground.apply("file", &json!({"path": path, "mode": "4751"})).unwrap();
        let outcome = ground.converge("stat", &json!({"path": path}));
        let stat = &outcome.result["stat"];
        assert_eq!(stat["checksum"], "a9993e364706816aba3e25717850c26c9cd0d89d");
        for (name, wanted) in [
            ("exists", json!(true)),
            ("mode", json!("4751")),
            ("isreg", json!(true)),
            ("size", json!(3)),
            ("isuid", json!(true)),
            ("xoth", json!(true)),
            ("wgrp", json!(false)),
            ("nlink", json!(1)),
            ("readable", json!(true)),
            ("version", json!(null)),
        ] {
            assert_eq!(stat[name], wanted, "{name}");
        }
    }

    #[test]
    fn a_link_shows_where_it_leads_and_is_followed_when_asked() {
        let ground = Ground::new();
        ground.write("f", "abc");
        symlink("f", ground.path("l")).unwrap();
        let stat = ground.survey("stat", &json!({"path": ground.at("l")})).unwrap().result["stat"].clone();
        assert_eq!((&stat["islnk"], &stat["lnk_target"]), (&json!(true), &json!("f")));
        assert_eq!((&stat["attributes"], &stat["attr_flags"]), (&json!([]), &json!("")));
        assert!(stat["mimetype"].is_string() && stat["charset"].is_string(), "{stat}");
        assert_eq!(stat["lnk_source"], json!(ground.path("f").canonicalize().unwrap().to_string_lossy()));
        let followed = json!({"path": ground.at("l"), "follow": true, "checksum_algorithm": "sha256"});
        let stat = ground.survey("stat", &followed).unwrap().result["stat"].clone();
        assert_eq!((&stat["isreg"], stat["checksum"].as_str().unwrap().len()), (&json!(true), 64));
    }

    #[test]
    fn a_path_in_the_home_of_the_user_is_found_and_named_in_full() {
        let ground = Ground::new();
        let path = ground.write(".ssh/id", "abc");
        for written in ["~/.ssh/id", "$HOME/.ssh/id", "${HOME}/.ssh/id"] {
            let stat = ground.converge("stat", &json!({"path": written})).result["stat"].clone();
            assert_eq!((&stat["exists"], &stat["path"]), (&json!(true), &json!(path)), "{written}");
        }
    }

    #[test]
    fn what_is_not_there_is_said_so() {
        let outcome = Ground::new().survey("stat", &json!({"path": "/no/such/file"})).unwrap();
        assert_eq!(outcome.result["stat"], json!({"exists": false}));
    }
}
