//! What is measured with: messages of 1 KiB with two headers, laid into a queue or a topic beforehand, or sent at a steady pace.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lapin::options::{BasicPublishOptions, QueueDeclareOptions, QueuePurgeOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use rdkafka::config::ClientConfig;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::lab::Error;

/// Bytes of a message.
pub(super) const SIZE: usize = 1_024;

/// The header with the time of sending, in nanoseconds.
pub(super) const SENT: &str = "sent";

const PERSISTENT: u8 = 2;

/// A message as an application's log writes it.
pub(super) fn body(number: u64) -> Vec<u8> {
    let start = format!(
        r#"{{"@timestamp":"2018-01-01T00:00:00.000Z","message":"user logged in","level":200,"level_name":"INFO","channel":"security","context":{{"user_id":{},"host":"web1"}},"extra":{{"number":{number}}},"padding":""#,
        number % 997
    );
    format!("{start}{}\"}}", "x".repeat(SIZE.saturating_sub(start.len() + 2))).into_bytes()
}

/// One durable queue of RabbitMQ.
pub(super) struct Queue {
    channel: Channel,
    name: String,
    // Without it the channel ends.
    _connection: Connection,
}

impl Queue {
    /// Makes it, empty.
    pub(super) async fn open(amqp: &str, name: &str) -> Result<Self, Error> {
        let connection = Connection::connect(amqp, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        let queue = Self { channel, name: name.to_owned(), _connection: connection };
        queue.count().await?;
        queue.channel.queue_purge(name.into(), QueuePurgeOptions::default()).await?;
        Ok(queue)
    }

    /// Lays so many messages into it, and waits until they are there.
    pub(super) async fn fill(&self, count: u64) -> Result<(), Error> {
        const PATIENCE: Duration = Duration::from_mins(1);
        self.send(count).await?;
        let begun = Instant::now();
        while u64::from(self.count().await?) < count {
            if begun.elapsed() > PATIENCE {
                return Err(format!("RabbitMQ has not all {count} messages after {} s", PATIENCE.as_secs()).into());
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Sends so many messages, for somebody who takes them at once.
    pub(super) async fn send(&self, count: u64) -> Result<(), Error> {
        for number in 0..count {
            self.publish(number).await?;
        }
        Ok(())
    }

    /// Sends messages at a steady pace for some time, whatever becomes of them.
    pub(super) async fn pace(&self, rate: f64, lasts: Duration) -> Result<(), Error> {
        const TICK: Duration = Duration::from_millis(1);
        let (begun, mut tick, mut sent) = (Instant::now(), interval(TICK), 0);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while begun.elapsed() < lasts {
            tick.tick().await;
            while (sent as f64) < begun.elapsed().as_secs_f64() * rate {
                self.publish(sent).await?;
                sent += 1;
            }
        }
        Ok(())
    }

    async fn publish(&self, number: u64) -> Result<(), Error> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let mut headers = FieldTable::default();
        headers.insert("datetime".into(), AMQPValue::LongLongInt(i64::try_from(now.as_secs())?));
        headers.insert(SENT.into(), AMQPValue::LongLongInt(i64::try_from(now.as_nanos())?));
        let properties = BasicProperties::default().with_delivery_mode(PERSISTENT).with_headers(headers);
        let (options, body) = (BasicPublishOptions::default(), body(number));
        let sent = self.channel.basic_publish("".into(), self.name.as_str().into(), options, &body, properties);
        // Without confirms there is nothing more to wait for: whether all are there is asked of the queue.
        sent.await?.await?;
        Ok(())
    }

    async fn count(&self) -> Result<u32, Error> {
        let options = QueueDeclareOptions { durable: true, ..Default::default() };
        Ok(self.channel.queue_declare(self.name.as_str().into(), options, FieldTable::default()).await?.message_count())
    }
}

/// Lays so many records into a topic.
pub(super) fn fill_topic(bootstrap: &str, topic: &str, count: u64) -> Result<(), Error> {
    let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("queue.buffering.max.messages", "0")
        .set("linger.ms", "50")
        .create()?;
    for number in 0..count {
        let body = body(number);
        producer.send(BaseRecord::<[u8], [u8]>::to(topic).payload(&body)).map_err(|(error, _)| error)?;
    }
    Ok(producer.flush(Duration::from_mins(1))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_its_size_and_is_an_object() {
        for number in [0, 12_345, 999_999] {
            let body = body(number);
            assert_eq!(body.len(), SIZE);
            assert!(serde_json::from_slice::<serde_json::Value>(&body).unwrap().is_object());
        }
    }
}
