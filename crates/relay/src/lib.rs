//! `dpp-relay` moves messages from RabbitMQ to Kafka and acknowledges only what Kafka confirmed.
//!
//! The map, from the ground up. What is pure stands first; a module uses what stands above it.

pub mod backoff;
pub mod config;
pub mod envelope;
pub mod ledger;
pub mod mapping;
pub mod prefetch;
pub mod window;
