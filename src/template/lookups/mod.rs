//! The lookups: `lookup('name', …)`, `query('name', …)` and `with_name:`; one file a family, one line a lookup in this
//! table.

mod call;
mod files;
mod lists;
mod names;
mod outside;
mod password;
mod sequence;
mod tables;

use std::sync::Arc;

use minijinja::{Error, Value as Dynamic};

use super::arguments::Arguments;
use super::error::{TemplateError, carried};
use super::frame::Frame;
use super::objects::{items, list};
use call::Call;

/// A lookup: from terms and options to items.
type Lookup = fn(&mut Call) -> Result<Vec<Dynamic>, Error>;

/// Every lookup, by name.
const LOOKUPS: &[(&str, Lookup)] = &[
    ("cartesian", lists::nested),
    ("config", names::config),
    ("csvfile", tables::csvfile),
    ("dict", lists::dict),
    ("env", outside::env),
    ("file", files::file),
    ("fileglob", files::fileglob),
    ("first_found", files::first_found),
    ("flattened", lists::flattened),
    ("indexed_items", lists::indexed_items),
    ("ini", tables::ini),
    ("inventory_hostnames", names::inventory_hostnames),
    ("items", lists::items),
    ("lines", outside::lines),
    ("list", lists::list),
    ("nested", lists::nested),
    ("password", password::password),
    ("pipe", outside::pipe),
    ("random_choice", lists::random_choice),
    ("random_string", password::random_string),
    ("sequence", sequence::sequence),
    ("subelements", lists::subelements),
    ("template", files::template),
    ("together", lists::together),
    ("url", outside::url),
    ("varnames", names::varnames),
    ("vars", names::vars),
];

/// All names.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    LOOKUPS.iter().map(|(name, _)| *name)
}

/// Runs a lookup.
pub(super) fn run(
    name: &str,
    terms: Vec<Dynamic>,
    options: Vec<(String, Dynamic)>,
    frame: Arc<Frame>,
) -> Result<Vec<Dynamic>, Error> {
    let short = name.rsplit('.').next().unwrap_or(name);
    let Some((known, lookup)) = LOOKUPS.iter().find(|(known, _)| *known == short) else {
        let near = crate::source::nearest(short, names()).map(str::to_owned);
        return Err(carried(TemplateError::Unknown { what: "lookup", name: name.to_owned(), at: None, near }));
    };
    let mut call = Call::new(known, terms, options, frame);
    lookup(&mut call)
}

/// What was found, and whether a list of it is wanted; nothing when a failure is to be overlooked.
fn called(arguments: &mut Arguments<'_, '_, '_>) -> Result<Option<(Vec<Dynamic>, bool)>, Error> {
    let name = arguments.need_text(0, "name")?;
    let mut wants_list = false;
    let mut forgives = false;
    let mut options = Vec::new();
    for (option, value) in arguments.named() {
        match option.as_str() {
            "wantlist" => wants_list = value.is_true(),
            "errors" => forgives = value.as_str().is_some_and(|how| how != "strict"),
            "allow_unsafe" => {}
            _ => options.push((option, crate::template::dynamic::defined(&value)?)),
        }
    }
    let terms = arguments.rest(1)?;
    let found = run(&name, terms, options, Frame::current()?);
    match found {
        Err(error) if forgives && !Frame::forgives(&error) => Ok(None),
        found => Ok(Some((found?, wants_list))),
    }
}

/// `lookup(…)`: texts joined with commas, or the only item, or a list.
pub(super) fn lookup(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let Some((found, wants_list)) = called(arguments)? else { return Ok(Dynamic::from(())) };
    if wants_list || found.is_empty() {
        return Ok(list(found));
    }
    if let [only] = found.as_slice() {
        return Ok(only.clone());
    }
    let texts: Option<Vec<&str>> = found.iter().map(Dynamic::as_str).collect();
    Ok(texts.map_or_else(|| list(found.clone()), |texts| Dynamic::from(texts.join(","))))
}

/// `query(…)`: always a list.
pub(super) fn query(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    called(arguments).map(|found| list(found.map(|(found, _)| found).unwrap_or_default()))
}

/// The items of a term that may be a list.
fn spread(term: &Dynamic) -> Result<Vec<Dynamic>, Error> {
    use minijinja::value::ValueKind;
    match term.kind() {
        ValueKind::Seq | ValueKind::Iterable => items(term),
        _ => Ok(vec![term.clone()]),
    }
}
