//! Filters over URLs.

use minijinja::value::ValueKind;
use minijinja::{Error, Value as Dynamic};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::template::arguments::Arguments;
use crate::template::methods::entries;
use crate::template::objects::{dict, items};
use crate::template::python;

const KEPT: AsciiSet = NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-').remove(b'~');
const KEPT_IN_PATH: AsciiSet = KEPT.remove(b'/');

/// A text keeps its slashes; pairs become a query, in which a blank is a plus.
pub(super) fn urlencode(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let pairs = match subject.kind() {
        ValueKind::Map => entries(&subject)?,
        ValueKind::Seq | ValueKind::Iterable => {
            let pair = |item: Dynamic| Ok((item.get_item_by_index(0)?, item.get_item_by_index(1)?));
            items(&subject)?.into_iter().map(pair).collect::<Result<_, Error>>()?
        }
        _ => return Ok(Dynamic::from(utf8_percent_encode(&python::text(&subject), &KEPT_IN_PATH).to_string())),
    };
    let encoded = |value: &Dynamic| utf8_percent_encode(&python::text(value), &KEPT).to_string().replace("%20", "+");
    let query: Vec<String> = pairs.iter().map(|(key, value)| format!("{}={}", encoded(key), encoded(value))).collect();
    Ok(Dynamic::from(query.join("&")))
}

pub(super) fn urldecode(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let text = arguments.need_subject_text()?.replace('+', " ");
    Ok(Dynamic::from(percent_decode_str(&text).decode_utf8_lossy().into_owned()))
}

/// The parts of a URL; a part that is not there is empty, or None where Python has None.
pub(super) fn urlsplit(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    // Python takes what is nothing or false for an empty URL.
    let is_nothing = matches!(subject.kind(), ValueKind::None | ValueKind::Bool) && !subject.is_true();
    let url = if is_nothing { String::new() } else { arguments.need_subject_text()? };
    let query = arguments.text(1, "query")?.filter(|query| !query.is_empty());
    // As Python does: what no URL holds is taken out.
    let url = url.trim_start_matches(|c: char| c <= ' ').replace(['\n', '\r', '\t'], "");
    let parts = parts(&url);
    match query {
        None => Ok(dict(parts.into_iter().map(|(name, value)| (Dynamic::from(name), value)))),
        Some(query) => {
            let found = parts.into_iter().find(|(name, _)| *name == query);
            found.map(|(_, value)| value).ok_or_else(|| arguments.refusal(&format!("knows no part `{query}` of a URL")))
        }
    }
}

fn parts(url: &str) -> Vec<(&'static str, Dynamic)> {
    let (rest, fragment) = url.split_once('#').unwrap_or((url, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    let (scheme, rest) = rest.split_once(':').filter(|(scheme, _)| is_scheme(scheme)).unwrap_or(("", rest));
    let (netloc, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        None => ("", rest),
    };
    let (user, address) = netloc.rsplit_once('@').map_or((None, netloc), |(user, address)| (Some(user), address));
    let (name, password) = user.map_or((None, None), |user| {
        user.split_once(':').map_or((Some(user), None), |(name, password)| (Some(name), Some(password)))
    });
    let (host, port) = host_and_port(address);
    let optional = |value: Option<&str>| value.map_or_else(|| Dynamic::from(()), Dynamic::from);
    vec![
        ("fragment", Dynamic::from(fragment)),
        ("hostname", optional(host.map(str::to_lowercase).as_deref())),
        ("netloc", Dynamic::from(netloc)),
        ("password", optional(password)),
        ("path", Dynamic::from(path)),
        ("port", port.map_or_else(|| Dynamic::from(()), Dynamic::from)),
        ("query", Dynamic::from(query)),
        ("scheme", Dynamic::from(scheme.to_lowercase())),
        ("username", optional(name)),
    ]
}

fn host_and_port(address: &str) -> (Option<&str>, Option<u16>) {
    let (host, port) = match address.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => (host, rest.strip_prefix(':').unwrap_or_default()),
        None => address.split_once(':').unwrap_or((address, "")),
    };
    (Some(host).filter(|host| !host.is_empty()), port.parse().ok())
}
