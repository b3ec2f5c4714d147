//! `known_hosts`: the key of a host stands in a file in which ssh looks, or does not.

mod entry;

use dpp_protocol::{Failure, ResultMap};
use serde::Deserialize;
use serde_json::Value;

use crate::arguments::{Flag, HostPath};
use crate::files::attributes::Attributes;
use crate::files::edit::{TextFile, Wishes, lines};
use crate::files::facts::add_facts;
use crate::files::step::FileStep;
use crate::presence::Presence;
use crate::system::known_hosts::entry::Entry;
use crate::{Host, Module, Survey};

/// Parameters of `known_hosts`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownHosts {
    #[serde(alias = "host")]
    name: String,
    key: Option<String>,
    path: Option<HostPath>,
    #[serde(default)]
    hash_host: Flag,
    #[serde(default)]
    state: Presence,
}

impl Module for KnownHosts {
    const NAME: &'static str = "known_hosts";
    type Step = FileStep;

    fn survey(&self, host: &Host) -> Result<Survey<FileStep>, Failure> {
        let key = self.key()?;
        let path = self.file(host);
        let file = TextFile::read(&path)?;
        let new = match self.state {
            Presence::Present => self.with_key(file.text(), key.as_deref().unwrap_or_default())?,
            Presence::Absent => self.without(file.text(), key.as_deref()),
        };
        let wishes = Wishes { attributes: Attributes::default(), backup: false, validate: None };
        let is_new = file.old.is_none() && new.is_empty();
        let mut survey =
            if is_new { Survey::unchanged() } else { file.survey(new, &format!("key of {}", self.host()), wishes) };
        survey.result.shift_remove("msg");
        let mut survey = survey
            .value("name", self.name.as_str())
            .value("key", self.key.as_deref().map_or(Value::Null, Value::from))
            .value("path", path.text())
            .value("hash_host", self.hash_host.0)
            .value("state", self.state.name());
        add_facts(&path, &mut survey.result);
        Ok(survey)
    }

    fn apply(&self, step: &FileStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        step.apply(host, result)
    }

    fn conclude(&self, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        add_facts(&self.file(host), result);
        Ok(())
    }
}

impl KnownHosts {
    fn file(&self, host: &Host) -> HostPath {
        let own = || crate::expansion::expand("~/.ssh/known_hosts", host.environment()).as_str().into();
        self.path.clone().unwrap_or_else(own)
    }

    /// Ssh asks for names in lower case.
    fn host(&self) -> String {
        self.name.to_lowercase()
    }

    /// The line that the task wants, which must be one for the host it names.
    fn key(&self) -> Result<Option<String>, Failure> {
        let wrong = |words: String| Err(Failure::new(words).code("DPP0104"));
        let host = self.host();
        if host.contains(',') {
            return wrong(format!("`name: {}` is a list: a task of `known_hosts` is for one name", self.name));
        }
        let Some(key) = self.key.as_deref().map(str::trim).filter(|key| !key.is_empty()) else {
            return match self.state {
                Presence::Present => wrong("`key` is needed with state=present".to_owned()),
                Presence::Absent => Ok(None),
            };
        };
        let Some(entry) = Entry::of(key) else {
            return wrong(format!("`{key}` is no line of a known_hosts file")).map_err(|failure: Failure| {
                failure.help("host, kind and key: `example.org ssh-ed25519 AAAA…`, as `ssh-keyscan` prints it")
            });
        };
        if !entry.is_for(&host) {
            return wrong(format!("the key is for {}, and not for {host}", entry.hosts));
        }
        Ok(Some(key.to_owned()))
    }

    fn with_key(&self, text: &str, key: &str) -> Result<String, Failure> {
        let Some(wanted) = Entry::of(key) else { return Ok(text.to_owned()) };
        let mut lines = lines(text);
        let place = self.place(&lines, &wanted);
        if let Some((at, true)) = place {
            // A hash differs each time it is made; a plain name is hashed when that is wished for.
            let is_hashed = Entry::of(&lines[at]).is_some_and(|entry| entry.is_hashed());
            if !self.hash_host.0 || is_hashed {
                return Ok(text.to_owned());
            }
        }
        let line = if self.hash_host.0 { wanted.hashed(&self.host())? } else { key.to_owned() };
        place.map(|(at, _)| lines.remove(at));
        if let Some(last) = lines.last_mut().filter(|last| !last.ends_with('\n')) {
            last.push('\n');
        }
        lines.push(line + "\n");
        Ok(lines.concat())
    }

