//! What librdkafka logs, in our log and at our levels.

use rdkafka::config::RDKafkaLogLevel;

/// Logs a line of the client; what it calls an error heals by itself, as a rule.
pub fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        RDKafkaLogLevel::Debug | RDKafkaLogLevel::Info => tracing::debug!(facility, message, "librdkafka"),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Warning => tracing::info!(facility, message, "librdkafka"),
        _ => tracing::warn!(facility, message, "librdkafka"),
    }
}
