//! `kafka_connect_plugin`: a plugin in a folder of its own version under plugin.path, and no other version beside it.
//!
//! Two versions of a plugin in plugin.path make their jars meet. It restarts no worker: it says whether one must be.

use std::path::{Path, PathBuf};
use std::{fs, io};

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use super::connector::{debians_unit, local};
use super::unpack::{Source, lay_out};
use super::worker::Worker;
use crate::arguments::{HostPath, Words};
use crate::pipeline::product::{Product, UNREACHABLE};
use crate::{Host, Survey};

/// Holds the hash of what a folder was made of.
const MARKER: &str = ".dppctl-source";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Wanted {
    #[default]
    Present,
    Absent,
}

/// Parameters of `kafka_connect_plugin`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaConnectPlugin {
    name: String,
    #[serde(default)]
    version: Words,
    path: HostPath,
    #[serde(default)]
    src: Option<HostPath>,
    #[serde(default)]
    class: Option<String>,
    #[serde(default)]
    state: Wanted,
    #[serde(default = "local")]
    url: String,
    #[serde(default = "debians_unit")]
    unit: String,
    #[serde(default, rename = "_blob")]
    blob: Option<String>,
    #[serde(default, rename = "_sha256")]
    sha256: Option<String>,
    #[serde(default, rename = "_size")]
    _size: Option<u64>,
    #[serde(default, rename = "_original_basename")]
    _original_basename: Option<String>,
}

impl Product for KafkaConnectPlugin {
    const NAME: &'static str = "kafka_connect_plugin";
    type Step = Change;

    fn gist(&self) -> Option<Change> {
        Some(Change::new(Verb::Create, self.folder().display().to_string()))
    }

    fn look(&self, host: &Host) -> Result<Survey<Change>, Failure> {
        let mut steps: Vec<Change> =
            self.others()?.iter().map(|old| Change::new(Verb::Delete, old.display().to_string())).collect();
        let folder = self.folder();
        if self.state == Wanted::Absent {
            if folder.exists() {
                steps.push(Change::new(Verb::Delete, folder.display().to_string()));
            }
        } else if let Some(verb) = self.lacks(host)? {
            steps.insert(0, Change::new(verb, folder.display().to_string()).detail(self.version.0.clone()));
        }
        let restart = !steps.is_empty() || self.is_not_loaded()?;
        Ok(Survey::steps(steps).value("path", folder.display().to_string()).value("restart_needed", restart))
    }

    fn make(&self, step: &Change, host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        let folder = Path::new(&step.what);
        if step.verb == Verb::Delete {
            return fs::remove_dir_all(folder).map_err(|error| cannot("remove", folder, &error));
        }
        let source = self.source(host)?.ok_or_else(|| self.nothing_to_install())?;
        host.life(&format!("unpacking plugin {}", self.name), None);
        let hash = source.hash().map_err(|error| cannot("read", source.path(), &error))?;
        lay_out(&source, folder, MARKER, &hash)
            .map_err(|error| Failure::new(format!("cannot install plugin {}: {error}", self.name)).code("DPP0805"))
    }
}

impl KafkaConnectPlugin {
    fn folder(&self) -> PathBuf {
        if self.version.0.is_empty() {
            return self.path.join(&self.name);
        }
        self.path.join(format!("{}-{}", self.name, self.version.0))
    }

    fn source(&self, host: &Host) -> Result<Option<Source>, Failure> {
        let blob = self.blob.as_deref().map(|sha256| (host.blob(sha256), Some(sha256.to_owned())));
        let (path, hash) = match (blob, &self.src) {
            (Some(blob), _) => blob,
            (None, Some(src)) => (src.to_path_buf(), None),
            (None, None) => return Ok(None),
        };
        if !path.exists() {
            return Err(
                Failure::new(format!("cannot install plugin {}: no {}", self.name, path.display())).code("DPP0805")
            );
        }
        Ok(Some(Source::new(path, hash)))
    }

    /// What is to be done to the folder: nothing, made, or made anew.
    fn lacks(&self, host: &Host) -> Result<Option<Verb>, Failure> {
        let folder = self.folder();
        if !folder.exists() {
            return Ok(Some(Verb::Create));
        }
        let wanted = match self.blob.clone().or_else(|| self.sha256.clone()) {
            Some(hash) => Some(hash),
            None => match self.source(host)? {
                Some(source) => Some(source.hash().map_err(|error| cannot("read", source.path(), &error))?),
                None => None,
            },
        };
        let found = fs::read_to_string(folder.join(MARKER)).ok();
        let same = wanted.is_none_or(|wanted| found.is_some_and(|found| found.trim() == wanted));
        Ok((!same).then_some(Verb::Change))
    }

