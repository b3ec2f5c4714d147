//! `kafka_topic`: a topic with its partitions and settings. Partitions are only ever added; replicas are not moved.

use std::time::Duration;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::{CreatePartitionsRequest, CreateTopicsRequest, DeleteTopicsRequest, TopicName};
use kafka_protocol::protocol::StrBytes;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::cluster::{Cluster, Topic, refused};
use super::connection::text;
use super::topic_config::{self, Settings, Wanted};
use crate::arguments::{Names, Number, Whole};
use crate::pipeline::deadline::Deadline;
use crate::pipeline::plain;
use crate::pipeline::product::Product;
use crate::{Host, Step, Survey};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    #[default]
    Present,
    Absent,
}

/// Parameters of `kafka_topic`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaTopic {
    #[serde(alias = "topic")]
    name: String,
    #[serde(default)]
    partitions: Option<Whole>,
    #[serde(default)]
    replication_factor: Option<Whole>,
    #[serde(default, alias = "options")]
    config: Option<Map<String, Value>>,
    #[serde(default)]
    state: State,
    #[serde(default = "local", alias = "bootstrap_server")]
    bootstrap_servers: Names,
    #[serde(default = "half_a_minute")]
    timeout: Number,
}

pub(super) fn local() -> Names {
    Names(vec!["localhost:9092".into()])
}

fn half_a_minute() -> Number {
    Number(30.0)
}

/// One thing to be done to a topic.
#[derive(Debug)]
pub enum TopicStep {
    /// Create it.
    Create(Change),
    /// Give it so many partitions.
    Grow(Change, i32),
    /// Alter these settings; the ones found beside them.
    Alter(Change, Wanted, Settings),
    /// Delete it with its data.
    Delete(Change),
}

/// Who created a topic that was not there a moment ago.
#[derive(Debug, PartialEq, Eq)]
enum Creation {
    Ours,
    BySomebodyElse,
}

impl Step for TopicStep {
    fn change(&self, _diff: bool) -> Change {
        match self {
            Self::Create(change) | Self::Grow(change, _) | Self::Alter(change, ..) | Self::Delete(change) => {
                change.clone()
            }
        }
    }
}

impl Product for KafkaTopic {
    const NAME: &'static str = "kafka_topic";
    type Step = TopicStep;

    fn gist(&self) -> Option<Change> {
        Some(match self.state {
            State::Present => self.creation(),
            State::Absent => Change::new(Verb::Delete, self.what()),
        })
    }

    fn look(&self, _host: &Host) -> Result<Survey<TopicStep>, Failure> {
        let mut cluster = self.cluster()?;
        let found = cluster.map.topics.get(&self.name).cloned();
        match (self.state, found) {
            (State::Absent, None) => Ok(Survey::unchanged()),
            (State::Absent, Some(_)) => Ok(Survey::steps(vec![TopicStep::Delete(
                Change::new(Verb::Delete, self.what()).detail("with its data"),
            )])),
            (State::Present, None) => Ok(Survey::steps(vec![TopicStep::Create(self.creation())])),
            (State::Present, Some(topic)) => self.compare(&mut cluster, &topic),
        }
    }

    fn make(&self, step: &TopicStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        result.remove("partitions");
        let mut cluster = self.cluster()?;
        match step {
            TopicStep::Create(_) if self.create(&mut cluster)? == Creation::BySomebodyElse => {
                self.wait(&mut cluster, step, host)?;
                return self.look(host)?.steps.iter().try_for_each(|step| self.make(step, host, result));
            }
            TopicStep::Create(_) => {}
            TopicStep::Grow(_, partitions) => self.grow(&mut cluster, *partitions)?,
            TopicStep::Alter(_, differences, found) => {
                topic_config::alter(&mut cluster, &self.name, found, differences)?;
            }
            TopicStep::Delete(_) => self.delete(&mut cluster)?,
        }
        self.wait(&mut cluster, step, host)
    }

    fn finish(&self, _host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        if self.state == State::Present
            && !result.contains_key("partitions")
            && let Some(topic) = self.cluster()?.map.topics.get(&self.name)
        {
            result.insert("partitions".into(), topic.partitions.len().into());
            result.insert("replication_factor".into(), replicas(topic).into());
        }
        Ok(())
    }
}

