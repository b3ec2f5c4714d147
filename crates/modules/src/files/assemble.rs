//! `assemble`: a file is the fragments of a folder, one after the other.

use std::fs;

use dpp_protocol::{Failure, ResultMap};
use serde::Deserialize;

use crate::arguments::{Flag, HostPath, Words};
use crate::files::attributes::Attributes;
use crate::files::checksum::Algorithm;
use crate::files::content::{NewContent, Source};
use crate::files::facts::add_facts;
use crate::files::mode::FileMode;
use crate::files::pattern::{compile, found};
use crate::files::refusal::refused;
use crate::files::step::FileStep;
use crate::{Host, Module, Survey};

/// Parameters of `assemble`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assemble {
    src: HostPath,
    dest: HostPath,
    delimiter: Option<String>,
    regexp: Option<String>,
    #[serde(default)]
    ignore_hidden: Flag,
    #[serde(default)]
    backup: Flag,
    validate: Option<String>,
    /// The controller does the work when it is false; a task that arrives here has it true.
    #[serde(rename = "remote_src")]
    _remote_src: Option<Flag>,
    /// Means something to the controller's files alone.
    #[serde(rename = "decrypt")]
    _decrypt: Option<Flag>,
    mode: Option<FileMode>,
    owner: Option<Words>,
    group: Option<Words>,
}

impl Module for Assemble {
    const NAME: &'static str = "assemble";
    type Step = FileStep;

    fn survey(&self, _host: &Host) -> Result<Survey<FileStep>, Failure> {
        if !self.src.is_dir() {
            if self.src.exists() {
                return Err(Failure::new(format!("cannot assemble {}: it is no folder", self.src.display())));
            }
            return Ok(Survey::steps(vec![FileStep::Expect(self.src.to_path_buf())]).unpredicted());
        }
        let bytes = self.bytes()?;
        let mut survey = Survey::steps(self.steps(&bytes))
            .value("src", self.src.text())
            .value("dest", self.dest.text())
            .value("msg", "OK");
        for (name, algorithm) in [("checksum", Algorithm::Sha1), ("md5sum", Algorithm::Md5)] {
            survey = survey.value(name, algorithm.of(&bytes[..]).unwrap_or_default());
        }
        survey.unpredicted = !survey.steps.is_empty() && !self.attributes().are_known();
        add_facts(&self.dest, &mut survey.result);
        Ok(survey)
    }

    fn apply(&self, step: &FileStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        step.apply(host, result)
    }

    fn conclude(&self, _host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        add_facts(&self.dest, result);
        Ok(())
    }
}

impl Assemble {
    fn bytes(&self) -> Result<Vec<u8>, Failure> {
        let cannot = |error: std::io::Error| refused("read the folder", &self.src, &error);
        let entries = fs::read_dir(&self.src).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(cannot)?;
        let files = entries.into_iter().filter(|entry| entry.path().is_file());
        let names = files.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        let names = chosen(names, self.regexp.as_deref(), self.ignore_hidden.0)?;
        let read = |name: &String| {
            let path = self.src.join(name);
            fs::read(&path).map_err(|error| refused("read", &path, &error))
        };
        let fragments = names.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(joined(&fragments, self.delimiter.as_deref()))
    }

    fn steps(&self, bytes: &[u8]) -> Vec<FileStep> {
        let dest = fs::canonicalize(&self.dest).unwrap_or_else(|_| self.dest.to_path_buf());
        if fs::read(&dest).is_ok_and(|old| old == bytes) {
            let change = fs::metadata(&dest).ok().and_then(|found| self.attributes().survey(&dest, &found));
            return change.map(FileStep::Attributes).into_iter().collect();
        }
        vec![FileStep::content(NewContent {
            attributes: self.attributes(),
            backup: self.backup.0,
            validate: self.validate.clone(),
            detail: format!("of {}", self.src.display()),
            ..NewContent::new(dest, Source::Bytes(bytes.to_vec()))
        })]
    }

    fn attributes(&self) -> Attributes {
        Attributes::of(self.mode.as_ref(), self.owner.as_ref(), self.group.as_ref())
    }
}

/// Names of the fragments that are meant, in their order.
pub fn chosen(mut names: Vec<String>, regexp: Option<&str>, ignore_hidden: bool) -> Result<Vec<String>, Failure> {
    let pattern = regexp.map(|pattern| compile("regexp", pattern)).transpose()?;
    names.sort();
    let mut chosen = Vec::new();
    for name in names.into_iter().filter(|name| !(ignore_hidden && name.starts_with('.'))) {
        if pattern.as_ref().map_or(Ok(true), |pattern| found(pattern, &name))? {
            chosen.push(name);
        }
    }
    Ok(chosen)
}

