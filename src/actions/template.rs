//! `template`: renders a file of the project here and has the host put it in its place.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use dpp_modules::files::attributes::user_name;
use dpp_protocol::Failure;
use jiff::Timestamp;
use jiff::tz::TimeZone;

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
    if text(args, "mode") == Some("preserve") {
        let mode = fs::metadata(&path).map_or(0o644, |found| found.permissions().mode() & 0o7777);
        params.insert("mode".into(), Value::plain(format!("{mode:04o}")));
    }
    form::checked(&mut params, content.as_bytes())?;
    Ok(Deed::Remote(put(&params, &encoded(&content, text(args, "output_encoding").unwrap_or("utf-8"))?)))
}

/// A text in the encoding of `output_encoding`.
fn encoded(content: &str, encoding: &str) -> Result<Vec<u8>, Failure> {
    let plain = encoding.to_ascii_lowercase().replace(['-', '_'], "");
    let one_byte = |limit: u32| {
        let bytes =
            content.chars().map(|letter| u8::try_from(u32::from(letter)).ok().filter(|_| u32::from(letter) < limit));
        bytes
            .collect::<Option<Vec<u8>>>()
            .ok_or_else(|| Failure::new(format!("the template has letters that `{encoding}` has not")).code("DPP0104"))
    };
    match plain.as_str() {
        "utf8" => Ok(content.as_bytes().to_vec()),
        "ascii" | "usascii" => one_byte(0x80),
        "latin1" | "iso88591" | "l1" => one_byte(0x100),
        "utf16le" => Ok(content.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        "utf16be" => Ok(content.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        _ => Err(Failure::new(format!("`output_encoding: {encoding}` is none of those that are written here"))
            .code("DPP0104")
            .help("utf-8, ascii, latin-1, utf-16-le or utf-16-be")),
    }
}

/// What a template knows of itself.
fn facts(path: &Path, dest: &str) -> Map {
    let found = fs::metadata(path).ok();
    let written = found.as_ref().and_then(|found| found.modified().ok()).and_then(|at| Timestamp::try_from(at).ok());
    let told = |moment: Timestamp| moment.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string();
    let facts = [
        ("template_path", path.display().to_string()),
        ("template_fullpath", whole),
        ("template_destpath", dest.to_owned()),
        ("template_host", fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned()),
        ("template_uid", found.map(|found| user_name(found.uid())).unwrap_or_default()),
        ("template_mtime", written.map(told).unwrap_or_default()),
        ("template_run_date", told(Timestamp::now())),
    ];
    facts.into_iter().map(|(name, value)| (name.into(), Value::plain(value))).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_written_in_the_encoding_that_is_asked_for() {
        assert_eq!(encoded("fü", "latin-1").unwrap(), b"f\xfc");
        assert_eq!(encoded("fü", "utf-16-le").unwrap(), b"f\0\xfc\0");
        assert_eq!(encoded("fü", "UTF-8").unwrap(), "fü".as_bytes());
        assert!(encoded("✓", "latin-1").is_err() && encoded("ü", "ascii").is_err() && encoded("", "ebcdic").is_err());
    }
}
