//! The message that is logged: its body as Monolog writes it for Logstash, and its identity. It knows no AMQP.

use std::{fmt, net::IpAddr, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

/// The channel under which this application logs, as Monolog names it.
pub const CHANNEL: &str = "app";

/// Names one message through the whole pipeline.
///
/// Written as 32 hexadecimal digits without hyphens: a single term for every Elasticsearch analyzer, so that the same
/// search finds it in a text and in a keyword field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MessageId(Uuid);

impl MessageId {
    /// A new random id that nobody can guess.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}

impl FromStr for MessageId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::try_parse(text).map(Self)
    }
}

/// The severity the sender chose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Monolog's DEBUG.
    Debug,
    /// Monolog's INFO.
    #[default]
    Info,
    /// Monolog's WARNING.
    Warning,
    /// Monolog's ERROR.
    Error,
}

impl Level {
    /// Monolog's number of the level.
    pub fn number(self) -> u16 {
        match self {
            Self::Debug => 100,
            Self::Info => 200,
            Self::Warning => 300,
            Self::Error => 400,
        }
    }

    /// Monolog's name of the level.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
        }
    }
}

/// One text that somebody entered, with where it came from.
#[derive(Debug, Clone)]
pub struct LogEntry {
    /// Its name through the pipeline.
    pub id: MessageId,
    /// The text as entered.
    pub message: String,
    /// Its severity.
    pub level: Level,
    /// The address from which it was sent.
    pub client: IpAddr,
    /// The page on which it was entered.
    pub page: String,
    /// When it was received.
    pub datetime: Timestamp,
}

impl LogEntry {
    /// The JSON body.
    pub fn body(&self) -> Vec<u8> {
        json!({
            "message": self.message,
            "context": {
                "message_id": self.id.to_string(),
                "client_address": self.client.to_string(),
                "page": self.page,
            },
            "level": self.level.number(),
            "level_name": self.level.name(),
            "channel": CHANNEL,
            "datetime": format!("{:.3}", self.datetime),
        })
        .to_string()
        .into_bytes()
    }

    /// Where [`MessageId::find_in`] and the search of Elasticsearch look for the id.
    pub const ID_FIELD: &'static str = "context.message_id";
}

impl MessageId {
    /// The id that a record of the pipeline carries, if it is one of this application's.
    pub fn find_in(record: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Record {
            context: Context,
        }
        #[derive(Deserialize)]
        struct Context {
            message_id: String,
        }
        let record: Record = serde_json::from_slice(record).ok()?;
        record.context.message_id.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(message: &str) -> LogEntry {
        LogEntry {
            id: "0123456789abcdef0123456789abcdef".parse().unwrap(),
            message: message.into(),
            level: Level::Warning,
            client: "192.168.10.1".parse().unwrap(),
            page: "/app_dev.php/test".into(),
            datetime: Timestamp::from_millisecond(1_517_000_000_123).unwrap(),
        }
    }

    #[test]
    fn the_body_is_what_monolog_sends() {
        let body: serde_json::Value = serde_json::from_slice(&entry("a \"quoted\"\nline").body()).unwrap();
        let expected = json!({
            "message": "a \"quoted\"\nline",
            "context": {
                "message_id": "0123456789abcdef0123456789abcdef",
                "client_address": "192.168.10.1",
                "page": "/app_dev.php/test",
            },
            "level": 300,
            "level_name": "WARNING",
            "channel": "app",
            "datetime": "2018-01-26T20:53:20.123Z",
        });
        assert_eq!(body, expected);
    }

    #[test]
    fn the_id_is_found_again_in_the_body() {
        let entry = entry("x");
        assert_eq!(MessageId::find_in(&entry.body()), Some(entry.id));
    }

    #[test]
    fn the_id_field_names_the_place_in_the_body() {
        let entry = entry("x");
        let body: serde_json::Value = serde_json::from_slice(&entry.body()).unwrap();
        let pointer = format!("/{}", LogEntry::ID_FIELD.replace('.', "/"));
        assert_eq!(body.pointer(&pointer).unwrap(), &json!(entry.id.to_string()));
    }

    #[test]
    fn records_of_others_carry_no_id() {
        for record in ["", "plain text", "{}", r#"{"context":[]}"#, r#"{"context":{"message_id":"no id"}}"#] {
            assert_eq!(MessageId::find_in(record.as_bytes()), None, "{record}");
        }
    }

    #[test]
    fn an_id_in_the_text_is_not_an_id_of_the_record() {
        let record = br#"{"message":"context.message_id 0123456789abcdef0123456789abcdef"}"#;
        assert_eq!(MessageId::find_in(record), None);
    }
}
