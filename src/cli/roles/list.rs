//! `dppctl roles list`: what is locked, and whether it still lies there as it was installed.

use serde_json::{Value as Json, json};

use crate::cli::Stop;
use crate::cli::roles::{Places, problem};
use crate::exit::Exit;
use crate::galaxy::{LockedRole, RolesLock, State};
use crate::ui::{Table, Ui, answer_json};

pub(super) fn list(places: &Places, ui: Ui) -> Result<Exit, Stop> {
    let lock = RolesLock::read(&places.lock).map_err(|error| problem(&error))?;
    let state = |role: &LockedRole| match role.state(&places.folder) {
        State::Whole => "installed",
        State::Edited => "edited",
        State::Missing => "missing",
    };
    if ui.output.is_json() {
        let role = |role: &LockedRole| {
            let mut document = json!(role);
            document["state"] = state(role).into();
            document
        };
        let roles: Vec<Json> = lock.entries().iter().map(role).collect();
        let body = json!({"lock": places.lock.display().to_string(), "roles": roles});
        answer_json(&ui, "dppctl.roles/1", Exit::Ok, &body);
        return Ok(Exit::Ok);
    }
    if lock.entries().is_empty() {
        ui.story("no role is locked; install some: dppctl roles install -r requirements.yml");
        return Ok(Exit::Ok);
    }
    let mut table = Table::new(&["ROLE", "VERSION", "STATE", "SOURCE"]);
    for role in lock.entries() {
        table.row([role.name.as_str(), &role.version, state(role), &role.source]);
    }
    ui.answer(&table.to_text());
    Ok(Exit::Ok)
}
