//! A topic's settings: read, compared with the wanted ones, and altered, in the words of old and new brokers.

use std::collections::BTreeMap;

use dpp_protocol::Failure;
use kafka_protocol::messages::alter_configs_request::{AlterConfigsResource, AlterableConfig};
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::incremental_alter_configs_request as incremental;
use kafka_protocol::messages::{AlterConfigsRequest, DescribeConfigsRequest, IncrementalAlterConfigsRequest};
use kafka_protocol::protocol::Request;

use super::cluster::{Cluster, refused};
use super::connection::text;
use super::describe_v0;

/// The number by which requests know a topic.
pub(super) const TOPIC: i8 = 2;
const SET_ON_THE_TOPIC: i8 = 1;
const SET: i8 = 0;
const REMOVE: i8 = 1;

/// Settings that were made on a topic itself, without defaults.
pub(super) type Settings = BTreeMap<String, String>;
/// Wanted settings; `None` is "back to the default".
pub(super) type Wanted = BTreeMap<String, Option<String>>;

/// The settings made on a topic itself.
pub(super) fn read(cluster: &mut Cluster, topic: &str) -> Result<Settings, Failure> {
    let connection = cluster.any();
    if connection.version::<DescribeConfigsRequest>(i16::MAX).is_none() {
        let reply = connection.ask_raw(DescribeConfigsRequest::KEY, 0, &describe_v0::request(topic))?;
        let (code, words, settings) = describe_v0::reply(reply)?;
        refused(&format!("read the settings of topic {topic}"), code, words.as_deref().map(text).as_ref())?;
        return Ok(settings
            .into_iter()
            .filter(|(.., own)| *own)
            .map(|(name, value, _)| (name, value.unwrap_or_default()))
            .collect());
    }
    let resource = DescribeConfigsResource::default()
        .with_resource_type(TOPIC)
        .with_resource_name(text(topic))
        .with_configuration_keys(None);
    let reply = connection.ask(&DescribeConfigsRequest::default().with_resources(vec![resource]))?;
    let mut settings = Settings::new();
    for result in reply.results {
        refused(&format!("read the settings of topic {topic}"), result.error_code, result.error_message.as_ref())?;
        let own = result.configs.into_iter().filter(|setting| setting.config_source == SET_ON_THE_TOPIC);
        settings.extend(own.map(|setting| {
            (setting.name.as_str().to_owned(), setting.value.map(|value| value.as_str().to_owned()).unwrap_or_default())
        }));
    }
    Ok(settings)
}

/// The wanted settings that are not as found.
pub(super) fn differences(found: &Settings, wanted: &Wanted) -> Wanted {
    wanted
        .iter()
        .filter(|(name, value)| found.get(*name) != value.as_ref())
        .map(|(n, v)| (n.clone(), v.clone()))
        .collect()
}

/// Makes the differences so; `found` is needed where the broker can only replace all settings at once.
pub(super) fn alter(cluster: &mut Cluster, topic: &str, found: &Settings, differences: &Wanted) -> Result<(), Failure> {
    let attempt = format!("alter the settings of topic {topic}");
    let connection = cluster.controller()?;
    if connection.version::<IncrementalAlterConfigsRequest>(i16::MAX).is_some() {
        let configs = differences.iter().map(|(name, value)| {
            incremental::AlterableConfig::default()
                .with_name(text(name))
                .with_config_operation(if value.is_some() { SET } else { REMOVE })
                .with_value(value.as_deref().map(text))
        });
        let resource = incremental::AlterConfigsResource::default()
            .with_resource_type(TOPIC)
            .with_resource_name(text(topic))
            .with_configs(configs.collect());
        let reply = connection.ask(&IncrementalAlterConfigsRequest::default().with_resources(vec![resource]))?;
        let mut results = reply.responses.iter();
        return results.try_for_each(|result| refused(&attempt, result.error_code, result.error_message.as_ref()));
    }
    let configs = merged(found, differences)
        .into_iter()
        .map(|(name, value)| AlterableConfig::default().with_name(text(&name)).with_value(Some(text(&value))));
    let resource = AlterConfigsResource::default()
        .with_resource_type(TOPIC)
        .with_resource_name(text(topic))
        .with_configs(configs.collect());
    let reply = connection.ask(&AlterConfigsRequest::default().with_resources(vec![resource]))?;
    reply.responses.iter().try_for_each(|result| refused(&attempt, result.error_code, result.error_message.as_ref()))
}

fn merged(found: &Settings, differences: &Wanted) -> Settings {
    let mut merged = found.clone();
    for (name, value) in differences {
        match value {
            Some(value) => merged.insert(name.clone(), value.clone()),
            None => merged.remove(name),
        };
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_settings_of_the_topic_itself_count_and_the_others_are_kept() {
        let found: Settings =
            [("a".to_owned(), "1".to_owned()), ("b".into(), "2".into()), ("c".into(), "3".into())].into();
        let wanted: Wanted = [
            ("a".to_owned(), Some("1".to_owned())),
            ("b".into(), Some("5".into())),
            ("c".into(), None),
            ("d".into(), None),
        ]
        .into();
        let differences = differences(&found, &wanted);
        assert_eq!(differences.keys().collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(merged(&found, &differences), [("a".to_owned(), "1".to_owned()), ("b".into(), "5".into())].into());
    }
}
