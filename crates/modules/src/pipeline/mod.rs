//! Modules that drive the pipeline's products through their own interfaces, from the host itself.
//!
//! They install nothing and start nothing: packages, files and services belong to the other families. Stable codes of
//! their failures: DPP0801 not reachable, DPP0802 request refused, DPP0804 configuration invalid, DPP0805 plugin
//! missing, DPP0806 not ready in time, DPP0807 exists with other, unchangeable properties, DPP0808 connector failed.

#[macro_use]
pub mod product;

mod awaited;
pub mod connect;
mod deadline;
pub mod elasticsearch;
mod http;
pub mod kafka;
pub mod kibana;
pub mod logstash;
mod plain;
pub mod rabbitmq;
#[cfg(test)]
mod stub;
