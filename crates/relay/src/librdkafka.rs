//! What all clients of librdkafka have in common: where they connect to and as whom, and what they log.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::config::{Endpoints, KafkaAccess, SecretError};
use crate::tls::{self, TlsError};

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The connections cannot be encrypted as configured.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// There is no password to log in with.
    #[error(transparent)]
    Password(#[from] SecretError),
}

/// Returns the settings to begin with; passwords and certificates are those of now.
pub fn settings(servers: &Endpoints, access: KafkaAccess<'_>) -> Result<ClientConfig, AccessError> {
    let mut settings = ClientConfig::new();
    settings
        .set("client.id", "dpp-relay")
        .set("bootstrap.servers", servers.to_string())
        .set("security.protocol", protocol(access))
        // A broker that is back is found within three seconds.
        .set("reconnect.backoff.max.ms", "2000")
        .set("socket.keepalive.enable", "true")
        .set("log.connection.close", "false");
    encrypt(&mut settings, access)?;
    log_in(&mut settings, access)?;
    Ok(settings)
}

/// Returns why brokers were not reached, better than the client's words where those are about certificates.
pub async fn explained(words: String, servers: &Endpoints, access: KafkaAccess<'_>) -> String {
    let Some(tls) = access.tls.filter(|_| is_of_tls(&words)) else { return words };
    for (host, port) in servers.each() {
        if let Some(refusal) = tls::refusal(tls, host, port).await {
            return format!("{host}:{port}: {refusal}");
        }
    }
    words
}

/// Returns a complaint of the client without its counters, and with what to type next where it says too little.
pub fn in_our_words(complaint: &str) -> String {
    let (words, _counters) = complaint.split_once(" (after ").unwrap_or((complaint, ""));
    if is_of_tls(words) { format!("{words}; `dpp-relay check-config --live` tells why") } else { words.to_owned() }
}

fn is_of_tls(words: &str) -> bool {
    words.contains("certificate") || words.contains("SSL handshake failed") || words.contains("ssl alert")
}

/// Returns what is told of an error when the client has not said why.
pub fn without_words(error: &KafkaError) -> String {
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::BrokerTransportFailure) => {
            format!("{error}; does the listener at this port want tls or sasl, or neither?")
        }
        _ => error.to_string(),
    }
}

fn protocol(access: KafkaAccess<'_>) -> &'static str {
    match (access.tls, access.sasl) {
        (None, None) => "plaintext",
        (Some(_), None) => "ssl",
        (None, Some(_)) => "sasl_plaintext",
        (Some(_), Some(_)) => "sasl_ssl",
    }
}

fn encrypt(settings: &mut ClientConfig, access: KafkaAccess<'_>) -> Result<(), AccessError> {
    let Some(tls) = access.tls else { return Ok(()) };
    tls::check(tls)?;
    if let Some(path) = &tls.ca_file {
        settings.set("ssl.ca.location", path.to_string_lossy());
    }
    if let Some(identity) = &tls.identity {
        settings
            .set("ssl.certificate.location", identity.cert_file.to_string_lossy())
            .set("ssl.key.location", identity.key.path()?.to_string_lossy());
    }
    Ok(())
}

fn log_in(settings: &mut ClientConfig, access: KafkaAccess<'_>) -> Result<(), AccessError> {
    let Some(sasl) = access.sasl else { return Ok(()) };
    settings
        .set("sasl.mechanism", sasl.mechanism.to_string())
        .set("sasl.username", &sasl.user)
        .set("sasl.password", sasl.password.read()?.reveal());
    Ok(())
}

/// Logs a line of the client; what it calls an error heals by itself, as a rule, and is told once a minute while it lasts.
pub fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    static TOLD: Told = Told::nothing();
    match level {
        RDKafkaLogLevel::Debug | RDKafkaLogLevel::Info => tracing::debug!(facility, message, "librdkafka"),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Warning => tracing::info!(facility, message, "librdkafka"),
        _ if TOLD.is_stale(message, Instant::now()) => tracing::debug!(facility, message, "librdkafka"),
        _ => tracing::warn!(facility, message, "librdkafka"),
    }
}

