//! Elasticsearch 5 to 9, and OpenSearch, through the HTTP interface: readiness, templates, settings, searches.

mod cluster;
pub mod facts;
pub mod search;
pub mod settings;
pub mod template;
pub mod wait;

fn local() -> String {
    "http://localhost:9200".into()
}
