//! `script`: takes a script of the project to the host, which runs it and keeps nothing of it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dpp_protocol::Failure;
use serde_json::Value as Json;

use crate::actions::action::{flag, text};
use crate::actions::{Action, ActionContext, Deed, Remote};
use crate::value::{Map, Value};

pub(super) const ACTION: Action = Action {
    name: "script",
    params: &["cmd", "_raw_params", "executable", "chdir", "creates", "removes", "decrypt"],
    required: &[],
    run,
};

fn run(context: &ActionContext, args: &Map) -> Result<Deed, Failure> {
    let mut params = args.clone();
    params.shift_remove("decrypt");
    let free = params.shift_remove("_raw_params");
    let command = text(args, "cmd").or_else(|| free.as_ref().and_then(Value::as_str)).map(str::trim);
    let command = command.ok_or_else(|| Failure::new("`script` wants the name of a script").code("DPP0104"))?;
    let words = shlex::split(command).filter(|words| !words.is_empty());
    let words = words.ok_or_else(|| Failure::new(format!("a quote is not closed in `{command}`")).code("DPP0104"))?;
    let path = context.find("files", &words[0])?;
    let bytes = if flag(args, "decrypt", true) { context.read(&path)? } else { context.raw(&path)? };
    params.insert("cmd".into(), Value::plain(command));
    let mut params = Json::from(&Value::from(params));
    match String::from_utf8(bytes) {
        Ok(content) => params["content"] = content.into(),
        Err(binary) => params["_content_base64"] = STANDARD.encode(binary.as_bytes()).into(),
    }
    Ok(Deed::Remote(Remote::new("script", params)))
}
