//! The form of `dppctl.toml`: every key it may have. What wins over it is decided elsewhere.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error};
use toml::Spanned;

use crate::project::duration::parse_duration;
use crate::source::{Place, Problem, Source, nearest};
use crate::transport::BecomeMethod;

/// A file as it was written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct DppctlToml {
    pub(crate) inventory: Option<Spanned<OneOrMany>>,
    pub(crate) roles: Option<Spanned<Vec<String>>>,
    pub(crate) forks: Option<Spanned<NonZeroUsize>>,
    #[serde(default)]
    pub(crate) ssh: SshTable,
    #[serde(default, rename = "become")]
    pub(crate) become_: BecomeTable,
    #[serde(default)]
    pub(crate) vault: VaultTable,
    #[serde(default)]
    pub(crate) vagrant: VagrantTable,
    pub(crate) pipeline: Option<Spanned<Pipeline>>,
    pub(crate) upgrade: Option<Spanned<Upgrade>>,
    pub(crate) output: Option<Spanned<Output>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct SshTable {
    pub(crate) config: Option<Spanned<String>>,
    pub(crate) user: Option<Spanned<String>>,
    pub(crate) private_key: Option<Spanned<String>>,
    pub(crate) host_key_checking: Option<Spanned<HostKeyChecking>>,
    pub(crate) connect_timeout: Option<Spanned<Span>>,
    pub(crate) password_file: Option<Spanned<String>>,
    pub(crate) key_passphrase_file: Option<Spanned<String>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum HostKeyChecking {
    Ask,
    Strict,
    AcceptNew,
    Off,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct BecomeTable {
    pub(crate) enabled: Option<Spanned<bool>>,
    pub(crate) user: Option<Spanned<String>>,
    pub(crate) method: Option<Spanned<Method>>,
    pub(crate) password_file: Option<Spanned<String>>,
}

/// `sudo` or `su`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Method(pub(crate) BecomeMethod);

impl<'de> Deserialize<'de> for Method {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let unknown = || D::Error::custom(format!("`{name}` is no way to become a user: sudo and su are known"));
        BecomeMethod::parse(&name).map(Self).ok_or_else(unknown)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct VaultTable {
    pub(crate) password_file: Option<Spanned<String>>,
    pub(crate) ids: Option<Spanned<Vec<String>>>,
    pub(crate) encrypt_id: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct VagrantTable {
    pub(crate) groups: Option<Spanned<BTreeMap<String, Vec<String>>>>,
}

/// Which group of hosts is which stage of the pipeline.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pipeline {
    /// Where messages enter.
    pub rabbitmq: Option<String>,
    /// Where `dpp-relay` forwards them.
    pub relay: Option<String>,
    /// Where Logstash forwards them, instead of the relay or beside it.
    pub logstash: Option<String>,
    /// The brokers of Kafka.
    pub kafka: Option<String>,
    /// The workers of Kafka Connect.
    pub connect: Option<String>,
    /// The nodes of Elasticsearch.
    pub elasticsearch: Option<String>,
    /// Kibana.
    pub kibana: Option<String>,
}

impl Pipeline {
    /// The stages that have a group, in the order of the flow.
    pub fn stages(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("rabbitmq", &self.rabbitmq),
            ("relay", &self.relay),
            ("logstash", &self.logstash),
            ("kafka", &self.kafka),
            ("connect", &self.connect),
            ("elasticsearch", &self.elasticsearch),
            ("kibana", &self.kibana),
        ];
        all.into_iter().filter_map(|(stage, group)| Some((stage, group.as_deref()?))).collect()
    }
}

/// Bounds of an upgrade.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Upgrade {
    /// How long a gate may stay shut.
    #[serde(deserialize_with = "span")]
    pub gate_timeout: Duration,
    /// Messages sent through the pipeline while it is upgraded.
    pub canary: Canary,
    /// What is asked of the last snapshot.
    pub snapshot: Snapshot,
}

impl Default for Upgrade {
    fn default() -> Self {
        Self { gate_timeout: Duration::from_mins(30), canary: Canary::default(), snapshot: Snapshot::default() }
    }
}

/// Messages sent through the pipeline while it is upgraded.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Canary {
    /// A second.
    pub rate: u32,
    /// To which exchange.
    pub exchange: String,
    /// In which virtual host.
    pub vhost: String,
}

impl Default for Canary {
    fn default() -> Self {
        Self { rate: 20, exchange: "logging".to_owned(), vhost: "/log".to_owned() }
    }
}

/// What is asked of the last snapshot before an upgrade.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Snapshot {
    /// Whether there must be one.
    pub required: bool,
    /// How old it may be.
    #[serde(deserialize_with = "span")]
    pub max_age: Duration,
}

impl Default for Snapshot {
    fn default() -> Self {
        Self { required: true, max_age: Duration::from_hours(24) }
    }
}

/// How lines are printed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Output {
    /// Whether plain lines begin with the time.
    pub timestamps: Timestamps,
}

/// When plain lines begin with the time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Timestamps {
    /// When standard error is no terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A span of time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span(pub(crate) Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        span(deserializer).map(Self)
    }
}

fn span<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_duration(&text)
        .ok_or_else(|| D::Error::custom(format!("`{text}` is no span of time like \"10s\", \"30m\" or \"24h\"")))
}

impl DppctlToml {
    /// Reads a file; its first mistake is told with its place.
    pub(crate) fn parse(source: &Arc<Source>) -> Result<Self, Problem> {
        toml::from_str(source.text()).map_err(|error| mistake(source, &error))
    }
}

fn mistake(source: &Arc<Source>, error: &toml::de::Error) -> Problem {
    let place = Place::new(source, error.span().unwrap_or(0..0));
    let Some(rest) = error.message().strip_prefix("unknown field `") else {
        let said = error.message().lines().collect::<Vec<_>>().join(": ");
        let said = said.replace("unknown variant", "unknown value").replace("a nonzero usize", "a number from 1");
        return Problem::error("DPP0213", said).at(&place, "");
    };
    let mut names = rest.split('`').step_by(2);
    let unknown = names.next().unwrap_or_default();
    let known: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
    Problem::error("DPP0213", format!("unknown key `{unknown}`"))
        .at(&place, "")
        .note(format!("keys here: {}", known.join(", ")))
        .did_you_mean(nearest(unknown, known.iter().copied()))
}
