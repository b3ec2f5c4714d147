//! Lookups of files on the controller.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use minijinja::value::ValueKind;
use minijinja::{Error, Value as Dynamic};

use super::call::Call;
use super::spread;
use crate::content;
use crate::files::FileKind;
use crate::source::Source;
use crate::template::dynamic::from_dynamic;
use crate::template::error::carried;
use crate::template::frame::Frame;
use crate::template::header::{self, FileOptions};
use crate::template::{glob, literal, python};
use crate::value::Value;

type Found = Result<Vec<Dynamic>, Error>;

fn find(call: &Call, kind: &str, name: &str) -> Option<PathBuf> {
    let files = &call.frame.engines().surroundings().files;
    let candidates = call.frame.scope().search().candidates(kind, &expanded(call, name));
    candidates.into_iter().find(|path| files.kind(path) != FileKind::Missing)
}

fn expanded(call: &Call, name: &str) -> String {
    call.frame.engines().surroundings().files.at_home(name)
}

/// A file that is searched, with its text.
pub(super) fn read(call: &Call, kind: &str, name: &str) -> Result<(PathBuf, String), Error> {
    let files = &call.frame.engines().surroundings().files;
    let path = find(call, kind, name).ok_or_else(|| {
        let searched = call.frame.scope().search().candidates(kind, &expanded(call, name));
        let searched: Vec<String> = searched.iter().map(|path| path.display().to_string()).collect();
        call.refusal(&format!("finds no file `{name}`; searched: {}", searched.join(", ")))
    })?;
    let opened =
        files.opened(&path).map_err(|error| call.refusal(&format!("cannot read {}: {error}", path.display())))?;
    let text = String::from_utf8(opened.bytes)
        .map_err(|_| call.refusal(&format!("finds bytes that are no text in {}", path.display())))?;
    if opened.was_sealed {
        call.frame.engines().secrets().add(&text);
    }
    Ok((path, text))
}

pub(super) fn file(call: &mut Call) -> Found {
    let mut found = Vec::new();
    for name in call.texts()? {
        let (_, text) = read(call, "files", &name)?;
        let text = if call.flag("lstrip", false) { text.trim_start() } else { &text };
        let text = if call.flag("rstrip", true) { text.trim_end() } else { text };
        found.push(Dynamic::from(text));
    }
    Ok(found)
}

pub(super) fn fileglob(call: &mut Call) -> Found {
    let files = Arc::clone(&call.frame.engines().surroundings().files);
    let mut found = Vec::new();
    for pattern in call.texts()? {
        let candidates = call.frame.scope().search().candidates("files", &expanded(call, &pattern));
        let matches =
            candidates.iter().map(|pattern| glob::find(files.as_ref(), pattern)).find(|paths| !paths.is_empty());
        let matches = matches.unwrap_or_default().into_iter().filter(|path| files.kind(path) == FileKind::File);
        found.extend(matches.map(|path| Dynamic::from(normal(&path))));
    }
    Ok(found)
}

/// The first of the files that is there. Terms are names, or mappings with `files`, `paths` and `skip`.
pub(super) fn first_found(call: &mut Call) -> Found {
    let mut names = Vec::new();
    let mut skips = call.flag("skip", false);
    let mut terms = std::mem::take(&mut call.terms);
    if terms.is_empty() {
        terms.extend(call.option("files").cloned());
    }
    let paths = texts(call.option("paths"))?;
    for term in terms {
        collect(&term, &paths, &mut names, &mut skips)?;
    }
    for name in &names {
        let found = ["files", "templates", "vars", "tasks"].into_iter().find_map(|kind| find(call, kind, name));
        if let Some(path) = found {
            return Ok(vec![Dynamic::from(normal(&path))]);
        }
    }
    if skips { Ok(Vec::new()) } else { Err(call.refusal(&format!("finds none of {}", names.join(", ")))) }
}

fn collect(term: &Dynamic, paths: &[String], names: &mut Vec<String>, skips: &mut bool) -> Result<(), Error> {
    match term.kind() {
        ValueKind::Map => {
            *skips = term.get_attr("skip")?.is_true() || *skips;
            let files = texts(Some(&term.get_attr("files")?))?;
            let own = texts(Some(&term.get_attr("paths")?))?;
            joined(&files, if own.is_empty() { paths } else { &own }, names);
        }
        ValueKind::Seq | ValueKind::Iterable => {
            for item in spread(term)? {
                collect(&item, paths, names, skips)?;
            }
        }
        _ => joined(&texts(Some(term))?, paths, names),
    }
    Ok(())
}

/// A list, or a text with commas or semicolons between the names.
fn texts(value: Option<&Dynamic>) -> Result<Vec<String>, Error> {
    let Some(value) = value.filter(|value| !value.is_undefined() && !value.is_none()) else { return Ok(Vec::new()) };
    let mut texts = Vec::new();
    for item in spread(value)? {
        let text = python::text(&item);
        texts.extend(text.split([',', ';']).map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned));
    }
    Ok(texts)
}

fn joined(files: &[String], paths: &[String], names: &mut Vec<String>) {
    if paths.is_empty() {
        names.extend(files.iter().cloned());
    } else if files.is_empty() {
        names.extend(paths.iter().cloned());
    } else {
        let join = |path: &String| {
            files.iter().map(|file| Path::new(path).join(file).display().to_string()).collect::<Vec<_>>()
        };
        names.extend(paths.iter().flat_map(join));
    }
}

/// The whole path from the root on, without `.` and `..`, links left alone; what is shipped lies below no root.
fn normal(path: &Path) -> String {
    let path = if path.starts_with(content::ROOT) { path.to_owned() } else { whole(path) };
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts.display().to_string()
}

/// Rendered template files; one whose result looks like a list or mapping gives that.
pub(super) fn template(call: &mut Call) -> Found {
    let mut options = FileOptions {
        trim_blocks: call.flag("trim_blocks", true),
        lstrip_blocks: call.flag("lstrip_blocks", false),
        ..FileOptions::default()
    };
    let marks = [
        ("variable_start_string", &mut options.variable_marks.0),
        ("variable_end_string", &mut options.variable_marks.1),
        ("comment_start_string", &mut options.comment_marks.0),
        ("comment_end_string", &mut options.comment_marks.1),
    ];
    for (name, mark) in marks {
        if let Some(given) = call.text(name) {
            *mark = given;
        }
    }
    if let Some(variables) = call.option("template_vars")
        && let Value::Map(entries) = from_dynamic(variables, &call.frame)?
    {
        options.variables = entries.as_ref().clone();
    }
    let mut found = Vec::new();
    for name in call.texts()? {
        let (path, text) = read(call, "templates", &name)?;
        let printed = rendered(call, &Source::new(path.display().to_string(), text), &options)?;
        found.push(if call.flag("convert_data", true) {
            literal::read(&printed).unwrap_or_else(|| Dynamic::from(printed))
        } else {
            Dynamic::from_safe_string(printed)
        });
    }
    Ok(found)
}

fn rendered(call: &Call, source: &Arc<Source>, options: &FileOptions) -> Result<String, Error> {
    let (body, options) = header::read(source, options).map_err(carried)?;
    let scope = header::scope(call.frame.scope(), &options);
    let (frame, _running) = Frame::nested(&call.frame, &scope)?;
    let unit = frame.engines().file_unit(source, body, options.settings());
    frame.characters(&unit).map_err(|error| carried(frame.explain(&error, &unit, None)))
}

fn whole(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
