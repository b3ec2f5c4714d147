//! `uri`: a request to a web service, and what it answered.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;
use serde_json::Value;
use ureq::http::{Response, Uri as Address};
use ureq::{Body, ResponseExt};

use crate::arguments::{Flag, HostPath, Names, Whole, Words};
use crate::files::attributes::{AttributeChange, Attributes};
use crate::files::content::{NewContent, Source};
use crate::files::mode::FileMode;
use crate::files::refused;
use crate::web::client::Exchange;
use crate::{Host, Module, Survey};

/// Largest answer that is kept.
const LIMIT: u64 = 10 << 20;

/// Longest time a look ahead may take; a real run takes the task's own.
const LOOK: Duration = Duration::from_secs(5);

/// Parameters of `uri`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Uri {
    url: String,
    #[serde(default = "get")]
    method: String,
    body: Option<Value>,
    #[serde(default)]
    body_format: Format,
    src: Option<HostPath>,
    #[serde(default)]
    remote_src: Flag,
    #[serde(default = "ok")]
    status_code: Names,
    #[serde(default)]
    return_content: Flag,
    #[serde(default)]
    headers: BTreeMap<String, Words>,
    #[serde(alias = "user")]
    url_username: Option<String>,
    #[serde(alias = "password")]
    url_password: Option<String>,
    /// Credentials always go with the first request, so nothing is left to force.
    #[serde(rename = "force_basic_auth")]
    _force_basic_auth: Option<Flag>,
    #[serde(default = "yes")]
    validate_certs: Flag,
    ca_path: Option<HostPath>,
    #[serde(default = "half_a_minute")]
    timeout: Whole,
    #[serde(default = "yes")]
    use_proxy: Flag,
    #[serde(default = "safe")]
    follow_redirects: Words,
    #[serde(default = "agent_name")]
    http_agent: String,
    dest: Option<HostPath>,
    creates: Option<HostPath>,
    removes: Option<HostPath>,
    mode: Option<FileMode>,
    owner: Option<Words>,
    group: Option<Words>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Format {
    #[default]
    Raw,
    Json,
    FormUrlencoded,
}

fn get() -> String {
    "GET".into()
}

fn ok() -> Names {
    Names(vec!["200".into()])
}

fn yes() -> Flag {
    Flag(true)
}

fn half_a_minute() -> Whole {
    Whole(30)
}

fn safe() -> Words {
    Words("safe".into())
}

fn agent_name() -> String {
    "ansible-httpget".into()
}

impl Module for Uri {
    const NAME: &'static str = "uri";
    type Step = Change;

    /// A question that changes nothing is asked at once; its wanted answer makes the task done.
    fn survey(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        if let Some(path) = self.creates.as_ref().filter(|path| path.exists()) {
            return Ok(Survey::skipped(format!("'{}' exists", path.display())));
        }
        if let Some(path) = self.removes.as_ref().filter(|path| !path.exists()) {
            return Ok(Survey::skipped(format!("'{}' does not exist", path.display())));
        }
        if matches!(self.method(), "GET" | "HEAD") && self.dest.is_none() {
            let mut survey = Survey::unchanged();
            if self.ask(self.timeout().min(LOOK), &mut survey.result).is_ok() {
                return Ok(survey);
            }
        }
        let change = Change::new(Verb::Run, format!("{} {}", self.method, self.url));
        Ok(Survey::steps(vec![change]).unpredicted())
    }

    fn apply(&self, _step: &Change, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        host.life(&format!("{} {}", self.method, self.url), None);
        let body = self.ask(self.timeout(), result)?;
        let changed = match &self.dest {
            Some(dest) => self.keep(dest, &body, host, result)?,
            None => false,
        };
        result.insert("changed".into(), changed.into());
        Ok(())
    }
}

