//! The connection to RabbitMQ: kept up by itself, each message published with a confirmation asked for.
//!
//! A connection that broke is thrown away with its channel and made anew; nothing is published twice by itself.

use std::{sync::Arc, time::Duration};

use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, ErrorKind, Event, ExchangeKind,
    options::{BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions},
    types::{AMQPValue, FieldTable},
    uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo},
};
use tokio::{sync::watch, time};
use tokio_util::sync::CancellationToken;

use crate::{
    broker::{Away, Broker, Delivery},
    config::{Amqp, Login},
    hop::Hop,
    log_entry::LogEntry,
    tracker::Tracker,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const PAUSE_BETWEEN_ATTEMPTS: Duration = Duration::from_secs(1);
/// How often a channel that RabbitMQ closed is noticed; the connection's own end is noticed at once.
const LOOK_AT_CHANNEL: Duration = Duration::from_millis(500);
const HEARTBEAT_SECONDS: u16 = 10;
const PERSISTENT: u8 = 2;

/// A broker that publishes to one exchange of a RabbitMQ.
#[derive(Clone)]
pub struct RabbitMq {
    exchange: String,
    link: watch::Receiver<Link>,
}

/// The present state of the connection.
#[derive(Clone)]
enum Link {
    Up(Channel),
    Down(Away),
}

impl RabbitMq {
    /// Connects in the background and stays connected until `stop`.
    pub fn connect(config: Amqp, login: Login, tracker: Arc<Tracker>, stop: CancellationToken) -> Self {
        let why = format!("no connection to RabbitMQ at {} yet", config.place());
        let (link_end, link) = watch::channel(Link::Down(Away { why }));
        let exchange = config.exchange.clone();
        let keeper = Keeper { config, login, tracker, link: link_end };
        tokio::spawn(async move { stop.run_until_cancelled(keeper.keep_connected()).await });
        Self { exchange, link }
    }
}

impl Broker for RabbitMq {
    fn publish(&self, entry: LogEntry) -> BoxFuture<'static, Result<Delivery, Away>> {
        let link = self.link.borrow().clone();
        let exchange = self.exchange.clone();
        async move {
            match link {
                Link::Up(channel) if channel.status().connected() => Ok(publish(&channel, &exchange, &entry).await),
                Link::Up(_) => Err(Away { why: "the connection to RabbitMQ has just been lost".to_owned() }),
                Link::Down(away) => Err(away),
            }
        }
        .boxed()
    }

    fn absence(&self) -> Option<Away> {
        match &*self.link.borrow() {
            Link::Up(_) => None,
            Link::Down(away) => Some(away.clone()),
        }
    }
}

async fn publish(channel: &Channel, exchange: &str, entry: &LogEntry) -> Delivery {
    match confirmation(channel, exchange, entry).await {
        Ok(Confirmation::Ack(None)) => Delivery::Confirmed,
        Ok(Confirmation::Ack(Some(returned))) => Delivery::Unrouted { reply: returned.reply_text.to_string() },
        Ok(Confirmation::Nack(_)) => Delivery::Refused,
        Ok(Confirmation::NotRequested) => {
            Delivery::Unconfirmed { why: "the channel is not in confirm mode".to_owned() }
        }
        Err(error) => Delivery::Unconfirmed { why: in_words(&error) },
    }
}

async fn confirmation(channel: &Channel, exchange: &str, entry: &LogEntry) -> lapin::Result<Confirmation> {
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let routing_key = "".into();
    channel.basic_publish(exchange.into(), routing_key, options, &entry.body(), properties(entry)).await?.await
}

