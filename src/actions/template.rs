//! `template`: renders a file of the project here and has the host put it in its place.

use std::path::Path;

use dpp_protocol::Failure;

use crate::actions::action::{failure, flag, text};
use crate::actions::copy::put;
use crate::actions::{Action, ActionContext, Deed, form};
use crate::template::FileOptions;
use crate::value::{Map, Value};

const OWN: &[&str] = &[
    "src",
    "newline_sequence",
    "trim_blocks",
    "lstrip_blocks",
    "block_start_string",
    "block_end_string",
    "variable_start_string",
    "variable_end_string",
    "comment_start_string",
    "comment_end_string",
    "output_encoding",
];

pub(super) const ACTION: Action = Action {
    name: "template",
    params: &[
        "src",
        "dest",
        "mode",
        "owner",
        "group",
        "backup",
        "force",
        "follow",
        "validate",
        "newline_sequence",
        "trim_blocks",
        "lstrip_blocks",
        "block_start_string",
        "block_end_string",
        "variable_start_string",
        "variable_end_string",
        "comment_start_string",
        "comment_end_string",
        "output_encoding",
        "attributes",
        "attr",
        "selevel",
        "serole",
        "setype",
        "seuser",
        "unsafe_writes",
        "directory_mode",
    ],
    required: &["src", "dest"],
    run,
};

fn run(context: &ActionContext, args: &Map) -> Result<Deed, Failure> {
    let src = text(args, "src").ok_or_else(|| Failure::new("`template` wants `src`").code("DPP0104"))?;
    let path = context.find("templates", src)?;
    let source = context.source(&path)?;
    let mut options = options(args);
    options.variables.extend(facts(&path, text(args, "dest").unwrap_or_default()));
    let content = context.templates.file(&source, context.scope, &options).map_err(|error| failure(&error))?;
    let mut params: Map = args
        .iter()
        .filter(|(name, _)| !OWN.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let base = path.file_name().unwrap_or_default().to_string_lossy();
    params.insert("_original_basename".into(), Value::plain(base.as_ref()));
    form::checked(&mut params, content.as_bytes())?;
    Ok(Deed::Remote(put(&params, content.as_bytes())))
}

/// What a template knows of itself.
fn facts(path: &Path, dest: &str) -> Map {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string();
    Map::from_iter([
        ("template_path".to_owned(), Value::plain(path.display().to_string())),
        ("template_fullpath".to_owned(), Value::plain(whole)),
        ("template_destpath".to_owned(), Value::plain(dest)),
    ])
}

/// How the file is to be rendered, by the task's arguments.
pub(crate) fn options(args: &Map) -> FileOptions {
    let mut options = FileOptions {
        trim_blocks: flag(args, "trim_blocks", true),
        lstrip_blocks: flag(args, "lstrip_blocks", false),
        ..FileOptions::default()
    };
    if let Some(sequence) = text(args, "newline_sequence") {
        options.newline_sequence = sequence.replace("\\r", "\r").replace("\\n", "\n");
    }
    for (kind, marks) in [
        ("block", &mut options.block_marks),
        ("variable", &mut options.variable_marks),
        ("comment", &mut options.comment_marks),
    ] {
        for (side, mark) in [("start", &mut marks.0), ("end", &mut marks.1)] {
            if let Some(text) = text(args, &format!("{kind}_{side}_string")) {
                text.clone_into(mark);
            }
        }
    }
    options
}
