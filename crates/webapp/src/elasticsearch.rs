//! Searches the index for the messages that are still waited for. The same request serves Elasticsearch 5 to 9.

use std::{error::Error, sync::Arc, time::Duration};

use jiff::Timestamp;
use reqwest::{Certificate, Client, Response, StatusCode, Url};
use serde::Deserialize;
use tokio::time;
use tokio_util::sync::CancellationToken;

use crate::{
    config::{ConfigError, Elasticsearch, Login},
    hop::{Hop, Observation},
    log_entry::{LogEntry, MessageId},
    tracker::Tracker,
};

/// How often a young message is searched for; its time on the page is exact to this and the index's refresh.
const LOOK: Duration = Duration::from_millis(400);
/// After this a message is looked for only with every [`RARELY`]th look.
const YOUNG: Duration = Duration::from_mins(2);
const RARELY: u64 = 25;
/// So many ids are asked for in one search, the youngest first.
const IDS_A_SEARCH: usize = 40;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
const LONGEST_EXCERPT: usize = 200;

/// Why the search cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum SearchSetup {
    /// The login or the authority's certificate cannot be had.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The HTTP client cannot be built, for example because `ca_file` holds no certificate.
    #[error("cannot prepare the connection to Elasticsearch")]
    Client(#[from] reqwest::Error),
    /// The URL cannot carry a path.
    #[error("`{0}` cannot be searched below")]
    Url(Url),
}

/// Searches in the background until `stop`.
pub fn watch(config: &Elasticsearch, tracker: Arc<Tracker>, stop: CancellationToken) -> Result<(), SearchSetup> {
    let search = Search::new(config, tracker)?;
    tokio::spawn(async move { stop.run_until_cancelled(search.run()).await });
    Ok(())
}

/// Whether a search could be made, without making one.
pub fn check(config: &Elasticsearch) -> Result<(), SearchSetup> {
    Search::new(config, Arc::new(Tracker::new(&[]))).map(drop)
}

struct Search {
    client: Client,
    url: Url,
    index: String,
    login: Option<Login>,
    tracker: Arc<Tracker>,
}

impl Search {
    fn new(config: &Elasticsearch, tracker: Arc<Tracker>) -> Result<Self, SearchSetup> {
        let mut url = config.url.clone();
        let path = url.path_segments_mut().map(|mut path| {
            path.pop_if_empty().extend([config.index.as_str(), "_search"]);
        });
        path.map_err(|()| SearchSetup::Url(config.url.clone()))?;
        Ok(Self { client: client(config)?, url, index: config.index.clone(), login: config.login()?, tracker })
    }

    async fn run(self) {
        let mut looks = time::interval(LOOK);
        looks.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        for look in 0_u64.. {
            looks.tick().await;
            let wanted = self.wanted(look.is_multiple_of(RARELY));
            for ids in wanted.chunks(IDS_A_SEARCH) {
                let found = self.search(ids).await;
                self.tracker.hinder(Hop::Elasticsearch, found.err());
            }
        }
    }

    fn wanted(&self, also_old: bool) -> Vec<MessageId> {
        let now = Timestamp::now();
        let young = |received: Timestamp| Duration::try_from(now.duration_since(received)).is_ok_and(|age| age < YOUNG);
        let waiting = self.tracker.waiting_for(Hop::Elasticsearch).into_iter().rev();
        waiting.filter(|(_, received)| also_old || young(*received)).map(|(id, _)| id).collect()
    }

    /// Reports what is found; an error says what was attempted and what Elasticsearch answered.
    async fn search(&self, ids: &[MessageId]) -> Result<(), String> {
        let answer = self.ask(ids).await.map_err(|error| format!("Elasticsearch at {}: {error}", self.url))?;
        for hit in answer.hits.hits {
            if let Ok(id) = hit.source.context.message_id.parse() {
                let place = format!("index {}, document {}", hit.index, hit.id);
                self.tracker.observe(id, Hop::Elasticsearch, Observation::Seen { place });
            }
        }
        Ok(())
    }

    async fn ask(&self, ids: &[MessageId]) -> Result<Answer, String> {
        let size = ids.len().to_string();
        let query = query(ids);
        let parameters = [("q", query.as_str()), ("size", &size), ("_source", LogEntry::ID_FIELD)];
        let mut request = self.client.get(self.url.clone()).query(&parameters);
        if let Some(login) = &self.login {
            request = request.basic_auth(&login.user, Some(login.password.reveal()));
        }
        let response = request.send().await.map_err(|error| root(&error))?;
        self.answer(response).await
    }

    async fn answer(&self, response: Response) -> Result<Answer, String> {
        let status = response.status();
        let body = response.bytes().await.map_err(|error| root(&error))?;
        match status {
            StatusCode::OK => serde_json::from_slice(&body).map_err(|error| format!("not a search's answer: {error}")),
            StatusCode::NOT_FOUND => Err(format!("there is no index {} yet", self.index)),
            _ => Err(format!("{status}: {}", excerpt(&body))),
        }
    }
}

fn client(config: &Elasticsearch) -> Result<Client, SearchSetup> {
    // Fails only where it was done before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder().timeout(REQUEST_TIMEOUT).user_agent(env!("CARGO_PKG_NAME"));
    let builder = match config.authority()? {
        Some(pem) => builder.tls_certs_only([Certificate::from_pem(pem.as_bytes())?]),
        // Plain HTTP needs none, and a bare host has none: looking for the system's would fail there.
        None if config.url.scheme() == "http" => builder.tls_certs_only([]),
        None => builder,
    };
    Ok(builder.build()?)
}

fn query(ids: &[MessageId]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    format!("{}:({})", LogEntry::ID_FIELD, ids.join(" OR "))
}

/// The innermost cause: the one that tells refused from timed out.
fn root(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

fn excerpt(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().take(LONGEST_EXCERPT).collect()
}

#[derive(Deserialize)]
struct Answer {
    hits: Hits,
}

#[derive(Deserialize)]
struct Hits {
    hits: Vec<Hit>,
}

#[derive(Deserialize)]
struct Hit {
    #[serde(rename = "_index")]
    index: String,
    #[serde(rename = "_id")]
    id: String,
    #[serde(rename = "_source")]
    source: Source,
}

#[derive(Deserialize)]
struct Source {
    context: Context,
}

#[derive(Deserialize)]
struct Context {
    message_id: String,
}
