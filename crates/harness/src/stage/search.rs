//! An Elasticsearch beside the brokers, for those who measure: one node, on the stage's host, and what is asked of it.

use std::fs;
use std::net::SocketAddr;

use reqwest::{Client, Method};
use serde_json::Value;

use super::{HOST, Stage, blocking, until_it_listens};
use crate::lab::{Error, lab, lay, on, write};

const HTTP: u16 = 9200;

const PACKAGE: &str = "elasticsearch-7.17.29-amd64.deb";

const SETTINGS: &str = "cluster.name: bench\nnode.name: bench\npath.data: /var/lib/elasticsearch\npath.logs: /var/log/elasticsearch\n\
                        network.host: 0.0.0.0\ntransport.host: 127.0.0.1\ndiscovery.type: single-node\n\
                        cluster.routing.allocation.disk.threshold_enabled: false\n";

const HEAP: &str = "-Xms512m\n-Xmx512m\n-XX:-AlwaysPreTouch\n";

/// One node of Elasticsearch.
#[derive(Debug, Clone)]
pub struct Search {
    client: Client,
    url: String,
}

impl Stage {
    /// Installs Elasticsearch on the host and starts it.
    pub async fn with_search(&self) -> Result<Search, Error> {
        let at = SocketAddr::from((self.address, HTTP));
        blocking(move || install(at)).await?;
        let search = Search { client: client()?, url: format!("http://{at}") };
        search.ask(Method::GET, "_cluster/health?wait_for_status=yellow", None).await?;
        Ok(search)
    }
}

/// Makes a client for HTTP; it wants a provider of TLS to be there, even when nobody uses it.
pub fn client() -> Result<Client, Error> {
    // One that is there already is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(Client::builder().build()?)
}

fn install(at: SocketAddr) -> Result<(), Error> {
    const LAID: &str = "/var/tmp/elasticsearch.deb";
    let package = format!("{}/downloads/elasticsearch/{PACKAGE}", lab(&["mirror", "build"])?.trim());
    if !fs::exists(&package)? {
        return Err(format!("{package} is missing: tests/lab/lab products elasticsearch-7.17.29").into());
    }
    lay(HOST, package.as_ref(), LAID)?;
    on(HOST, &format!("DEBIAN_FRONTEND=noninteractive dpkg --install {LAID} 2>&1"))?;
    write(HOST, "/etc/elasticsearch/elasticsearch.yml", SETTINGS)?;
    write(HOST, "/etc/elasticsearch/jvm.options.d/heap.options", HEAP)?;
    on(HOST, "systemctl start elasticsearch")?;
    until_it_listens(at)
}

impl Search {
    /// Returns where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Makes an index of one shard, empty.
    pub async fn make_index(&self, name: &str) -> Result<(), Error> {
        let settings = r#"{"settings":{"number_of_shards":1,"number_of_replicas":0}}"#;
        self.ask(Method::PUT, name, Some(settings)).await.map(drop)
    }

    /// Removes an index.
    pub async fn delete_index(&self, name: &str) -> Result<(), Error> {
        self.ask(Method::DELETE, name, None).await.map(drop)
    }

    /// Returns how many documents were written into an index so far, found or not yet.
    pub async fn written(&self, index: &str) -> Result<u64, Error> {
        let stats = self.ask(Method::GET, &format!("{index}/_stats/indexing"), None).await?;
        Ok(stats["_all"]["primaries"]["indexing"]["index_total"].as_u64().unwrap_or(0))
    }

    /// Returns how many documents an index has.
    pub async fn count(&self, index: &str) -> Result<u64, Error> {
        self.ask(Method::POST, &format!("{index}/_refresh"), None).await?;
        let counted = self.ask(Method::GET, &format!("{index}/_count"), None).await?;
        counted["count"].as_u64().ok_or_else(|| format!("no count: {counted}").into())
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&'static str>) -> Result<Value, Error> {
        let url = format!("{}/{path}", self.url);
        let mut request = self.client.request(method, &url);
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body);
        }
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if !status.is_success() {
            return Err(format!("{url}: {status}: {text}").into());
        }
        Ok(serde_json::from_str(&text)?)
    }
}
