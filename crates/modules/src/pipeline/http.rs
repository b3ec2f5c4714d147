//! HTTP to a product on this host: JSON both ways, bounded in time, with the product's own words in every failure.
//!
//! It follows no proxy of the environment: the product is here.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dpp_protocol::Failure;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use ureq::Agent;
use ureq::http::{HeaderMap, Method, Request};
use ureq::tls::TlsConfig;

use super::product::UNREACHABLE;

const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const LARGEST_REPLY: u64 = 64 << 20;

/// A product's address with what every request to it carries.
pub(super) struct Endpoint {
    timeout: Duration,
    tls: TlsConfig,
    product: &'static str,
    base: String,
    headers: Vec<(&'static str, String)>,
    hint: String,
}

/// What a product answered, whatever the status.
#[derive(Debug)]
pub(super) struct Reply {
    request: String,
    /// Status of HTTP.
    pub(super) status: u16,
    /// The body as a text.
    pub(super) body: String,
    headers: HeaderMap,
}

impl Endpoint {
    /// Talks to `product` at `base`; no single request lasts longer than `timeout`.
    pub(super) fn new(product: &'static str, base: &str, timeout: Duration) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        Self { timeout, tls: TlsConfig::default(), product, base, headers: Vec::new(), hint: String::new() }
    }

    /// The same with another bound of a single request.
    pub(super) fn within(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Believes these certificates, and shows its own.
    pub(super) fn trusting(self, tls: TlsConfig) -> Self {
        Self { tls, ..self }
    }

    /// Adds a header to every request.
    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Authenticates every request; nothing happens for an empty user.
    pub(super) fn login(self, user: &str, password: &str) -> Self {
        if user.is_empty() {
            return self;
        }
        let token = STANDARD.encode(format!("{user}:{password}"));
        self.header("authorization", format!("Basic {token}"))
    }

    /// What to do when the product does not answer.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    pub(super) fn get(&self, path: &str) -> Result<Reply, Failure> {
        self.send(&Method::GET, path, None)
    }

    pub(super) fn put(&self, path: &str, body: &Value) -> Result<Reply, Failure> {
        self.send(&Method::PUT, path, Some(body))
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Reply, Failure> {
        self.send(&Method::POST, path, Some(body))
    }

    /// A POST or PUT that says all in its path.
    pub(super) fn bare(&self, method: &Method, path: &str) -> Result<Reply, Failure> {
        self.send(method, path, None)
    }

    pub(super) fn delete(&self, path: &str) -> Result<Reply, Failure> {
        self.send(&Method::DELETE, path, None)
    }

    fn send(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Reply, Failure> {
        let url = format!("{}{path}", self.base);
        let request = format!("{method} {url}");
        let mut reply = self.exchange(method, &url, body).map_err(|error| {
            let error = match error {
                ureq::Error::Io(error) => error.to_string(),
                other => other.to_string(),
            };
            let failure = Failure::new(format!("cannot reach {} at {}: {error}", self.product, self.base));
            let failure = failure.code(UNREACHABLE).note("request", format!("{method} {path}"));
            if self.hint.is_empty() { failure } else { failure.help(self.hint.clone()) }
        })?;
        reply.request = request;
        Ok(reply)
    }

    fn exchange(&self, method: &Method, url: &str, body: Option<&Value>) -> Result<Reply, ureq::Error> {
        let agent = self.agent();
        let mut request = Request::builder().method(method).uri(url).header("accept", "*/*");
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let reply = match body {
            Some(body) => {
                let request = request.header("content-type", "application/json").body(body.to_string())?;
                agent.run(request)?
            }
            None if *method == Method::GET || *method == Method::DELETE => agent.run(request.body(())?)?,
            None => agent.run(request.body(String::new())?)?,
        };
        let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
        let bytes = reply.into_body().into_with_config().limit(LARGEST_REPLY).read_to_vec()?;
        Ok(Reply { request: String::new(), status, body: String::from_utf8_lossy(&bytes).into_owned(), headers })
    }

    fn agent(&self) -> Agent {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .tls_config(self.tls.clone())
            .timeout_connect(Some(Duration::from_secs(5)))
            .timeout_global(Some(self.timeout.max(Duration::from_secs(1))));
        config.build().into()
    }
}

impl Reply {
    /// Whether the status is 2xx.
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header of the reply.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON, or `Null` when it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// The body as JSON if the status is 2xx, else the refusal.
    pub(super) fn success(self, attempt: &str) -> Result<Value, Failure> {
        if self.is_success() { Ok(self.json()) } else { Err(self.refusal(attempt)) }
    }

    /// The same, but nothing when the thing asked for is not there.
    pub(super) fn found(self, attempt: &str) -> Result<Option<Value>, Failure> {
        if self.status == 404 { Ok(None) } else { self.success(attempt).map(Some) }
    }

    /// A failure to do `attempt`, with the product's own words.
    pub(super) fn refusal(&self, attempt: &str) -> Failure {
        Failure::new(format!("cannot {attempt}: {}", self.words()))
            .code("DPP0802")
            .note("request", format!("{} answered {}", self.request, self.status))
    }

    /// What the product said, in the shape that each of them uses, else its status.
    pub(super) fn words(&self) -> String {
        let json = self.json();
        let said = ["/message", "/reason", "/error/reason", "/error/root_cause/0/reason", "/error"]
            .iter()
            .find_map(|place| json.pointer(place).and_then(Value::as_str));
        match said {
            Some(said) => said.to_owned(),
            None if self.body.trim().is_empty() => format!("HTTP {} without a word", self.status),
            None => format!("HTTP {}: {}", self.status, self.body.trim().chars().take(300).collect::<String>()),
        }
    }
}

/// A name as one segment of a path: the vhost `/log` is `%2Flog`.
pub(super) fn segment(name: &str) -> String {
    utf8_percent_encode(name, SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::stub::Stub;

    fn endpoint(stub: &Stub) -> Endpoint {
        Endpoint::new("Example", &stub.url(), Duration::from_secs(5)).login("logger", "geheim").hint("look there")
    }

    #[test]
    fn a_request_carries_the_login_and_a_reply_its_status_and_words() {
        let stub = Stub::new(&[("PUT /api/vhosts/%2Flog", 400, r#"{"error":"bad_request","reason":"no such thing"}"#)]);
        let path = format!("/api/vhosts/{}", segment("/log"));
        let reply = endpoint(&stub).put(&path, &serde_json::json!({})).unwrap();
        let failure = reply.refusal("create vhost /log");
        assert_eq!(failure.message, "cannot create vhost /log: no such thing");
        assert!(failure.notes[0].text.ends_with("/api/vhosts/%2Flog answered 400"), "{:?}", failure.notes);
        assert!(stub.requests()[0].contains("authorization: Basic bG9nZ2VyOmdlaGVpbQ=="));
    }

    #[test]
    fn an_empty_body_is_said_to_be_one() {
        let stub = Stub::new(&[("GET /", 500, "")]);
        assert_eq!(endpoint(&stub).get("/").unwrap().words(), "HTTP 500 without a word");
    }

    #[test]
    fn a_product_that_is_down_is_told_from_one_that_refuses() {
        let gone = { Stub::new(&[]).url() };
        let failure = Endpoint::new("Example", &gone, Duration::from_secs(2)).hint("look there").get("/").unwrap_err();
        assert_eq!(failure.code, UNREACHABLE);
        assert!(failure.message.starts_with(&format!("cannot reach Example at {gone}: ")), "{}", failure.message);
        assert_eq!(failure.help.as_deref(), Some("look there"));
    }
}
