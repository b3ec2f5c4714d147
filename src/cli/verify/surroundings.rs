//! What the hops say of themselves that count no messages: the relay's queue and unit, the connector, the data view.

use dpp_protocol::Answer;
use serde_json::{Value as Json, json};

use crate::cli::layout::Layout;
use crate::cli::status::elasticsearch;
use crate::cli::verify::probe::{Posts, rabbitmq_login, words};
use crate::engine::Errand;
use crate::pipeline::{HostLook, Journey, Stage, Wiring};

/// The look at the relay's own host, whose word goes before RabbitMQ's.
const UNIT: &str = "relay unit";

/// What the hops say that count nothing: the relay's queue, the connector, the data view.
pub(super) fn look(layout: &mut Layout, posts: &Posts, journey: &mut Journey) {
    let wiring = layout.wiring.clone();
    let mut errands = vec![("relay", Errand::new(&posts.rabbitmq, "rabbitmq_facts", rabbitmq_login(&wiring)))];
    if let Ok(host) = layout.first(Stage::Relay) {
        errands.push((UNIT, Errand::new(host, "shell", json!({"cmd": HostLook::command()}))));
    }
    if let Ok(host) = layout.first(Stage::Connect) {
        let params = json!({"url": wiring.connect_url, "unit": wiring.connect_unit});
        errands.push(("connect", Errand::new(host, "kafka_connect_facts", params)));
    }
    if let Ok(host) = layout.first(Stage::Kibana) {
        let mut params = elasticsearch(&wiring, &wiring.kibana_url);
        params["name"] = wiring.data_view.as_str().into();
        params["elasticsearch_url"] = wiring.kibana_elasticsearch_url.as_str().into();
        let look = Errand { look_only: true, ..Errand::new(host, "kibana_data_view", params) };
        errands.push(("kibana", look));
    }
    let only: Vec<Errand> = errands.iter().map(|(_, errand)| errand.clone()).collect();
    for ((hop, _), answer) in errands.iter().zip(layout.errands.run(&only, &mut |_, _, _| {})) {
        // RabbitMQ counts consumers every few seconds only: what came through proves the relay.
        let proven = journey.kafka.len() == journey.ids.len();
        let (words, well) = match *hop {
            "relay" => relay(&answer, &wiring, proven),
            UNIT => match stopped_relay(&answer) {
                Some(words) => (words, false),
                None => continue,
            },
            "connect" => connect(&answer, &wiring),
            _ => data_view(&answer),
        };
        let hop = if *hop == UNIT { "relay" } else { hop };
        journey.words.insert(hop, words);
        let excused = hop == "relay" && proven;
        if !well && !excused {
            journey.ill.push(hop);
        }
    }
}

/// What keeps the relay's unit from its work.
fn stopped_relay(answer: &Answer) -> Option<String> {
    let look = HostLook::read(answer.as_ref().ok()?.result.get("stdout")?.as_str()?);
    match look.unit(Stage::Relay) {
        None => Some("neither dpp-relay nor Logstash is installed".to_owned()),
        Some(unit) if !unit.runs() => Some(format!("{} is {} ({})", unit.name, unit.active, unit.sub)),
        Some(_) => None,
    }
}

fn relay(answer: &Answer, wiring: &Wiring, proven: bool) -> (String, bool) {
    match answer {
        Ok(outcome) => match &outcome.result["queues"][&wiring.queue] {
            Json::Null => (format!("there is no queue {}", wiring.queue), false),
            queue if proven && queue["consumers"].as_u64().unwrap_or(0) == 0 => ("its relay reads it".to_owned(), true),
            queue => {
                let consumers = queue["consumers"].as_u64().unwrap_or(0);
                let s = if consumers == 1 { "" } else { "s" };
                (format!("{consumers} consumer{s}, {} waiting", queue["messages"]), consumers > 0)
            }
        },
        Err(failure) => (words(failure), false),
    }
}

fn connect(answer: &Answer, wiring: &Wiring) -> (String, bool) {
    match answer {
        Ok(outcome) => {
            let status = &outcome.result["connectors"][wiring.sink()]["status"];
            let tasks = status["tasks"].as_array().map_or(&[][..], Vec::as_slice);
            let running = tasks.iter().filter(|task| task["state"] == "RUNNING").count();
            let state = status["state"].as_str().unwrap_or("not there");
            let cause = status["cause"].as_str().map(|cause| format!(": {cause}")).unwrap_or_default();
            (format!("{state}, {running}/{} tasks{cause}", tasks.len()), status["healthy"] == true)
        }
        Err(failure) => (words(failure), false),
    }
}

fn data_view(answer: &Answer) -> (String, bool) {
    match answer {
        Ok(outcome) if outcome.unpredicted => ("Kibana does not answer".to_owned(), false),
        Ok(outcome) if outcome.changed => ("not as it should be".to_owned(), false),
        Ok(_) => ("there".to_owned(), true),
        Err(failure) => (words(failure), false),
    }
}

#[cfg(test)]
mod tests {
    use dpp_protocol::Outcome;

    use super::*;

    #[test]
    fn a_count_that_lags_behind_does_not_contradict_what_came_through() {
        let wiring = Wiring::read(&|_, _| None);
        let counted = |consumers: u64| -> Answer {
            let facts = json!({"queues": {"logs": {"consumers": consumers, "messages": 0}}});
            Ok(Outcome { result: facts.as_object().cloned().unwrap_or_default(), ..Outcome::default() })
        };
        for (consumers, proven, words, well) in [
            (0, true, "its relay reads it", true),
            (0, false, "0 consumers, 0 waiting", false),
            (1, true, "1 consumer, 0 waiting", true),
        ] {
            assert_eq!(relay(&counted(consumers), &wiring, proven), (words.to_owned(), well));
        }
    }
}
