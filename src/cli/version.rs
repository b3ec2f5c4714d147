//! `dppctl version`: which programme this is, and with `-v` which settings it read.

use serde_json::json;

use crate::cli::Stop;
use crate::cli::invocation::project;
use crate::cli::options::Global;
use crate::exit::Exit;
use crate::ui::{Ui, answer_json};

pub(super) fn version(global: &Global, ui: Ui) -> Result<Exit, Stop> {
    let version = env!("CARGO_PKG_VERSION");
    let settings = if ui.verbosity > 0 || ui.output.is_json() { project(global)?.files } else { Vec::new() };
    let settings: Vec<String> = settings.iter().map(|file| file.display().to_string()).collect();
    if ui.output.is_json() {
        let body = json!({"version": version, "protocol": dpp_protocol::PROTOCOL, "settings": settings});
        answer_json(&ui, "dppctl.version/1", Exit::Ok, &body);
        return Ok(Exit::Ok);
    }
    ui.answer(&format!("dppctl {version}"));
    if ui.verbosity > 0 {
        ui.answer(&format!("protocol {} of the agent", dpp_protocol::PROTOCOL));
        settings.iter().for_each(|file| ui.answer(&format!("read {file}")));
    }
    Ok(Exit::Ok)
}
