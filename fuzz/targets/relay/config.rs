//! Configurations: read, or refused with the lines around the mistake, and never with a password.

use dpp_relay::config;

/// Reads the bytes as a configuration file.
pub(crate) fn run(bytes: &[u8]) {
    let path = super::file("config.yml");
    std::fs::write(&path, bytes).expect("the file can be written");
    match config::read(&path) {
        Ok(config) => assert!(!format!("{} -> {}", config.all_sources(), config.sink).is_empty()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
