//! Tests over files of the controller.

use std::path::PathBuf;

use minijinja::value::ValueKind;
use minijinja::{Error, Value as Dynamic};

use crate::files::{FileKind, Files};
use crate::template::arguments::Arguments;
use crate::template::frame::Frame;

type Answer = Result<Dynamic, Error>;

fn answer(arguments: &Arguments<'_, '_, '_>, holds: impl FnOnce(&dyn Files, &PathBuf) -> bool) -> Answer {
    let subject = arguments.subject()?;
    if subject.is_integer() || subject.kind() == ValueKind::Bool {
        // Python takes it for the number of an open file, which here is none.
        return Ok(Dynamic::from(false));
    }
    let path = PathBuf::from(arguments.need_subject_text()?);
    let frame = Frame::current()?;
    Ok(Dynamic::from(holds(frame.engines().surroundings().files.as_ref(), &path)))
}

pub(super) fn file(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    answer(arguments, |files, path| files.kind(path) == FileKind::File)
}

pub(super) fn directory(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    answer(arguments, |files, path| files.kind(path) == FileKind::Folder)
}

pub(super) fn exists(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    answer(arguments, |files, path| files.kind(path) != FileKind::Missing)
}

pub(super) fn link(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    answer(arguments, |files, path| files.is_link(path))
}

pub(super) fn link_exists(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    answer(arguments, |files, path| files.is_link(path) || files.kind(path) != FileKind::Missing)
}

pub(super) fn absolute(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    Ok(Dynamic::from(arguments.need_subject_text()?.starts_with('/')))
}

pub(super) fn same_file(arguments: &mut Arguments<'_, '_, '_>) -> Answer {
    let other = PathBuf::from(arguments.need_text(1, "path")?);
    answer(arguments, |files, path| files.real(path).is_some_and(|path| files.real(&other) == Some(path)))
}
