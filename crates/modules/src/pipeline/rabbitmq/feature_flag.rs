//! `rabbitmq_feature_flag`: a feature that an upgrade brought is enabled; there is no way back.

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use super::ctl::Ctl;
use crate::pipeline::product::Product;
use crate::{Host, Survey};

/// Parameters of `rabbitmq_feature_flag`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RabbitmqFeatureFlag {
    name: String,
    #[serde(default = "rabbit")]
    node: String,
}

fn rabbit() -> String {
    "rabbit".into()
}

impl Product for RabbitmqFeatureFlag {
    const NAME: &'static str = "rabbitmq_feature_flag";
    type Step = Change;

    fn gist(&self) -> Option<Change> {
        Some(Change::new(Verb::Create, format!("feature flag {}", self.name)).detail("enabled"))
    }

    fn look(&self, host: &Host) -> Result<Survey<Change>, Failure> {
        let listed = Ctl::installed(Some(&self.node), host)?.run(&["list_feature_flags", "name", "state"], None)?;
        match state(&listed, &self.name) {
            Some("enabled") => Ok(Survey::unchanged()),
            Some(_) => Ok(Survey::steps(self.gist().into_iter().collect())),
            None => Err(Failure::new(format!("RabbitMQ knows no feature flag {}", self.name))
                .code("DPP0802")
                .help("`rabbitmqctl list_feature_flags` lists those of this version")),
        }
    }

    fn make(&self, _step: &Change, host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        Ctl::installed(Some(&self.node), host)?.run(&["enable_feature_flag", &self.name], None).map(drop)
    }
}

/// The state of a flag in rabbitmqctl's list: name and state, with a tab between them.
fn state<'a>(listed: &'a str, name: &str) -> Option<&'a str> {
    let mut rows = listed.lines().filter_map(|line| line.split_once('\t'));
    rows.find(|(flag, _)| *flag == name).map(|(_, state)| state.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_found_by_its_whole_name() {
        let listed = "name\tstate\nquorum_queue\tenabled\nstream_queue\tdisabled\n";
        assert_eq!(state(listed, "quorum_queue"), Some("enabled"));
        assert_eq!(state(listed, "stream_queue"), Some("disabled"));
        assert_eq!(state(listed, "queue"), None);
    }
}
