//! `find`: files under folders that match by name, age, size, kind, mode or content.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use dpp_protocol::{Change, Failure, ResultMap};
use fancy_regex::Regex;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::arguments::{Flag, HostPaths, Names, Whole, Words};
use crate::files::checksum::Algorithm;
use crate::files::encoding::Encoding;
use crate::files::facts::stat_facts;
use crate::files::glob;
use crate::files::measure::{bytes, seconds};
use crate::files::mode::FileMode;
use crate::files::pattern::{compile, found};
use crate::files::refusal::refused;
use crate::{Host, Module, Survey};

/// Parameters of `find`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Find {
    #[serde(alias = "name", alias = "path")]
    paths: HostPaths,
    #[serde(default, alias = "pattern")]
    patterns: Names,
    #[serde(default, alias = "exclude")]
    excludes: Names,
    contains: Option<String>,
    #[serde(default)]
    read_whole_file: Flag,
    #[serde(default)]
    file_type: Kind,
    age: Option<Words>,
    #[serde(default)]
    age_stamp: Stamp,
    size: Option<Words>,
    mode: Option<FileMode>,
    #[serde(default = "yes")]
    exact_mode: Flag,
    #[serde(default)]
    recurse: Flag,
    depth: Option<Whole>,
    #[serde(default)]
    hidden: Flag,
    #[serde(default)]
    follow: Flag,
    #[serde(default, rename = "encoding")]
    _encoding: Encoding,
    #[serde(default)]
    get_checksum: Flag,
    #[serde(default)]
    checksum_algorithm: Algorithm,
    #[serde(default)]
    use_regex: Flag,
    limit: Option<Whole>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    File,
    Directory,
    Link,
    Any,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Stamp {
    Atime,
    Ctime,
    #[default]
    Mtime,
}

fn yes() -> Flag {
    Flag(true)
}

/// The parameters made ready, and what was found so far.
struct Search<'a> {
    find: &'a Find,
    wanted: Vec<Regex>,
    excluded: Vec<Regex>,
    contains: Option<Regex>,
    age: Option<i64>,
    size: Option<i64>,
    now: i64,
    examined: u64,
    files: Vec<Value>,
    skipped: Map<String, Value>,
}

impl Module for Find {
    const NAME: &'static str = "find";
    type Step = Change;

    fn survey(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        let mut search = Search::new(self)?;
        for path in &self.paths.0 {
            match fs::metadata(path) {
                Ok(found) if found.is_dir() => search.folder(path, 1)?,
                Ok(_) => search.skip(path.text(), format!("'{}' is not a directory", path.text())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    search.skip(path.text(), format!("'{}' is not a directory", path.text()));
                }
                Err(error) => search.skip(path.text(), error.to_string()),
            }
        }
        let message = match (search.is_full(), search.skipped.is_empty()) {
            (true, _) => "Limit of matches reached",
            (false, true) => "All paths examined",
            (false, false) => "Not all paths examined, check warnings for details",
        };
        let warnings: Vec<String> = search.skipped.iter().map(|(path, why)| format!("skipped {path}: {why}")).collect();
        let mut survey = Survey::unchanged()
            .value("matched", search.files.len())
            .value("examined", search.examined)
            .value("files", search.files)
            .value("skipped_paths", Value::Object(search.skipped))
            .value("msg", message);
        survey.warnings = warnings;
        Ok(survey)
    }

    fn apply(&self, _step: &Change, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        Ok(())
    }
}

