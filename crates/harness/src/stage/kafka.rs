//! The two ends of what is supported of Kafka: the line of the documents with its ZooKeeper, and the newest one.
//!
//! Both have a listener that names the proxy, for the relay, and one that names the host, for witnesses.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use crate::lab::{Error, lab, lay};
use crate::nemesis::Fault;

/// Where the relay's connections arrive.
pub(super) const PROXIED: u16 = 9092;
/// Where those of witnesses arrive.
pub(super) const DIRECT: u16 = 9094;

/// A line of Confluent's packages that the lab has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KafkaLine {
    /// Kafka 1.0.2 with ZooKeeper.
    Documents,
    /// Kafka 4.3.1, KRaft.
    Newest,
}

impl FromStr for KafkaLine {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        match line {
            "4.0" => Ok(Self::Documents),
            "8.3" => Ok(Self::Newest),
            other => Err(format!("the lab has no line {other} of Confluent's packages for this: 4.0 or 8.3")),
        }
    }
}

impl KafkaLine {
    /// Returns its line in Confluent's repository.
    pub fn repository(self) -> &'static str {
        match self {
            Self::Documents => "4.0",
            Self::Newest => "8.3",
        }
    }

    /// Returns what runs, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Documents => "Kafka 1.0.2 (one node, ZooKeeper)",
            Self::Newest => "Kafka 4.3.1 (one node, KRaft)",
        }
    }

    /// Lays what apt does not find on the host; returns what it is to install.
    pub(super) fn packages(self, host: &str) -> Result<&'static str, Error> {
        const JAVA: &str = "/var/tmp/openjdk-8-jre-lab.deb";
        match self {
            Self::Newest => Ok("openjdk-17-jre-headless confluent-kafka"),
            Self::Documents => {
                let folder = format!("{}/downloads/openjdk-8-jre-lab", lab(&["mirror", "build"])?.trim());
                let files = fs::read_dir(&folder)?.filter_map(|entry| Some(entry.ok()?.path()));
                let package = files.into_iter().find(|path| path.extension().is_some_and(|it| it == "deb"));
                lay(host, &package.ok_or_else(|| format!("no package in {folder}"))?, JAVA)?;
                Ok("/var/tmp/openjdk-8-jre-lab.deb confluent-kafka-2.11")
            }
        }
    }

    /// Returns the shell line that starts it for the first time.
    pub(super) fn first_start(self) -> &'static str {
        match self {
            Self::Documents => "systemctl start confluent-zookeeper confluent-kafka",
            Self::Newest => {
                "kafka-storage format --cluster-id harnessharnessharnessA --config /etc/kafka/server.properties && \
                 chown -R cp-kafka /var/lib/kafka && systemctl start confluent-kafka"
            }
        }
    }

    /// Returns the command that changes permissions, where there are any.
    pub(super) fn acl_command(self) -> Option<&'static str> {
        (self == Self::Newest).then_some("kafka-run-class org.apache.kafka.tools.AclCommand")
    }

    /// Returns whether this disturbance can be had with it.
    pub fn knows(self, fault: Fault) -> bool {
        fault != Fault::KafkaRefuses || self.acl_command().is_some()
    }

    /// Returns the broker's configuration.
    pub(super) fn properties(self, address: IpAddr, advertised: SocketAddr) -> String {
        let (roles, controller, protocol) = match self {
            Self::Documents => ("broker.id=1\nzookeeper.connect=localhost:2181\n", "", ""),
            Self::Newest => (
                "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.voters=1@localhost:9093\n\
                 controller.listener.names=CONTROLLER\nallow.everyone.if.no.acl.found=true\n\
                 authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n",
                ",CONTROLLER://:9093",
                ",CONTROLLER:PLAINTEXT",
            ),
        };
        format!(
            "{roles}\
             listeners=PROXIED://:{PROXIED},DIRECT://:{DIRECT}{controller}\n\
             advertised.listeners=PROXIED://{advertised},DIRECT://{address}:{DIRECT}\n\
             inter.broker.listener.name=DIRECT\n\
             listener.security.protocol.map=PROXIED:PLAINTEXT,DIRECT:PLAINTEXT{protocol}\n\
             log.dirs=/var/lib/kafka\n\
             offsets.topic.replication.factor=1\n\
             transaction.state.log.replication.factor=1\n\
             transaction.state.log.min.isr=1\n\
             log.retention.ms=-1\n"
        )
    }
}
