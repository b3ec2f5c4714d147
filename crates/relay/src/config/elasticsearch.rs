//! Where documents go to: one index, or one a day, of one Elasticsearch or `OpenSearch`.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use serde::{Deserialize, Deserializer};

use super::TlsConfig;
use super::index::IndexName;
use super::quantity::{bytes, count, duration, positive_duration};
use super::secret::{Password, Secret};

/// One index, or one a day, of one cluster.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Raw")]
pub struct ElasticsearchConfig {
    /// The nodes to ask in turn.
    pub nodes: Vec<Url>,
    /// The index to write to.
    pub index: IndexName,
    /// The documents' type, for Elasticsearch 5 and 6; without it the one the index has.
    pub kind: Option<String>,
    /// As whom.
    pub login: Login,
    /// How connections to https nodes are encrypted.
    pub tls: Option<TlsConfig>,
    /// The most documents of one request.
    pub batch_documents: u16,
    /// The most bytes of one request.
    pub batch_bytes: usize,
    /// How long a document may wait for company.
    pub linger: Duration,
    /// How many requests may be on their way at a time.
    pub requests: u16,
    /// How long a request may take.
    pub timeout: Duration,
}

/// As whom Elasticsearch is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Login {
    /// As nobody.
    None,
    /// As a user with a password.
    User {
        /// The user.
        user: String,
        /// Where the password is.
        password: Password,
    },
    /// With an API key, in the form that Elasticsearch calls encoded.
    ApiKey(Password),
}

impl fmt::Display for ElasticsearchConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nodes: Vec<&str> = self.nodes.iter().map(|node| node.as_str().trim_end_matches('/')).collect();
        write!(f, "index {} of {}", self.index, nodes.join(","))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(deserialize_with = "urls")]
    nodes: Vec<Url>,
    index: IndexName,
    #[serde(rename = "type")]
    kind: Option<String>,
    user: Option<String>,
    password: Option<Secret>,
    password_file: Option<PathBuf>,
    password_credential: Option<String>,
    api_key: Option<Secret>,
    api_key_file: Option<PathBuf>,
    api_key_credential: Option<String>,
    tls: Option<TlsConfig>,
    #[serde(default = "batch_documents", deserialize_with = "count")]
    batch_documents: u16,
    #[serde(default = "batch_bytes", deserialize_with = "bytes")]
    batch_bytes: usize,
    #[serde(default = "linger", deserialize_with = "duration")]
    linger: Duration,
    #[serde(default = "requests", deserialize_with = "count")]
    requests: u16,
    #[serde(default = "timeout", deserialize_with = "positive_duration")]
    timeout: Duration,
}

impl TryFrom<Raw> for ElasticsearchConfig {
    type Error = &'static str;

    fn try_from(raw: Raw) -> Result<Self, Self::Error> {
        let password = Password::one_of(raw.password, raw.password_file, raw.password_credential);
        let key = Password::one_of(raw.api_key, raw.api_key_file, raw.api_key_credential);
        let login = match (raw.user, password, key) {
            (None, Ok(None), Ok(None)) => Login::None,
            (Some(user), Ok(Some(password)), Ok(None)) => Login::User { user, password },
            (None, Ok(None), Ok(Some(key))) => Login::ApiKey(key),
            _ => {
                return Err("elasticsearch needs either user with one of password, password_file and \
                            password_credential, or one of api_key, api_key_file and api_key_credential, or none of them");
            }
        };
        if raw.tls.is_some() && raw.nodes.iter().any(|node| node.scheme() != "https") {
            return Err("tls needs nodes that begin with https://");
        }
        Ok(Self {
            nodes: raw.nodes,
            index: raw.index,
            kind: raw.kind,
            login,
            tls: raw.tls,
            batch_documents: raw.batch_documents,
            batch_bytes: raw.batch_bytes,
            linger: raw.linger,
            requests: raw.requests,
            timeout: raw.timeout,
        })
    }
}

fn urls<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Url>, D::Error> {
    use serde::de::Error;
    let nodes = Vec::<String>::deserialize(from)?;
    if nodes.is_empty() {
        return Err(D::Error::custom("at least one node is needed, such as http://localhost:9200"));
    }
    nodes.iter().map(|node| url(node).map_err(D::Error::custom)).collect()
}

/// A password in a URL would be shown with it.
fn url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url = url.ok_or_else(|| format!("`{text}` is no URL such as http://localhost:9200"))?;
    let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if is_plain {
        Ok(url)
    } else {
        Err("a node's URL has no user and no query; user and password are keys of their own".into())
    }
}

fn batch_documents() -> u16 {
    2_000
}

fn batch_bytes() -> usize {
    4 << 20
}

fn linger() -> Duration {
    Duration::from_millis(50)
}

fn requests() -> u16 {
    2
}

fn timeout() -> Duration {
    Duration::from_mins(1)
}
