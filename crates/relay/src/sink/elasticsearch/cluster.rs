//! The HTTP side: bulk requests to one of the nodes, and the few things that must be known before the first one.
//!
//! It asks once; whether and when to ask again is the bulker's business.

use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::Value;

use super::answer::{self, Answer};
use super::document::Document;
use super::nodes::{Node, Nodes};
use crate::config::{ElasticsearchConfig, Login};
use crate::sink::SinkError;
use crate::tls;

/// The name of the type in an index of Elasticsearch 5 or 6 that has none yet.
const DEFAULT_KIND: &str = "doc";

/// The last version that wants to know a document's type.
const LAST_WITH_TYPES: u64 = 6;

/// One cluster and what is known of it.
pub(super) struct Cluster {
    config: ElasticsearchConfig,
    client: Client,
    nodes: Nodes,
    acquaintance: Mutex<Option<Acquaintance>>,
}

/// What is asked anew after every failure: the password may be another one, and so may the version.
#[derive(Debug, Clone)]
struct Acquaintance {
    kind: Option<String>,
    authorization: Option<HeaderValue>,
}

/// Why a bulk request came to nothing as a whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It has more bytes than the cluster takes at once.
    TooLarge(String),
    /// The cluster does not take this request, whoever sends it.
    Refused(String),
    /// Later, another node or another configuration may take it.
    Away(String),
}

impl Cluster {
    pub(super) fn new(config: &ElasticsearchConfig) -> Result<Self, SinkError> {
        let (client, nodes) = (client(config)?, Nodes::new(&config.nodes));
        Ok(Self { config: config.clone(), client, nodes, acquaintance: Mutex::default() })
    }

    /// Asks a node who it is; succeeds when it is one that can be written to.
    pub(super) async fn meet(&self) -> Result<(), String> {
        self.acquainted().await.map(drop)
    }

    /// Writes documents; the answer has the fate of each.
    pub(super) async fn post(&self, documents: &[Document]) -> Result<Answer, Trouble> {
        let known = self.acquainted().await.map_err(Trouble::Away)?;
        let posted = self.post_as(&known, documents).await;
        if posted.is_err() {
            self.forget();
        }
        posted
    }

    async fn post_as(&self, known: &Acquaintance, documents: &[Document]) -> Result<Answer, Trouble> {
        const PATH: &str = "/_bulk";
        let length: usize = documents.iter().map(Document::length).sum();
        let mut lines = Vec::with_capacity(length);
        documents.iter().for_each(|document| document.write(known.kind.as_deref(), &mut lines));
        let fields = "errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by";
        let ask = |node: &Node| {
            let mut page = node.page(PATH);
            page.query_pairs_mut().append_pair("filter_path", fields);
            self.client.post(page).header(CONTENT_TYPE, "application/x-ndjson").body(lines)
        };
        let (node, status, body) = self.ask(known.authorization.as_ref(), ask).await.map_err(Trouble::Away)?;
        match status {
            StatusCode::OK => serde_json::from_slice(&body)
                .map_err(|error| Trouble::Away(format!("{}: not an answer to _bulk: {error}", node.page(PATH)))),
            StatusCode::PAYLOAD_TOO_LARGE => Err(Trouble::TooLarge(told(status, &body))),
            StatusCode::BAD_REQUEST => Err(Trouble::Refused(told(status, &body))),
            _ => Err(Trouble::Away(format!("{}: {}", node.page(PATH), told(status, &body)))),
        }
    }

    async fn acquainted(&self) -> Result<Acquaintance, String> {
        let known = self.acquaintance.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known {
            return Ok(known);
        }
        let known = self.introduce().await?;
        *self.acquaintance.lock().unwrap_or_else(PoisonError::into_inner) = Some(known.clone());
        Ok(known)
    }