/// The fragments as one, each beginning on a line of its own, with the delimiter between them.
pub fn joined(fragments: &[Vec<u8>], delimiter: Option<&str>) -> Vec<u8> {
    let delimiter = delimiter.map(unescaped).filter(|delimiter| !delimiter.is_empty());
    let mut whole = Vec::new();
    let mut is_first = true;
    let mut ends_line = true;
    for fragment in fragments {
        if !ends_line {
            whole.push(b'\n');
        }
        if let Some(delimiter) = delimiter.as_ref().filter(|_| !is_first) {
            whole.extend(delimiter);
            whole.extend((!delimiter.ends_with(b"\n")).then_some(b'\n'));
        }
        whole.extend(fragment);
        is_first = false;
        ends_line = fragment.ends_with(b"\n");
    }
    whole
}

/// A delimiter with Python's escapes read: `\n`, `\t`, `\\`, `\x41`.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        bytes.extend(&rest.as_bytes()[..at]);
        let after = &rest[at + 1..];
        let hex = after.strip_prefix('x').and_then(|hex| u8::from_str_radix(hex.get(..2)?, 16).ok());
        let (byte, length) = match (after.as_bytes().first(), hex) {
            (_, Some(byte)) => (Some(byte), 3),
            (Some(b'n'), _) => (Some(b'\n'), 1),
            (Some(b't'), _) => (Some(b'\t'), 1),
            (Some(b'r'), _) => (Some(b'\r'), 1),
            (Some(b'0'), _) => (Some(0), 1),
            (Some(quoted @ (b'\\' | b'\'' | b'"')), _) => (Some(*quoted), 1),
            _ => (None, 0),
        };
        bytes.push(byte.unwrap_or(b'\\'));
        rest = &after[length..];
    }
    bytes.extend(rest.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::Ground;

    fn stage() -> (Ground, Value) {
        let ground = Ground::new();
        for (name, text) in [("d/20-b", "b\n"), ("d/10-a", "a"), ("d/.hidden", "h\n"), ("d/sub/x", "no")] {
            ground.write(name, text);
        }
        let params = json!({"src": ground.at("d"), "dest": ground.at("out"), "mode": "0640"});
        (ground, params)
    }

    #[test]
    fn fragments_are_joined_in_the_order_of_their_names() {
        for (more, wanted) in [
            (json!({}), "h\na\nb\n"),
            (json!({"ignore_hidden": true}), "a\nb\n"),
            (json!({"regexp": "-b$"}), "b\n"),
            (json!({"ignore_hidden": "yes", "delimiter": "# --\\t\\x2d"}), "a\n# --\t-\nb\n"),
            (json!({"ignore_hidden": "yes", "delimiter": "\\n"}), "a\n\nb\n"),
        ] {
            let (ground, mut params) = stage();
            params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let result = ground.converge("assemble", &params).result;
            assert_eq!(ground.read("out"), wanted, "{more}");
            assert_eq!(result["checksum"], json!(Algorithm::Sha1.of(wanted.as_bytes()).unwrap()));
            assert_eq!((&result["mode"], &result["msg"]), (&json!("0640"), &json!("OK")));
        }
    }

    #[test]
    fn an_old_file_is_kept_aside_and_a_refused_one_never_placed() {
        let (ground, mut params) = stage();
        ground.write("out", "old\n");
        params["validate"] = "grep -q never %s".into();
        assert!(ground.apply("assemble", &params).is_err());
        assert_eq!(ground.read("out"), "old\n");
        params["validate"] = "grep -q h %s".into();
        params["backup"] = true.into();
        let result = ground.converge("assemble", &params).result;
        assert_eq!(fs::read_to_string(result["backup_file"].as_str().unwrap()).unwrap(), "old\n");
        params["mode"] = "0600".into();
        assert_eq!(ground.converge("assemble", &params).changes[0].detail, "mode 0640 -> 0600");
    }

    #[test]
    fn a_folder_that_is_not_there_may_still_come_and_a_file_is_none() {
        let (ground, mut params) = stage();
        params["src"] = ground.at("later").into();
        assert!(ground.survey("assemble", &params).unwrap().unpredicted);
        assert!(ground.apply("assemble", &params).unwrap_err().message.starts_with("there is no "));
        params["src"] = ground.at("d/10-a").into();
        assert!(ground.survey("assemble", &params).unwrap_err().message.ends_with("it is no folder"));
    }
}
