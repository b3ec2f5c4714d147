//! `elasticsearch_template`: what new indices are made with, in the form that the cluster's version wants.
//!
//! Written once as patterns, settings and a mapping without types. Before 7.0 the mapping is put under the name of a
//! type, which must be the sink's `type.name`; from 7.8 on the template is a composable one.

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::cluster::{Version, version};
use crate::arguments::{Names, Whole};
use crate::pipeline::http::segment;
use crate::pipeline::plain::{contains, flat};
use crate::pipeline::product::Product;
use crate::{Host, Survey};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    #[default]
    Present,
    Absent,
}

with_node! {
    /// Parameters of `elasticsearch_template`.
    pub struct ElasticsearchTemplate {
        name: String,
        #[serde(default)]
        index_patterns: Names,
        #[serde(default)]
        settings: Map<String, Value>,
        #[serde(default)]
        mappings: Map<String, Value>,
        /// Name of the mapping's type before 7.0.
        #[serde(default = "sinks_type")]
        type_name: String,
        #[serde(default, alias = "order")]
        priority: Whole,
        #[serde(default)]
        state: State,
    }
}

fn sinks_type() -> String {
    "kafka-connect".into()
}

/// The three forms of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Before 6.0: one pattern, under `template`.
    OnePattern,
    /// 6.0 to 7.7.
    Legacy,
    /// From 7.8 on.
    Composable,
}

impl Form {
    fn of(version: Version) -> Self {
        match version {
            version if version < (6, 0) => Self::OnePattern,
            version if version < (7, 8) => Self::Legacy,
            _ => Self::Composable,
        }
    }

    fn path(self) -> &'static str {
        if self == Self::Composable { "/_index_template" } else { "/_template" }
    }
}

impl Product for ElasticsearchTemplate {
    const NAME: &'static str = "elasticsearch_template";
    type Step = Change;

    fn gist(&self) -> Option<Change> {
        Some(self.change(if self.state == State::Absent { Verb::Delete } else { Verb::Create }))
    }

    fn look(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        let node = self.node();
        let version = version(&node)?;
        let form = Form::of(version);
        let place = format!("{}/{}?flat_settings=true", form.path(), segment(&self.name));
        let found = node.get(&place)?.found(&format!("read template {}", self.name))?;
        let step = match (self.state, found) {
            (State::Present, None) => Some(self.change(Verb::Create)),
            (State::Absent, Some(_)) => Some(self.change(Verb::Delete)),
            (State::Present, Some(found)) => {
                let same = parts(form, &self.name, &found) == parts(form, &self.name, &self.echo(form, version)?);
                (!same).then(|| self.change(Verb::Change))
            }
            (State::Absent, None) => None,
        };
        Ok(Survey::steps(step.into_iter().collect()))
    }

    fn make(&self, step: &Change, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        let node = self.node();
        let version = version(&node)?;
        let form = Form::of(version);
        let place = format!("{}/{}", form.path(), segment(&self.name));
        if step.verb == Verb::Delete {
            return node.delete(&place)?.success(&format!("delete template {}", self.name)).map(drop);
        }
        node.put(&place, &self.body(form, version)?)?.success(&format!("put template {}", self.name)).map(drop)
    }
}

impl ElasticsearchTemplate {
    fn change(&self, verb: Verb) -> Change {
        Change::new(verb, format!("template {}", self.name)).detail(self.index_patterns.0.join(", "))
    }

    fn body(&self, form: Form, version: Version) -> Result<Value, Failure> {
        let typed = version < (7, 0) && !self.mappings.is_empty();
        let mappings = if typed { json!({&self.type_name: self.mappings}) } else { json!(self.mappings) };
        let patterns = &self.index_patterns.0;
        match form {
            Form::OnePattern => match patterns.as_slice() {
                [pattern] => Ok(
                    json!({"template": pattern, "order": self.priority.0, "settings": self.settings, "mappings": mappings}),
                ),
                _ => Err(Failure::new(format!(
                    "cannot make template {}: Elasticsearch before 6.0 takes one pattern, {} were given",
                    self.name,
                    patterns.len()
                ))
                .code("DPP0104")),
            },
            Form::Legacy => Ok(
                json!({"index_patterns": patterns, "order": self.priority.0, "settings": self.settings, "mappings": mappings}),
            ),
            Form::Composable => {
                let template = json!({"settings": self.settings, "mappings": mappings});
                Ok(json!({"index_patterns": patterns, "priority": self.priority.0, "template": template}))
            }
        }
    }