impl KafkaTopic {
    fn cluster(&self) -> Result<Cluster, Failure> {
        Cluster::open(&self.bootstrap_servers.0, Duration::from_secs_f64(self.timeout.0.clamp(1.0, 600.0)))
    }

    fn what(&self) -> String {
        format!("topic {}", self.name)
    }

    fn creation(&self) -> Change {
        let detail = |count: Option<Whole>, one: &str| count.map(|count| format!("{} {one}", count.0));
        let details = [detail(self.partitions, "partitions"), detail(self.replication_factor, "replicas")];
        let details: Vec<String> = details.into_iter().flatten().collect();
        Change::new(Verb::Create, self.what()).detail(details.join(", "))
    }

    fn wanted(&self) -> Wanted {
        let config = self.config.iter().flatten();
        config.map(|(key, value)| (key.clone(), (!value.is_null()).then(|| plain::text(value)))).collect()
    }

    fn compare(&self, cluster: &mut Cluster, topic: &Topic) -> Result<Survey<TopicStep>, Failure> {
        let mut steps: Vec<TopicStep> = self.growth(topic)?.into_iter().collect();
        let wanted = self.wanted();
        let found = if wanted.is_empty() { Settings::new() } else { topic_config::read(cluster, &self.name)? };
        let differences = topic_config::differences(&found, &wanted);
        if !differences.is_empty() {
            let detail: Vec<String> =
                differences.iter().map(|(key, value)| difference(key, found.get(key), value.as_ref())).collect();
            let change = Change::new(Verb::Change, self.what()).detail(detail.join(", "));
            steps.push(TopicStep::Alter(change, differences, found));
        }
        let survey = Survey::steps(steps)
            .value("partitions", topic.partitions.len())
            .value("replication_factor", replicas(topic));
        Ok(match self.replicas_differ(topic) {
            Some(warning) => survey.warning(warning),
            None => survey,
        })
    }

    fn growth(&self, topic: &Topic) -> Result<Option<TopicStep>, Failure> {
        let found = topic.partitions.len();
        let Some(wanted) = self.partitions.and_then(|count| usize::try_from(count.0).ok()) else { return Ok(None) };
        if wanted < found {
            return Err(Failure::new(format!(
                "cannot give topic {} {wanted} partitions: it has {found}, and Kafka cannot take partitions away",
                self.name
            ))
            .code("DPP0807")
            .help(format!(
                "write partitions: {found}; or make a new topic and move the producers and the sink to it"
            )));
        }
        let change = Change::new(Verb::Change, self.what()).detail(format!("partitions {found} -> {wanted}"));
        Ok((wanted > found).then(|| TopicStep::Grow(change, i32::try_from(wanted).unwrap_or(i32::MAX))))
    }

    fn replicas_differ(&self, topic: &Topic) -> Option<String> {
        let wanted = usize::try_from(self.replication_factor?.0).ok()?;
        let found = replicas(topic);
        (found != wanted).then(|| {
            format!(
                "topic {} has {found} replicas and not {wanted}: only a reassignment moves replicas \
                 (kafka-reassign-partitions), nothing was done about it",
                self.name
            )
        })
    }

    fn create(&self, cluster: &mut Cluster) -> Result<Creation, Failure> {
        let configs = self.wanted().into_iter().filter_map(|(name, value)| {
            value.map(|value| CreatableTopicConfig::default().with_name(text(&name)).with_value(Some(text(&value))))
        });
        let count = |count: Option<Whole>, other: i64| count.map_or(other, |count| count.0);
        let factor = count(self.replication_factor, i64::try_from(cluster.map.brokers.len().min(3)).unwrap_or(1));
        let topic = CreatableTopic::default()
            .with_name(TopicName(text(&self.name)))
            .with_num_partitions(i32::try_from(count(self.partitions, 1)).unwrap_or(i32::MAX))
            .with_replication_factor(i16::try_from(factor).unwrap_or(i16::MAX))
            .with_configs(configs.collect());
        let request = CreateTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(self.timeout_ms());
        let brokers = cluster.map.brokers.len();
        let reply = cluster.controller()?.ask(&request)?;
        let Some(topic) = reply.topics.first() else { return Ok(Creation::Ours) };
        creation(&self.name, topic.error_code, topic.error_message.as_ref())
            .map_err(|failure| failure.note("brokers", brokers.to_string()))
    }

