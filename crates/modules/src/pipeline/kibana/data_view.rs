//! `kibana_data_view`: a data view (index pattern, before 8.0) with its time field, and the default one if there is none.

use std::time::Duration;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use ureq::http::Method;

use super::dialect::{Dialect, Keeper, of};
use super::kibana;
use super::status::status;
use crate::arguments::Flag;
use crate::pipeline::deadline::Deadline;
use crate::pipeline::elasticsearch::node;
use crate::pipeline::http::{Endpoint, Reply, segment};
use crate::pipeline::plain::contains;
use crate::pipeline::product::Product;
use crate::{Host, Step, Survey};

/// Parameters of `kibana_data_view`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KibanaDataView {
    /// The pattern of index names.
    #[serde(alias = "title")]
    name: String,
    /// The pattern itself, unless given.
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    time_field: Option<String>,
    /// Whether it becomes the default where there is none; what a user chose stays.
    #[serde(default)]
    default: Flag,
    #[serde(default = "super::local")]
    url: String,
    /// Where Kibana 5 keeps its documents.
    #[serde(default = "crate::pipeline::elasticsearch::local")]
    elasticsearch_url: String,
    #[serde(default)]
    user: String,
    #[serde(default)]
    password: String,
}

/// One thing to be done.
#[derive(Debug)]
pub struct DataViewStep {
    change: Change,
    deed: Deed,
}

#[derive(Debug, Clone, Copy)]
enum Deed {
    Create,
    Update,
    MakeDefault,
}

impl Step for DataViewStep {
    fn change(&self, _diff: bool) -> Change {
        self.change.clone()
    }
}

impl Product for KibanaDataView {
    const NAME: &'static str = "kibana_data_view";
    type Step = DataViewStep;

    fn gist(&self) -> Option<Change> {
        Some(self.change(Verb::Create))
    }

    fn look(&self, _host: &Host) -> Result<Survey<DataViewStep>, Failure> {
        let kibana = self.kibana();
        let Some(dialect) = self.dialect(&kibana)? else { return Ok(self.unseen()) };
        let found = self.keeper(dialect).get(&self.fill(dialect.read))?.found(&self.attempt("read"))?;
        let found = found.map(|found| found.pointer(dialect.attributes).cloned().unwrap_or_default());
        let deed = match found {
            None => Some((Verb::Create, Deed::Create)),
            Some(found) if !contains(&found, &self.attributes().into()) => Some((Verb::Change, Deed::Update)),
            Some(_) => None,
        };
        let step = deed.map(|(verb, deed)| DataViewStep { change: self.change(verb), deed });
        let mut survey = Survey::steps(step.into_iter().collect());
        if self.default.0 {
            match default_of(&kibana, dialect)? {
                None => {
                    let change = Change::new(Verb::Change, "default data view").detail(self.id());
                    survey.steps.push(DataViewStep { change, deed: Deed::MakeDefault });
                }
                Some(other) if other != self.id() => {
                    survey =
                        survey.warning(format!("the default data view is {other} and stays so, as somebody chose it"));
                }
                Some(_) => {}
            }
        }
        Ok(survey.value("id", self.id()))
    }

    fn make(&self, step: &DataViewStep, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        let kibana = self.kibana();
        let dialect = self.dialect(&kibana)?.ok_or_else(|| {
            Failure::new(format!("cannot make data view {}: Kibana is not ready", self.name))
                .code("DPP0806")
                .help("put kibana_wait before it")
        })?;
        let keeper = self.keeper(dialect);
        let reply = match step.deed {
            Deed::Create => {
                let body = wrapped(dialect.wrap.0, self.all_attributes(dialect));
                send(&keeper, &dialect.create.0, &self.fill(dialect.create.1), &body)?
            }
            Deed::Update => {
                let body = wrapped(dialect.wrap.1, self.attributes());
                send(&keeper, &dialect.update.0, &self.fill(dialect.update.1), &body)?
            }
            Deed::MakeDefault => self.make_default(&kibana, dialect)?,
        };
        reply.success(&self.attempt("write")).map(drop)
    }
}

