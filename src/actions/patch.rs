//! `patch`: takes a patch file of the project to the host; one that lies there already is left to the host alone.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dpp_protocol::Failure;
use serde_json::Value as Json;

use crate::actions::action::{flag, text};
use crate::actions::{Action, ActionContext, Deed, Remote};
use crate::value::{Map, Value};

pub(super) const ACTION: Action = Action {
    name: "patch",
    params: &[
        "src",
        "patchfile",
        "dest",
        "originalfile",
        "basedir",
        "strip",
        "remote_src",
        "backup",
        "binary",
        "ignore_whitespace",
        "state",
    ],
    required: &[],
    run,
};

fn run(context: &ActionContext, args: &Map) -> Result<Deed, Failure> {
    let src = text(args, "src").or_else(|| text(args, "patchfile"));
    let src = src.ok_or_else(|| Failure::new("`patch` wants `src`").code("DPP0104"))?;
    let mut params = Json::from(&Value::from(args.clone()));
    if !flag(args, "remote_src", false) {
        let path = context.find("files", src)?;
        params["_content_base64"] = STANDARD.encode(context.read(&path)?).into();
    }
    Ok(Deed::Remote(Remote::new("patch", params)))
}
