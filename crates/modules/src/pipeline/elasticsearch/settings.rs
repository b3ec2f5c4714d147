//! `elasticsearch_settings`: settings of a running cluster; null takes one back to its default.

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde_json::{Map, Value, json};

use crate::pipeline::plain::flat;
use crate::pipeline::product::Product;
use crate::{Host, Step, Survey};

with_node! {
    /// Parameters of `elasticsearch_settings`; keys may be dotted or nested.
    pub struct ElasticsearchSettings {
        #[serde(default, alias = "settings")]
        persistent: Map<String, Value>,
        /// Lost when the whole cluster restarts; deprecated since 7.16.
        #[serde(default)]
        transient: Map<String, Value>,
    }
}

/// A setting to be made.
#[derive(Debug)]
pub struct SettingStep {
    lasting: &'static str,
    key: String,
    found: Option<String>,
    wanted: Option<String>,
}

impl Step for SettingStep {
    fn change(&self, _diff: bool) -> Change {
        let or_default = |value: &Option<String>| value.clone().unwrap_or_else(|| "default".into());
        let detail = format!("{} -> {}", or_default(&self.found), or_default(&self.wanted));
        Change::new(Verb::Change, format!("{} setting {}", self.lasting, self.key)).detail(detail)
    }
}

impl Product for ElasticsearchSettings {
    const NAME: &'static str = "elasticsearch_settings";
    type Step = SettingStep;

    fn gist(&self) -> Option<Change> {
        let keys = [&self.persistent, &self.transient].map(flat);
        let keys: Vec<String> = keys.into_iter().flatten().map(|(key, _)| key).collect();
        Some(Change::new(Verb::Change, "settings of the cluster").detail(keys.join(", ")))
    }

    fn look(&self, _host: &Host) -> Result<Survey<SettingStep>, Failure> {
        let node = self.node();
        let found = node.get("/_cluster/settings?flat_settings=true")?.success("read the cluster's settings")?;
        let mut steps = Vec::new();
        for (lasting, wanted) in [("persistent", &self.persistent), ("transient", &self.transient)] {
            let found = found[lasting].as_object().map(flat).unwrap_or_default();
            let found = |key: &str| found.iter().find(|(known, _)| known == key).and_then(|(_, value)| value.clone());
            for (key, wanted) in flat(wanted) {
                let found = found(&key);
                if found != wanted {
                    steps.push(SettingStep { lasting, key, found, wanted });
                }
            }
        }
        Ok(Survey::steps(steps))
    }

    fn make(&self, step: &SettingStep, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        let mut setting = Map::new();
        setting.insert(step.key.clone(), json!(step.wanted));
        let node = self.node();
        let reply = node.put("/_cluster/settings", &json!({step.lasting: setting}))?;
        reply.success(&format!("make the {} setting {}", step.lasting, step.key)).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use dpp_protocol::Mode;

    use super::*;
    use crate::pipeline::stub::{Stub, run};

    #[test]
    fn a_setting_is_compared_as_text_and_null_takes_it_back() {
        let found = r#"{"persistent":{"cluster.routing.allocation.enable":"primaries","x.y":"1"},"transient":{}}"#;
        let put = ("PUT /_cluster/settings", 200, r#"{"acknowledged":true}"#);
        let stub = Stub::new(&[("GET /_cluster/settings?flat_settings=true", 200, found), put]);
        let params = json!({"url": stub.url(),
            "persistent": {"cluster": {"routing": {"allocation": {"enable": null}}}, "x.y": 1, "a.b": null}});
        let outcome = run("elasticsearch_settings", &params, Mode::Apply).unwrap();
        assert_eq!(outcome.changes.len(), 1);
        assert_eq!(outcome.changes[0].detail, "primaries -> default");
        assert_eq!(
            stub.changes(),
            [r#"PUT /_cluster/settings {"persistent":{"cluster.routing.allocation.enable":null}}"#]
        );
    }

    #[test]
    fn an_unknown_setting_is_refused_in_elasticsearchs_words() {
        let error = include_str!("../../../tests/fixtures/elasticsearch/7.17.29/cluster-settings-unknown.json");
        let stub = Stub::new(&[
            ("GET /_cluster/settings?flat_settings=true", 200, "{}"),
            ("PUT /_cluster/settings", 400, error),
        ]);
        let params = json!({"url": stub.url(), "persistent": {"nosuch.setting": "x"}});
        let failure = run("elasticsearch_settings", &params, Mode::Apply).unwrap_err();
        assert!(
            failure.message.ends_with("persistent setting [nosuch.setting], not recognized"),
            "{}",
            failure.message
        );
    }
}
