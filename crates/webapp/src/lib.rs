//! The test web application of the pipeline: a form whose text is logged into RabbitMQ, and a page that shows how
//! far the message has come.
//!
//! From the outside in: [`run`] starts everything, [`web`] answers the browser with what [`page`] renders, [`rabbitmq`]
//! publishes, [`kafka`] and [`elasticsearch`] look out for the message, [`tracker`] remembers what they saw.
//! It moves no message itself: between RabbitMQ and Elasticsearch that is the pipeline's own work.

pub mod broker;
pub mod config;
pub mod elasticsearch;
pub mod hop;
pub mod journey;
pub mod kafka;
pub mod kibana;
pub mod log_entry;
pub mod page;
pub mod rabbitmq;
pub mod run;
pub mod secret;
pub mod tracker;
pub mod web;
