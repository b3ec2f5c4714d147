//! Filters of well-known collections and roles.

use std::fmt::Write as _;

use indexmap::IndexMap;
use minijinja::value::ValueKind;
use minijinja::{Error, Value as Dynamic};

use super::merge::{ListMerge, merged};
use crate::template::arguments::Arguments;
use crate::template::dynamic::{type_name, valid};
use crate::template::error::fault;
use crate::template::methods::entries;
use crate::template::objects::{dict, items, list};
use crate::template::python;
use crate::template::version::Scheme;

/// `[['a', 1]] | dict`.
pub(super) fn dict_filter(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    if subject.kind() == ValueKind::Map {
        return Ok(dict(entries(&subject)?));
    }
    pairs(&subject).map(dict)
}

/// Pairs as Python's `dict()` reads them; a key is no list and no mapping.
fn pairs(value: &Dynamic) -> Result<Vec<(Dynamic, Dynamic)>, Error> {
    let pair = |item: Dynamic| match two_of(&item)?.as_slice() {
        [key, value] if matches!(key.kind(), ValueKind::Map | ValueKind::Iterable) => {
            Err(fault(format!("a {} is no key; its value is {}", type_name(key), type_name(value))))
        }
        [key, _] if key.kind() == ValueKind::Seq && !key.is_tuple() => Err(fault("a list is no key")),
        [key, value] => Ok((key.clone(), value.clone())),
        _ => Err(fault("a mapping is made of pairs")),
    };
    items(value)?.into_iter().map(pair).collect()
}

fn two_of(pair: &Dynamic) -> Result<Vec<Dynamic>, Error> {
    match pair.as_str() {
        Some(text) => Ok(text.chars().map(|character| Dynamic::from(character.to_string())).collect()),
        None => items(pair),
    }
}

pub(super) fn dict_kv(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let (value, key) = (arguments.subject()?, arguments.need(1, "key")?);
    Ok(dict([(key, value)]))
}

/// The names to keep or remove, and how they are compared.
fn selection(arguments: &mut Arguments<'_, '_, '_>) -> Result<impl Fn(&str) -> bool, Error> {
    let target = arguments.need(1, "target")?;
    let how = arguments.text(2, "matching_parameter")?.unwrap_or_else(|| "equal".to_owned());
    let targets: Vec<String> = match target.as_str() {
        Some(one) => vec![one.to_owned()],
        None => items(&target)?.iter().map(python::text).collect(),
    };
    let patterns = crate::template::frame::Frame::current()?;
    let regexes = if how == "regex" {
        let get = |pattern: &String| {
            patterns
                .engines()
                .patterns()
                .get(pattern, crate::template::regex::Flags { at_start: true, ..Default::default() })
        };
        targets.iter().map(get).collect::<Result<Vec<_>, _>>()?
    } else {
        Vec::new()
    };
    if !["equal", "starts_with", "ends_with", "regex"].contains(&how.as_str()) {
        return Err(arguments.refusal("knows the ways equal, starts_with, ends_with and regex"));
    }
    Ok(move |name: &str| match how.as_str() {
        "starts_with" => targets.iter().any(|target| name.starts_with(target)),
        "ends_with" => targets.iter().any(|target| name.ends_with(target)),
        "regex" => regexes.iter().any(|regex| regex.is_match(name).unwrap_or(false)),
        _ => targets.iter().any(|target| name == target),
    })
}

fn with_keys(arguments: &mut Arguments<'_, '_, '_>, kept: bool) -> Result<Dynamic, Error> {
    let rows = arguments.subject_items()?;
    let matches = selection(arguments)?;
    let row = |row: Dynamic| -> Result<Dynamic, Error> {
        let entries = entries(&row)?.into_iter().filter(|(key, _)| matches(&python::text(key)) == kept);
        Ok(dict(entries.collect::<Vec<_>>()))
    };
    rows.into_iter().map(row).collect::<Result<Vec<_>, _>>().map(list)
}

pub(super) fn keep_keys(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    with_keys(arguments, true)
}

pub(super) fn remove_keys(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    with_keys(arguments, false)
}

