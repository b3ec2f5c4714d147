//! One run: a relay between the two brokers of the stage, a load, a schedule of disturbances, and what witnesses saw of it.

mod disturb;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lapin::options::{QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::evidence::{Disturbance, Evidence};
use crate::lab::Error;
use crate::message::{MAX_RECORD, Messages};
use crate::nemesis::Step;
use crate::publisher::{Book, Load, publish};
use crate::reader::{Reader, letters};
use crate::relay::{Programme, Relay, text_of};
use crate::stage::Stage;
use crate::verdict::BUDGET;
use crate::wire::Wires;

/// Partitions of the topic.
const PARTITIONS: i32 = 3;

/// What the relay says when it replaces a client that is silent.
const SILENCE: &str = "Kafka is there, but its client has not confirmed";

/// What a run is to be.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Its name, of which those of queue and topic are made.
    pub name: String,
    /// The relay.
    pub programme: Programme,
    /// At least this many messages; more, when the disturbances take longer.
    pub messages: u64,
    /// Messages a second.
    pub rate: u64,
    /// Whether some messages cannot be taken by Kafka.
    pub with_poison: bool,
    /// What goes wrong, and when.
    pub schedule: Vec<Step>,
    /// The most messages in flight.
    pub prefetch: u16,
    /// What the relay takes RabbitMQ's `consumer_timeout` to be.
    pub consumer_timeout: Duration,
    /// Without a new record for so long, what is missing counts as lost.
    pub patience: Duration,
    /// Where files of the run lie.
    pub folder: PathBuf,
}

/// Plays a plan and collects the evidence.
pub async fn run(stage: &Stage, plan: &Plan) -> Result<Evidence, Error> {
    let scene = Scene::set(stage, plan).await?;
    let evidence = scene.play().await;
    scene.clear().await?;
    evidence
}

/// Queue, topics and wires of one run.
struct Scene<'a> {
    stage: &'a Stage,
    plan: &'a Plan,
    messages: Messages,
    wires: Arc<Wires>,
}

impl<'a> Scene<'a> {
    async fn set(stage: &'a Stage, plan: &'a Plan) -> Result<Self, Error> {
        let messages = Messages::of(&plan.name, plan.with_poison);
        let wires = Wires::new(messages.clone());
        stage.rabbitmq.follow(&wires);
        stage.kafka.follow(&wires);
        let scene = Self { stage, plan, messages, wires };
        scene.declare_queue().await?;
        stage.create_topics(&[&plan.name, &scene.dead_topic()], PARTITIONS).await?;
        Ok(scene)
    }

    async fn play(&self) -> Result<Evidence, Error> {
        let mut relay =
            Relay::new(self.plan.programme.clone(), self.plan.folder.join(&self.plan.name), &self.config())?;
        relay.start()?;
        eventually("the relay does not come to work", || relay.readiness()).await?;
        relay.is_at_rest();
        let (end, is_end) = watch::channel(false);
        let book = Book::default();
        let publisher = tokio::spawn(publish(self.load(), book.clone(), is_end));
        let mut disturbances = Vec::new();
        for step in &self.plan.schedule {
            disturbances.push(disturb::disturb(self.stage, &self.wires, &mut relay, &self.plan.name, *step).await?);
        }
        end.send_replace(true);
        publisher.await?;
        let mut reader = self.read_all(&relay, &book)?;
        self.settle(&relay).await;
        tokio::task::block_in_place(|| relay.stop())?;
        reader.read_on(Duration::from_secs(1));
        self.evidence(relay, &book, reader, disturbances).await
    }

    /// Reads until everything that RabbitMQ confirmed is found, or nothing new comes any more.
    fn read_all(&self, relay: &Relay, book: &Book) -> Result<Reader, Error> {
        let published = book.read();
        let mut reader = Reader::open(&self.stage.bootstrap(), &self.plan.name, self.messages.clone())?;
        let (mut found, mut last_new) = (0, Instant::now());
        while last_new.elapsed() < self.plan.patience {
            tokio::task::block_in_place(|| reader.read_on(Duration::from_millis(300)));
            let buried: Vec<u64> =
                letters(&relay.letters(), &self.messages).0.into_iter().map(|(number, _)| number).collect();
            let is_there = |number: &u64| reader.read.numbers.contains(number) || buried.contains(number);
            if published.iter().filter(|(_, published)| published.confirmed).all(|(number, _)| is_there(number)) {
                break;
            }
            // What comes again and again is not new.
            let now_found = reader.read.numbers.len() + buried.len();
            if now_found > found {
                (found, last_new) = (now_found, Instant::now());
            }
        }
        Ok(reader)
    }

