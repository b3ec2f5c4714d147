//! Whether the arguments that a task gives can be meant, as far as that can be told without a host: what the parameters
//! of a module do not take, what an action cannot do without.

use dpp_modules::find as module;
use dpp_protocol::Failure;
use serde_json::Value as Json;

use crate::actions;
use crate::engine::CONTROLS;
use crate::engine::control::meta;
use crate::engine::pause::Pause;
use crate::value::{Map, Value};

/// Why an action cannot be done with these arguments, none of which is a template.
pub fn misfit(action: &str, args: &Map) -> Option<Failure> {
    if CONTROLS.iter().any(|(name, _)| *name == action) {
        return match action {
            "meta" => meta(args.get("_raw_params").and_then(Value::as_str).unwrap_or_default()).err(),
            "pause" => Pause::of(args).err(),
            _ => None,
        };
    }
    if let Some(action) = actions::find(action) {
        let missing = action.required.iter().find(|name| !args.contains_key(**name))?;
        return Some(Failure::new(format!("`{}` wants `{missing}`", action.name)).code("DPP0104"));
    }
    let entry = module(action)?;
    (entry.check)(&Json::from(&Value::from(args.clone()))).err()
}
