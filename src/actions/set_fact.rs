//! `set_fact`: variables for the rest of the run.

use dpp_protocol::Failure;

use crate::actions::action::flag;
use crate::actions::{Action, ActionContext, Deed, Done};
use crate::value::{Map, Value};

pub(super) const ACTION: Action = Action { name: "set_fact", params: &[], run };

fn run(_context: &ActionContext, args: &Map) -> Result<Deed, Failure> {
    let cacheable = flag(args, "cacheable", false);
    let set: Map = args
        .iter()
        .filter(|(name, _)| *name != "cacheable")
        .map(|(name, value)| (name.clone(), value.clone()))
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

fn is_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.is_empty()
}
