//! `validate_argument_spec`: a host's variables are what a role says it takes.

use dpp_protocol::Failure;
use serde_json::Value as Json;

use crate::actions::action::failure;
use crate::actions::argument_spec::validate;
use crate::actions::{Action, ActionContext, Deed, Done};
use crate::template::Lookup;
use crate::value::{Map, Value};

pub(super) const ACTION: Action = Action {
    name: "validate_argument_spec",
    params: &["argument_spec", "provided_arguments", "validate_args_context"],
    required: &["argument_spec"],
    run,
};

fn run(context: &ActionContext, args: &Map) -> Result<Deed, Failure> {
    let mapping = |name: &str| match args.get(name) {
        Some(Value::Map(map)) => Ok(map.as_ref().clone()),
        None | Some(Value::Null) if name != "argument_spec" => Ok(Map::new()),
        _ => Err(Failure::new(format!("`{name}` of `validate_argument_spec` is no mapping")).code("DPP0104")),
    };
    let (spec, provided) = (mapping("argument_spec")?, mapping("provided_arguments")?);
    let mut arguments = of_variables(context, &spec)?;
    arguments.extend(provided);
    let findings = validate(&spec, arguments);
    findings.secrets.iter().for_each(|secret| context.templates.conceal(secret));
    let about = args.get("validate_args_context").cloned().unwrap_or_else(|| Value::from(Map::new()));
    if !findings.errors.is_empty() {
        return Err(refused(&findings.errors, &spec, &about));
    }
    let mut done = Done::default();
    done.outcome.result.insert("msg".into(), "The arg spec validation passed".into());
    done.outcome.result.insert("validate_args_context".into(), Json::from(&about));
    Ok(Deed::Done(done))
}

/// What the host's variables say of the arguments.
fn of_variables(context: &ActionContext, spec: &Map) -> Result<Map, Failure> {
    let mut found = Map::new();
    for name in spec.keys() {
        if let Lookup::Found(value) = context.scope.variables().lookup(name) {
            let value = context.templates.value(&value, context.scope).map_err(|error| failure(&error))?;
            found.insert(name.clone(), value);
        }
    }
    Ok(found)
}

fn refused(errors: &[String], spec: &Map, about: &Value) -> Failure {
    let role = about.get("name").and_then(Value::as_str);
    let whose = role.map(|role| format!(" of role `{role}`")).unwrap_or_default();
    let failure = Failure::new(format!("wrong arguments{whose}: {}", errors[0])).code("DPP0104");
    let failure = errors[1..].iter().fold(failure, |failure, error| failure.note("also", error.as_str()));
    failure
        .value("msg", format!("Validation of arguments failed:\n{}", errors.join("\n")))
        .value("argument_errors", errors.to_vec())
        .value("argument_spec_data", Json::from(&Value::from(spec.clone())))
        .value("validate_args_context", Json::from(about))
}