/// What was told lately; the client tells it again with every attempt, and attempts it every second.
struct Told(Mutex<VecDeque<(String, Instant)>>);

impl Told {
    const AGAIN: Duration = Duration::from_mins(1);
    const MOST: usize = 32;

    const fn nothing() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }

    /// Returns whether a message was told less than a minute ago, and remembers it when not.
    fn is_stale(&self, message: &str, now: Instant) -> bool {
        let (words, _counters) = message.split_once(" (after ").unwrap_or((message, ""));
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|(_, at)| now.saturating_duration_since(*at) < Self::AGAIN);
        if told.iter().any(|(last, _)| last == words) {
            return true;
        }
        told.truncate(Self::MOST - 1);
        told.push_front((words.to_owned(), now));
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::KafkaSinkConfig;

    fn settings_of(access: &str) -> Result<ClientConfig, String> {
        let text = format!("{{bootstrap_servers: 'a:1', topic: t{access}}}");
        let config: KafkaSinkConfig = serde_saphyr::from_str(&text).unwrap();
        settings(&config.bootstrap_servers, config.access()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_configured_chooses_the_listener() {
        let password = std::env::temp_dir().join(format!("dpp-relay-sasl-{}", std::process::id()));
        std::fs::write(&password, "s3cret\n").unwrap();
        let sasl = format!(", sasl: {{mechanism: SCRAM-SHA-256, user: u, password_file: {}}}", password.display());
        for (access, protocol, mechanism) in [
            (String::new(), "plaintext", None),
            (", tls: {}".to_owned(), "ssl", None),
            (sasl.clone(), "sasl_plaintext", Some("SCRAM-SHA-256")),
            (format!(", tls: {{}}{sasl}"), "sasl_ssl", Some("SCRAM-SHA-256")),
        ] {
            let settings = settings_of(&access).unwrap();
            assert_eq!(
                (settings.get("security.protocol"), settings.get("sasl.mechanism")),
                (Some(protocol), mechanism)
            );
            assert_eq!(settings.get("sasl.password"), mechanism.map(|_| "s3cret"), "the line's end is not of it");
            settings.create_native_config().expect("librdkafka knows all of it");
        }
        std::fs::remove_file(&password).unwrap();
        assert!(settings_of(&sasl).unwrap_err().contains("cannot read the password from"));
        let absent = settings_of(", tls: {ca_file: /nonexistent/ca.pem}").unwrap_err();
        assert!(absent.starts_with("cannot read tls.ca_file /nonexistent/ca.pem: "), "{absent}");
    }

    #[test]
    fn what_lasts_is_told_once_a_minute() {
        let (told, now) = (Told::nothing(), Instant::now());
        let after = |seconds| now + Duration::from_secs(seconds);
        assert!(!told.is_stale("a: refused (after 0ms in state CONNECT)", now));
        assert!(!told.is_stale("b: refused (after 0ms in state CONNECT)", after(1)));
        assert!(told.is_stale("a: refused (after 3ms in state CONNECT, 2 identical error(s) suppressed)", after(59)));
        assert!(!told.is_stale("a: refused (after 0ms in state CONNECT)", after(60)));
        for many in 0..100 {
            assert!(!told.is_stale(&many.to_string(), after(60)));
        }
        assert_eq!(told.0.lock().unwrap().len(), Told::MOST);
    }

    #[test]
    fn a_complaint_about_certificates_says_what_to_type_next() {
        let plain = "a:1/bootstrap: Connect to ipv4#10.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT)";
        assert!(in_our_words(plain).ends_with("Connection refused"));
        let of_tls =
            "ssl://a:1: error:0A000086:SSL routines::certificate verify failed (after 3ms in state SSL_HANDSHAKE)";
        assert!(in_our_words(of_tls).ends_with("verify failed; `dpp-relay check-config --live` tells why"));
    }
}
