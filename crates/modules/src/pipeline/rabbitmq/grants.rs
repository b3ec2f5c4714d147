//! What a user may do in a vhost: three regular expressions.

use serde::Deserialize;
use serde_json::{Value, json};

/// Rights to configure, write and read what the expressions match.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Grant {
    /// The vhost they are for.
    pub(super) vhost: String,
    #[serde(default = "nothing", alias = "configure")]
    pub(super) configure_priv: String,
    #[serde(default = "nothing", alias = "write")]
    pub(super) write_priv: String,
    #[serde(default = "nothing", alias = "read")]
    pub(super) read_priv: String,
}

/// Matches no name.
pub(super) fn nothing() -> String {
    "^$".into()
}

impl Grant {
    /// Out of what the API or `rabbitmqctl` lists.
    pub(super) fn listed(entry: &Value) -> Self {
        let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        Self {
            vhost: text("vhost"),
            configure_priv: text("configure"),
            write_priv: text("write"),
            read_priv: text("read"),
        }
    }

    /// As the API wants it.
    pub(super) fn body(&self) -> Value {
        json!({"configure": self.configure_priv, "write": self.write_priv, "read": self.read_priv})
    }

    /// `configure .* write .* read .*`.
    pub(super) fn words(&self) -> String {
        format!("configure {} write {} read {}", self.configure_priv, self.write_priv, self.read_priv)
    }
}
