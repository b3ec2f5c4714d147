//! The connectors of a worker, as a table.

use serde_json::{Map, Value};

/// One line a connector, and below it why it failed.
pub fn connector_table(connectors: &Map<String, Value>) -> String {
    let mut rows = vec![["NAME", "STATE", "TASKS", "CLASS"].map(str::to_owned)];
    rows.extend(connectors.iter().map(|(name, connector)| row(name, connector)));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let [name, state, tasks] = [width(0), width(1), width(2)];
    let mut lines: Vec<String> =
        rows.iter().map(|row| format!("{:name$}  {:state$}  {:tasks$}  {}", row[0], row[1], row[2], row[3])).collect();
    for (name, connector) in connectors {
        let status = &connector["status"];
        if let Some(cause) = status["cause"].as_str() {
            lines.push(format!("\n{name}: {cause}"));
            lines.extend(status["help"].as_str().map(|help| format!("  {help}")));
        }
    }
    lines.join("\n")
}

fn row(name: &str, connector: &Value) -> [String; 4] {
    let status = &connector["status"];
    let tasks = status["tasks"].as_array().map_or(&[][..], Vec::as_slice);
    let running = tasks.iter().filter(|task| task["state"] == "RUNNING").count();
    let class = connector["config"]["connector.class"].as_str().unwrap_or("-");
    // Connect calls a connector running although its tasks are dead.
    let state = match status["state"].as_str() {
        Some("RUNNING") if status["healthy"] != true => "FAILED",
        state => state.unwrap_or("-"),
    };
    let short = class.rsplit('.').next().unwrap_or(class);
    [name.to_owned(), state.to_owned(), format!("{running}/{}", tasks.len()), short.to_owned()]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_running_connector_with_a_dead_task_is_shown_as_failed() {
        let connectors = json!({
            "archive": {"config": {"connector.class": "a.b.S3Sink"},
                "status": {"state": "PAUSED", "healthy": false, "tasks": []}},
            "elasticsearch-sink": {"config": {"connector.class": "io.confluent.connect.elasticsearch.ElasticsearchSinkConnector"},
                "status": {"state": "RUNNING", "healthy": false, "tasks": [{"state": "FAILED"}],
                    "cause": "Connection refused", "help": "is Elasticsearch up?"}},
        });
        insta::assert_snapshot!(connector_table(connectors.as_object().unwrap()));
    }
}