/// Lists of mappings, merged where they agree on a key; sorted by it.
pub(super) fn lists_mergeby(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let recursive = arguments.take(usize::MAX, "recursive")?.is_some_and(|yes| yes.is_true());
    let how = arguments.text(usize::MAX, "list_merge")?.unwrap_or_else(|| "replace".to_owned());
    let how = ListMerge::named(&how).ok_or_else(|| arguments.refusal("knows no such list_merge"))?;
    let mut lists = vec![arguments.subject()?];
    lists.extend(arguments.rest(1)?);
    let index = lists.pop().filter(|index| index.as_str().is_some());
    let index = index.ok_or_else(|| arguments.refusal("needs the name of the key at its end"))?;
    let nested = matches!(lists.as_slice(), [lone] if items(lone)?.iter().all(|item| item.kind() == ValueKind::Seq));
    if nested {
        lists = items(&lists[0])?;
    }
    let mut groups: IndexMap<Dynamic, IndexMap<Dynamic, Dynamic>> = IndexMap::new();
    for row in lists.iter().map(items).collect::<Result<Vec<_>, _>>()?.into_iter().flatten() {
        let key = valid(&row.get_item(&index)?)?;
        if key.is_undefined() {
            continue;
        }
        let old = groups.swap_remove(&key).unwrap_or_default();
        groups.insert(key, merged(old, entries(&row)?, recursive, how)?);
    }
    let mut keyed: Vec<_> = groups.into_iter().collect();
    crate::template::compare::sort_by_key(&mut keyed, false)?;
    Ok(list(keyed.into_iter().map(|(_, row)| dict(row)).collect()))
}

pub(super) fn version_sort(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let reverse = arguments.flag(1, "reverse", false)?;
    let mut versions = arguments.subject_items()?;
    let mut failure = None;
    versions.sort_by(|a, b| {
        let order = Scheme::Loose.compare(&python::text(a), &python::text(b));
        order.unwrap_or_else(|error| {
            failure.get_or_insert(error);
            std::cmp::Ordering::Equal
        })
    });
    if let Some(error) = failure {
        return Err(error);
    }
    if reverse {
        versions.reverse();
    }
    Ok(list(versions))
}

/// A mapping of mappings by a member of each.
pub(super) fn rekey_on_member(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let key = arguments.need(1, "key")?;
    let overwrites = arguments.text(2, "duplicates")?.is_some_and(|how| how == "overwrite");
    let rows = match subject.kind() {
        ValueKind::Map => entries(&subject)?.into_iter().map(|(_, row)| row).collect(),
        _ => arguments.subject_items()?,
    };
    let mut result = IndexMap::new();
    for row in rows {
        let name = valid(&row.get_item(&key)?)?;
        if name.is_undefined() {
            return Err(arguments.refusal(&format!("finds no `{}` in an item", python::text(&key))));
        }
        if result.insert(name, row).is_some() && !overwrites {
            return Err(arguments.refusal("finds the same key twice"));
        }
    }
    Ok(dict(result))
}

/// The elements of a mapping as TOML; tables after values, as TOML wants them.
pub(super) fn to_toml(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let frame = crate::template::frame::Frame::current()?;
    let value = crate::template::dynamic::from_dynamic(&arguments.subject()?, &frame)?;
    let json = serde_json::Value::from(&value);
    let mut out = String::new();
    table(&json, "", &mut out)?;
    Ok(Dynamic::from_safe_string(out))
}

fn table(json: &serde_json::Value, path: &str, out: &mut String) -> Result<(), Error> {
    use serde_json::Value as Json;
    let Json::Object(entries) = json else { return Err(fault("`to_toml` needs a mapping")) };
    let is_table = |value: &Json| value.is_object();
    let is_tables =
        |value: &Json| value.as_array().is_some_and(|items| !items.is_empty() && items.iter().all(Json::is_object));
    for (key, value) in entries.iter().filter(|(_, value)| !is_table(value) && !is_tables(value)) {
        let _ = writeln!(out, "{} = {}", toml_key(key), inline(value)?);
    }
    for (key, value) in entries {
        let path = if path.is_empty() { toml_key(key) } else { format!("{path}.{}", toml_key(key)) };
        if is_table(value) {
            let _ = writeln!(out, "\n[{path}]");
            table(value, &path, out)?;
        } else if is_tables(value) {
            for item in value.as_array().into_iter().flatten() {
                let _ = writeln!(out, "\n[[{path}]]");
                table(item, &path, out)?;
            }
        }
    }
    Ok(())
}

