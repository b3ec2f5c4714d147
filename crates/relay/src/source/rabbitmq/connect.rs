//! Logging in to RabbitMQ, and the check or declaration of queue and exchange.

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo, SASLMechanism};
use lapin::{Channel, Connection, ConnectionProperties, ExchangeKind};

use super::{PATIENCE, ask, encrypted};
use crate::config::{self, Declare, RabbitmqConfig, RabbitmqLogin};
use crate::source::SourceError;
use crate::tls;

/// Opens one connection, without lapin's own recovery.
pub(super) async fn connect(config: &RabbitmqConfig) -> Result<Connection, SourceError> {
    let properties = ConnectionProperties::default().with_connection_name("dpp-relay".into());
    let RabbitmqConfig { host, port, vhost, login, .. } = config;
    let doing = format!("connect to RabbitMQ {host}:{port}, vhost `{vhost}`, {login}");
    let uri = uri(config)?;
    match &config.tls {
        Some(tls) => ask(&doing, encrypted::connect(uri, properties, tls::client(tls)?)).await,
        None => ask(&doing, Connection::connect_uri(uri, properties)).await,
    }
}

/// Does what the configuration says about queue and exchange before consuming.
pub(super) async fn declare(channel: &Channel, config: &RabbitmqConfig) -> Result<(), SourceError> {
    if config.declare == Declare::None {
        return Ok(());
    }
    let passive = config.declare == Declare::Passive;
    declare_exchange(channel, config, passive).await?;
    declare_queue(channel, config, passive).await?;
    if passive { Ok(()) } else { bind(channel, config).await }
}

/// Looks for queue and exchange, whatever the configuration says about making them.
pub(super) async fn find(channel: &Channel, config: &RabbitmqConfig) -> Result<(), SourceError> {
    declare_exchange(channel, config, true).await?;
    declare_queue(channel, config, true).await
}

async fn declare_exchange(channel: &Channel, config: &RabbitmqConfig, passive: bool) -> Result<(), SourceError> {
    let Some(exchange) = &config.exchange else { return Ok(()) };
    let options = ExchangeDeclareOptions { passive, durable: true, ..Default::default() };
    let name = ShortString::from(exchange.as_str());
    let answer = channel.exchange_declare(name, kind(config.exchange_type), options, FieldTable::default());
    ask(&format!("find exchange `{exchange}`"), answer).await
}

async fn declare_queue(channel: &Channel, config: &RabbitmqConfig, passive: bool) -> Result<(), SourceError> {
    let options = QueueDeclareOptions { passive, durable: true, ..Default::default() };
    let answer = channel.queue_declare(ShortString::from(config.queue.as_str()), options, FieldTable::default());
    ask(&format!("find queue `{}`", config.queue), answer).await.map(drop)
}

async fn bind(channel: &Channel, config: &RabbitmqConfig) -> Result<(), SourceError> {
    let Some(exchange) = &config.exchange else { return Ok(()) };
    let (queue, from) = (ShortString::from(config.queue.as_str()), ShortString::from(exchange.as_str()));
    let every_key = if kind(config.exchange_type) == ExchangeKind::Topic { "#" } else { "" };
    let answer = channel.queue_bind(queue, from, every_key.into(), QueueBindOptions::default(), FieldTable::default());
    ask(&format!("bind queue `{}` to exchange `{exchange}`", config.queue), answer).await
}

fn uri(config: &RabbitmqConfig) -> Result<AMQPUri, SourceError> {
    let (username, password, mechanism) = match &config.login {
        RabbitmqLogin::User { user, password } => (user.clone(), password.read()?.reveal().to_owned(), None),
        RabbitmqLogin::Certificate => (String::new(), String::new(), Some(SASLMechanism::External)),
    };
    let heartbeat = u16::try_from(config.heartbeat.as_secs().max(1)).unwrap_or(u16::MAX);
    let connection_timeout = u64::try_from(PATIENCE.as_millis()).unwrap_or(u64::MAX);
    Ok(AMQPUri {
        scheme: if config.tls.is_some() { AMQPScheme::AMQPS } else { AMQPScheme::AMQP },
        authority: AMQPAuthority {
            userinfo: AMQPUserInfo { username, password },
            host: config.host.clone(),
            port: config.port,
        },
        vhost: config.vhost.clone(),
        query: AMQPQueryString {
            heartbeat: Some(heartbeat),
            connection_timeout: Some(connection_timeout),
            auth_mechanism: mechanism,
            ..Default::default()
        },
    })
}

fn kind(kind: config::ExchangeKind) -> ExchangeKind {
    match kind {
        config::ExchangeKind::Fanout => ExchangeKind::Fanout,
        config::ExchangeKind::Direct => ExchangeKind::Direct,
        config::ExchangeKind::Topic => ExchangeKind::Topic,
        config::ExchangeKind::Headers => ExchangeKind::Headers,
    }
}
