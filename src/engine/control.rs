//! Tasks that change the way through a play instead of a host: includes, `meta`, `add_host`, `group_by`, `pause`.

use dpp_protocol::Failure;

use crate::engine::pause::Pause;
use crate::plan::TaskStep;
use crate::value::{Map, Value};

/// What such a task asks for.
#[derive(Debug, Clone)]
pub(super) enum Control {
    /// More tasks from a file.
    IncludeTasks {
        /// The file.
        file: String,
        /// What the task says beside it.
        args: Map,
    },
    /// A role.
    IncludeRole {
        /// What the task says of it.
        args: Map,
    },
    /// `meta`.
    Meta(Meta),
    /// A new host.
    AddHost {
        /// Its name.
        name: String,
        /// Its groups.
        groups: Vec<String>,
        /// Its variables.
        vars: Map,
    },
    /// A group by a key.
    GroupBy {
        /// The group.
        key: String,
        /// Groups that hold it.
        parents: Vec<String>,
    },
    /// A wait, or a question.
    Pause(Pause),
}

/// What `meta` can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meta {
    FlushHandlers,
    Noop,
    EndPlay,
    EndBatch,
    EndHost,
    EndRole,
    ClearHostErrors,
    RefreshInventory,
    ResetConnection,
    ClearFacts,
}

/// Names of these tasks and their arguments; none means any.
pub const CONTROLS: &[(&str, &[&str])] = &[
    ("include_tasks", &["file", "apply"]),
    ("include", &[]),
    ("import_tasks", &["file"]),
    ("include_role", ROLE),
    ("import_role", ROLE),
    ("meta", &[]),
    ("add_host", &[]),
    ("group_by", &["key", "parents"]),
    ("pause", &["seconds", "minutes", "prompt", "echo"]),
];

const ROLE: &[&str] = &[
    "name",
    "tasks_from",
    "vars_from",
    "defaults_from",
    "handlers_from",
    "public",
    "apply",
    "allow_duplicates",
    "rolespec_validate",
];

/// What a task asks for, if it is of this kind.
pub(super) fn of(step: &TaskStep, args: &Map) -> Result<Option<Control>, Failure> {
    let text = |name: &str| args.get(name).and_then(Value::as_str);
    let free = || text("_raw_params");
    let missing = |what: &str| Failure::new(format!("`{}` names no {what}", step.task.action)).code("DPP0104");
    Ok(Some(match step.task.short_action() {
        "include_tasks" | "include" => {
            let file = text("file").or_else(free).ok_or_else(|| missing("file"))?;
            let beside = args.iter().filter(|(key, _)| !["file", "_raw_params"].contains(&key.as_str()));
            let beside = beside.map(|(key, value)| (key.clone(), value.clone())).collect();
            Control::IncludeTasks { file: file.to_owned(), args: beside }
        }
        "include_role" => Control::IncludeRole { args: args.clone() },
        "meta" => match meta(free().unwrap_or_default())? {
            Meta::EndRole if step.role.is_none() => {
                return Err(Failure::new("`meta: end_role` stands in no role, so that it can end none").code("DPP0104"));
            }
            word => Control::Meta(word),
        },
        "add_host" => {
            let name =
                text("name").or_else(|| text("hostname")).or_else(|| text("host")).ok_or_else(|| missing("host"))?;
            let own = ["name", "hostname", "host", "groups", "group", "groupname", "inventory_dir", "inventory_file"];
            let vars = args.iter().filter(|(key, _)| !own.contains(&key.as_str()));
            let groups = args.get("groups").or_else(|| args.get("group")).or_else(|| args.get("groupname"));
            Control::AddHost {
                name: name.to_owned(),
                groups: names(groups),
                vars: vars.map(|(key, value)| (key.clone(), value.clone())).collect(),
            }
        }
        "group_by" => {
            let key = text("key").ok_or_else(|| missing("key"))?;
            Control::GroupBy { key: key.replace(' ', "-"), parents: names(args.get("parents")) }
        }
        "pause" => Control::Pause(Pause::of(args)?),
        _ => return Ok(None),
    }))
}

/// Whether a task is a `meta` that the first host of a batch decides about for all of them.
pub(super) fn is_for_all(step: &TaskStep) -> bool {
    const ONE_BY_ONE: [Meta; 5] =
        [Meta::Noop, Meta::FlushHandlers, Meta::EndHost, Meta::EndRole, Meta::ResetConnection];
    let word = step.task.arg("_raw_params").and_then(Value::as_str).unwrap_or_default();
    step.task.short_action() == "meta" && meta(word).is_ok_and(|word| !ONE_BY_ONE.contains(&word))
}

/// What `meta` is told to do.
pub(super) fn meta(word: &str) -> Result<Meta, Failure> {
    match word.trim() {
        "flush_handlers" => Ok(Meta::FlushHandlers),
        "noop" => Ok(Meta::Noop),
        "refresh_inventory" => Ok(Meta::RefreshInventory),
        "reset_connection" => Ok(Meta::ResetConnection),
        "end_play" => Ok(Meta::EndPlay),
        "end_batch" => Ok(Meta::EndBatch),
        "end_host" => Ok(Meta::EndHost),
        "end_role" => Ok(Meta::EndRole),
        "clear_host_errors" => Ok(Meta::ClearHostErrors),
        "clear_facts" => Ok(Meta::ClearFacts),
        other => Err(Failure::new(format!("`meta` knows no `{other}`")).code("DPP0104")),
    }
}

fn names(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::List(items)) => items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
        Some(Value::Text(text)) => {
            text.as_str().split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
        }
        _ => Vec::new(),
    }
}
