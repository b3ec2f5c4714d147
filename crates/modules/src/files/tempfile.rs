//! `tempfile`: a new file or folder under a name that nobody has.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use crate::arguments::HostPath;
use crate::files::facts::add_facts;
use crate::files::refusal::refused;
use crate::{Host, Module, Survey};

/// Parameters of `tempfile`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tempfile {
    #[serde(default)]
    state: Kind,
    path: Option<HostPath>,
    #[serde(default = "prefix")]
    prefix: String,
    #[serde(default)]
    suffix: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    File,
    Directory,
}

fn prefix() -> String {
    "ansible.".into()
}

impl Module for Tempfile {
    const NAME: &'static str = "tempfile";
    type Step = Change;

    fn survey(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        let what = format!("{}/{}…{}", self.folder().display(), self.prefix, self.suffix);
        Ok(Survey::steps(vec![Change::new(Verb::Create, what)]).unpredicted())
    }

    fn apply(&self, _step: &Change, _host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let folder = self.folder();
        let mut builder = tempfile::Builder::new();
        builder.prefix(&self.prefix).suffix(&self.suffix);
        if self.state == Kind::Directory {
            builder.permissions(fs::Permissions::from_mode(0o700));
        }
        let made = match self.state {
            Kind::Directory => builder.tempdir_in(&folder).map(tempfile::TempDir::keep),
            Kind::File => {
                builder.tempfile_in(&folder).and_then(|file| file.into_temp_path().keep().map_err(|error| error.error))
            }
        };
        let path = made.map_err(|error| refused("make a temporary file in", &folder, &error))?;
        result.insert("path".into(), path.to_string_lossy().into());
        add_facts(&path, result);
        Ok(())
    }
}

impl Tempfile {
    fn folder(&self) -> PathBuf {
        self.path.as_deref().map_or_else(std::env::temp_dir, ToOwned::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Ground;

    #[test]
    fn each_run_makes_a_new_one_that_no_one_else_may_read() {
        let ground = Ground::new();
        let params = json!({"path": ground.at(""), "prefix": "p", "suffix": ".s"});
        let one = ground.apply("tempfile", &params).unwrap().result;
        let other = ground.apply("tempfile", &params).unwrap().result;
        assert_ne!(one["path"], other["path"]);
        assert_eq!((&one["mode"], &one["state"]), (&json!("0600"), &json!("file")));
        let folder = ground.apply("tempfile", &json!({"path": ground.at(""), "state": "directory"})).unwrap().result;
        assert_eq!((&folder["mode"], &folder["state"]), (&json!("0700"), &json!("directory")));
    }
}
