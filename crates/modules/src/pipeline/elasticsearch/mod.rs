//! Elasticsearch 5 to 9, and its fork `OpenSearch`, through the HTTP interface: readiness, templates, settings, searches.

#[macro_use]
mod cluster;
pub(in crate::pipeline) use cluster::node;
pub mod facts;
pub mod gate;
mod placing;
pub mod plugin;
pub mod search;
pub mod settings;
pub mod template;
pub mod upgrade_facts;
pub mod wait;

pub(in crate::pipeline) fn local() -> String {
    "http://localhost:9200".into()
}
