//! RabbitMQ: one connection, one channel, one consumer at a time. What breaks ends the connection; nothing recovers in place.
//!
//! A tag is valid only on the channel it came by, so lapin's own recovery stays off and a new connection is a new `Source`.

mod connect;

use std::future::pending;
use std::time::Duration;

use futures_util::StreamExt;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection, Consumer};
use tokio::time::timeout;

use crate::config::SourceConfig;
use crate::envelope::Envelope;

/// How long RabbitMQ may take to answer one question.
const PATIENCE: Duration = Duration::from_secs(10);

/// What RabbitMQ calls the consumer in its management page.
const CONSUMER: &str = "dpp-relay";

/// Why RabbitMQ cannot be consumed, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It could not be asked or said no.
    #[error("{doing}: {source}")]
    Refused {
        /// What was attempted.
        doing: String,
        /// RabbitMQ's or the network's words.
        source: lapin::Error,
    },
    /// It did not answer.
    #[error("{doing}: no answer within {} s", PATIENCE.as_secs())]
    Silent {
        /// What was attempted.
        doing: String,
    },
    /// There is no password to log in with.
    #[error(transparent)]
    Password(#[from] crate::config::SecretError),
    /// It ended the consumer by itself.
    #[error("RabbitMQ cancelled the consumer: queue `{0}` was deleted or moved")]
    Cancelled(String),
    /// The channel ended without a word.
    #[error("consume `{0}`: RabbitMQ closed the channel")]
    Closed(String),
}

/// A running consumer.
pub struct Source {
    connection: Connection,
    channel: Channel,
    consumer: Option<Consumer>,
    queue: String,
    cancelled_here: bool,
}

impl Source {
    /// Connects, checks or declares queue and exchange, and starts consuming.
    pub async fn open(config: &SourceConfig, prefetch: u16) -> Result<Self, SourceError> {
        let connection = connect::connect(config).await?;
        let channel = ask("open a channel", connection.create_channel()).await?;
        connect::declare(&channel, config).await?;
        let queue = config.queue.clone();
        let mut source = Self { connection, channel, consumer: None, queue, cancelled_here: false };
        source.subscribe(prefetch).await?;
        Ok(source)
    }

    /// Returns the next message with its tag; none when the subscription has ended as asked.
    pub async fn next(&mut self) -> Result<Option<(u64, Envelope)>, SourceError> {
        let Some(consumer) = &mut self.consumer else { return pending().await };
        match consumer.next().await {
            Some(Ok(delivery)) => Ok(Some(taken(delivery))),
            Some(Err(source)) => Err(SourceError::Refused { doing: format!("consume `{}`", self.queue), source }),
            None if self.cancelled_here => {
                self.consumer = None;
                Ok(None)
            }
            None => Err(self.reason_of_end()),
        }
    }

    /// Returns whether the subscription is about to end as asked.
    pub fn is_ending(&self) -> bool {
        self.cancelled_here
    }

    /// Asks for no more; what is on its way still comes, then `next` returns none.
    pub async fn cancel(&mut self) -> Result<(), SourceError> {
        self.cancelled_here = true;
        let cancel = self.channel.basic_cancel(CONSUMER.into(), BasicCancelOptions::default());
        ask("cancel the consumer", cancel).await
    }

    /// Subscribes with another prefetch, after a cancelled subscription has ended.
    pub async fn subscribe(&mut self, prefetch: u16) -> Result<(), SourceError> {
        ask("set the prefetch", self.channel.basic_qos(prefetch, BasicQosOptions::default())).await?;
        let queue = ShortString::from(self.queue.as_str());
        let options = BasicConsumeOptions::default();
        let consume = self.channel.basic_consume(queue, CONSUMER.into(), options, FieldTable::default());
        self.consumer = Some(ask(&format!("consume `{}`", self.queue), consume).await?);
        self.cancelled_here = false;
        Ok(())
    }

    /// Acknowledges everything up to the tag, in one frame.
    pub async fn acknowledge(&self, up_to: u64) -> Result<(), SourceError> {
        let ack = self.channel.basic_ack(up_to, BasicAckOptions { multiple: true });
        ask("acknowledge", ack).await
    }

    /// Ends channel and connection in good order: RabbitMQ has all acknowledgements and queues the rest again.
    pub async fn close(self) {
        let channel = self.channel.close(200, "done".into());
        if let Err(error) = ask("close the channel", channel).await {
            tracing::debug!(%error, "the channel was gone already");
        }
        if let Err(error) = ask("close the connection", self.connection.close(200, "done".into())).await {
            tracing::debug!(%error, "the connection was gone already");
        }
    }

    fn reason_of_end(&self) -> SourceError {
        let queue = self.queue.clone();
        if self.channel.status().connected() { SourceError::Cancelled(queue) } else { SourceError::Closed(queue) }
    }
}

fn taken(delivery: Delivery) -> (u64, Envelope) {
    let envelope = Envelope {
        exchange: delivery.exchange,
        routing_key: delivery.routing_key,
        redelivered: delivery.redelivered,
        properties: delivery.properties,
        body: delivery.data,
    };
    (delivery.delivery_tag, envelope)
}

/// Waits for an answer, but not for ever: a half-open connection never gives one.
async fn ask<T>(doing: &str, question: impl Future<Output = lapin::Result<T>>) -> Result<T, SourceError> {
    match timeout(PATIENCE, question).await {
        Ok(answer) => answer.map_err(|source| SourceError::Refused { doing: doing.to_owned(), source }),
        Err(_) => Err(SourceError::Silent { doing: doing.to_owned() }),
    }
}
