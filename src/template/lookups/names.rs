//! Lookups of variables, hosts and settings by name.

use minijinja::value::ValueKind;
use minijinja::{Error, Value as Dynamic};

use super::call::Call;
use crate::template::dynamic::undefined;
use crate::template::methods::entries;
use crate::template::objects::items;
use crate::template::python;
use crate::template::regex::Flags;

type Found = Result<Vec<Dynamic>, Error>;

pub(super) fn vars(call: &mut Call) -> Found {
    let mut found = Vec::new();
    for name in call.texts()? {
        let value =
            call.frame.variable(&name).or_else(|| call.option("default").filter(|default| !default.is_none()).cloned());
        found.push(value.ok_or_else(|| {
            call.frame.miss(&name);
            undefined(&Dynamic::UNDEFINED)
        })?);
    }
    Ok(found)
}

pub(super) fn varnames(call: &mut Call) -> Found {
    let mut names = call.frame.scope().variables().names();
    names.sort_unstable();
    names.dedup();
    let mut found = Vec::new();
    for pattern in call.texts()? {
        let regex = call.frame.engines().patterns().get(&pattern, Flags::default())?;
        let matches = names.iter().filter(|name| regex.is_match(name).unwrap_or(false));
        found.extend(matches.map(|name| Dynamic::from(name.as_str())));
    }
    Ok(found)
}

/// Settings that roles ask for, with Ansible's defaults; a variable of the same name in small letters goes first.
const SETTINGS: [(&str, &str); 12] = [
    ("DEFAULT_BECOME_USER", "root"),
    ("DEFAULT_FORKS", "20"),
    ("DEFAULT_GATHERING", "implicit"),
    ("DEFAULT_HASH_BEHAVIOUR", "replace"),
    ("DEFAULT_JINJA2_NATIVE", "False"),
    ("DEFAULT_LOCAL_TMP", "/tmp"),
    ("DEFAULT_MANAGED_STR", "Ansible managed"),
    ("DEFAULT_MODULE_NAME", "command"),
    ("DEFAULT_REMOTE_PORT", "22"),
    ("DEFAULT_ROLES_PATH", "roles"),
    ("DEFAULT_TIMEOUT", "10"),
    ("HOST_KEY_CHECKING", "True"),
];

pub(super) fn config(call: &mut Call) -> Found {
    let mut found = Vec::new();
    let may_miss = call.text("on_missing").is_some_and(|how| how != "error");
    for name in call.texts()? {
        let setting = SETTINGS.iter().find(|(known, _)| *known == name).map(|(_, value)| typed(value));
        match call.frame.variable(&name.to_lowercase()).or(setting) {
            Some(value) => found.push(value),
            None if may_miss => {}
            None => return Err(call.refusal(&format!("knows no setting `{name}`"))),
        }
    }
    Ok(found)
}

/// A setting's number or boolean is one.
fn typed(value: &str) -> Dynamic {
    match (value, value.parse::<i64>()) {
        ("True", _) => Dynamic::from(true),
        ("False", _) => Dynamic::from(false),
        (_, Ok(number)) => Dynamic::from(number),
        _ => Dynamic::from(value),
    }
}

/// The hosts of a pattern: names and groups with `:` or `,` between them, `!` for not, `&` for only.
pub(super) fn inventory_hostnames(call: &mut Call) -> Found {
    let groups = call.frame.variable("groups").filter(|groups| groups.kind() == ValueKind::Map);
    let groups = groups.ok_or_else(|| call.refusal("needs the variable `groups`"))?;
    let mut members = Vec::new();
    for (name, hosts) in entries(&groups)? {
        let hosts: Vec<String> = items(&hosts)?.iter().map(python::text).collect();
        members.push((python::text(&name), hosts));
    }
    let mut chosen: Vec<String> = Vec::new();
    for pattern in call.texts()? {
        for part in pattern.split([':', ',']).filter(|part| !part.is_empty()) {
            match part.chars().next() {
                Some('!') => chosen.retain(|host| !hosts(&members, &part[1..]).contains(host)),
                Some('&') => chosen.retain(|host| hosts(&members, &part[1..]).contains(host)),
                _ => {
                    let more = hosts(&members, part);
                    chosen.extend(more.into_iter().filter(|host| !chosen.contains(host)).collect::<Vec<_>>());
                }
            }
        }
    }
    Ok(chosen.into_iter().map(Dynamic::from).collect())
}

fn hosts(members: &[(String, Vec<String>)], pattern: &str) -> Vec<String> {
    let pattern = if pattern == "*" { "all" } else { pattern };
    let by_group = members.iter().filter(|(group, _)| crate::template::glob::matches(pattern, group));
    let mut found: Vec<String> = by_group.flat_map(|(_, hosts)| hosts.clone()).collect();
    let all = members.iter().filter(|(group, _)| group == "all").flat_map(|(_, hosts)| hosts);
    found.extend(all.filter(|host| crate::template::glob::matches(pattern, host)).cloned());
    let mut seen = std::collections::HashSet::new();
    found.retain(|host| seen.insert(host.clone()));
    found
}
