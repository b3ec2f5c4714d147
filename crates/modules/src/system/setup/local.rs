//! Facts that the host's owner wrote: `/etc/ansible/facts.d/*.fact` as JSON, as INI, or as programs that print either.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use dpp_protocol::ResultMap;
use serde_json::{Map, Value};

use super::names::{names, set};
use crate::Host;
use crate::commands::process::Process;

pub(super) fn gather(folder: &Path, host: &Host, facts: &mut ResultMap) {
    let mut local = Map::new();
    for name in names(folder) {
        if let Some(stem) = name.strip_suffix(".fact") {
            local.insert(stem.to_owned(), fact(&folder.join(&name), host));
        }
    }
    set(facts, "local", Value::Object(local));
}

/// A fact that cannot be read is its own error, as in Ansible: one broken file must not hide the others.
fn fact(path: &Path, host: &Host) -> Value {
    let executable = fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o111 != 0);
    let unread = |error: std::io::Error| format!("error loading fact - {}: {error}", path.display());
    match if executable { printed(path, host) } else { fs::read_to_string(path).map_err(unread) } {
        Ok(text) => parse(&text).unwrap_or_else(|| {
            format!("error loading facts as JSON or ini - please check content: {}", path.display()).into()
        }),
        Err(error) => error.into(),
    }
}

fn printed(path: &Path, host: &Host) -> Result<String, String> {
    let failed = |why: String| format!("Failure executing fact script ({}), {why}", path.display());
    let finished =
        Process::new(&path.to_string_lossy(), &[], host).run(host).map_err(|failure| failed(failure.message))?;
    if finished.succeeded() {
        return Ok(finished.stdout);
    }
    Err(failed(format!("rc: {}, err: {}", finished.code(), finished.stderr)))
}

fn parse(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok().or_else(|| ini(text))
}

/// Sections of `key=value`; keys are lower-cased, as Python's parser does.
fn ini(text: &str) -> Option<Value> {
    let mut sections = Map::new();
    let mut current: Option<String> = None;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', ';'])) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            sections.insert(name.to_owned(), Value::Object(Map::new()));
            current = Some(name.to_owned());
            continue;
        }
        let (key, value) = line.split_once(['=', ':'])?;
        sections.get_mut(current.as_deref()?)?[key.trim().to_lowercase()] = value.trim().into();
    }
    (!sections.is_empty()).then_some(Value::Object(sections))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Ground;

    #[test]
    fn files_of_all_three_kinds_are_read_and_a_broken_one_is_named() {
        let ground = Ground::new();
        ground.write("d/kafka.fact", "{\"id\": 3}");
        ground.write("d/site.fact", "[general]\nRack = r1\n; remark\n");
        ground.write("d/run.fact", "#!/bin/sh\necho '{\"up\": true}'\n");
        ground.write("d/broken.fact", "no facts here");
        ground.write("d/fails.fact", "#!/bin/sh\necho no >&2; exit 3\n");
        ground.apply("file", &json!({"path": ground.at("d/fails.fact"), "mode": "0755"})).unwrap();
        ground.apply("file", &json!({"path": ground.at("d/run.fact"), "mode": "0755"})).unwrap();
        let outcome = ground.survey("setup", &json!({"fact_path": ground.at("d"), "gather_subset": "min"})).unwrap();
        let local = &outcome.result["ansible_facts"]["ansible_local"];
        assert_eq!((&local["kafka"]["id"], &local["site"]["general"]["rack"]), (&json!(3), &json!("r1")));
        assert_eq!(local["run"]["up"], true);
        assert_eq!(
            local["fails"],
            format!("Failure executing fact script ({}), rc: 3, err: no\n", ground.at("d/fails.fact"))
        );
        assert!(local["broken"].as_str().unwrap().starts_with("error loading facts"));
    }
}
