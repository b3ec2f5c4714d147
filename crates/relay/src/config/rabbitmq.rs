//! Where messages come from: one queue of one RabbitMQ.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::name::{amqp, optional_amqp};
use super::quantity::{count, positive_duration};
use super::secret::{Password, Secret};

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
    /// The user.
    pub user: String,
    /// Where the password is.
    pub password: Password,
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
    #[serde(default = "amqp_port")]
    port: u16,
    #[serde(default = "root_vhost")]
    vhost: String,
    user: String,
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

    fn try_from(raw: Raw) -> Result<Self, Self::Error> {
        let Ok(Some(password)) = Password::one_of(raw.password, raw.password_file, raw.password_credential) else {
            return Err("rabbitmq needs exactly one of password, password_file and password_credential");
        };
        Ok(Self {
            host: raw.host,
            port: raw.port,
            vhost: raw.vhost,
            user: raw.user,
            password,
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

fn localhost() -> String {
    "localhost".into()
}

fn amqp_port() -> u16 {
    5672
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