    /// Folders of other versions of the same plugin.
    fn others(&self) -> Result<Vec<PathBuf>, Failure> {
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(cannot("look into", &self.path, &error)),
        };
        let own = self.folder();
        let mut others: Vec<PathBuf> = entries
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .filter(|path| path.is_dir() && *path != own && self.is_version_of_it(path))
            .collect();
        others.sort();
        Ok(others)
    }

    fn is_version_of_it(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        match name.strip_prefix(&self.name) {
            Some("") => true,
            Some(rest) => {
                rest.strip_prefix('-').is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()))
            }
            None => false,
        }
    }

    /// Whether a running worker does not know the plugin, or another version of it.
    fn is_not_loaded(&self) -> Result<bool, Failure> {
        let Some(class) = self.class.as_ref().filter(|_| self.state == Wanted::Present) else { return Ok(false) };
        match Worker::new(&self.url, &self.unit).plugins() {
            Ok(plugins) => Ok(!plugins.iter().any(|plugin| {
                let versions = plugin.version.as_deref().filter(|_| !self.version.0.is_empty());
                plugin.class == *class && versions.is_none_or(|version| version.starts_with(&self.version.0))
            })),
            Err(failure) if failure.code == UNREACHABLE => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    fn nothing_to_install(&self) -> Failure {
        Failure::new(format!("cannot install plugin {}: neither src nor its content was given", self.name))
            .code("DPP0104")
    }
}

fn cannot(attempt: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("cannot {attempt} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use dpp_protocol::Mode;
    use serde_json::json;

    use super::*;
    use crate::pipeline::stub::{Stub, run};

    /// A plugin as a folder: one jar.
    fn plugin(folder: &Path, jar: &str) -> PathBuf {
        let source = folder.join("source");
        fs::create_dir_all(source.join("lib")).unwrap();
        fs::write(source.join("lib/a.jar"), jar).unwrap();
        source
    }

    #[test]
    fn a_new_version_takes_the_place_of_the_old_one_and_of_no_other_plugin() {
        let folder = tempfile::tempdir().unwrap();
        let (path, source) = (folder.path().join("plugins"), plugin(folder.path(), "new"));
        for old in ["kafka-connect-es-4.0.2", "kafka-connect-es", "kafka-connect-es-tools", "other-1.0"] {
            fs::create_dir_all(path.join(old)).unwrap();
        }
        let params = json!({"name": "kafka-connect-es", "version": "15.1.3", "path": path, "src": source});
        let outcome = run("kafka_connect_plugin", &params, Mode::Apply).unwrap();
        assert_eq!(outcome.changes.len(), 3, "{:?}", outcome.changes);
        assert_eq!(outcome.result["restart_needed"], true);
        assert_eq!(fs::read_to_string(path.join("kafka-connect-es-15.1.3/lib/a.jar")).unwrap(), "new");
        let mut left: Vec<_> = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["kafka-connect-es-15.1.3", "kafka-connect-es-tools", "other-1.0"]);
        assert!(!run("kafka_connect_plugin", &params, Mode::Apply).unwrap().changed);
        plugin(folder.path(), "changed");
        assert_eq!(run("kafka_connect_plugin", &params, Mode::Apply).unwrap().changes[0].verb, Verb::Change);
    }

    #[test]
    fn a_worker_that_still_runs_with_the_old_version_must_be_restarted() {
        let folder = tempfile::tempdir().unwrap();
        let source = plugin(folder.path(), "jar");
        let stub =
            Stub::new(&[("GET /connector-plugins", 200, r#"[{"class":"a.Sink","type":"sink","version":"4.0.2"}]"#)]);
        let mut params = json!({"name": "sink", "version": "15.1.3", "path": folder.path(), "src": source,
            "class": "a.Sink", "url": stub.url()});
        run("kafka_connect_plugin", &params, Mode::Apply).unwrap();
        let outcome = run("kafka_connect_plugin", &params, Mode::Survey).unwrap();
        assert_eq!((outcome.changed, outcome.result["restart_needed"].clone()), (false, json!(true)));
        params["state"] = "absent".into();
        assert!(run("kafka_connect_plugin", &params, Mode::Apply).unwrap().changed);
        assert!(!folder.path().join("sink-15.1.3").exists());
    }
}
