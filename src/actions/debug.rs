//! `debug`: shows a message or a variable.

use dpp_protocol::Failure;

use crate::actions::action::{failure, text};
use crate::actions::{Action, ActionContext, Deed, Done};
use crate::template::TemplateError;
use crate::value::{Map, Text, Value};

pub(super) const ACTION: Action = Action { name: "debug", params: &["msg", "var", "verbosity"], required: &[], run };

fn run(context: &ActionContext, args: &Map) -> Result<Deed, Failure> {
    let mut done = Done::default();
    if wanted_verbosity(args) > i64::from(context.verbosity) {
        done.outcome.result.insert("skipped".into(), true.into());
        done.outcome.result.insert("skipped_reason".into(), "Verbosity threshold not met.".into());
        return Ok(Deed::Done(done));
    }
    if let Some(var) = args.get("var") {
        let name = var.as_str().map_or_else(|| show(var), str::to_owned);
        let value = match look(context, &name) {
            Ok(value) => value,
            Err(error) if error.is_undefined() => Value::plain("VARIABLE IS NOT DEFINED!"),
            Err(error) => return Err(failure(&error)),
        };
        done.message = format!("{name} = {}", show(&value));
        done.outcome.result.insert(name, serde_json::Value::from(&value));
    } else {
        let hello = || text(args, "_raw_params").unwrap_or("Hello world!").into();
        let message = args.get("msg").cloned().unwrap_or_else(hello);
        done.message = show(&message);
        done.outcome.result.insert("msg".into(), serde_json::Value::from(&message));
    }
    Ok(Deed::Done(done))
}

/// Rendered as a text, as in Ansible: one that looks like a list is one.
fn look(context: &ActionContext, name: &str) -> Result<Value, TemplateError> {
    context.templates.text(&Text::template(format!("{{{{ {name} }}}}")), context.scope)
}

fn wanted_verbosity(args: &Map) -> i64 {
    match args.get("verbosity") {
        Some(Value::Int(level)) => *level,
        Some(Value::Text(text)) => text.as_str().parse().unwrap_or(0),
        _ => 0,
    }
}

fn show(value: &Value) -> String {
    match value {
        Value::Text(text) => text.as_str().to_owned(),
        other => serde_json::Value::from(other).to_string(),
    }
}