    fn forget(&self) {
        *self.acquaintance.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn introduce(&self) -> Result<Acquaintance, String> {
        let authorization = authorization(&self.config.login)?;
        let root = self.get(authorization.as_ref(), "/").await?.unwrap_or_default();
        let number = root["version"]["number"].as_str().unwrap_or_default();
        let is_opensearch = root["version"]["distribution"] == "opensearch";
        let Some(major) = number.split('.').next().and_then(|major| major.parse::<u64>().ok()) else {
            return Err("what answers is no Elasticsearch: it does not tell its version".to_owned());
        };
        let has_types = major <= LAST_WITH_TYPES && !is_opensearch;
        let kind = if has_types { Some(self.kind(authorization.as_ref()).await?) } else { None };
        Ok(Acquaintance { kind, authorization })
    }

    /// An index has the type its first document had; writing another one is refused from 6 on.
    async fn kind(&self, authorization: Option<&HeaderValue>) -> Result<String, String> {
        if let Some(kind) = &self.config.kind {
            return Ok(kind.clone());
        }
        let mappings = self.get(authorization, &format!("/{}/_mapping", self.config.index.wildcard())).await?;
        Ok(mappings.as_ref().and_then(only_kind).unwrap_or_else(|| DEFAULT_KIND.to_owned()))
    }

    /// Returns what a page says, or nothing when it is not there.
    async fn get(&self, authorization: Option<&HeaderValue>, path: &str) -> Result<Option<Value>, String> {
        let ask = |node: &Node| self.client.get(node.page(path));
        let (node, status, body) = self.ask(authorization, ask).await?;
        match status {
            StatusCode::OK => serde_json::from_slice(&body)
                .map(Some)
                .map_err(|error| format!("{}: what answers is no Elasticsearch: {error}", node.page(path))),
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(format!("{}: {}", node.page(path), told(status, &body))),
        }
    }

    async fn ask(
        &self,
        authorization: Option<&HeaderValue>,
        request: impl FnOnce(&Node) -> RequestBuilder,
    ) -> Result<(&Node, StatusCode, Vec<u8>), String> {
        let node = self.nodes.next(Instant::now()).ok_or("no node is configured")?;
        let mut request = request(node);
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let answered = answered(request).await;
        let is_well = |status: StatusCode| !matches!(status.as_u16(), 429 | 500..=599);
        match answered {
            Ok((status, body)) => {
                if is_well(status) {
                    node.works();
                } else {
                    node.fails(Instant::now());
                }
                Ok((node, status, body))
            }
            Err(error) => {
                node.fails(Instant::now());
                Err(format!("{}: {error}", node.page("")))
            }
        }
    }
}

async fn answered(request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), String> {
    let response = request.send().await.map_err(|error| root(&error))?;
    let status = response.status();
    let body = response.bytes().await.map_err(|error| root(&error))?;
    Ok((status, body.to_vec()))
}

fn client(config: &ElasticsearchConfig) -> Result<Client, SinkError> {
    tls::prepare();
    let builder = Client::builder().timeout(config.timeout).user_agent(env!("CARGO_PKG_NAME"));
    let is_plain = config.nodes.iter().all(|node| node.scheme() == "http");
    let builder = match &config.tls {
        // Plain HTTP needs no authorities, and a bare host has none: looking for the system's would fail there.
        None if is_plain => builder.tls_certs_only([]),
        tls => builder.tls_backend_preconfigured(tls::client(&tls.clone().unwrap_or_default())?),
    };
    let built = builder.build();
    built.map_err(|error| SinkError::Unusable(format!("cannot prepare connections to Elasticsearch: {}", root(&error))))
}

fn authorization(login: &Login) -> Result<Option<HeaderValue>, String> {
    let words = match login {
        Login::None => return Ok(None),
        Login::User { user, password } => {
            let password = password.read().map_err(|error| error.to_string())?;
            format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.reveal())))
        }
        Login::ApiKey(key) => format!("ApiKey {}", key.read().map_err(|error| error.to_string())?.reveal()),
    };
    let mut value = HeaderValue::from_str(&words).map_err(|_| "the login has characters that HTTP does not take")?;
    value.set_sensitive(true);
    Ok(Some(value))
}

/// The type of the newest index that has one; `_default_` is only a pattern for types.
fn only_kind(mappings: &Value) -> Option<String> {
    let indices = mappings.as_object()?;
    let newest = indices.iter().max_by_key(|(name, _)| name.as_str()).map(|(_, index)| &index["mappings"])?;
    newest.as_object()?.keys().find(|kind| *kind != "_default_").cloned()
}

fn told(status: StatusCode, body: &[u8]) -> String {
    const LONGEST: usize = 200;
    let words = serde_json::from_slice(body).map_or_else(
        |_| format!("{} {}", status.as_u16(), String::from_utf8_lossy(body)),
        |error: Value| answer::words(status.as_u16(), &error),
    );
    words.trim().chars().take(LONGEST).collect()
}

/// The innermost cause: the one that tells refused from timed out.
fn root(error: &(dyn Error + 'static)) -> String {
    if let Some(told) = tls::told(error) {
        return told;
    }
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_type_is_the_one_the_newest_index_has() {
        let of = |mappings: Value| only_kind(&mappings);
        assert_eq!(of(json!({ "logs": { "mappings": { "log": {} } } })).as_deref(), Some("log"));
        assert_eq!(of(json!({ "logs": { "mappings": { "_default_": {}, "doc": {} } } })).as_deref(), Some("doc"));
        let dated =
            json!({ "l-2026.01.01": { "mappings": { "old": {} } }, "l-2026.01.02": { "mappings": { "new": {} } } });
        assert_eq!(of(dated).as_deref(), Some("new"));
        assert_eq!(of(json!({ "logs": { "mappings": {} } })), None);
        assert_eq!(of(json!({})), None);
    }
}
