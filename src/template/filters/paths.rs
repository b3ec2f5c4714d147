//! Filters over paths, as `os.path` and `ntpath` work on them.

use std::path::{Path, PathBuf};

use minijinja::value::{Tuple, ValueKind};
use minijinja::{Error, Value as Dynamic};

use crate::files::FileKind;
use crate::template::arguments::Arguments;
use crate::template::frame::Frame;
use crate::template::glob;
use crate::template::objects::{items, list};

#[expect(clippy::unnecessary_wraps, reason = "it ends filters, which can fail")]
fn text(text: impl Into<String>) -> Result<Dynamic, Error> {
    Ok(Dynamic::from(text.into()))
}

pub(super) fn basename(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let path = arguments.need_subject_text()?;
    text(path.rsplit('/').next().unwrap_or_default())
}

pub(super) fn dirname(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let path = arguments.need_subject_text()?;
    let head = &path[..path.rfind('/').map_or(0, |at| at + 1)];
    let trimmed = head.trim_end_matches('/');
    text(if trimmed.is_empty() { head } else { trimmed })
}

pub(super) fn splitext(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let path = arguments.need_subject_text()?;
    let name = path.rfind('/').map_or(0, |at| at + 1);
    let first = path[name..].find(|c| c != '.').map_or(path.len(), |at| name + at);
    let dot = path[first..].rfind('.').map_or(path.len(), |at| first + at);
    let parts = [&path[..dot], &path[dot..]].map(Dynamic::from);
    Ok(Dynamic::from(Tuple::from(parts.to_vec())))
}

pub(super) fn path_join(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    if let Some(path) = subject.as_str() {
        return text(path);
    }
    let mut joined = String::new();
    for part in items(&subject)? {
        let part = part.as_str().ok_or_else(|| arguments.refusal("needs texts to join"))?.to_owned();
        if part.starts_with('/') {
            joined = part;
        } else {
            if !joined.is_empty() && !joined.ends_with('/') {
                joined.push('/');
            }
            joined.push_str(&part);
        }
    }
    text(joined)
}

/// `os.path.normpath`: by its text alone.
fn normal(path: &str) -> String {
    let root = if path.starts_with("//") && !path.starts_with("///") {
        "//"
    } else if path.starts_with('/') {
        "/"
    } else {
        ""
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if !root.is_empty() => {}
            other => parts.push(other),
        }
    }
    let joined = format!("{root}{}", parts.join("/"));
    if joined.is_empty() { ".".to_owned() } else { joined }
}

pub(super) fn normpath(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    text(normal(&arguments.need_subject_text()?))
}

fn absolute(path: &str) -> String {
    if path.starts_with('/') {
        return normal(path);
    }
    let here = std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path));
    normal(&here.display().to_string())
}

/// Links are followed as far as the path exists.
pub(super) fn realpath(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let path = absolute(&arguments.need_subject_text()?);
    let frame = Frame::current()?;
    let files = &frame.engines().surroundings().files;
    let path = Path::new(&path);
    let found = path.ancestors().find_map(|ancestor| files.real(ancestor).map(|real| (ancestor, real)));
    let Some((ancestor, real)) = found else { return text(path.display().to_string()) };
    let rest = path.strip_prefix(ancestor).unwrap_or(Path::new(""));
    text(if rest.as_os_str().is_empty() { real } else { real.join(rest) }.display().to_string())
}

pub(super) fn relpath(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let path = arguments.need_subject_text()?;
    if path.is_empty() {
        return Err(arguments.refusal("needs a path"));
    }
    let path = absolute(&path);
    let start = absolute(&arguments.text(1, "start")?.unwrap_or_else(|| ".".to_owned()));
    let split = |path: &str| path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let (path, start) = (split(&path), split(&start));
    let common = path.iter().zip(&start).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", start.len() - common);
    let parts: Vec<&str> = up.chain(path[common..].iter().map(String::as_str)).collect();
    text(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
}

pub(super) fn commonpath(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let is_list = matches!(subject.kind(), ValueKind::Seq | ValueKind::Iterable);
    let paths = arguments.subject_items()?;
    let paths: Option<Vec<String>> = paths.iter().map(|path| path.as_str().map(str::to_owned)).collect();
    let paths = paths.filter(|_| is_list).ok_or_else(|| arguments.refusal("needs a list of paths"))?;
    let Some(first) = paths.first() else { return Err(arguments.refusal("needs at least one path")) };
    let root = if first.starts_with('/') { "/" } else { "" };
    if paths.iter().any(|path| path.starts_with('/') != first.starts_with('/')) {
        return Err(arguments.refusal("needs paths that all begin at the root, or none"));
    }
    let parts = |path: &str| {
        path.split('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned).collect::<Vec<_>>()
    };
    let mut common = parts(first);
    for path in &paths[1..] {
        let length = common.iter().zip(parts(path)).take_while(|(a, b)| *a == b).count();
        common.truncate(length);
    }
    text(format!("{root}{}", common.join("/")))
}

pub(super) fn expanduser(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let path = arguments.need_subject_text()?;
    let frame = Frame::current()?;
    text(frame.engines().surroundings().files.at_home(&path))
}

pub(super) fn expandvars(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let path = arguments.need_subject_text()?;
    let frame = Frame::current()?;
    let environment = &frame.engines().surroundings().environment;
    let mut result = String::new();
    let mut rest = path.as_str();
    while let Some(at) = rest.find('$') {
        result.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let braced =
            after.strip_prefix('{').and_then(|inner| inner.split_once('}')).map(|(name, _)| (name, name.len() + 2));
        let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
        let (name, used) = braced.unwrap_or((&after[..end], end));
        match environment.get(name) {
            Some(value) => result.push_str(value),
            None => result.push_str(&rest[at..at + 1 + used]),
        }
        rest = &after[used..];
    }
    result.push_str(rest);
    text(result)
}

pub(super) fn fileglob(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let pattern = arguments.subject_text()?;
    let frame = Frame::current()?;
    let files = frame.engines().surroundings().files.as_ref();
    let found = glob::find(files, Path::new(&pattern)).into_iter().filter(|path| files.kind(path) == FileKind::File);
    Ok(list(found.map(|path| Dynamic::from(path.display().to_string())).collect()))
}

pub(super) fn win_basename(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let path = arguments.subject_text()?;
    text(path.rsplit(['\\', '/', ':']).next().unwrap_or_default())
}

pub(super) fn win_dirname(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let path = arguments.subject_text()?;
    let head = &path[..path.rfind(['\\', '/']).map_or(0, |at| at + 1)];
    let trimmed = head.trim_end_matches(['\\', '/']);
    text(if trimmed.is_empty() || trimmed.ends_with(':') { head } else { trimmed })
}

pub(super) fn win_splitdrive(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let path = arguments.subject_text()?;
    let end = if path.as_bytes().get(1) == Some(&b':') { 2 } else { 0 };
    Ok(Dynamic::from(Tuple::from([&path[..end], &path[end..]].map(Dynamic::from).to_vec())))
}
