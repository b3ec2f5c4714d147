//! The publisher: what RabbitMQ confirmed is written down, what it did not is published again, however long that takes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, PublisherConfirm};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::evidence::Published;
use crate::lab::Error;
use crate::message::{Messages, hash};

/// A persistent message.
const PERSISTENT: u8 = 2;

/// Messages that may wait for their confirm.
const IN_FLIGHT: usize = 200;

/// What is published, and how fast.
#[derive(Debug, Clone)]
pub struct Load {
    /// The messages.
    pub messages: Messages,
    /// RabbitMQ itself.
    pub amqp: String,
    /// The queue.
    pub queue: String,
    /// Messages a second.
    pub rate: u64,
    /// At least this many, and then as many as come until the end is called.
    pub least: u64,
}

/// What was published so far, by number.
#[derive(Debug, Clone, Default)]
pub struct Book(Arc<Mutex<BTreeMap<u64, Published>>>);

impl Book {
    /// Returns all of it.
    pub fn read(&self) -> BTreeMap<u64, Published> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Published>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Publisher {
    load: Load,
    book: Book,
    next: u64,
    again: VecDeque<u64>,
    pending: VecDeque<(u64, PublisherConfirm)>,
    is_end: watch::Receiver<bool>,
    begun: Instant,
}

/// Publishes until the end is called, and everything is confirmed.
pub async fn publish(load: Load, book: Book, is_end: watch::Receiver<bool>) {
    let (again, pending) = (VecDeque::new(), VecDeque::new());
    let mut publisher = Publisher { load, book, next: 0, again, pending, is_end, begun: Instant::now() };
    while let Err(_broken) = publisher.one_connection().await {
        publisher.take_back();
        sleep(Duration::from_millis(300)).await;
    }
}

impl Publisher {
    async fn one_connection(&mut self) -> Result<(), Error> {
        const PATIENCE: Duration = Duration::from_secs(10);
        let connecting = Connection::connect(&self.load.amqp, ConnectionProperties::default());
        let connection = timeout(PATIENCE, connecting).await??;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        while let Some(number) = self.next_message() {
            self.pace(number).await;
            self.send(&channel, number).await?;
            while self.pending.len() >= IN_FLIGHT {
                self.await_oldest().await?;
            }
        }
        while !self.pending.is_empty() {
            self.await_oldest().await?;
        }
        connection.close(200, "done".into()).await?;
        Ok(())
    }

    fn next_message(&mut self) -> Option<u64> {
        if let Some(again) = self.again.pop_front() {
            return Some(again);
        }
        let is_over = self.next >= self.load.least && *self.is_end.borrow();
        (!is_over).then(|| {
            self.next += 1;
            self.next - 1
        })
    }

    async fn pace(&self, number: u64) {
        let nanos = (number * 1_000_000_000).checked_div(self.load.rate).unwrap_or(0);
        sleep_until(self.begun + Duration::from_nanos(nanos)).await;
    }

    async fn send(&mut self, channel: &Channel, number: u64) -> Result<(), Error> {
        let body = self.load.messages.body(number);
        let properties = properties(&self.load.messages, number, &body);
        let options = BasicPublishOptions { mandatory: true, ..Default::default() };
        self.book.lock().entry(number).or_default().times += 1;
        let sent = channel.basic_publish("".into(), self.load.queue.as_str().into(), options, &body, properties).await;
        match sent {
            Ok(confirm) => self.pending.push_back((number, confirm)),
            Err(error) => {
                self.again.push_front(number);
                return Err(error.into());
            }
        }
        Ok(())
    }

    async fn await_oldest(&mut self) -> Result<(), Error> {
        const PATIENCE: Duration = Duration::from_secs(30);
        let Some((number, confirm)) = self.pending.pop_front() else { return Ok(()) };
        if let Ok(Ok(Confirmation::Ack(None))) = timeout(PATIENCE, confirm).await {
            self.book.lock().entry(number).or_default().confirmed = true;
            return Ok(());
        }
        self.again.push_front(number);
        Err(format!("message {number} was not confirmed").into())
    }

    /// What the broken connection left unconfirmed is published again, oldest first.
    fn take_back(&mut self) {
        self.again.extend(self.pending.drain(..).map(|(number, _)| number));
        self.again.make_contiguous().sort_unstable();
    }
}

fn properties(messages: &Messages, number: u64, body: &[u8]) -> BasicProperties {
    let mut headers = FieldTable::default();
    headers.insert("datetime".into(), AMQPValue::LongLongInt(date(number)));
    headers.insert("sha256".into(), AMQPValue::LongString(hash(body).into()));
    headers.insert("key".into(), AMQPValue::LongString(Messages::key(number).into()));
    BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_message_id(messages.id(number).into())
        .with_headers(headers)
}

/// Some minutes ago, by number, so that it differs from the time of arrival.
fn date(number: u64) -> i64 {
    const SPREAD: u64 = 600;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    i64::try_from(now.saturating_sub(number % SPREAD)).unwrap_or(0)
}
