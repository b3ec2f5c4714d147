//! `stat`: facts of a file, never a change.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::PathBuf;

use dpp_protocol::{Change, Failure, ResultMap};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::arguments::Flag;
use crate::files::checksum::sha256_of;
use crate::{Host, Module, Survey};

/// Parameters of `stat`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stat {
    #[serde(alias = "name", alias = "dest")]
    path: PathBuf,
    #[serde(default)]
    follow: Flag,
    #[serde(default = "yes", alias = "get_md5")]
    get_checksum: Flag,
    #[serde(default = "sha1", alias = "checksum", alias = "checksum_algo")]
    checksum_algorithm: String,
}

fn yes() -> Flag {
    Flag(true)
}

fn sha1() -> String {
    "sha1".into()
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
            Err(error) => Err(Failure::new(format!("cannot look at {}: {error}", self.path.display()))),
        }
    }

    fn apply(&self, _step: &Change, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        Ok(())
    }
}

impl Stat {
    fn facts(&self, metadata: &Metadata) -> Result<Value, Failure> {
        let mut facts = Map::new();
        let kind = metadata.file_type();
        facts.insert("exists".into(), true.into());
        facts.insert("path".into(), self.path.to_string_lossy().into());
        facts.insert("mode".into(), format!("{:04o}", metadata.mode() & 0o7777).into());
        facts.insert("isreg".into(), kind.is_file().into());
        facts.insert("isdir".into(), kind.is_dir().into());
        facts.insert("islnk".into(), kind.is_symlink().into());
        facts.insert("issock".into(), kind.is_socket().into());
        facts.insert("isfifo".into(), kind.is_fifo().into());
        facts.insert("size".into(), metadata.size().into());
        facts.insert("uid".into(), metadata.uid().into());
        facts.insert("gid".into(), metadata.gid().into());
        if kind.is_file() && self.get_checksum.0 {
            facts.insert("checksum".into(), self.checksum()?.into());
        }
        Ok(facts.into())
    }

    fn checksum(&self) -> Result<String, Failure> {
        match self.checksum_algorithm.as_str() {
            "sha256" => sha256_of(&self.path)
                .map_err(|error| Failure::new(format!("cannot read {}: {error}", self.path.display()))),
            other => Err(Failure::new(format!("unknown checksum_algorithm `{other}`"))),
        }
    }
}