fn toml_key(key: &str) -> String {
    let is_bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if is_bare { key.to_owned() } else { toml_text(key) }
}

fn toml_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn inline(json: &serde_json::Value) -> Result<String, Error> {
    use serde_json::Value as Json;
    Ok(match json {
        Json::Null => return Err(fault("`to_toml` has no word for nothing")),
        Json::String(text) => toml_text(text),
        Json::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Result<Vec<_>, _>>()?.join(", ")),
        Json::Object(entries) => {
            let entry = |(key, value): (&String, &Json)| Ok(format!("{} = {}", toml_key(key), inline(value)?));
            format!("{{ {} }}", entries.iter().map(entry).collect::<Result<Vec<_>, Error>>()?.join(", "))
        }
        other => other.to_string(),
    })
}

/// elastic's role: the file's name without folder and ending.
pub(super) fn filename(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let path = arguments.subject_text()?;
    let name = path.rsplit('/').next().unwrap_or_default();
    Ok(Dynamic::from(name.rsplit_once('.').map_or(name, |(stem, _)| stem)))
}

/// elastic's role: items with commas between them.
pub(super) fn array_to_str(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let separator = arguments.text(1, "separator")?.unwrap_or_else(|| ",".to_owned());
    if subject.kind() != ValueKind::Seq {
        return Ok(subject);
    }
    let texts: Vec<String> = items(&subject)?.iter().map(python::text).collect();
    Ok(Dynamic::from(texts.join(&separator)))
}

/// elastic's role: `role:user,user` for each role of the users.
pub(super) fn extract_role_users(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let mut roles = Vec::new();
    if subject.kind() == ValueKind::Map {
        for (user, details) in entries(&subject)? {
            let own = details.get_attr("roles")?;
            if own.kind() == ValueKind::Seq {
                roles.extend(
                    items(&own)?
                        .iter()
                        .map(|role| Dynamic::from(format!("{}:{}", python::text(role), python::text(&user)))),
                );
            }
        }
    }
    Ok(list(roles))
}

/// elastic's role: the names of users that are not reserved.
pub(super) fn filter_reserved(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let mut names = Vec::new();
    for (name, details) in entries(&subject)? {
        let metadata = details.get_attr("metadata")?;
        let is_reserved = !metadata.is_undefined() && metadata.get_attr("_reserved")?.is_true();
        if !is_reserved {
            names.push(name);
        }
    }
    Ok(list(names))
}

/// How two values differ, as a diff of their YAML.
pub(super) fn fact_diff(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let (before, after) = (arguments.subject()?, arguments.need(1, "after")?);
    let lines = |value: &Dynamic| -> Result<Vec<String>, Error> {
        let style = crate::template::json::Style {
            indent: Some("    ".to_owned()),
            sort_keys: true,
            ascii: false,
            separators: (",".to_owned(), ": ".to_owned()),
        };
        Ok(crate::template::json::written(value, &style)?.lines().map(str::to_owned).collect())
    };
    let (before, after) = (lines(&before)?, lines(&after)?);
    let common = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
    let tail = before[common..].iter().rev().zip(after[common..].iter().rev()).take_while(|(a, b)| a == b).count();
    let gone = before[common..before.len() - tail].iter().map(|line| format!("-{line}"));
    let new = after[common..after.len() - tail].iter().map(|line| format!("+{line}"));
    let header = ["--- before".to_owned(), "+++ after".to_owned()];
    let changed: Vec<String> = gone.chain(new).collect();
    if changed.is_empty() {
        return Ok(Dynamic::from(""));
    }
    Ok(Dynamic::from(header.into_iter().chain(changed).collect::<Vec<_>>().join("\n") + "\n"))
}