    /// Waits until the relay holds nothing any more, and its page tells of that.
    async fn settle(&self, relay: &Relay) {
        let is_settled = || match relay.latest() {
            Some(latest) if latest.in_flight == 0 && latest.received > 0 => Ok(()),
            latest => Err(format!("{latest:?}")),
        };
        // A relay that never comes to rest is judged by what it leaves.
        let _ = eventually("the relay does not come to rest", is_settled).await;
        // One more look, after the last acknowledgement.
        sleep(Duration::from_millis(700)).await;
    }

    async fn evidence(
        &self,
        relay: Relay,
        book: &Book,
        reader: Reader,
        disturbances: Vec<Disturbance>,
    ) -> Result<Evidence, Error> {
        let (letters, strange_letters) = letters(&relay.letters(), &self.messages);
        let silences = text_of(&relay.log()).matches(SILENCE).count() as u64;
        let (scrapes, memory, stops) = relay.end();
        Ok(Evidence {
            messages: self.messages.clone(),
            published: book.read(),
            records: reader.read.records,
            letters,
            strangers: reader.read.strangers + strange_letters,
            left: u64::from(self.declare_queue().await?),
            wires: self.wires.sightings(),
            scrapes,
            disturbances,
            stops,
            memory,
            // A subscription begins with a few of its own.
            window: u64::from(self.plan.prefetch) + 8,
            silences,
        })
    }

    fn load(&self) -> Load {
        Load {
            messages: self.messages.clone(),
            amqp: self.stage.amqp(),
            queue: self.plan.name.clone(),
            rate: self.plan.rate,
            least: self.plan.messages,
        }
    }

    /// Makes the queue, or finds it; returns how many messages are in it.
    async fn declare_queue(&self) -> Result<u32, Error> {
        let channel = self.channel().await?;
        let options = QueueDeclareOptions { durable: true, ..Default::default() };
        let queue = channel.queue_declare(self.plan.name.as_str().into(), options, FieldTable::default()).await?;
        Ok(queue.message_count())
    }

    async fn channel(&self) -> Result<Channel, Error> {
        Ok(Connection::connect(&self.stage.amqp(), ConnectionProperties::default()).await?.create_channel().await?)
    }

    async fn clear(&self) -> Result<(), Error> {
        let channel = self.channel().await?;
        channel.queue_delete(self.plan.name.as_str().into(), QueueDeleteOptions::default()).await?;
        self.stage.delete_topics(&[&self.plan.name, &self.dead_topic()]).await
    }

    fn dead_topic(&self) -> String {
        format!("{}.dead", self.plan.name)
    }

    fn config(&self) -> String {
        let (rabbitmq, kafka) = (self.stage.rabbitmq.address(), self.stage.kafka.address());
        let Plan { name, prefetch, consumer_timeout, folder, .. } = self.plan;
        let letters = folder.join(name).join("letters.jsonl");
        format!(
            "source: {{rabbitmq: {{host: '{host}', port: {port}, vhost: /, user: harness, password: harness, queue: '{name}', \
             declare: none, prefetch: {prefetch}, heartbeat: 5s, consumer_timeout: {timeout}ms}}}}\n\
             sink: {{kafka: {{bootstrap_servers: '{kafka}', topic: '{name}', key: {{header: key}}, \
             max_record_bytes: {MAX_RECORD}}}}}\n\
             mapping: {{date_header: datetime, not_json: dead_letter}}\n\
             limits: {{memory: {BUDGET}}}\n\
             dead_letter: {{file: '{letters}', topic: {{bootstrap_servers: '{kafka}', name: '{dead}'}}}}\n\
             http: {{listen: '{{http}}'}}\n",
            host = rabbitmq.ip(),
            port = rabbitmq.port(),
            timeout = consumer_timeout.as_millis(),
            letters = letters.display(),
            dead = self.dead_topic(),
        )
    }
}

/// Asks until the answer is good, for a minute.
async fn eventually(what: &str, mut attempt: impl FnMut() -> Result<(), String>) -> Result<(), Error> {
    const PATIENCE: Duration = Duration::from_mins(1);
    let begun = Instant::now();
    loop {
        match tokio::task::block_in_place(&mut attempt) {
            Ok(()) => return Ok(()),
            Err(words) if begun.elapsed() > PATIENCE => return Err(format!("{what}: {words}").into()),
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}
