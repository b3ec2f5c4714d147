//! What tasks that import or include name: the file of tasks, the role and which of its files.

use std::path::{Path, PathBuf};

use crate::files::Files;
use crate::plan::{RoleCall, RoleScope};
use crate::playbook::{Keywords, RoleFiles, RoleUse, Task};
use crate::source::Problem;
use crate::value::{Map, Text, Value};

/// The role that `import_role` or `include_role` names, and which of its files.
pub(crate) fn role_use(task: &Task) -> Result<(RoleUse, RoleFiles), Problem> {
    let text = |name: &str| match task.arg(name) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let Some(name) = text("name").or_else(|| text("_raw_params")) else {
        return Err(Problem::error("DPP0105", format!("`{}` names no role", task.action)).at(&task.action_place, ""));
    };
    let file = |name: &str| {
        let text = text(name).map_or_else(|| "main".to_owned(), |text| text.as_str().to_owned());
        text.trim_end_matches(".yml").trim_end_matches(".yaml").to_owned()
    };
    let main = RoleFiles {
        tasks: file("tasks_from"),
        defaults: file("defaults_from"),
        vars: file("vars_from"),
        handlers: file("handlers_from"),
        checked: entry_point(task),
    };
    let used = RoleUse { name, params: Map::new(), keywords: Keywords::default(), place: task.action_place.clone() };
    Ok((used, main))
}

/// How a task uses a role, with its variables; the word about duplicates is not rendered.
pub(super) fn task_call(task: &Task, vars: Map) -> RoleCall {
    RoleCall::Task { vars, allows_duplicates: !is_off(task.arg("allow_duplicates")) }
}

/// The entry point whose arguments are checked: under the very name that is written, as Ansible has it.
fn entry_point(task: &Task) -> Option<String> {
    let written = task.arg("tasks_from").and_then(Value::as_str).unwrap_or("main");
    (!is_off(task.arg("rolespec_validate"))).then(|| written.to_owned())
}

fn is_off(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(yes)) => !yes,
        Some(Value::Text(text)) => matches!(text.as_str(), "no" | "false" | "off" | "False"),
        _ => false,
    }
}

/// The file of tasks that `import_tasks` or `include_tasks` names, as it is written.
pub(super) fn tasks_name(task: &Task) -> Option<&Text> {
    match task.arg("file").or_else(|| task.arg("_raw_params")) {
        Some(Value::Text(name)) => Some(name),
        _ => None,
    }
}

/// Where a file of tasks is: beside the one that names it, or under the role's `tasks/`.
pub(crate) fn tasks_file(files: &dyn Files, name: &str, folder: &Path, role: Option<&RoleScope>) -> PathBuf {
    let name = files.at_home(name);
    let beside = folder.join(&name);
    let in_role = role.map(|role| role.role.folder.join("tasks").join(name));
    [Some(beside.clone()), in_role].into_iter().flatten().find(|path| files.is_file(path)).unwrap_or(beside)
}