    /// The body as Elasticsearch would give it back.
    fn echo(&self, form: Form, version: Version) -> Result<Value, Failure> {
        let body = self.body(form, version)?;
        Ok(match form {
            Form::Composable => json!({"index_templates": [{"name": self.name, "index_template": body}]}),
            _ => json!({&self.name: body}),
        })
    }
}

/// What makes a template, apart from how it is written.
#[derive(Debug)]
struct Parts {
    patterns: Vec<Value>,
    rank: i64,
    settings: Vec<(String, Option<String>)>,
    mappings: Value,
}

impl PartialEq for Parts {
    fn eq(&self, other: &Self) -> bool {
        (&self.patterns, self.rank, &self.settings) == (&other.patterns, other.rank, &other.settings)
            && contains(&self.mappings, &other.mappings)
            && contains(&other.mappings, &self.mappings)
    }
}

fn parts(form: Form, name: &str, found: &Value) -> Parts {
    let (whole, inner) = match form {
        Form::Composable => {
            let template = &found["index_templates"][0]["index_template"];
            (template, &template["template"])
        }
        _ => (&found[name], &found[name]),
    };
    let patterns = match form {
        Form::OnePattern => vec![whole["template"].clone()],
        _ => whole["index_patterns"].as_array().cloned().unwrap_or_default(),
    };
    let rank = if form == Form::Composable { &whole["priority"] } else { &whole["order"] };
    let mappings = if inner["mappings"].is_object() { inner["mappings"].clone() } else { json!({}) };
    Parts { patterns, rank: rank.as_i64().unwrap_or(0), settings: settings(&inner["settings"]), mappings }
}

/// Settings with the `index.` that Elasticsearch puts before them.
fn settings(settings: &Value) -> Vec<(String, Option<String>)> {
    let mut settings = settings.as_object().map(flat).unwrap_or_default();
    for (key, _) in &mut settings {
        if !key.starts_with("index.") {
            *key = format!("index.{key}");
        }
    }
    settings.sort();
    settings
}

#[cfg(test)]
mod tests {
    use dpp_protocol::{Mode, Outcome};

    use super::*;
    use crate::pipeline::stub::{Stub, run};

    const BODIES: &[(&str, &str, &str)] = &[
        (
            include_str!("../../../tests/fixtures/elasticsearch/5.6.2/root.json"),
            "PUT /_template/logs_data",
            r#"{"template":"logs_data*","order":0,"settings":{"number_of_replicas":0},"mappings":{"kafka-connect":{"properties":{"n":{"type":"long"}}}}}"#,
        ),
        (
            include_str!("../../../tests/fixtures/elasticsearch/6.8.23/root.json"),
            "PUT /_template/logs_data",
            r#"{"index_patterns":["logs_data*"],"order":0,"settings":{"number_of_replicas":0},"mappings":{"kafka-connect":{"properties":{"n":{"type":"long"}}}}}"#,
        ),
        (
            include_str!("../../../tests/fixtures/elasticsearch/7.17.29/root.json"),
            "PUT /_index_template/logs_data",
            r#"{"index_patterns":["logs_data*"],"priority":0,"template":{"settings":{"number_of_replicas":0},"mappings":{"properties":{"n":{"type":"long"}}}}}"#,
        ),
    ];

    fn template(stub: &Stub, replicas: u64) -> Outcome {
        let params = json!({"name": "logs_data", "url": stub.url(), "index_patterns": "logs_data*",
            "settings": {"number_of_replicas": replicas}, "mappings": {"properties": {"n": {"type": "long"}}}});
        run("elasticsearch_template", &params, Mode::Apply).unwrap()
    }

    #[test]
    fn each_version_gets_its_own_form() {
        for (root, put, body) in BODIES {
            let stub = Stub::new(&[("GET /", 200, root), (put, 200, r#"{"acknowledged":true}"#)]);
            assert!(template(&stub, 0).changed);
            assert_eq!(stub.changes(), [format!("{put} {body}")]);
        }
    }

    #[test]
    fn a_template_comes_back_with_other_spellings_and_is_the_same() {
        let found = r#"{"index_templates":[{"name":"logs_data","index_template":{"index_patterns":["logs_data*"],
            "priority":0,"composed_of":[],"template":{"settings":{"index.number_of_replicas":"0"},
            "mappings":{"properties":{"n":{"type":"long"}}}}}}]}"#;
        let get = "GET /_index_template/logs_data?flat_settings=true";
        let put = ("PUT /_index_template/logs_data", 200, r#"{"acknowledged":true}"#);
        let stub = Stub::new(&[("GET /", 200, BODIES[2].0), (get, 200, found), put]);
        assert!(!template(&stub, 0).changed);
        assert_eq!(template(&stub, 1).changes[0].verb, Verb::Change);
    }
}
