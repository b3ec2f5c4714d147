//! How the products are spoken to and what runs between them, from the same variables that the roles read.

use serde_json::{Map, Value};

use crate::pipeline::Stage;
use crate::source::Problem;

/// Finds the first of these variables that is set, as the tasks of a stage would see it.
pub type Find<'a> = &'a dyn Fn(Stage, &[&str]) -> Option<Value>;

/// The pipeline's names, addresses and logins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wiring {
    /// RabbitMQ's virtual host.
    pub vhost: String,
    /// Where messages are sent to.
    pub exchange: String,
    /// Where they wait for the relay.
    pub queue: String,
    /// Who sends them.
    pub user: String,
    /// The sender's password; nobody but the operator can know it.
    pub password: Option<String>,
    /// The topic.
    pub topic: String,
    /// Brokers as seen from a broker's host.
    pub bootstrap: String,
    /// Connectors by name with their configuration.
    pub connectors: Map<String, Value>,
    /// Connect's address on its own host.
    pub connect_url: String,
    /// Connect's unit.
    pub connect_unit: String,
    /// The index that messages end in.
    pub index: String,
    /// Elasticsearch's address on its own host.
    pub elasticsearch_url: String,
    /// Elasticsearch's login, where it asks for one.
    pub elasticsearch_login: Option<(String, String)>,
    /// Kibana's address on its own host.
    pub kibana_url: String,
    /// Elasticsearch's address on Kibana's host.
    pub kibana_elasticsearch_url: String,
    /// The data view of the messages.
    pub data_view: String,
    /// The test page's address on its own host.
    pub webapp_url: String,
}

impl Wiring {
    /// Reads the variables; what nobody set is as in the shipped roles.
    pub fn read(find: Find) -> Self {
        let text = |stage, names: &[&str], otherwise: &str| -> String {
            find(stage, names).and_then(|value| scalar(&value)).unwrap_or_else(|| otherwise.to_owned())
        };
        let account = account(find);
        let topic = text(Stage::Kafka, &["logs_topic", "kafka_topic"], "logs_data");
        let index = text(Stage::Elasticsearch, &["elasticsearch_index"], &topic);
        Self {
            vhost: account.vhost,
            exchange: text(Stage::Rabbitmq, &["RABBITMQ_EXCHANGE", "rabbitmq_exchange"], "logging"),
            queue: text(Stage::Rabbitmq, &["RABBITMQ_QUEUE", "rabbitmq_queue"], "logs"),
            user: account.user,
            password: account.password,
            bootstrap: text(Stage::Kafka, &["kafka_bootstrap"], "localhost:9092"),
            connectors: connectors(find),
            connect_url: text(Stage::Connect, &["connect_url"], "http://localhost:8083"),
            connect_unit: text(Stage::Connect, &["connect_unit"], "confluent-kafka-connect"),
            elasticsearch_url: text(Stage::Elasticsearch, &["elasticsearch_urls"], "http://localhost:9200"),
            elasticsearch_login: login(find, &["elasticsearch_user"], &["elasticsearch_password"]),
            kibana_url: format!("http://localhost:{}", text(Stage::Kibana, &["KIBANA_PORT", "kibana_port"], "5601")),
            kibana_elasticsearch_url: text(
                Stage::Kibana,
                &["KIBANA_ELASTIC_URL", "elasticsearch_urls"],
                "http://localhost:9200",
            ),
            data_view: text(Stage::Kibana, &["kibana_data_view"], &index),
            webapp_url: format!("http://localhost:{}", text(Stage::Webapp, &["webapp_port"], "8080")),
            topic,
            index,
        }
    }

    /// The sender's password, or a word about where it is to be set.
    ///
    /// # Errors
    /// That nobody set one.
    pub fn password(&self) -> Result<&str, Problem> {
        self.password.as_deref().ok_or_else(|| no_password(&self.user))
    }

    /// The sink's name: the first connector, or the documents' own.
    pub fn sink(&self) -> &str {
        self.connectors.keys().next().map_or("elasticsearch-sink", String::as_str)
    }
}

/// The password that everything needs and nothing has a default for.
pub fn no_password(user: &str) -> Problem {
    Problem::error("DPP0301", "`RABBITMQ_PASS` is not set")
        .note(format!("it is the password of RabbitMQ's user `{user}`; there is no default for it"))
        .help(
            "write `RABBITMQ_PASS: …` into group_vars/all.yml beside the inventory, the value encrypted by \
             `dppctl vault encrypt-string`, or give it with -e @FILE",
        )
}

struct Account {
    user: String,
    password: Option<String>,
    vhost: String,
}

