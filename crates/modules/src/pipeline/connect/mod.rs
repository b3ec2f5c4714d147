//! Kafka Connect through its REST interface: plugins, connectors, and why a task failed.

pub mod connector;
mod difference;
pub mod facts;
mod former;
pub mod plugin;
mod settle;
mod status;
mod trace;
mod unpack;
mod validation;
pub mod wait;
mod worker;

pub use former::ConnectorFormer;
