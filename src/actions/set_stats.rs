//! `set_stats`: values for whoever reads the run's events or its `register`; nobody else keeps them.

use dpp_protocol::Failure;
use serde_json::{Value as Json, json};

use crate::actions::action::flag;
use crate::actions::set_fact::is_name;
use crate::actions::{Action, ActionContext, Deed, Done};
use crate::value::{Map, Value};

pub(super) const ACTION: Action =
    Action { name: "set_stats", params: &["data", "per_host", "aggregate"], required: &["data"], run };

fn run(_context: &ActionContext, args: &Map) -> Result<Deed, Failure> {
    let data = args.get("data").and_then(Value::as_map);
    let data = data.ok_or_else(|| Failure::new("`data` of `set_stats` wants a mapping").code("DPP0104"))?;
    if let Some(name) = data.keys().find(|name| !is_name(name)) {
        return Err(Failure::new(format!("`{name}` cannot be the name of a value: letters, digits and underscores"))
            .code("DPP0104"));
    }
    let values: serde_json::Map<String, Json> =
        data.iter().map(|(name, value)| (name.clone(), Json::from(value))).collect();
    let stats =
        json!({"data": values, "per_host": flag(args, "per_host", false), "aggregate": flag(args, "aggregate", true)});
    let mut done = Done::default();
    done.outcome.result.insert("ansible_stats".into(), stats);
    Ok(Deed::Done(done))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::files::Disk;
    use crate::template::{Scope, SearchPath, Surroundings, Templates};

    fn stats(data: Value) -> Result<Json, String> {
        let templates = Templates::new(Surroundings::of_this_process());
        let scope = Scope::new(Arc::new(Map::new()), Arc::new(SearchPath::default()));
        let context = ActionContext { templates: &templates, scope: &scope, files: &Disk, host: "web1", verbosity: 0 };
        match run(&context, &Map::from_iter([("data".to_owned(), data)])) {
            Ok(Deed::Done(done)) => Ok(done.outcome.result["ansible_stats"].clone()),
            Ok(Deed::Remote(_)) => Err("not done here".into()),
            Err(failure) => Err(failure.code),
        }
    }

    #[test]
    fn values_are_registered_under_their_names() {
        let data = |name: &str| Value::from(Map::from_iter([(name.to_owned(), Value::Int(3))]));
        let wanted = json!({"data": {"packages": 3}, "per_host": false, "aggregate": true});
        assert_eq!(stats(data("packages")).unwrap(), wanted);
        assert_eq!(stats(data("no name")).unwrap_err(), "DPP0104");
        assert_eq!(stats(Value::plain("x")).unwrap_err(), "DPP0104");
    }
}
