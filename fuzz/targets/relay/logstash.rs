//! Logstash's language: a pipeline, or the place where it makes no sense; what it is turned into is YAML, whatever is left.

use dpp_relay::logstash;

/// Turns the bytes, and reads what came of them.
pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match logstash::turn(text) {
        Ok(turned) => {
            let yaml = turned.to_yaml();
            let read = serde_saphyr::from_str::<serde_json::Value>(&yaml);
            assert!(read.is_ok_and(|value| value.is_object()), "no YAML:\n{yaml}");
        }
        Err(reason) => assert!(!reason.is_empty()),
    }
}
