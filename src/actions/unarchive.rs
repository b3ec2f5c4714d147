//! `unarchive`: pushes an archive of the project to the host, which unpacks it; one that lies there already is left to
//! the host alone.

use dpp_protocol::Failure;
use serde_json::Value as Json;

use crate::actions::action::{flag, text};
use crate::actions::copy::blob;
use crate::actions::{Action, ActionContext, Deed, Remote};
use crate::value::{Map, Value};

pub(super) const ACTION: Action = Action {
    name: "unarchive",
    params: &[
        "src",
        "dest",
        "remote_src",
        "copy",
        "creates",
        "exclude",
        "include",
        "keep_newer",
        "list_files",
        "extra_opts",
        "decrypt",
        "mode",
        "owner",
        "group",
        "attributes",
        "attr",
        "selevel",
        "serole",
        "setype",
        "seuser",
        "unsafe_writes",
        "io_buffer_size",
        "validate_certs",
    ],
    required: &["src", "dest"],
    run,
};

fn run(context: &ActionContext, args: &Map) -> Result<Deed, Failure> {
    let src = text(args, "src").ok_or_else(|| Failure::new("`unarchive` wants `src`").code("DPP0104"))?;
    let params = Json::from(&Value::from(args.clone()));
    let on_host = flag(args, "remote_src", false) || !flag(args, "copy", true) || src.contains("://");
    if on_host {
        return Ok(Deed::Remote(Remote::new("unarchive", params)));
    }
    let path = context.find("files", src)?;
    let size = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
    let blob = blob(&path, size)?;
    let mut whole = params;
    whole["_blob"] = blob.sha256.as_str().into();
    Ok(Deed::Remote(Remote { blobs: vec![blob], ..Remote::new("unarchive", whole) }))
}