impl Uri {
    fn method(&self) -> &str {
        &self.method
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout.0.max(1).unsigned_abs())
    }

    /// Makes the exchange and returns the answer's body; any status but the wanted ones is the failure.
    fn ask(&self, timeout: Duration, result: &mut ResultMap) -> Result<Vec<u8>, Failure> {
        let begun = Instant::now();
        let mut response = self.exchange(timeout)?.send()?;
        let limited = response.body_mut().with_config().limit(LIMIT).read_to_vec();
        let body = limited.map_err(|error| {
            Failure::new(format!("cannot read the answer of {}: {error}", self.url)).code("DPP0801")
        })?;
        self.register(&response, &body, result);
        result.insert("elapsed".into(), begun.elapsed().as_secs().into());
        let status = response.status().as_u16().to_string();
        if self.status_code.0.contains(&status) {
            return Ok(body);
        }
        Err(self.unwanted(&status, &body, result))
    }

    fn exchange(&self, timeout: Duration) -> Result<Exchange<'_>, Failure> {
        let mut headers: BTreeMap<String, String> =
            self.headers.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect();
        let kind = match self.body_format {
            Format::Raw => None,
            Format::Json => Some("application/json"),
            Format::FormUrlencoded => Some("application/x-www-form-urlencoded"),
        };
        let named = headers.keys().any(|name| name.eq_ignore_ascii_case("content-type"));
        if let (Some(kind), false, true) = (kind, named, self.body.is_some()) {
            headers.insert("Content-Type".into(), kind.into());
        }
        let follows = match self.follow_redirects.0.as_str() {
            "all" | "yes" | "True" => true,
            "none" | "no" | "False" => false,
            _ => matches!(self.method(), "GET" | "HEAD"),
        };
        Ok(Exchange {
            method: self.method(),
            url: &self.url,
            headers,
            body: self.body()?,
            login: self.url_username.as_deref().zip(Some(self.url_password.as_deref().unwrap_or_default())),
            timeout,
            validate_certs: self.validate_certs.0,
            ca_path: self.ca_path.as_deref(),
            use_proxy: self.use_proxy.0,
            redirects: if follows { 10 } else { 0 },
            agent_name: &self.http_agent,
        })
    }

    fn body(&self) -> Result<Option<Vec<u8>>, Failure> {
        match (&self.body, &self.src) {
            (Some(_), Some(_)) => Err(Failure::new("`body` and `src` exclude each other").code("DPP0104")),
            (None, Some(src)) if self.remote_src.0 => {
                fs::read(src).map(Some).map_err(|error| refused("read", src, &error))
            }
            (None, Some(src)) => Err(Failure::new(format!("`src: {}` needs `remote_src: true`", src.display()))
                .help("a file of the controller can be sent as `body: \"{{ lookup('file', …) }}\"`")),
            (None, None) => Ok(None),
            (Some(body), None) => Ok(Some(encoded(body, self.body_format).into_bytes())),
        }
    }

    fn register(&self, response: &Response<Body>, body: &[u8], result: &mut ResultMap) {
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

    fn unwanted(&self, status: &str, body: &[u8], result: &mut ResultMap) -> Failure {
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
    fn keep(&self, dest: &Path, body: &[u8], host: &Host, result: &mut ResultMap) -> Result<bool, Failure> {
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
fn same_place(asked: &str, answered: &str) -> bool {
    let parsed = |url: &str| url.split('#').next().unwrap_or_default().parse::<Address>().ok();
    parsed(asked) == parsed(answered)
}

fn encoded(body: &Value, format: Format) -> String {
    match (body, format) {
        (Value::String(text), _) => text.clone(),
        (Value::Object(fields), Format::FormUrlencoded) => fields
            .iter()
            .map(|(name, value)| format!("{}={}", quoted(name), quoted(&plain(value))))
            .collect::<Vec<_>>()
            .join("&"),
        (other, _) => other.to_string(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// As forms are encoded: blanks as `+`, the rest by its bytes.
fn quoted(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            b' ' => "+".into(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpListener;
    use std::thread::{JoinHandle, spawn};

    use serde_json::json;

    use super::*;
    use crate::testing::Ground;

    /// Answers one request with these bytes and hands back what was asked.
    fn server(answer: &'static str) -> (String, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/x", listener.local_addr().unwrap());
        let asked = spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                head.push_str(&line);
                if line == "\r\n" {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            head + &String::from_utf8(body).unwrap()
        });
        (url, asked)
    }

    const GREEN: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Found-By: es1\r\nContent-Length: 18\r\nConnection: close\r\n\r\n{\"status\":\"green\"}";

    #[test]
    fn a_wanted_answer_needs_no_real_run() {
        let (url, asked) = server(GREEN);
        let outcome = Ground::new().survey("uri", &json!({"url": url, "return_content": "yes"})).unwrap();
        asked.join().unwrap();
        assert!(!outcome.changed && !outcome.unpredicted);
        assert_eq!(
            (&outcome.result["json"]["status"], &outcome.result["x_found_by"]),
            (&json!("green"), &json!("es1"))
        );
        assert_eq!((&outcome.result["status"], &outcome.result["msg"]), (&json!(200), &json!("OK (18 bytes)")));
    }

    #[test]
    fn a_body_is_sent_as_json_with_its_login_and_changes_nothing_by_itself() {
        let (url, asked) = server(GREEN);
        let params =
            json!({"url": url, "method": "PUT", "body": {"a": 1}, "body_format": "json", "user": "u", "password": "p"});
        let outcome = Ground::new().apply("uri", &params).unwrap();
        let asked = asked.join().unwrap();
        assert!(!outcome.changed);
        assert!(asked.starts_with("PUT /x ") && asked.ends_with("{\"a\":1}"), "{asked}");
        assert!(asked.to_lowercase().contains("content-type: application/json"));
        assert!(asked.contains("Basic dTpw"));
    }

    #[test]
    fn an_unwanted_status_is_a_failure_with_the_services_own_words() {
        let (url, asked) =
            server("HTTP/1.1 409 Conflict\r\nContent-Length: 14\r\nConnection: close\r\n\r\nalready exists");
        let failure = Ground::new().apply("uri", &json!({"url": url, "method": "POST", "body": "x"})).unwrap_err();
        asked.join().unwrap();
        assert!(failure.message.ends_with("answered 409 and not 200"), "{}", failure.message);
        assert_eq!((&failure.result["status"], failure.notes[0].text.as_str()), (&json!(409), "already exists"));
    }

    #[test]
    fn a_service_that_is_away_is_unpredicted_and_then_a_failure() {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let params = json!({"url": format!("http://127.0.0.1:{port}/")});
        assert!(Ground::new().survey("uri", &params).unwrap().unpredicted);
        assert_eq!(Ground::new().apply("uri", &params).unwrap_err().code, "DPP0801");
    }

    #[test]
    fn a_redirect_is_told_with_the_place_it_led_to() {
        let (there, followed) = server(GREEN);
        let answer =
            format!("HTTP/1.1 302 Found\r\nLocation: {there}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        let (url, asked) = server(answer.leak());
        let outcome = Ground::new().survey("uri", &json!({"url": url})).unwrap();
        asked.join().unwrap();
        followed.join().unwrap();
        assert_eq!((&outcome.result["redirected"], &outcome.result["url"]), (&json!(true), &json!(there)));
    }

    #[test]
    fn an_answer_from_where_it_was_asked_is_no_redirect() {
        assert!(same_place("http://H:80/a?b#c", "http://h:80/a?b"));
        assert!(same_place("http://h", "http://h/"));
        assert!(!same_place("http://h/a", "http://h/b"));
    }

    #[test]
    fn forms_are_encoded() {
        assert_eq!(encoded(&json!({"a b": "1&2", "n": 5}), Format::FormUrlencoded), "a+b=1%262&n=5");
    }
}
