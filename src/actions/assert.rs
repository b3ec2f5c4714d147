//! `assert`: conditions that must hold.

use dpp_protocol::Failure;

use crate::actions::action::{failure, flag, text};
use crate::actions::{Action, ActionContext, Deed, Done};
use crate::value::{Map, Text, Value};

pub(super) const ACTION: Action =
    Action { name: "assert", params: &["that", "msg", "fail_msg", "success_msg", "quiet"], required: &["that"], run };

fn run(context: &ActionContext, args: &Map) -> Result<Deed, Failure> {
    let conditions = match args.get("that") {
        Some(Value::List(items)) => items.to_vec(),
        Some(one) => vec![one.clone()],
        None => return Err(Failure::new("`assert` names no conditions: `that` is missing").code("DPP0104")),
    };
    for condition in &conditions {
        if !holds(context, condition)? {
            let message = text(args, "fail_msg").or_else(|| text(args, "msg")).unwrap_or("Assertion failed");
            let shown =
                condition.as_str().map_or_else(|| serde_json::Value::from(condition).to_string(), str::to_owned);
            return Err(Failure::new(message)
                .note("does not hold", shown.clone())
                .value("assertion", shown)
                .value("evaluated_to", false));
        }
    }
    let message = text(args, "success_msg").unwrap_or("All assertions passed").to_owned();
    let mut done = Done::default();
    if !flag(args, "quiet", false) {
        done.message.clone_from(&message);
    }
    done.outcome.result.insert("msg".into(), message.into());
    Ok(Deed::Done(done))
}

fn holds(context: &ActionContext, condition: &Value) -> Result<bool, Failure> {
    match condition {
        Value::Bool(yes) => Ok(*yes),
        Value::Text(text) => {
            let expression = text
                .place()
                .map_or_else(|| Text::template(text.as_str()), |place| Text::template(text.as_str()).at(place.clone()));
            context.templates.condition(&expression, context.scope).map_err(|error| failure(&error))
        }
        _ => Err(Failure::new("a condition of `assert` is neither a text nor a boolean").code("DPP0104")),
    }
}
