//! `include_vars`: variables from a file or a folder of files.

use std::path::{Path, PathBuf};

use dpp_protocol::Failure;

use crate::actions::action::text;
use crate::actions::{Action, ActionContext, Deed, Done, vars_folder};
use crate::value::{Map, Value};
use crate::yaml;

pub(super) const ACTION: Action = Action {
    name: "include_vars",
    params: &[
        "file",
        "dir",
        "name",
        "depth",
        "files_matching",
        "ignore_files",
        "extensions",
        "ignore_unknown_extensions",
        "hash_behaviour",
    ],
    required: &[],
    run,
};

fn run(context: &ActionContext, args: &Map) -> Result<Deed, Failure> {
    let mut read = Map::new();
    let files = files(context, args).map_err(registered)?;
    for file in &files {
        read.extend(variables(context, file).map_err(registered)?);
    }
    let included: Map = match text(args, "name") {
        Some(name) => std::iter::once((name.to_owned(), Value::from(read))).collect(),
        None => read,
    };
    let mut done = Done { included, ..Done::default() };
    let names: Vec<_> = files.iter().map(|file| absolute(file).display().to_string()).collect();
    done.outcome.result.insert("ansible_included_var_files".into(), names.into());
    done.outcome.result.insert("ansible_facts".into(), serde_json::Value::from(&Value::from(done.included.clone())));
    Ok(Deed::Done(done))
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// A failure with the keys that Ansible has then; it says `message`, and not `msg`.
fn registered(failure: Failure) -> Failure {
    let message = failure.message.clone();
    let nothing = serde_json::Value::Array(Vec::new());
    let failure = failure.value("message", message).value("ansible_included_var_files", nothing);
    failure.value("ansible_facts", serde_json::Map::new())
}

fn files(context: &ActionContext, args: &Map) -> Result<Vec<PathBuf>, Failure> {
    if let Some(folder) = text(args, "dir") {
        let folder = context.find("vars", folder)?;
        return vars_folder::files(context, args, &folder);
    }
    let file = text(args, "file").or_else(|| text(args, "_raw_params"));
    let file = file.ok_or_else(|| Failure::new("`include_vars` names no file").code("DPP0104"))?;
    Ok(vec![context.find("vars", file)?])
}

fn variables(context: &ActionContext, path: &Path) -> Result<Map, Failure> {
    let documents = yaml::load(context.files, path).map_err(|problems| {
        let first = problems.first().map_or_else(String::new, ToString::to_string);
        Failure::new(format!("cannot read variables: {first}")).code("DPP0101")
    })?;
    match documents.first().map(yaml::Node::to_value) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Map(entries)) => Ok(entries.as_ref().clone()),
        Some(_) => Err(Failure::new(format!("{} holds no mapping of variables", path.display())).code("DPP0105")),
    }
}
