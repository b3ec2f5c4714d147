//! `artifact_archive`: a version of a connector as the archive that it is, fetched here when a worker lacks it.

use dpp_protocol::Failure;
use serde_json::{Value as Json, json};

use crate::actions::action::text;
use crate::actions::artifact::{artifact, word};
use crate::actions::{Action, ActionContext, Deed, Remote, Supply};
use crate::artifacts::Kind;
use crate::value::Map;

const NAME: &str = "artifact_archive";

pub(super) const ACTION: Action = Action {
    name: NAME,
    params: &["product", "version", "sources", "file", "name", "path", "class", "url", "unit"],
    required: &[],
    run,
};

fn run(context: &ActionContext, args: &Map) -> Result<Deed, Failure> {
    let artifact = artifact(context, NAME, args, Kind::Archive)?;
    let path = text(args, "path")
        .ok_or_else(|| Failure::new(format!("`{NAME}` wants `path`, a folder of plugin.path")).code("DPP0104"))?;
    let name = match text(args, "name") {
        Some(name) => name,
        None if artifact.package.is_empty() => {
            return Err(Failure::new(format!("`{NAME}` with `file` wants `name`, the plugin's")).code("DPP0104"));
        }
        None => &artifact.package,
    };
    let mut params = json!({
        "name": name,
        "version": word(args, "version").unwrap_or_default(),
        "path": path,
        "_original_basename": artifact.file,
    });
    let class = text(args, "class").unwrap_or(&artifact.class);
    for (key, value) in [("class", Some(class)), ("url", text(args, "url")), ("unit", text(args, "unit"))] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            params[key] = Json::from(value);
        }
    }
    let supply = Some(Supply { artifact });
    Ok(Deed::Remote(Remote { supply, ..Remote::new("kafka_connect_plugin", params) }))
}