impl KibanaDataView {
    /// A Kibana that has only just become ready still writes the document of its settings, and answers 404 until then.
    fn make_default(&self, kibana: &Endpoint, dialect: &Dialect) -> Result<Reply, Failure> {
        let deadline = Deadline::seconds(30.0);
        loop {
            let reply = kibana.post(dialect.default_set.0, &json!({dialect.default_set.1: self.id()}))?;
            if reply.status != 404 || !deadline.pause(Duration::from_millis(500)) {
                return Ok(reply);
            }
        }
    }

    fn id(&self) -> &str {
        self.id.as_ref().unwrap_or(&self.name)
    }

    fn change(&self, verb: Verb) -> Change {
        Change::new(verb, format!("data view {}", self.name)).detail(self.time_field.clone().unwrap_or_default())
    }

    fn attempt(&self, verb: &str) -> String {
        format!("{verb} data view {}", self.name)
    }

    fn kibana(&self) -> Endpoint {
        kibana(&self.url, &self.user, &self.password)
    }

    fn keeper(&self, dialect: &Dialect) -> Endpoint {
        match dialect.keeper {
            Keeper::Kibana => self.kibana(),
            Keeper::Elasticsearch => node(&self.elasticsearch_url, &self.user, &self.password),
        }
    }

    /// The dialect of this Kibana; nothing while it is not ready to tell its version.
    fn dialect(&self, kibana: &Endpoint) -> Result<Option<&'static Dialect>, Failure> {
        let Some(version) = status(kibana)?.version else { return Ok(None) };
        let dialect = of(&version).ok_or_else(|| {
            Failure::new(format!(
                "cannot make data view {}: Kibana {version} is not known, only 5.0 and newer",
                self.name
            ))
            .code("DPP0802")
        })?;
        Ok(Some(dialect))
    }

    fn unseen(&self) -> Survey<DataViewStep> {
        Survey::steps(vec![DataViewStep { change: self.change(Verb::Create), deed: Deed::Create }]).unpredicted()
    }

    fn fill(&self, path: &str) -> String {
        path.replace("{id}", &segment(self.id()))
    }

    fn attributes(&self) -> Map<String, Value> {
        let mut attributes = Map::new();
        attributes.insert("title".into(), self.name.clone().into());
        if let Some(time_field) = &self.time_field {
            attributes.insert("timeFieldName".into(), time_field.clone().into());
        }
        attributes
    }

    fn all_attributes(&self, dialect: &Dialect) -> Map<String, Value> {
        let mut attributes = self.attributes();
        if dialect.names_itself {
            attributes.insert("id".into(), self.id().into());
            attributes.insert("name".into(), self.name.clone().into());
            attributes.insert("allowNoIndex".into(), true.into());
        }
        attributes
    }
}

fn default_of(kibana: &Endpoint, dialect: &Dialect) -> Result<Option<String>, Failure> {
    let found = kibana.get(dialect.default_read)?.success("read Kibana's default data view")?;
    let id = found.pointer(dialect.default_id).and_then(Value::as_str);
    Ok(id.filter(|id| !id.is_empty()).map(str::to_owned))
}

fn wrapped(field: &str, attributes: Map<String, Value>) -> Value {
    if field.is_empty() { attributes.into() } else { json!({field: attributes}) }
}

fn send(keeper: &Endpoint, method: &Method, path: &str, body: &Value) -> Result<Reply, Failure> {
    if *method == Method::PUT { keeper.put(path, body) } else { keeper.post(path, body) }
}

#[cfg(test)]
mod tests {
    use dpp_protocol::{Mode, Outcome};

    use super::*;
    use crate::pipeline::stub::{Stub, run};

    fn version(number: &str) -> String {
        json!({"version": {"number": number}, "status": {"overall": {"state": "green"}}}).to_string()
    }

    fn data_view(stub: &Stub) -> Outcome {
        let params = json!({"name": "logs_data", "time_field": "@timestamp", "default": "yes", "url": stub.url(),
            "elasticsearch_url": stub.url()});
        run("kibana_data_view", &params, Mode::Apply).unwrap()
    }