/// The first user that has a password, and the virtual host it may use.
fn account(find: Find) -> Account {
    let users = find(Stage::Rabbitmq, &["RABBITMQ_USERS", "rabbitmq_users"]);
    let user = users
        .as_ref()
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .find(|user| ["password", "pass"].iter().any(|key| user[*key].is_string()));
    let of_user = |keys: &[&str]| keys.iter().find_map(|key| scalar(user?.get(*key)?));
    let set = |keys: &[&str], names: &[&str]| {
        let named = || find(Stage::Rabbitmq, names).and_then(|value| scalar(&value));
        of_user(keys).or_else(named)
    };
    Account {
        user: set(&["user", "name"], &["RABBITMQ_USER", "rabbitmq_user"]).unwrap_or_else(|| "logger".to_owned()),
        password: set(&["password", "pass"], &["RABBITMQ_PASS", "rabbitmq_password"]).filter(|text| !text.is_empty()),
        vhost: set(&["vhost"], &["RABBITMQ_VHOST", "rabbitmq_vhost"]).unwrap_or_else(|| "/log".to_owned()),
    }
}

fn login(find: Find, user: &[&str], password: &[&str]) -> Option<(String, String)> {
    let read =
        |names| find(Stage::Elasticsearch, names).and_then(|value| scalar(&value)).filter(|text| !text.is_empty());
    Some((read(user)?, read(password)?))
}

/// Connectors by name: a mapping of configurations, or a list of `{name, config}`.
fn connectors(find: Find) -> Map<String, Value> {
    match find(Stage::Connect, &["connectors", "connect_connectors"]) {
        Some(Value::Object(map)) => map.into_iter().map(|(name, entry)| (name, config(entry))).collect(),
        Some(Value::Array(list)) => {
            let named = |entry: Value| Some((entry["name"].as_str()?.to_owned(), config(entry)));
            list.into_iter().filter_map(named).collect()
        }
        _ => single(find).into_iter().collect(),
    }
}

/// The one connector that the shipped role makes.
fn single(find: Find) -> Option<(String, Value)> {
    let config = find(Stage::Connect, &["connector_config"])?;
    let name = find(Stage::Connect, &["connector_name"]).and_then(|name| scalar(&name));
    Some((name.unwrap_or_else(|| "elasticsearch-sink".to_owned()), config))
}

fn config(entry: Value) -> Value {
    match entry {
        Value::Object(mut entry) if entry.get("config").is_some_and(Value::is_object) => {
            entry.remove("config").unwrap_or_default()
        }
        entry => entry,
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        // Of several addresses any will do.
        Value::Array(list) => scalar(list.first()?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wiring(variables: Value) -> Wiring {
        Wiring::read(&|_, names| names.iter().find_map(|name| variables.get(*name).cloned()))
    }

    #[test]
    fn without_variables_it_is_the_documents_pipeline() {
        let wiring = wiring(json!({}));
        assert_eq!((wiring.vhost.as_str(), wiring.user.as_str()), ("/log", "logger"));
        assert_eq!(
            (wiring.topic.as_str(), wiring.index.as_str(), wiring.sink()),
            ("logs_data", "logs_data", "elasticsearch-sink")
        );
    }

    #[test]
    fn the_user_with_a_password_is_the_sender() {
        let users = json!({"RABBITMQ_USERS": [{"user": "guest"}, {"user": "app", "password": "s", "vhost": "/x"}]});
        let wiring = wiring(users);
        assert_eq!((wiring.user.as_str(), wiring.password().unwrap(), wiring.vhost.as_str()), ("app", "s", "/x"));
    }

    #[test]
    fn a_password_that_nobody_set_is_not_made_up() {
        for variables in [json!({}), json!({"RABBITMQ_PASS": ""}), json!({"RABBITMQ_USERS": [{"user": "guest"}]})] {
            let problem = wiring(variables).password().unwrap_err();
            assert_eq!((problem.code, problem.message.as_str()), ("DPP0301", "`RABBITMQ_PASS` is not set"));
            assert!(problem.help.unwrap().contains("group_vars/all.yml"));
        }
    }

    #[test]
    fn connectors_are_a_mapping_a_list_or_the_roles_only_one() {
        for variables in [
            json!({"connectors": {"sink": {"topics": "t"}}}),
            json!({"connectors": [{"name": "sink", "config": {"topics": "t"}}]}),
            json!({"connector_name": "sink", "connector_config": {"topics": "t"}}),
        ] {
            assert_eq!(
                wiring(variables.clone()).connectors,
                *json!({"sink": {"topics": "t"}}).as_object().unwrap(),
                "{variables}"
            );
        }
    }

    #[test]
    fn the_index_follows_the_topic_unless_it_is_named() {
        assert_eq!(wiring(json!({"logs_topic": "t"})).data_view, "t");
        assert_eq!(wiring(json!({"logs_topic": "t", "elasticsearch_index": "i"})).index, "i");
    }
}