    fn without(&self, text: &str, key: Option<&str>) -> String {
        let mut lines = lines(text);
        match key.and_then(Entry::of) {
            Some(wanted) => drop(self.place(&lines, &wanted).map(|(at, _)| lines.remove(at))),
            None => {
                let goes = |line: &String| {
                    Entry::of(line).is_some_and(|entry| entry.marker.is_none() && entry.is_for(&self.host()))
                };
                lines.retain(|line| !goes(line));
            }
        }
        lines.concat()
    }

    /// The line of this host that has this key, or else the first one with a key of the same kind.
    fn place(&self, lines: &[String], wanted: &Entry) -> Option<(usize, bool)> {
        let host = self.host();
        let entries = lines.iter().enumerate().filter_map(|(at, line)| Some((at, Entry::of(line)?)));
        let own = entries.filter(|(_, entry)| entry.is_for(&host));
        let mut own = own.filter_map(|(at, entry)| {
            let is_same = entry.says_the_same(wanted);
            let is_of_its_kind = entry.marker.is_none() && entry.kind == wanted.kind;
            (is_same || is_of_its_kind).then_some((at, is_same))
        });
        own.next()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::Ground;

    const FILE: &str =
        "# ours\nother ssh-rsa AAAAo\nexample.org,10.0.0.1 ssh-rsa AAAA1\n[example.org]:2222 ssh-rsa AAAA3\n";

    fn after(text: &str, mut params: Value) -> String {
        let ground = Ground::new();
        params["path"] = ground.write("known_hosts", text).into();
        ground.converge("known_hosts", &params);
        ground.read("known_hosts")
    }

    #[test]
    fn the_result_tells_of_the_file() {
        let ground = Ground::new();
        let params = json!({"name": "a.org", "key": "a.org ssh-rsa AAAA1", "path": ground.at("known")});
        for _ in 0..2 {
            let result = ground.apply("known_hosts", &params).unwrap().result;
            assert_eq!((&result["state"], &result["size"]), (&json!("file"), &json!(20)));
        }
    }

    #[test]
    fn a_key_is_added_replaced_left_or_removed() {
        let without = "# ours\nother ssh-rsa AAAAo\n[example.org]:2222 ssh-rsa AAAA3\n";
        for (params, wanted) in [
            (json!({"name": "Example.org", "key": "example.org,10.0.0.1 ssh-rsa AAAA1"}), FILE.to_owned()),
            (
                json!({"name": "10.0.0.1", "key": "10.0.0.1 ssh-rsa AAAA2"}),
                format!("{without}10.0.0.1 ssh-rsa AAAA2\n"),
            ),
            (
                json!({"host": "example.org", "key": "example.org ssh-dss AAAA2"}),
                format!("{FILE}example.org ssh-dss AAAA2\n"),
            ),
            (json!({"name": "example.org", "state": "absent"}), without.to_owned()),
            (json!({"name": "nowhere", "state": "absent"}), FILE.to_owned()),
            (
                json!({"name": "[example.org]:2222", "key": "[example.org]:2222 ssh-rsa AAAA3", "state": "absent"}),
                "# ours\nother ssh-rsa AAAAo\nexample.org,10.0.0.1 ssh-rsa AAAA1\n".to_owned(),
            ),
        ] {
            assert_eq!(after(FILE, params.clone()), wanted, "{params}");
        }
    }

    #[test]
    fn a_name_is_hashed_once_and_found_again() {
        let ground = Ground::new();
        let path = ground.write("known_hosts", "example.org ssh-rsa AAAA1\n");
        let params =
            json!({"name": "example.org", "key": "example.org ssh-rsa AAAA1", "hash_host": true, "path": path});
        ground.converge("known_hosts", &params);
        let text = ground.read("known_hosts");
        assert!(text.starts_with("|1|") && text.ends_with(" ssh-rsa AAAA1\n") && text.lines().count() == 1, "{text}");
        ground.converge("known_hosts", &json!({"name": "example.org", "state": "absent", "path": path}));
        assert_eq!(ground.read("known_hosts"), "");
    }

    #[test]
    fn a_key_that_is_none_or_anothers_is_refused_and_no_file_made_for_nothing() {
        let ground = Ground::new();
        let path = ground.at("none");
        for (params, words) in [
            (json!({"name": "a"}), "`key` is needed"),
            (json!({"name": "a,b", "key": "a,b ssh-rsa A"}), "is a list"),
            (json!({"name": "a", "key": "b ssh-rsa A"}), "the key is for b"),
            (json!({"name": "a", "key": "ssh-rsa"}), "is no line"),
        ] {
            let failure = ground.survey("known_hosts", &params).unwrap_err();
            assert!(failure.message.contains(words), "{}", failure.message);
        }
        ground.converge("known_hosts", &json!({"name": "a", "state": "absent", "path": path}));
        assert!(!ground.path("none").exists());
    }
}
