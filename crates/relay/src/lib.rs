//! `dpp-relay` moves messages from RabbitMQ to Kafka and from Kafka to Elasticsearch, and acknowledges only what was confirmed.
//!
//! The map, from the ground up; a module uses what stands above it. The first two blocks are pure.

pub mod backoff;
pub mod ledger;
pub mod refrain;
pub mod window;

pub mod flow;

pub mod config;
pub mod envelope;
pub mod mapping;

pub mod health;

pub mod board;

pub mod metrics;

pub mod credentials;
pub mod tls;
pub mod voice;

pub mod librdkafka;

pub mod http;
pub mod notify;

pub mod sink;
pub mod source;

pub mod errand;

pub mod dead_letter;

#[cfg(feature = "mutants")]
pub mod mutant;

pub mod live;
pub mod logstash;
pub mod orders;
pub mod pump;

pub mod line;

pub mod relay;
pub mod replay;
pub mod trial;

pub mod cli;