    fn grow(&self, cluster: &mut Cluster, partitions: i32) -> Result<(), Failure> {
        let topic = CreatePartitionsTopic::default()
            .with_name(TopicName(text(&self.name)))
            .with_count(partitions)
            .with_assignments(None);
        let request = CreatePartitionsRequest::default().with_topics(vec![topic]).with_timeout_ms(self.timeout_ms());
        let reply = cluster.controller()?.ask(&request)?;
        reply.results.iter().try_for_each(|result| {
            refused(&format!("add partitions to topic {}", self.name), result.error_code, result.error_message.as_ref())
        })
    }

    fn delete(&self, cluster: &mut Cluster) -> Result<(), Failure> {
        let name = TopicName(text(&self.name));
        let request = DeleteTopicsRequest::default()
            .with_topic_names(vec![name.clone()])
            .with_topics(vec![DeleteTopicState::default().with_name(Some(name))])
            .with_timeout_ms(self.timeout_ms());
        let connection = cluster.controller()?;
        // From version 6 on, topics are named in another field; a field of the wrong version is refused by the codec.
        let request = match connection.version::<DeleteTopicsRequest>(i16::MAX) {
            Some(version) if version >= 6 => request.with_topic_names(Vec::new()),
            _ => request.with_topics(Vec::new()),
        };
        let reply = connection.ask(&request)?;
        reply.responses.iter().try_for_each(|result| {
            refused(&format!("delete topic {}", self.name), result.error_code, result.error_message.as_ref())
        })
    }

    /// Waits until the brokers tell of the change: they answer before all of them know it.
    fn wait(&self, cluster: &mut Cluster, step: &TopicStep, host: &Host) -> Result<(), Failure> {
        let deadline = Deadline::seconds(self.timeout.0);
        loop {
            cluster.refresh()?;
            let topic = cluster.map.topics.get(&self.name);
            let led = |topic: &Topic| topic.partitions.values().all(|partition| partition.leader >= 0);
            let done = match step {
                TopicStep::Delete(_) => topic.is_none(),
                TopicStep::Grow(_, wanted) => {
                    topic.is_some_and(|topic| usize::try_from(*wanted) == Ok(topic.partitions.len()) && led(topic))
                }
                TopicStep::Create(_) | TopicStep::Alter(..) => topic.is_some_and(led),
            };
            if done {
                return Ok(());
            }
            host.life(&format!("topic {}: waiting for leaders", self.name), Some(deadline.progress()));
            if !deadline.pause(Duration::from_millis(100)) {
                return Err(Failure::new(format!("topic {} has no leader after {} s", self.name, deadline.elapsed()))
                    .code("DPP0806"));
            }
        }
    }

    fn timeout_ms(&self) -> i32 {
        #[expect(clippy::cast_possible_truncation, reason = "clamped to ten minutes")]
        let milliseconds = (self.timeout.0.clamp(1.0, 600.0) * 1000.0) as i32;
        milliseconds
    }
}

/// What the controller's answer to a creation means: another host may have been quicker.
fn creation(name: &str, code: i16, words: Option<&StrBytes>) -> Result<Creation, Failure> {
    const TOPIC_ALREADY_EXISTS: i16 = 36;
    match code {
        TOPIC_ALREADY_EXISTS => Ok(Creation::BySomebodyElse),
        _ => refused(&format!("create topic {name}"), code, words).map(|()| Creation::Ours),
    }
}

fn replicas(topic: &Topic) -> usize {
    topic.partitions.values().map(|partition| partition.replicas.len()).min().unwrap_or(0)
}

fn difference(key: &str, found: Option<&String>, wanted: Option<&String>) -> String {
    let or_default = |value: Option<&String>| value.cloned().unwrap_or_else(|| "default".to_owned());
    format!("{key} {} -> {}", or_default(found), or_default(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_that_another_host_made_meanwhile_is_looked_at_again() {
        assert_eq!(creation("logs", 0, None).unwrap(), Creation::Ours);
        assert_eq!(creation("logs", 36, None).unwrap(), Creation::BySomebodyElse);
        let failure = creation("logs", 38, None).unwrap_err();
        assert!(failure.message.starts_with("cannot create topic logs: "), "{}", failure.message);
    }
}
