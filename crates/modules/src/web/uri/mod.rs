//! `uri`: a request to a web service, and what it answered.

mod answer;
mod encode;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;
use serde_json::Value;

use crate::arguments::{Flag, HostPath, Names, Whole, Words};
use crate::files::facts::add_facts;
use crate::files::mode::FileMode;
use crate::files::refused;
use crate::labels::no_effect;
use crate::web::client::Exchange;
use crate::web::trust::Trust;
use crate::web::uri::encode::Format;
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
    client_cert: Option<HostPath>,
    client_key: Option<HostPath>,
    #[serde(default = "yes")]
    decompress: Flag,
    unredirected_headers: Option<Names>,
    ciphers: Option<Names>,
    use_netrc: Option<Flag>,
    use_gssapi: Option<Flag>,
    /// A cache between may answer unless it is told not to.
    #[serde(default)]
    force: Flag,
    unix_socket: Option<HostPath>,
    dest: Option<HostPath>,
    creates: Option<HostPath>,
    removes: Option<HostPath>,
    mode: Option<FileMode>,
    owner: Option<Words>,
    group: Option<Words>,
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
            let said = format!("skipped, since '{}' exists", path.display());
            return Ok(Survey::skipped(format!("'{}' exists", path.display())).value("stdout", said));
        }
        if let Some(path) = self.removes.as_ref().filter(|path| !path.exists()) {
            let said = format!("skipped, since '{}' does not exist", path.display());
            return Ok(Survey::skipped(format!("'{}' does not exist", path.display())).value("stdout", said));
        }
        self.follows()?;
        if let Some(path) = &self.unix_socket {
            return Err(Failure::new(format!("`uri` cannot speak over the socket {}", path.display()))
                .code("DPP0104")
                .help("ask it with `command`: `curl --unix-socket PATH URL`"));
        }
        if self.is_question() && self.dest.is_none() {
            let mut survey = Survey::unchanged();
            survey.warnings.extend(self.passed_over());
            if self.ask(self.timeout().min(LOOK), &mut survey.result).is_ok() {
                return Ok(survey);
            }
        }
        let change = Change::new(Verb::Run, format!("{} {}", self.method, self.url));
        let mut survey = Survey::steps(vec![change]).unpredicted();
        survey.warnings.extend(self.passed_over());
        Ok(survey)
    }

    fn apply(&self, _step: &Change, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        host.life(&format!("{} {}", self.method, self.url), None);
        let body = self.ask(self.timeout(), result)?;
        let changed = match &self.dest {
            Some(dest) => self.keep(dest, &body, host, result)?,
            None => false,
        };
        result.insert("changed".into(), changed.into());
        if let Some(path) = result.get("path").and_then(Value::as_str).map(std::path::PathBuf::from) {
            add_facts(&path, result);
        }
        Ok(())
    }
}

impl Uri {
    /// Whether a redirect is followed.
    fn follows(&self) -> Result<bool, Failure> {
        Ok(match self.follow_redirects.0.as_str() {
            "all" | "yes" | "True" => true,
            "none" | "no" | "False" => false,
            "safe" | "urllib2" => self.is_question(),
            other => {
                return Err(Failure::new(format!(
                    "`follow_redirects: {other}` is none of all, no, none, safe, urllib2, yes"
                ))
                .code("DPP0104"));
            }
        })
    }

    /// Whether it asks, and changes nothing.
    fn is_question(&self) -> bool {
        matches!(self.method.to_uppercase().as_str(), "GET" | "HEAD")
    }

    fn passed_over(&self) -> Option<String> {
        no_effect(&[
            ("unredirected_headers", self.unredirected_headers.as_ref().is_some_and(|names| !names.0.is_empty())),
            ("ciphers", self.ciphers.as_ref().is_some_and(|names| !names.0.is_empty())),
            ("use_netrc", self.use_netrc == Some(Flag(true))),
            ("use_gssapi", self.use_gssapi == Some(Flag(true))),
        ])
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout.0.max(1).unsigned_abs())
    }

    /// Makes the exchange and returns the answer's body; any status but the wanted ones is the failure.
    fn ask(&self, timeout: Duration, result: &mut ResultMap) -> Result<Vec<u8>, Failure> {
        let begun = Instant::now();
        let mut response = match self.exchange(timeout)?.send() {
            Ok(response) => response,
            // Who wants to see that nobody answers says so with this number.
            Err(failure) if self.status_code.0.iter().any(|code| code == "-1") => {
                result.extend(failure.result);
                result.insert("elapsed".into(), begun.elapsed().as_secs().into());
                return Ok(Vec::new());
            }
            Err(failure) => return Err(failure),
        };
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
        if self.force.0 {
            headers.insert("Cache-Control".into(), "no-cache".into());
        }
        let kind = self.body_format.content_type();
        let named = headers.keys().any(|name| name.eq_ignore_ascii_case("content-type"));
        if !named && (self.body.is_some() || self.src.is_some()) {
            // Python's library calls a body a form that nobody calls otherwise.
            let kind = kind.unwrap_or_else(|| "application/x-www-form-urlencoded".into());
            headers.insert("Content-Type".into(), kind);
        }
        let follows = self.follows()?;
        Ok(Exchange {
            method: self.method.to_uppercase(),
            url: &self.url,
            headers,
            body: self.body()?,
            login: self.url_username.as_deref().zip(Some(self.url_password.as_deref().unwrap_or_default())),
            timeout,
            trust: Trust {
                validate_certs: self.validate_certs.0,
                ca_path: self.ca_path.as_deref(),
                client_cert: self.client_cert.as_deref(),
                client_key: self.client_key.as_deref(),
            },
            decompress: self.decompress.0,
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
            (Some(body), None) => Ok(Some(self.body_format.encode(body).into_bytes())),
        }
    }
}
