//! One HTTP exchange as `uri` and `get_url` need it: the host's own certificates, its proxies, a clear refusal.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use dpp_protocol::Failure;
use ureq::config::AutoHeaderValue;
use ureq::http::{Request, Response};
use ureq::{Agent, Body};

use crate::web::trust::Trust;

/// A request and how it is to be made.
pub(super) struct Exchange<'a> {
    pub(super) method: String,
    pub(super) url: &'a str,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Option<Vec<u8>>,
    pub(super) login: Option<(&'a str, &'a str)>,
    pub(super) timeout: Duration,
    pub(super) trust: Trust<'a>,
    pub(super) decompress: bool,
    pub(super) use_proxy: bool,
    pub(super) redirects: u32,
    pub(super) agent_name: &'a str,
}

impl Exchange<'_> {
    /// Sends the request and returns the response, whatever its status.
    pub(super) fn send(&self) -> Result<Response<Body>, Failure> {
        let mut request = Request::builder().method(self.method.as_str()).uri(self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some((user, password)) = self.login {
            let login = BASE64_STANDARD.encode(format!("{user}:{password}"));
            request = request.header("Authorization", format!("Basic {login}"));
        }
        let agent = self.agent()?;
        let sent = match &self.body {
            Some(bytes) => request.body(bytes).map_err(ureq::Error::from).and_then(|request| agent.run(request)),
            None => request.body(()).map_err(ureq::Error::from).and_then(|request| agent.run(request)),
        };
        sent.map_err(|error| self.refused(&error))
    }

    fn agent(&self) -> Result<Agent, Failure> {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .timeout_connect(Some(self.timeout))
            .timeout_per_read(Some(self.timeout))
            .timeout_recv_response(Some(self.timeout))
            .max_redirects(self.redirects)
            .max_redirects_will_error(self.redirects > 0)
            // What a task does not ask for is not asked for.
            .accept(AutoHeaderValue::None)
            .user_agent(self.agent_name);
        if !self.use_proxy {
            config = config.proxy(None);
        }
        if !self.decompress {
            config = config.accept_encoding(AutoHeaderValue::None);
        }
        if self.url.starts_with("https:") {
            config = config.tls_config(self.trust.config()?);
        }
        Ok(config.build().new_agent())
    }

    fn refused(&self, error: &ureq::Error) -> Failure {
        let failure = Failure::new(format!("cannot {} {}: {error}", self.method, self.url)).code("DPP0801");
        let failure = failure.value("status", -1).value("url", self.url).value("msg", error.to_string());
        match error {
            ureq::Error::HostNotFound => failure.help("see whether the host can resolve it: `getent hosts NAME`"),
            ureq::Error::Rustls(_) | ureq::Error::Tls(_) => {
                failure.help("give `ca_path` for a certificate of your own, or `validate_certs: false`")
            }
            _ => failure,
        }
    }
}