/// The header `datetime` is what the date filter of Logstash and the relay take as the message's time.
fn properties(entry: &LogEntry) -> BasicProperties {
    let mut headers = FieldTable::default();
    headers.insert("datetime".into(), AMQPValue::LongLongInt(entry.datetime.as_second()));
    BasicProperties::default()
        .with_content_type("application/json".into())
        .with_delivery_mode(PERSISTENT)
        .with_message_id(entry.id.to_string().into())
        .with_timestamp(entry.datetime.as_second().unsigned_abs())
        .with_app_id(env!("CARGO_PKG_NAME").into())
        .with_headers(headers)
}

/// Keeps the connection up and says how it is.
struct Keeper {
    config: Amqp,
    login: Login,
    tracker: Arc<Tracker>,
    link: watch::Sender<Link>,
}

/// One connection with its channel; both end together.
struct Session {
    connection: Connection,
    channel: Channel,
}

impl Keeper {
    async fn keep_connected(self) {
        loop {
            let error = match self.open().await {
                Ok(session) => self.serve(session).await,
                Err(why) => why,
            };
            let why = format!("RabbitMQ at {}: {error}", self.config.place());
            self.link.send_replace(Link::Down(Away { why: why.clone() }));
            self.tracker.hinder(Hop::Broker, Some(why));
            time::sleep(PAUSE_BETWEEN_ATTEMPTS).await;
        }
    }

    async fn open(&self) -> Result<Session, String> {
        let attempt = time::timeout(CONNECT_TIMEOUT, self.open_session()).await;
        let session = attempt.map_err(|_| format!("no answer within {} s", CONNECT_TIMEOUT.as_secs()))?;
        session.map_err(|error| in_words(&error))
    }

    async fn open_session(&self) -> lapin::Result<Session> {
        let name = ConnectionProperties::default().with_connection_name(env!("CARGO_PKG_NAME").into());
        let connection = Connection::connect_uri(self.uri(), name).await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        // Passive: only asks whether it is there, so that a missing exchange is told before the first message.
        let passive = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
        let exchange = self.config.exchange.as_str().into();
        channel.exchange_declare(exchange, ExchangeKind::Fanout, passive, FieldTable::default()).await?;
        Ok(Session { connection, channel })
    }

    /// Lends the session to publishers until it breaks; returns why it did.
    async fn serve(&self, session: Session) -> String {
        let mut events = Box::pin(session.connection.events_listener());
        let mut looks = time::interval(LOOK_AT_CHANNEL);
        self.tracker.hinder(Hop::Broker, None);
        self.link.send_replace(Link::Up(session.channel.clone()));
        loop {
            tokio::select! {
                event = events.next() => match event {
                    Some(Event::Error(error)) => return in_words(&error),
                    Some(Event::ConnectionBlocked(why)) => self.tracker.hinder(Hop::Broker, Some(blocked(&why))),
                    Some(Event::ConnectionUnblocked) => self.tracker.hinder(Hop::Broker, None),
                    Some(_) => {}
                    None => return "the connection was closed".to_owned(),
                },
                _ = looks.tick() => if !session.channel.status().connected() {
                    return "the channel was closed".to_owned();
                },
            }
        }
    }

    fn uri(&self) -> AMQPUri {
        let userinfo =
            AMQPUserInfo { username: self.login.user.clone(), password: self.login.password.reveal().to_owned() };
        AMQPUri {
            scheme: AMQPScheme::AMQP,
            authority: AMQPAuthority { userinfo, host: self.config.host.clone(), port: self.config.port },
            vhost: self.config.vhost.clone(),
            query: AMQPQueryString { heartbeat: Some(HEARTBEAT_SECONDS), ..AMQPQueryString::default() },
        }
    }
}

fn blocked(why: &str) -> String {
    format!("RabbitMQ takes no messages until it has more room ({why})")
}

/// RabbitMQ's own words where it gave any, without the client's wrapping.
fn in_words(error: &lapin::Error) -> String {
    match error.kind() {
        ErrorKind::ProtocolError(protocol) => protocol.get_message().to_string(),
        ErrorKind::IOError(io) => io.to_string(),
        _ => error.to_string(),
    }
}
