//! Kafka through its own protocol: topics, the cluster's state, and what lies in a topic.
//!
//! No JVM is started for a question. Plain listeners only: no TLS, no SASL.

mod cluster;
mod connection;
mod decompress;
mod describe_v0;
pub mod facts;
mod offsets;
mod records;
pub mod search;
pub mod topic;
mod topic_config;
pub mod wait;
