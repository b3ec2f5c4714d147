//! `set_fact`: variables for the rest of the run.

use dpp_protocol::Failure;

use crate::actions::action::flag;
use crate::actions::{Action, ActionContext, Deed, Done};
use crate::value::{Map, Value};

pub(super) const ACTION: Action = Action { name: "set_fact", params: &[], required: &[], run };

fn run(_context: &ActionContext, args: &Map) -> Result<Deed, Failure> {
    let cacheable = flag(args, "cacheable", false);
    let set: Map = args
        .iter()
        .filter(|(name, _)| *name != "cacheable")
        .map(|(name, value)| (name.clone(), truth(value).map_or_else(|| value.clone(), Value::Bool)))
        .collect();
    if let Some(name) = set.keys().find(|name| !is_name(name)) {
        return Err(Failure::new(format!("`{name}` cannot be the name of a variable")).code("DPP0202"));
    }
    let mut done = Done { set, ..Done::default() };
    let facts = Value::Map(std::sync::Arc::new(done.set.clone()));
    done.outcome.result.insert("ansible_facts".into(), serde_json::Value::from(&facts));
    done.outcome.result.insert("_ansible_facts_cacheable".into(), cacheable.into());
    Ok(Deed::Done(done))
}

/// As in Ansible, the words of YAML 1.1 become booleans here, however they were written.
fn truth(value: &Value) -> Option<bool> {
    match value.as_str()?.to_ascii_lowercase().as_str() {
        "true" | "yes" => Some(true),
        "false" | "no" => Some(false),
        _ => None,
    }
}

/// Whether a variable may be called so.
pub(super) fn is_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_mean_yes_and_no_become_booleans_and_others_stay() {
        for (word, meant) in [("yes", Some(true)), ("True", Some(true)), ("NO", Some(false)), ("on", None), ("1", None)]
        {
            assert_eq!(truth(&Value::plain(word)), meant, "{word}");
        }
    }
}
