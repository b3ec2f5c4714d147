//! A real RabbitMQ and a real Kafka on a host of the lab, each behind a proxy that the relay alone goes through.
//!
//! Kafka tells its clients by itself where to find it: its one listener names the proxy, the other one the host.

mod kafka;
mod search;
mod topic;

use std::net::{IpAddr, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;

use crate::lab::{Error, lab, on, write};
use crate::proxy::Proxy;
use crate::wire::Side;

pub use kafka::KafkaLine;
pub use search::{Search, client};
pub use topic::Topic;

use kafka::{DIRECT, PROXIED};

const HOST: &str = "brokers";
const AMQP: u16 = 5672;

/// Both brokers.
#[derive(Debug)]
pub struct Stage {
    address: IpAddr,
    /// Which Kafka it is.
    pub line: KafkaLine,
    /// What the relay has for RabbitMQ.
    pub rabbitmq: Proxy,
    /// What the relay has for Kafka.
    pub kafka: Proxy,
}

impl Stage {
    /// Boots a host, installs both products from the lab's mirror and starts them; it takes half a minute.
    pub async fn set_up(line: KafkaLine) -> Result<Self, Error> {
        let said = blocking(|| lab(&["up", HOST, "--apt", "local"])).await?;
        let address = said.lines().find_map(|line| line.strip_prefix(HOST)).ok_or("the lab gave no address")?;
        let address: IpAddr = address.trim().parse()?;
        let rabbitmq = Proxy::open(Side::Rabbitmq, (address, AMQP).into()).await?;
        let kafka = Proxy::open(Side::Kafka, (address, PROXIED).into()).await?;
        let advertised = kafka.address();
        blocking(move || install(line, address, advertised)).await?;
        Ok(Self { address, line, rabbitmq, kafka })
    }

    /// Returns the URI of RabbitMQ itself, for witnesses.
    pub fn amqp(&self) -> String {
        format!("amqp://harness:harness@{}:{AMQP}/%2f", self.address)
    }

    /// Returns where RabbitMQ itself listens.
    pub fn rabbitmq_itself(&self) -> SocketAddr {
        (self.address, AMQP).into()
    }

    /// Returns where Kafka itself is, for witnesses.
    pub fn bootstrap(&self) -> String {
        format!("{}:{DIRECT}", self.address)
    }

    /// Makes topics.
    pub async fn create_topics(&self, names: &[&str], partitions: i32) -> Result<(), Error> {
        let topics: Vec<_> =
            names.iter().map(|name| NewTopic::new(name, partitions, TopicReplication::Fixed(1))).collect();
        for made in self.admin()?.create_topics(&topics, &AdminOptions::new()).await? {
            made.map_err(|(topic, error)| format!("cannot create topic {topic}: {error}"))?;
        }
        Ok(())
    }

    /// Removes topics.
    pub async fn delete_topics(&self, names: &[&str]) -> Result<(), Error> {
        self.admin()?.delete_topics(names, &AdminOptions::new()).await?;
        Ok(())
    }

    fn admin(&self) -> Result<AdminClient<DefaultClientContext>, Error> {
        Ok(ClientConfig::new().set("bootstrap.servers", self.bootstrap()).create()?)
    }

    /// Kills Kafka's process.
    pub async fn kill_kafka(&self) -> Result<(), Error> {
        shell("systemctl kill --signal=KILL confluent-kafka").await
    }

    /// Stops Kafka in good order.
    pub async fn stop_kafka(&self) -> Result<(), Error> {
        shell("systemctl stop confluent-kafka").await
    }

    /// Starts Kafka and waits until it takes connections.
    pub async fn start_kafka(&self) -> Result<(), Error> {
        shell("while systemctl is-active --quiet confluent-kafka; do sleep 0.1; done; systemctl start confluent-kafka")
            .await?;
        let at = SocketAddr::from((self.address, PROXIED));
        blocking(move || until_it_listens(at)).await
    }

    /// Takes the permission to write a topic away from everybody: who may only read and describe it may not write it.
    pub async fn forbid_writing(&self, topic: &str) -> Result<(), Error> {
        self.acl(format!("--add --allow-principal 'User:*' --operation Read --operation Describe --topic {topic}"))
            .await
    }

    /// Gives the permission back.
    pub async fn allow_writing(&self, topic: &str) -> Result<(), Error> {
        self.acl(format!("--remove --force --topic {topic}")).await
    }

    async fn acl(&self, what: String) -> Result<(), Error> {
        let Some(command) = self.line.acl_command() else {
            return Err("on this line of Kafka the stage has no permissions to take away".into());
        };
        blocking(move || on(HOST, &format!("{command} --bootstrap-server localhost:{DIRECT} {what}"))).await.map(drop)
    }

    /// Kills RabbitMQ's process.
    pub async fn kill_rabbitmq(&self) -> Result<(), Error> {
        shell("systemctl kill --signal=KILL rabbitmq-server").await
    }

    /// Starts RabbitMQ after it was killed; the unit waits until it is ready.
    pub async fn start_rabbitmq(&self) -> Result<(), Error> {
        shell("systemctl reset-failed rabbitmq-server; systemctl start rabbitmq-server").await
    }

    /// Stops RabbitMQ's application, not its process.
    pub async fn stop_rabbitmq_application(&self) -> Result<(), Error> {
        shell("rabbitmqctl --quiet stop_app").await
    }

    /// Starts RabbitMQ's application again.
    pub async fn start_rabbitmq_application(&self) -> Result<(), Error> {
        shell("rabbitmqctl --quiet start_app").await
    }

    /// Takes the host down.
    pub async fn tear_down(self) -> Result<(), Error> {
        blocking(|| lab(&["down"])).await.map(drop)
    }
}

async fn shell(line: &'static str) -> Result<(), Error> {
    blocking(move || on(HOST, line)).await.map(drop)
}

/// Lets a command of the lab take its time beside the tasks that watch.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await?
}

fn install(line: KafkaLine, address: IpAddr, advertised: SocketAddr) -> Result<(), Error> {
    let mirror = lab(&["mirror", "url"])?;
    let source = format!("deb [trusted=yes] {}/deb/{} stable main\n", mirror.trim(), line.repository());
    write(HOST, "/etc/apt/sources.list.d/kafka.list", &source)?;
    let apt = "DEBIAN_FRONTEND=noninteractive apt-get -qq";
    let packages = line.packages(HOST)?;
    on(HOST, &format!("{apt} update && {apt} install --no-install-recommends rabbitmq-server {packages} 2>&1"))?;
    write(HOST, "/etc/kafka/server.properties", &line.properties(address, advertised))?;
    write(HOST, "/etc/default/confluent-kafka", "KAFKA_HEAP_OPTS=\"-Xmx512M -Xms256M\"\n")?;
    on(HOST, &format!("{} && systemctl start rabbitmq-server", line.first_start()))?;
    let user =
        "rabbitmqctl --quiet add_user harness harness && rabbitmqctl --quiet set_permissions harness '.*' '.*' '.*'";
    on(HOST, user)?;
    until_it_listens(SocketAddr::from((address, PROXIED)))
}

fn until_it_listens(at: SocketAddr) -> Result<(), Error> {
    const PATIENCE: Duration = Duration::from_mins(1);
    let begun = Instant::now();
    while let Err(error) = TcpStream::connect_timeout(&at, Duration::from_secs(1)) {
        if begun.elapsed() > PATIENCE {
            return Err(format!("{at} does not listen after {} s: {error}", PATIENCE.as_secs()).into());
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