impl<'a> Search<'a> {
    fn new(find: &'a Find) -> Result<Self, Failure> {
        let compiled = |names: &Names| {
            let patterns = names.0.iter().filter(|_| find.use_regex.0);
            patterns.map(|pattern| compile("patterns", &format!("^(?:{pattern})"))).collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            wanted: compiled(&find.patterns)?,
            excluded: compiled(&find.excludes)?,
            contains: find.contains.as_deref().map(|pattern| compile("contains", pattern)).transpose()?,
            age: find.age.as_ref().map(|age| seconds(&age.0)).transpose()?,
            size: find.size.as_ref().map(|size| bytes(&size.0)).transpose()?,
            now: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs().cast_signed()),
            find,
            examined: 0,
            files: Vec::new(),
            skipped: Map::new(),
        })
    }

    fn skip(&mut self, path: &str, why: String) {
        self.skipped.insert(path.to_owned(), why.into());
    }

    fn folder(&mut self, folder: &Path, depth: i64) -> Result<(), Failure> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                self.skip(&folder.to_string_lossy(), error.to_string());
                return Ok(());
            }
        };
        let mut paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            if self.is_full() {
                return Ok(());
            }
            self.entry(&path, depth)?;
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.find.limit.is_some_and(|limit| u64::try_from(limit.0).is_ok_and(|limit| self.files.len() as u64 >= limit))
    }

    fn entry(&mut self, path: &Path, depth: i64) -> Result<(), Failure> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // What vanished since the folder was read is not there.
        let Ok(seen) = fs::symlink_metadata(path) else { return Ok(()) };
        self.examined += 1;
        let followed = if self.find.follow.0 { fs::metadata(path).unwrap_or_else(|_| seen.clone()) } else { seen };
        // What lies in a hidden folder is not hidden by that.
        let shown = !name.starts_with('.') || self.find.hidden.0;
        if shown && self.is_wanted(path, &name, &followed)? {
            self.take(path, &followed)?;
        }
        let deeper = self.find.recurse.0 && self.find.depth.is_none_or(|limit| depth < limit.0);
        if deeper && followed.is_dir() { self.folder(path, depth + 1) } else { Ok(()) }
    }

    fn is_wanted(&self, path: &Path, name: &str, found: &Metadata) -> Result<bool, Failure> {
        let kind = match self.find.file_type {
            Kind::File => found.is_file(),
            Kind::Directory => found.is_dir(),
            Kind::Link => found.is_symlink(),
            Kind::Any => true,
        };
        Ok(kind
            && self.is_named(name)?
            && self.is_of_age(found)
            && self.is_of_size(found)
            && self.is_of_mode(found)
            && self.holds_text(path, found)?)
    }

    fn is_named(&self, name: &str) -> Result<bool, Failure> {
        let by = |names: &Names, patterns: &[Regex]| {
            let globbed = !self.find.use_regex.0 && names.0.iter().any(|pattern| glob::matches(pattern, name));
            patterns.iter().try_fold(globbed, |hit, pattern| Ok::<_, Failure>(hit || found(pattern, name)?))
        };
        let wanted = self.find.patterns.0.is_empty() || by(&self.find.patterns, &self.wanted)?;
        Ok(wanted && !by(&self.find.excludes, &self.excluded)?)
    }

    /// A positive age wants older files, a negative one younger ones.
    fn is_of_age(&self, found: &Metadata) -> bool {
        let stamp = match self.find.age_stamp {
            Stamp::Atime => found.atime(),
            Stamp::Ctime => found.ctime(),
            Stamp::Mtime => found.mtime(),
        };
        self.age.is_none_or(|age| if age >= 0 { self.now - stamp >= age } else { self.now - stamp <= -age })
    }

    fn is_of_size(&self, found: &Metadata) -> bool {
        let length = found.size().cast_signed();
        self.size.is_none_or(|size| if size >= 0 { length >= size } else { length <= -size })
    }

    fn is_of_mode(&self, found: &Metadata) -> bool {
        let now = found.mode() & 0o7777;
        self.find.mode.as_ref().is_none_or(|mode| {
            let wanted = mode.on(now, found.is_dir(), 0);
            if self.find.exact_mode.0 { now == wanted } else { now & wanted != 0 }
        })
    }

    fn holds_text(&self, path: &Path, metadata: &Metadata) -> Result<bool, Failure> {
        let Some(pattern) = &self.contains else { return Ok(true) };
        if !metadata.is_file() {
            return Ok(false);
        }
        let bytes = fs::read(path).map_err(|error| refused("read", path, &error))?;
        let text = String::from_utf8_lossy(&bytes);
        if self.find.read_whole_file.0 {
            return found(pattern, &text);
        }
        let anchored = compile("contains", &format!("^(?:{})", pattern.as_str()))?;
        text.lines().try_fold(false, |hit, line| Ok(hit || found(&anchored, line)?))
    }

    fn take(&mut self, path: &Path, metadata: &Metadata) -> Result<(), Failure> {
        let mut facts = stat_facts(metadata);
        // These only `stat` has.
        for name in ["exists", "blocks", "block_size", "device_type"] {
            facts.shift_remove(name);
        }
        facts.insert("path".into(), path.to_string_lossy().into());
        if self.find.get_checksum.0 && metadata.is_file() {
            let sum = self.find.checksum_algorithm.of_file(path).map_err(|error| refused("read", path, &error))?;
            facts.insert("checksum".into(), sum.into());
        }
        self.files.push(Value::Object(facts));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::Ground;

    #[test]
    fn a_file_is_told_with_the_keys_of_ansible_and_what_is_no_folder_as_skipped() {
        let ground = Ground::new();
        ground.write("f", "");
        let told = ground.converge("find", &json!({"paths": [ground.at(""), "/no/such"]})).result;
        let file = &told["files"][0];
        for (name, is_there) in [("path", true), ("nlink", true), ("blocks", false), ("exists", false)] {
            assert_eq!(file.get(name).is_some(), is_there, "{name}");
        }
        assert_eq!(told["skipped_paths"], json!({"/no/such": "'/no/such' is not a directory"}));
    }

    fn names(ground: &Ground, mut params: Value) -> Vec<String> {
        params["paths"] = ground.at("").into();
        let outcome = ground.converge("find", &params);
        let files = outcome.result["files"].as_array().unwrap().clone();
        assert_eq!(outcome.result["matched"], files.len());
        let short = |file: &Value| file["path"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        files.iter().map(short).collect()
    }

    #[test]
    fn every_folder_may_lie_in_the_home() {
        let ground = Ground::new();
        let (a, b) = (ground.write("a/f", ""), ground.write("b/f", ""));
        for paths in [json!("~/a,$HOME/b"), json!(["~/a", "~/b"])] {
            let found = ground.converge("find", &json!({"paths": paths})).result["files"].clone();
            assert_eq!((&found[0]["path"], &found[1]["path"]), (&json!(a), &json!(b)), "{paths}");
        }
    }

    #[test]
    fn files_are_found_by_each_criterion() {
        let ground = Ground::new();
        ground.write("a.log", "x".repeat(2000));
        ground.write("b.txt", "hello world\n");
        ground.write(".hidden", "");
        ground.write("sub/c.log", "");
        ground
            .apply(
                "file",
                &json!({"path": ground.at("a.log"), "state": "touch", "modification_time": "199901010000.00"}),
            )
            .unwrap();
        for (params, wanted) in [
            (json!({}), vec!["a.log", "b.txt"]),
            (json!({"hidden": true}), vec![".hidden", "a.log", "b.txt"]),
            (json!({"patterns": "*.log,*.old", "recurse": true}), vec!["a.log", "c.log"]),
            (json!({"patterns": "*.log", "recurse": true, "depth": 1}), vec!["a.log"]),
            (json!({"patterns": "^.*\\.(log|txt)$", "use_regex": true, "excludes": "b.*"}), vec!["a.log"]),
            (json!({"file_type": "directory"}), vec!["sub"]),
            (json!({"size": "1k"}), vec!["a.log"]),
            (json!({"size": "-1k"}), vec!["b.txt"]),
            (json!({"age": "1w"}), vec!["a.log"]),
            (json!({"age": "-1h"}), vec!["b.txt"]),
            (json!({"contains": "hel+o"}), vec!["b.txt"]),
            (json!({"contains": "world"}), vec![]),
            (json!({"limit": 1}), vec!["a.log"]),
        ] {
            assert_eq!(names(&ground, params.clone()), wanted, "{params}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_skipped_with_a_warning() {
        let outcome = Ground::new().converge("find", &json!({"paths": "/no/such"}));
        assert_eq!(outcome.result["matched"], 0);
        assert!(outcome.warnings[0].contains("/no/such"));
    }
}
