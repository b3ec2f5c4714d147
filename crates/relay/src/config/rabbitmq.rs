//! Where messages come from: one queue of one RabbitMQ.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::TlsConfig;
use super::name::{amqp, optional_amqp};
use super::quantity::{count, positive_duration};
use super::secret::{Password, Secret};

const AMQP: u16 = 5672;
const AMQPS: u16 = 5671;

/// One queue of one RabbitMQ.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Raw")]
pub struct RabbitmqConfig {
    /// The host to connect to.
    pub host: String,
    /// Its AMQP port.
    pub port: u16,
    /// The virtual host.
    pub vhost: String,
    /// How the connection is encrypted, if it is.
    pub tls: Option<TlsConfig>,
    /// As whom.
    pub login: RabbitmqLogin,
    /// The queue to consume.
    pub queue: String,
    /// The exchange it is bound to, when that is to be checked or declared as well.
    pub exchange: Option<String>,
    /// The exchange's type, for a declaration.
    pub exchange_type: ExchangeKind,
    /// What is done about queue and exchange before consuming.
    pub declare: Declare,
    /// The most messages RabbitMQ may send ahead of their acknowledgements.
    pub prefetch: u16,
    /// After twice this much silence the connection counts as dead.
    pub heartbeat: Duration,
    /// RabbitMQ's own `consumer_timeout`; messages go back at half of it.
    pub consumer_timeout: Duration,
}

impl fmt::Display for RabbitmqConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "queue {} of {}:{}{}", self.queue, self.host, self.port, self.vhost)
    }
}

impl RabbitmqConfig {
    /// Returns how long a message may wait for Kafka before it is handed back.
    pub fn hand_back_after(&self) -> Duration {
        self.consumer_timeout / 2
    }
}

/// As whom RabbitMQ is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RabbitmqLogin {
    /// As a user with a password.
    User {
        /// The user.
        user: String,
        /// Where the password is.
        password: Password,
    },
    /// As the one whom the certificate names, by SASL's EXTERNAL.
    Certificate,
}

impl fmt::Display for RabbitmqLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User { user, .. } => write!(f, "as `{user}`"),
            Self::Certificate => f.write_str("by certificate"),
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
enum Mechanism {
    #[default]
    #[serde(rename = "PLAIN")]
    Plain,
    #[serde(rename = "EXTERNAL")]
    External,
}

/// What is done about queue and exchange before consuming.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Declare {
    /// They must be there.
    #[default]
    Passive,
    /// They are made durable, and bound, when they are not there.
    Durable,
    /// Nothing: the consumer finds out.
    None,
}

/// The types of exchange that need no plugin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are AMQP's own")]
pub enum ExchangeKind {
    #[default]
    Fanout,
    Direct,
    Topic,
    Headers,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default = "localhost")]
    host: String,
    port: Option<u16>,
    #[serde(default = "root_vhost")]
    vhost: String,
    tls: Option<TlsConfig>,
    #[serde(default)]
    mechanism: Mechanism,
    user: Option<String>,
    password: Option<Secret>,
    password_file: Option<PathBuf>,
    password_credential: Option<String>,
    #[serde(deserialize_with = "amqp")]
    queue: String,
    #[serde(default, deserialize_with = "optional_amqp")]
    exchange: Option<String>,
    #[serde(default)]
    exchange_type: ExchangeKind,
    #[serde(default)]
    declare: Declare,
    #[serde(default = "prefetch", deserialize_with = "count")]
    prefetch: u16,
    #[serde(default = "heartbeat", deserialize_with = "positive_duration")]
    heartbeat: Duration,
    #[serde(default = "consumer_timeout", deserialize_with = "positive_duration")]
    consumer_timeout: Duration,
}

impl TryFrom<Raw> for RabbitmqConfig {
    type Error = &'static str;

    fn try_from(mut raw: Raw) -> Result<Self, Self::Error> {
        let login = raw.login()?;
        let port = raw.port.unwrap_or(if raw.tls.is_some() { AMQPS } else { AMQP });
        Ok(Self {
            host: raw.host,
            port,
            vhost: raw.vhost,
            tls: raw.tls,
            login,
            queue: raw.queue,
            exchange: raw.exchange,
            exchange_type: raw.exchange_type,
            declare: raw.declare,
            prefetch: raw.prefetch,
            heartbeat: raw.heartbeat,
            consumer_timeout: raw.consumer_timeout,
        })
    }
}

impl Raw {
    fn login(&mut self) -> Result<RabbitmqLogin, &'static str> {
        let password =
            Password::one_of(self.password.take(), self.password_file.take(), self.password_credential.take());
        let shows_certificate = self.tls.as_ref().is_some_and(|tls| tls.identity.is_some());
        match (self.mechanism, self.user.take(), password) {
            (Mechanism::Plain, Some(user), Ok(Some(password))) => Ok(RabbitmqLogin::User { user, password }),
            (Mechanism::Plain, Some(_), _) => {
                Err("rabbitmq needs exactly one of password, password_file and password_credential")
            }
            (Mechanism::Plain, None, _) => Err("rabbitmq needs a user, or mechanism: EXTERNAL with tls.cert_file"),
            (Mechanism::External, None, Ok(None)) if shows_certificate => Ok(RabbitmqLogin::Certificate),
            (Mechanism::External, None, Ok(None)) => {
                Err("mechanism: EXTERNAL needs tls.cert_file and its key, which say who we are")
            }
            (Mechanism::External, ..) => {
                Err("mechanism: EXTERNAL takes no user and no password, the certificate says who we are")
            }
        }
    }
}

fn localhost() -> String {
    "localhost".into()
}

fn root_vhost() -> String {
    "/".into()
}

fn prefetch() -> u16 {
    1_000
}

fn heartbeat() -> Duration {
    Duration::from_secs(15)
}

fn consumer_timeout() -> Duration {
    Duration::from_mins(30)
}
