//! What a web service answered, as `register` sees it, and where it is kept.

use std::fs;
use std::path::Path;

use dpp_protocol::{Failure, ResultMap};
use serde_json::Value;
use ureq::http::{Response, Uri as Address};
use ureq::{Body, ResponseExt};

use super::Uri;
use crate::Host;
use crate::files::attributes::{AttributeChange, Attributes};
use crate::files::content::{NewContent, Source};
use crate::files::refused;

impl Uri {
    pub(super) fn register(&self, response: &Response<Body>, body: &[u8], result: &mut ResultMap) {
        let text = String::from_utf8_lossy(body);
        for (name, value) in response.headers() {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            result.insert(name.as_str().to_lowercase().replace('-', "_"), value.into());
        }
        let is_json = result.get("content_type").and_then(Value::as_str).is_some_and(|kind| kind.contains("json"));
        if let (true, Ok(json)) = (is_json, serde_json::from_str::<Value>(&text)) {
            result.insert("json".into(), json);
        }
        if self.return_content.0 {
            result.insert("content".into(), text.into_owned().into());
        }
        let reason = response.status().canonical_reason().unwrap_or("unknown");
        result.insert("msg".into(), format!("{reason} ({} bytes)", body.len()).into());
        result.insert("status".into(), response.status().as_u16().into());
        let answered = response.get_uri().to_string();
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
        failure.result.insert("content".into(), String::from_utf8_lossy(body).into_owned().into());
        if text.trim().is_empty() { failure } else { failure.note("answer", text) }
    }

    /// Puts the answer into `dest`, and says whether that changed it.
    pub(super) fn keep(&self, dest: &Path, body: &[u8], host: &Host, result: &mut ResultMap) -> Result<bool, Failure> {
        let name = self.url.split(['?', '#']).next().and_then(|path| path.rsplit('/').next());
        let path = if dest.is_dir() { dest.join(name.unwrap_or("index.html")) } else { dest.to_owned() };
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

/// Whether two URLs lead to the same place however they are written; a fragment never reaches a server.
pub(super) fn same_place(asked: &str, answered: &str) -> bool {
    let parsed = |url: &str| url.split('#').next().unwrap_or_default().parse::<Address>().ok();
    parsed(asked) == parsed(answered)
}
