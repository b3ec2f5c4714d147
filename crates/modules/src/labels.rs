//! Parameters that every module which sets a file's owner takes in Ansible, and that have no effect here: labels of
//! `SELinux`, which Debian does not use, flags of chattr, and writing a file in place.
//!
//! They are accepted, so that roles written for other systems run, and told, so that nobody relies on them.

use serde_json::Value;

/// Their names.
const LABELS: [&str; 7] = ["selevel", "serole", "setype", "seuser", "attributes", "attr", "unsafe_writes"];

/// The parameters of a module with these fields.
pub(crate) fn params(fields: &[&'static str]) -> Vec<&'static str> {
    let further = LABELS.into_iter().filter(|name| is_further(fields, name));
    fields.iter().copied().chain(further).collect()
}

/// A task's parameters without those that have no effect.
pub(crate) fn without(fields: &[&str], params: &Value) -> Value {
    let mut params = params.clone();
    if let Value::Object(given) = &mut params {
        given.retain(|name, _| !is_further(fields, name));
    }
    params
}

/// What is to be said of those that a task gives.
pub(crate) fn passed_over(fields: &[&str], params: &Value) -> Option<String> {
    let given = params.as_object()?.iter();
    let given = given.filter(|(name, value)| is_further(fields, name) && is_said(value));
    let names: Vec<String> = given.map(|(name, _)| format!("`{name}`")).collect();
    (!names.is_empty()).then(|| format!("no effect here: {}", names.join(", ")))
}

/// What is to be said of parameters that a task gives without effect.
pub(crate) fn no_effect(given: &[(&str, bool)]) -> Option<String> {
    let names: Vec<String> = given.iter().filter(|(_, is)| *is).map(|(name, _)| format!("`{name}`")).collect();
    (!names.is_empty()).then(|| format!("no effect here: {}", names.join(", ")))
}

fn is_further(fields: &[&str], name: &str) -> bool {
    fields.contains(&"owner") && LABELS.contains(&name) && !fields.contains(&name)
}

/// Whether a value asks for something.
fn is_said(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false))
        && !value.as_str().is_some_and(|text| matches!(text, "" | "no" | "false"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::Ground;

    #[test]
    fn they_are_for_modules_that_set_an_owner_alone() {
        assert!(params(&["path", "owner"]).contains(&"setype"));
        assert!(!params(&["name"]).contains(&"setype"));
        let given = json!({"path": "/a", "setype": "x_t", "attr": "", "unsafe_writes": false});
        assert_eq!(without(&["path", "owner"], &given), json!({"path": "/a"}));
        assert_eq!(without(&["path"], &given), given);
        assert_eq!(passed_over(&["owner"], &given).unwrap(), "no effect here: `setype`");
    }

    #[test]
    fn a_task_with_labels_does_its_work_and_says_what_it_left() {
        let ground = Ground::new();
        let params =
            json!({"path": ground.at("f"), "line": "a", "create": true, "setype": "etc_t", "seuser": "system_u"});
        let outcome = ground.converge("lineinfile", &params);
        assert_eq!(ground.read("f"), "a\n");
        assert_eq!(outcome.warnings, ["no effect here: `setype`, `seuser`"]);
    }
}
