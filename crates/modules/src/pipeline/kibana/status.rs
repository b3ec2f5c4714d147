//! What Kibana says of itself. HTTP 200 says nothing: Kibana gives it also when it is red.

use dpp_protocol::Failure;
use serde_json::Value;

use crate::pipeline::http::{Endpoint, Reply};

/// Version and trouble of a Kibana.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) version: Option<String>,
    /// `green` up to 7.x, `available` from 8.0 on.
    pub(super) state: String,
    /// What is in the way; nothing when Kibana can be used.
    pub(super) trouble: Option<String>,
}

/// Asks Kibana for its status.
pub(super) fn status(kibana: &Endpoint) -> Result<Status, Failure> {
    let reply = kibana.get("/api/status")?;
    if matches!(reply.status, 401 | 403) {
        return Err(reply
            .refusal("read Kibana's status")
            .help("set user and password, or status.allowAnonymous in kibana.yml"));
    }
    Ok(read(&reply))
}

fn read(reply: &Reply) -> Status {
    let json = reply.json();
    // Before 5.5 the version is told in a header alone.
    let version = json["version"]["number"].as_str().or_else(|| reply.header("kbn-version")).map(str::to_owned);
    let overall = &json["status"]["overall"];
    let Some(state) = overall["level"].as_str().or_else(|| overall["state"].as_str()) else {
        let trouble =
            if reply.body.trim().is_empty() { reply.words() } else { reply.body.trim().chars().take(200).collect() };
        return Status { version, state: String::new(), trouble: Some(trouble) };
    };
    let usable = matches!(state, "green" | "yellow" | "available" | "degraded");
    let trouble = (!usable).then(|| format!("{state}: {}", reasons(&json["status"]).join("; ")));
    Status { version, state: state.to_owned(), trouble }
}

/// What the parts say that are no better than the whole: `plugin:elasticsearch@5.1.1: Unable to connect …`.
fn reasons(status: &Value) -> Vec<String> {
    let old = status["statuses"].as_array().into_iter().flatten();
    let old = old.filter(|part| part["state"] == "red").map(|part| {
        format!("{}: {}", part["id"].as_str().unwrap_or("?"), part["message"].as_str().unwrap_or_default())
    });
    let new = ["core", "plugins"].into_iter().filter_map(|kind| status[kind].as_object()).flatten();
    let new = new
        .filter(|(_, part)| matches!(part["level"].as_str(), Some("unavailable" | "critical")))
        .map(|(name, part)| format!("{name}: {}", part["summary"].as_str().unwrap_or_default()));
    let mut reasons: Vec<String> = old.chain(new).collect();
    // The one that names Elasticsearch is the cause, the others follow from it.
    reasons.sort_by_key(|reason| !reason.contains("elasticsearch"));
    reasons.truncate(3);
    reasons
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::pipeline::stub::Stub;

    fn of(code: u16, body: &str) -> Status {
        let stub = Stub::new(&[("GET /api/status", code, body)]);
        status(&Endpoint::new("Kibana", &stub.url(), Duration::from_secs(5))).unwrap()
    }

    #[test]
    fn red_is_no_success_although_http_says_so() {
        let red = include_str!("../../../tests/fixtures/kibana/5.1.1/status-elasticsearch-down.json");
        let trouble = of(200, red).trouble.unwrap();
        let begin = "red: plugin:elasticsearch@5.1.1: Unable to connect to Elasticsearch at http://localhost:9200.";
        assert!(trouble.starts_with(begin), "{trouble}");
        let other = of(200, include_str!("../../../tests/fixtures/kibana/5.1.1/status-on-elasticsearch-6.2.1.json"));
        assert!(other.trouble.unwrap().contains("requires Elasticsearch v5.1.1"));
        assert_eq!(of(200, include_str!("../../../tests/fixtures/kibana/5.1.1/status.json")).trouble, None);
    }

    #[test]
    fn levels_of_the_newer_line_are_read_too() {
        let level = |level: &str| {
            format!(
                r#"{{"version":{{"number":"8.17.0"}},"status":{{"overall":{{"level":"{level}"}},
                "core":{{"elasticsearch":{{"level":"{level}","summary":"Unable to retrieve version"}}}}}}}}"#
            )
        };
        let good = of(200, &level("available"));
        assert_eq!((good.version.as_deref(), good.trouble), (Some("8.17.0"), None));
        let bad = of(503, &level("critical"));
        assert_eq!(bad.trouble.as_deref(), Some("critical: elasticsearch: Unable to retrieve version"));
        assert_eq!(
            of(503, "Kibana server is not ready yet").trouble.as_deref(),
            Some("Kibana server is not ready yet")
        );
    }
}
