//! What a web service answered, as `register` sees it, and where it is kept.

use std::fs;
use std::path::Path;

use dpp_protocol::{Failure, ResultMap};
use serde_json::{Map, Value};
use ureq::http::{Response, Uri as Address};
use ureq::{Body, ResponseExt};

use super::Uri;
use crate::Host;
use crate::files::attributes::{AttributeChange, Attributes};
use crate::files::content::{NewContent, Source};
use crate::files::refused;

impl Uri {
    pub(super) fn register(&self, response: &Response<Body>, body: &[u8], result: &mut ResultMap) {
        let status = response.status();
        let text = decoded(body, content_type(response));
        for name in response.headers().keys() {
            let values = response.headers().get_all(name).iter();
            let all: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect();
            result.insert(name.as_str().to_lowercase().replace('-', "_"), all.join(", ").into());
        }
        if let (true, Ok(json)) = (content_type(response).contains("json"), serde_json::from_str::<Value>(&text)) {
            result.insert("json".into(), json);
        }
        // As Python's library has it, what is no success is an error, wanted or not.
        let is_error = !status.is_success();
        let message = if is_error {
            format!("HTTP Error {}: {}", status.as_u16(), status.canonical_reason().unwrap_or("unknown"))
        } else {
            let length = result.get("content_length").and_then(Value::as_str).unwrap_or("unknown");
            format!("OK ({length} bytes)")
        };
        if self.return_content.0 {
            result.insert("content".into(), text.into());
        } else if is_error {
            result.insert("body".into(), text.into());
        }
        if !is_error {
            let cookies = cookies(response);
            let told: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            result.insert("cookies_string".into(), told.join("; ").into());
            let named = cookies.into_iter().map(|(name, value)| (name, Value::from(value)));
            result.insert("cookies".into(), named.collect::<Map<_, _>>().into());
        }
        result.insert("msg".into(), message.into());
        result.insert("status".into(), status.as_u16().into());
        let answered = without_login(&response.get_uri().to_string());
        result.insert("redirected".into(), (!same_place(&self.url, &answered)).into());
        result.insert("url".into(), answered.into());
    }

    pub(super) fn unwanted(&self, status: &str, body: &[u8], result: &mut ResultMap) -> Failure {
        let wanted = self.status_code.0.join(", ");
        let text = String::from_utf8_lossy(&body[..body.len().min(500)]).into_owned();
        let mut failure =
            Failure::new(format!("{} {} answered {status} and not {wanted}", self.method, self.url)).code("DPP0802");
        failure.result = std::mem::take(result);
        failure.result.insert("msg".into(), format!("Status code was {status} and not [{wanted}]").into());
        failure.result.shift_remove("body");
        failure.result.insert("content".into(), String::from_utf8_lossy(body).into_owned().into());
        if text.trim().is_empty() { failure } else { failure.note("answer", text) }
    }

    /// Puts the answer into `dest`, and says whether that changed it.
    pub(super) fn keep(&self, dest: &Path, body: &[u8], host: &Host, result: &mut ResultMap) -> Result<bool, Failure> {
        let given = result.get("content_disposition").and_then(Value::as_str).and_then(file_name);
        let of_url = self.url.split(['?', '#']).next().and_then(|path| path.rsplit('/').next()).map(str::to_owned);
        let name = given.or(of_url);
        let path = if dest.is_dir() { dest.join(name.unwrap_or_else(|| "index.html".into())) } else { dest.to_owned() };
        result.insert("path".into(), path.to_string_lossy().into());
        let attributes = Attributes::of(self.mode.as_ref(), self.owner.as_ref(), self.group.as_ref());
        if fs::read(&path).is_ok_and(|there| there == body) {
            let found = fs::symlink_metadata(&path).map_err(|error| refused("look at", &path, &error))?;
            let change = attributes.survey(&path, &found);
            return change.as_ref().map_or(Ok(()), AttributeChange::apply).map(|()| change.is_some());
        }
        NewContent { attributes, ..NewContent::new(path, Source::Bytes(body.to_vec())) }.apply(host, result)?;
        Ok(true)
    }
}

fn content_type(response: &Response<Body>) -> &str {
    response.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The text of an answer that is in Latin-1, or else in UTF-8.
pub(super) fn decoded(body: &[u8], content_type: &str) -> String {
    let kind = content_type.to_lowercase();
    if kind.contains("charset=iso-8859-1") || kind.contains("charset=latin") {
        return body.iter().map(|byte| char::from(*byte)).collect();
    }
    String::from_utf8_lossy(body).into_owned()
}

/// Names and values of the cookies that were set.
fn cookies(response: &Response<Body>) -> Vec<(String, String)> {
    let set = response.headers().get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
    let pair = |cookie: &str| {
        let (name, value) = cookie.split(';').next()?.split_once('=')?;
        Some((name.trim().to_owned(), value.trim().to_owned()))
    };
    set.filter_map(pair).collect()
}

/// The last part of the name that `Content-Disposition` gives.
fn file_name(disposition: &str) -> Option<String> {
    let name = disposition.split(';').find_map(|part| part.trim().strip_prefix("filename="))?;
    name.trim_matches('"').rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned)
}

fn without_login(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    match rest.split_once('@') {
        Some((login, rest)) if !login.contains('/') => format!("{scheme}://{rest}"),
        _ => url.to_owned(),
    }
}

/// Whether two URLs lead to the same place however they are written; a fragment never reaches a server.
pub(super) fn same_place(asked: &str, answered: &str) -> bool {
    let parsed = |url: &str| url.split('#').next().unwrap_or_default().parse::<Address>().ok();
    parsed(asked) == parsed(answered)
}
