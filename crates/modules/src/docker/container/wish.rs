//! What a task wants of a container, one setting each: where the engine has it, and when it is as wanted.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// How strictly a setting is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Rule {
    /// It is not looked at.
    Ignore,
    /// Nothing but what is wanted.
    Strict,
    /// What is wanted, and whatever more there is.
    AllowMorePresent,
}

/// Of which kind a setting is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One value.
    One,
    /// Values in an order.
    List,
    /// Values in any order.
    Set,
    /// Values by names.
    Dict,
}

/// A wanted setting.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    /// The parameter of the task.
    pub(super) name: &'static str,
    /// `Config` or `HostConfig`, and the way to it from there.
    pub(super) at: &'static [&'static str],
    /// As the engine is told.
    pub(super) value: Value,
    /// As the engine shows it, where that is otherwise.
    pub(super) seen: Option<Value>,
    pub(super) kind: Kind,
    /// Whether it changes while the container runs.
    pub(super) is_live: bool,
}

impl Wish {
    /// Whether a container, as the engine shows it, has it.
    pub(super) fn is_fulfilled(&self, container: &Value, rules: &BTreeMap<String, Rule>) -> bool {
        let now = self.at.iter().try_fold(container, |inner, name| inner.get(name)).unwrap_or(&Value::Null);
        let wanted = self.seen.as_ref().unwrap_or(&self.value);
        match self.rule(rules) {
            Rule::Ignore => true,
            Rule::Strict => is_same(self.kind, wanted, now),
            Rule::AllowMorePresent => is_within(self.kind, wanted, now),
        }
    }

    fn rule(&self, rules: &BTreeMap<String, Rule>) -> Rule {
        let by_itself = match (self.name, self.kind) {
            ("stop_timeout", _) => Rule::Ignore,
            (_, Kind::Set | Kind::Dict) => Rule::AllowMorePresent,
            _ => Rule::Strict,
        };
        let of_all = rules.get("*").map(|rule| match (rule, by_itself) {
            (Rule::AllowMorePresent, Rule::Strict) => Rule::Strict,
            (rule, _) => *rule,
        });
        rules.get(self.name).copied().or(of_all).unwrap_or(by_itself)
    }

    /// Puts it where the engine reads it when a container is made.
    pub(super) fn tell(&self, body: &mut Map<String, Value>) {
        // What is `Config` of a container stands on the outside of an order.
        let way = if self.at[0] == "Config" { &self.at[1..] } else { self.at };
        let Some((last, folders)) = way.split_last() else { return };
        let mut inner = body;
        for name in folders {
            let next = inner.entry((*name).to_owned()).or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(next) = next else { return };
            inner = next;
        }
        inner.insert((*last).to_owned(), self.value.clone());
    }
}

/// Nothing, in any of its forms: the engine leaves it out or fills it in as it likes.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(true) => false,
    }
}

fn equals(wanted: &Value, now: &Value) -> bool {
    (is_nothing(wanted) && is_nothing(now)) || wanted == now
}

/// The items of a list, or the names of a mapping.
fn items(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

/// Whether an item is there; of one with fields, those that are wanted count.
fn holds(all: &[Value], item: &Value) -> bool {
    all.iter().any(|one| if item.is_object() { has_fields(item, one) } else { item == one })
}

fn has_fields(wanted: &Value, now: &Value) -> bool {
    let fields = wanted.as_object().into_iter().flatten();
    fields.into_iter().all(|(name, value)| {
        let other = now.get(name).unwrap_or(&Value::Null);
        if value.is_object() && !is_nothing(value) { has_fields(value, other) } else { equals(value, other) }
    })
}

fn is_same(kind: Kind, wanted: &Value, now: &Value) -> bool {
    match kind {
        Kind::One | Kind::List => equals(wanted, now),
        Kind::Set => {
            let (wanted, now) = (items(wanted), items(now));
            wanted.len() == now.len() && wanted.iter().all(|item| holds(&now, item))
        }
        Kind::Dict => {
            let names = |value: &Value| value.as_object().map_or(0, Map::len);
            names(wanted) == names(now) && is_within(kind, wanted, now)
        }
    }
}

fn is_within(kind: Kind, wanted: &Value, now: &Value) -> bool {
    match kind {
        Kind::One => equals(wanted, now),
        Kind::List => {
            let now = items(now);
            let mut rest = now.iter();
            items(wanted).iter().all(|item| rest.any(|one| one == item))
        }
        Kind::Set => {
            let now = items(now);
            items(wanted).iter().all(|item| holds(&now, item))
        }
        Kind::Dict => has_fields(wanted, now),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wish(name: &'static str, value: Value, kind: Kind) -> Wish {
        Wish { name, at: &["HostConfig", "X"], value, seen: None, kind, is_live: false }
    }

    #[test]
    fn settings_are_compared_by_their_kind_and_the_tasks_rules() {
        let strict = BTreeMap::from([("*".to_owned(), Rule::Strict)]);
        let own = BTreeMap::from([("*".to_owned(), Rule::Ignore), ("x".to_owned(), Rule::Strict)]);
        let none = BTreeMap::new();
        for (value, kind, now, rules, wanted) in [
            (json!(5), Kind::One, json!(5), &none, true),
            (json!(false), Kind::One, json!(null), &none, true),
            (json!("a"), Kind::One, json!("b"), &none, false),
            (json!(["a", "b"]), Kind::List, json!(["a", "b"]), &none, true),
            (json!(["a", "b"]), Kind::List, json!(["b", "a"]), &none, false),
            (json!([]), Kind::List, json!(null), &none, true),
            (json!(["a"]), Kind::Set, json!(["b", "a"]), &none, true),
            (json!(["a"]), Kind::Set, json!(["b", "a"]), &strict, false),
            (json!(["b", "a"]), Kind::Set, json!(["a", "b"]), &strict, true),
            (json!([{"T": "/a", "R": false}]), Kind::Set, json!([{"T": "/a", "S": "b"}]), &none, true),
            (json!([{"T": "/a", "R": true}]), Kind::Set, json!([{"T": "/a"}]), &none, false),
            (json!({"a": "1"}), Kind::Dict, json!({"a": "1", "b": "2"}), &none, true),
            (json!({"a": "1"}), Kind::Dict, json!({"a": "1", "b": "2"}), &strict, false),
            (json!({"a": "1"}), Kind::Dict, json!({"a": "2"}), &own, false),
            (json!({"a": "1"}), Kind::Dict, json!(null), &none, false),
        ] {
            let container = json!({"HostConfig": {"X": now}});
            assert_eq!(wish("x", value.clone(), kind).is_fulfilled(&container, rules), wanted, "{value} {now}");
        }
        let ignored = wish("stop_timeout", json!(5), Kind::One);
        assert!(ignored.is_fulfilled(&json!({}), &none) && !ignored.is_fulfilled(&json!({}), &strict));
    }

    #[test]
    fn settings_are_told_where_the_engine_reads_them() {
        let mut body = Map::new();
        wish("a", json!(1), Kind::One).tell(&mut body);
        Wish { at: &["Config", "Env"], ..wish("b", json!(["C=d"]), Kind::Set) }.tell(&mut body);
        Wish { at: &["HostConfig", "LogConfig", "Type"], ..wish("c", json!("none"), Kind::One) }.tell(&mut body);
        assert_eq!(Value::from(body), json!({"HostConfig": {"X": 1, "LogConfig": {"Type": "none"}}, "Env": ["C=d"]}));
    }
}