    #[test]
    fn each_line_is_told_in_its_own_dialect() {
        let attributes = r#"{"title":"logs_data","timeFieldName":"@timestamp"}"#;
        for (number, create, body, default) in [
            (
                "5.1.1",
                "PUT /.kibana/index-pattern/logs_data?refresh=true",
                attributes.to_owned(),
                r#"POST /api/kibana/settings/defaultIndex {"value":"logs_data"}"#,
            ),
            (
                "6.8.23",
                "POST /api/saved_objects/index-pattern/logs_data",
                format!(r#"{{"attributes":{attributes}}}"#),
                r#"POST /api/kibana/settings/defaultIndex {"value":"logs_data"}"#,
            ),
            (
                "8.17.0",
                "POST /api/data_views/data_view",
                r#"{"data_view":{"title":"logs_data","timeFieldName":"@timestamp","id":"logs_data","name":"logs_data","allowNoIndex":true}}"#.to_owned(),
                r#"POST /api/data_views/default {"data_view_id":"logs_data"}"#,
            ),
        ] {
            let stub = Stub::new(&[
                ("GET /api/status", 200, &version(number)),
                ("GET /api/kibana/settings", 200, r#"{"settings":{"buildNum":{"userValue":1}}}"#),
                ("GET /api/data_views/default", 200, r#"{"data_view_id":""}"#),
                (create, 200, "{}"),
                (default.split(" {").next().unwrap(), 200, "{}"),
            ]);
            assert_eq!(data_view(&stub).changes.len(), 2, "{number}");
            assert_eq!(stub.changes(), [format!("{create} {body}"), default.to_owned()]);
        }
    }

    #[test]
    fn a_kibana_that_is_only_just_ready_is_given_time_for_its_settings() {
        let (create, default) =
            ("PUT /.kibana/index-pattern/logs_data?refresh=true", "POST /api/kibana/settings/defaultIndex");
        let stub = Stub::new(&[
            ("GET /api/status", 200, &version("5.1.1")),
            ("GET /api/kibana/settings", 200, r#"{"settings":{}}"#),
            (create, 201, "{}"),
            (default, 404, r#"{"message":"[document_missing_exception] [config][5.1.1]: document missing"}"#),
            (default, 200, "{}"),
        ]);
        assert!(data_view(&stub).changed);
        assert_eq!(stub.changes().iter().filter(|change| change.starts_with(default)).count(), 2);
    }

    #[test]
    fn what_users_added_is_kept_and_their_default_stays() {
        let found = r#"{"attributes":{"title":"logs_data","timeFieldName":"@timestamp","fields":"[]"}}"#;
        let settings = r#"{"settings":{"defaultIndex":{"userValue":"other"}}}"#;
        let stub = Stub::new(&[
            ("GET /api/status", 200, &version("7.17.29")),
            ("GET /api/saved_objects/index-pattern/logs_data", 200, found),
            ("GET /api/kibana/settings", 200, settings),
        ]);
        let outcome = data_view(&stub);
        assert!(!outcome.changed && stub.changes().is_empty());
        assert!(outcome.warnings[0].contains("the default data view is other"), "{:?}", outcome.warnings);
    }

    #[test]
    fn another_time_field_is_an_update_of_that_alone() {
        let found = r#"{"data_view":{"id":"logs_data","title":"logs_data","timeFieldName":"datetime"}}"#;
        let stub = Stub::new(&[
            ("GET /api/status", 200, &version("9.0.1")),
            ("GET /api/data_views/data_view/logs_data", 200, found),
            ("GET /api/data_views/default", 200, r#"{"data_view_id":"logs_data"}"#),
            ("POST /api/data_views/data_view/logs_data", 200, "{}"),
        ]);
        assert_eq!(data_view(&stub).changes[0].verb, Verb::Change);
        let body = r#"{"data_view":{"title":"logs_data","timeFieldName":"@timestamp"}}"#;
        assert_eq!(stub.changes(), [format!("POST /api/data_views/data_view/logs_data {body}")]);
    }
}
