//! `getent`: lines of a database of the name service, as facts.

use std::collections::BTreeSet;

use dpp_protocol::{Change, Failure, ResultMap};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::arguments::{Flag, Words};
use crate::commands::process::Process;
use crate::{Host, Module, Survey};

/// What Ansible registers of a key that is not there.
const MISSING: &str = "One or more supplied key could not be found in the database.";

/// Parameters of `getent`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Getent {
    database: String,
    key: Option<Words>,
    service: Option<String>,
    split: Option<String>,
    #[serde(default = "yes")]
    fail_key: Flag,
}

fn yes() -> Flag {
    Flag(true)
}

impl Module for Getent {
    const NAME: &'static str = "getent";
    type Step = Change;

    fn survey(&self, host: &Host) -> Result<Survey<Change>, Failure> {
        let service = self.service.iter().flat_map(|service| ["-s".to_owned(), service.clone()]);
        let key = self.key.iter().map(|key| key.0.clone());
        let arguments: Vec<String> = service.chain([self.database.clone()]).chain(key).collect();
        let finished = Process::new("getent", &arguments, host).run(host)?;
        let missing = finished.code() == 2;
        if !finished.succeeded() && !missing {
            let text = format!("cannot read the database `{}`: getent {}", self.database, finished.ending());
            let words = match finished.code() {
                3 => "Enumeration not supported on this database.",
                _ => "Missing arguments, or database unknown.",
            };
            return Err(finished.describe(Failure::new(text).value("msg", words)));
        }
        let mut found = self.parse(&finished.stdout);
        if let (true, Some(key)) = (missing, &self.key) {
            if self.fail_key.0 {
                let failure = Failure::new(format!("there is no `{}` in the database `{}`", key.0, self.database));
                return Err(failure.value("msg", MISSING));
            }
            found.insert(key.0.clone(), Value::Null);
        }
        let facts = Map::from_iter([(format!("getent_{}", self.database), Value::Object(found))]);
        let survey = Survey::unchanged().value("ansible_facts", Value::Object(facts));
        Ok(if missing && self.key.is_some() { survey.value("msg", MISSING) } else { survey })
    }

    fn apply(&self, _step: &Change, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        Ok(())
    }
}

impl Getent {
    /// Key and fields of each line; colons part them where none else is named and the database has them.
    fn parse(&self, text: &str) -> ResultMap {
        let colon = matches!(self.database.as_str(), "passwd" | "shadow" | "group" | "gshadow");
        let split = self.split.as_deref().or(colon.then_some(":"));
        let fields = |line: &str| -> Vec<String> {
            match split {
                Some(split) => line.split(split).map(str::to_owned).collect(),
                None => line.split_whitespace().map(str::to_owned).collect(),
            }
        };
        let lines = text.lines().map(fields).filter(|fields| !fields.is_empty());
        let (mut found, mut repeated) = (ResultMap::new(), BTreeSet::new());
        for mut fields in lines {
            let key = fields.remove(0);
            let new = Value::from(fields);
            match found.get_mut(&key) {
                None => drop(found.insert(key, new)),
                Some(known) if repeated.insert(key) => *known = vec![known.take(), new].into(),
                Some(known) => known.as_array_mut().into_iter().for_each(|all| all.push(new.clone())),
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Ground;

    #[test]
    fn lines_of_one_key_become_a_list() {
        let getent: super::Getent = serde_json::from_value(json!({"database": "hosts"})).unwrap();
        let found = getent.parse("::1 a\n127.0.0.1 b\n::1 c d\n");
        assert_eq!(json!(found), json!({"::1": [["a"], ["c", "d"]], "127.0.0.1": ["b"]}));
    }

    #[test]
    fn a_line_becomes_a_fact_and_a_missing_key_is_told() {
        let ground = Ground::new();
        let result = ground.converge("getent", &json!({"database": "passwd", "key": "root"})).result;
        assert_eq!(result["ansible_facts"]["getent_passwd"]["root"][1], "0");
        let params = json!({"database": "group", "key": "no-such-group"});
        assert!(ground.survey("getent", &params).unwrap_err().message.contains("no-such-group"));
        let params = json!({"database": "group", "key": "no-such-group", "fail_key": false});
        assert_eq!(
            ground.survey("getent", &params).unwrap().result["ansible_facts"]["getent_group"],
            json!({"no-such-group": null})
        );
    }
}
