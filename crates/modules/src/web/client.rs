//! One HTTP exchange as `uri` and `get_url` need it: the host's own certificates, its proxies, a clear refusal.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use dpp_protocol::Failure;
use ureq::config::AutoHeaderValue;
use ureq::http::{Request, Response};
use ureq::tls::{ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};

/// Where Debian keeps the certificates it trusts; without it those of Mozilla that we carry are used.
const TRUSTED: &str = "/etc/ssl/certs/ca-certificates.crt";

/// A request and how it is to be made.
pub(super) struct Exchange<'a> {
    pub(super) method: String,
    pub(super) url: &'a str,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Option<Vec<u8>>,
    pub(super) login: Option<(&'a str, &'a str)>,
    pub(super) timeout: Duration,
    pub(super) validate_certs: bool,
    pub(super) ca_path: Option<&'a Path>,
    pub(super) client_cert: Option<&'a Path>,
    /// Where it is not in the file of the certificate.
    pub(super) client_key: Option<&'a Path>,
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
            config = config.tls_config(self.tls()?);
        }
        Ok(config.build().new_agent())
    }

    fn tls(&self) -> Result<TlsConfig, Failure> {
        let tls = TlsConfig::builder().disable_verification(!self.validate_certs).client_cert(self.client()?);
        let path = self.ca_path.unwrap_or(Path::new(TRUSTED));
        let Ok(pem) = fs::read(path) else {
            return match self.ca_path {
                Some(path) => Err(Failure::new(format!("cannot read the certificates in {}", path.display()))),
                None => Ok(tls.build()),
            };
        };
        let items = parse_pem(&pem).filter_map(Result::ok);
        let certificates: Vec<_> = items
            .filter_map(|item| match item {
                PemItem::Certificate(certificate) => Some(certificate),
                _ => None,
            })
            .collect();
        Ok(tls.root_certs(RootCerts::new_with_certs(&certificates)).build())
    }

    /// The certificate by which the host shows who it is.
    fn client(&self) -> Result<Option<ClientCert>, Failure> {
        let Some(path) = self.client_cert else { return Ok(None) };
        let read = |path: &Path| {
            fs::read(path).map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))
        };
        let pem = read(path)?;
        let certificates = parse_pem(&pem).filter_map(Result::ok).filter_map(|item| match item {
            PemItem::Certificate(certificate) => Some(certificate),
            _ => None,
        });
        let certificates: Vec<_> = certificates.collect();
        let key = self.client_key.unwrap_or(path);
        let private = PrivateKey::from_pem(&read(key)?)
            .map_err(|error| Failure::new(format!("there is no private key in {}: {error}", key.display())))?;
        Ok(Some(ClientCert::new_with_certs(&certificates, private)))
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
