//! `fail`: ends a host's way with the words of whoever wrote the role.

use dpp_protocol::Failure;

use crate::actions::action::text;
use crate::actions::{Action, ActionContext, Deed};
use crate::value::Map;

pub(super) const ACTION: Action = Action { name: "fail", params: &["msg"], required: &[], run };

fn run(_context: &ActionContext, args: &Map) -> Result<Deed, Failure> {
    let message = text(args, "msg").or_else(|| text(args, "_raw_params")).unwrap_or("Failed as requested from task");
    Err(Failure::new(message))
}
