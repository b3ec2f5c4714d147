//! RabbitMQ: one connection, one channel, one consumer at a time. What breaks ends the connection; nothing recovers in place.
//!
//! A tag is valid only on the channel it came by, so lapin's own recovery stays off and a new connection is a new source.

mod connect;
mod encrypted;
mod prefetch;

use std::future::pending;
use std::time::Duration;

use futures_util::StreamExt;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection, Consumer};
use tokio::time::timeout;

use super::{Arrival, SourceError};
use crate::config::RabbitmqConfig;
use crate::envelope::{Delivered, Envelope, Origin};

use prefetch::Prefetch;

/// How long RabbitMQ may take to answer one question.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// What RabbitMQ calls the consumer in its management page.
const CONSUMER: &str = "dpp-relay";

/// A running consumer.
pub struct RabbitmqSource {
    connection: Connection,
    channel: Channel,
    consumer: Option<Consumer>,
    queue: String,
    cancelled_here: bool,
    prefetch: Prefetch,
}

impl RabbitmqSource {
    /// Connects, checks or declares queue and exchange, and starts consuming.
    pub async fn open(config: &RabbitmqConfig, budget: usize) -> Result<Self, SourceError> {
        let connection = connect::connect(config).await?;
        let channel = ask("open a channel", connection.create_channel()).await?;
        connect::declare(&channel, config).await?;
        let queue = config.queue.clone();
        let prefetch = Prefetch::new(config.prefetch, budget);
        let mut source = Self { connection, channel, consumer: None, queue, cancelled_here: false, prefetch };
        source.subscribe().await?;
        Ok(source)
    }

    /// Logs in and looks for queue and exchange.
    pub async fn check(config: &RabbitmqConfig) -> Result<(), SourceError> {
        let connection = connect::connect(config).await?;
        let channel = ask("open a channel", connection.create_channel()).await?;
        connect::find(&channel, config).await?;
        ask("close the connection", connection.close(200, "done".into())).await
    }

    /// Returns the next message with its tag, or that the subscription has ended as asked.
    pub async fn next(&mut self) -> Result<Arrival, SourceError> {
        let Some(consumer) = &mut self.consumer else { return pending().await };
        match consumer.next().await {
            Some(Ok(delivery)) => Ok(taken(delivery)),
            Some(Err(source)) => Err(SourceError::Refused { doing: format!("consume `{}`", self.queue), source }),
            None if self.cancelled_here => {
                self.consumer = None;
                Ok(Arrival::Ended)
            }
            None => Err(self.reason_of_end()),
        }
    }

    /// Learns the size of a message that came in.
    pub fn observe(&mut self, weight: usize) {
        self.prefetch.observe(weight);
    }

    /// Learns that the sink settles messages.
    pub fn prove(&mut self) {
        self.prefetch.prove();
    }

    /// Returns how many settled messages are worth a frame.
    pub fn worth(&self) -> usize {
        usize::from(self.prefetch.current() / 4)
    }

    /// Ends the subscription when another prefetch would suit better; the next one begins when it has ended.
    pub async fn adjust(&mut self) -> Result<(), SourceError> {
        if self.cancelled_here {
            return Ok(());
        }
        match self.prefetch.resize() {
            None => Ok(()),
            Some(prefetch) => {
                tracing::debug!(prefetch, "subscribing with another prefetch");
                self.cancel().await
            }
        }
    }

    /// Asks for no more; what is on its way still comes, then `next` returns none.
    pub async fn cancel(&mut self) -> Result<(), SourceError> {
        self.cancelled_here = true;
        let cancel = self.channel.basic_cancel(CONSUMER.into(), BasicCancelOptions::default());
        ask("cancel the consumer", cancel).await
    }

    /// Subscribes, at first and again after a subscription has ended as asked.
    pub async fn subscribe(&mut self) -> Result<(), SourceError> {
        let prefetch = self.prefetch.current();
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

fn taken(delivery: Delivery) -> Arrival {
    let delivered = Delivered {
        exchange: delivery.exchange,
        routing_key: delivery.routing_key,
        redelivered: delivery.redelivered,
        properties: delivery.properties,
    };
    let envelope = Envelope { origin: Origin::Rabbitmq(Box::new(delivered)), body: delivery.data };
    Arrival::Message(delivery.delivery_tag, envelope)
}

/// Waits for an answer, but not for ever: a half-open connection never gives one.
async fn ask<T>(doing: &str, question: impl Future<Output = lapin::Result<T>>) -> Result<T, SourceError> {
    match timeout(PATIENCE, question).await {
        Ok(answer) => answer.map_err(|source| SourceError::Refused { doing: doing.to_owned(), source }),
        Err(_) => Err(SourceError::Silent { doing: doing.to_owned() }),
    }
}
