//! `gather_facts`: the task that plays run by themselves, under its own name; `setup` does it.

use dpp_protocol::Failure;
use serde_json::Value as Json;

use crate::actions::{Action, ActionContext, Deed, Remote};
use crate::value::{Map, Value};

pub(super) const ACTION: Action = Action {
    name: "gather_facts",
    params: &["parallel", "gather_subset", "filter", "fact_path", "gather_timeout"],
    required: &[],
    run,
};

fn run(_context: &ActionContext, args: &Map) -> Result<Deed, Failure> {
    let mut params = args.clone();
    // Hosts are always asked beside each other.
    params.shift_remove("parallel");
    let params = Json::from(&Value::from(params));
    Ok(Deed::Remote(Remote::new("setup", params)))
}
