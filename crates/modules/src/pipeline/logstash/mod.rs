//! Logstash, through its own programs.

pub mod plugin;
