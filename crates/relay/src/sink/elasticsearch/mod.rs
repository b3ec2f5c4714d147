//! Elasticsearch from 5 to 9, and `OpenSearch`: documents by `_bulk`, each under an id that its record alone decides.
//!
//! A record that is sent twice is one document, since `create` answers 409 the second time.

mod answer;
mod bulker;
mod cluster;
mod document;
mod nodes;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use super::SinkError;
use crate::config::{ElasticsearchConfig, TlsConfig};
use crate::credentials::Credentials;
use crate::flow::Report;
use crate::mapping::Record;
use crate::voice::Voice;
use crate::window::DeliveryId;

use bulker::Bulker;
use cluster::Cluster;
use document::Document;

/// One cluster, and the requests of one generation.
pub struct ElasticsearchSink {
    config: ElasticsearchConfig,
    credentials: Credentials,
    cluster: Arc<Cluster>,
    bulker: Bulker,
}

impl ElasticsearchSink {
    /// Prepares the requests; nothing is asked yet.
    pub fn open(
        config: &ElasticsearchConfig,
        reports: UnboundedSender<Report>,
        voice: Voice,
    ) -> Result<Self, SinkError> {
        // A password is read anew after every failure; certificates belong to the client.
        let credentials = Credentials::of(config.tls.iter().flat_map(TlsConfig::files).collect());
        let cluster = Arc::new(Cluster::new(config)?);
        let bulker = Bulker::start(config, Arc::clone(&cluster), reports, voice);
        Ok(Self { config: config.clone(), credentials, cluster, bulker })
    }

    /// Returns whether the files of certificates are others now.
    pub fn is_outdated(&self) -> bool {
        self.credentials.changed()
    }

    /// Sends a record as a document; what becomes of it is reported.
    pub fn send(&self, id: DeliveryId, record: &Record<'_>) {
        let index = self.config.index.at(record.timestamp);
        self.bulker.put(Document::new(id, index, record.id.clone(), &record.value));
    }

    /// Asks a node who it is.
    pub async fn probe(&self) -> Result<(), SinkError> {
        self.cluster
            .meet()
            .await
            .map_err(|reason| SinkError::Unreachable { index: self.config.index.to_string(), reason })
    }
}
