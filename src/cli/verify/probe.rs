//! Marked messages: sent at the front of the pipeline, followed through each hop, found at its end, and removed.

use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use dpp_protocol::{Answer, Failure};
use serde_json::{Map, Value as Json, json};

use crate::cli::Stop;
use crate::cli::layout::Layout;
use crate::cli::status::elasticsearch;
use crate::cli::verify::{document, surroundings};
use crate::engine::Errand;
use crate::event::clock;
use crate::exit::Exit;
use crate::pipeline::{Clocks, Journey, Stage, Verdict, Wiring, report};
use crate::ui::{Ui, line_json};

/// The field that holds the mark.
pub(in crate::cli) const FIELD: &str = "dppctl_probe.id";
/// The module that sends.
const PUBLISH: &str = "rabbitmq_publish";
const KAFKA: &str = "kafka";
const ELASTICSEARCH: &str = "elasticsearch";

/// What is sent, and how long it is waited for.
pub(super) struct Probe {
    pub(super) events: u32,
    pub(super) timeout: Duration,
    pub(super) keep: bool,
}

/// The hosts at which a probe looks.
pub(super) struct Posts {
    pub(super) rabbitmq: String,
    kafka: String,
    elasticsearch: String,
}

impl Probe {
    /// Sends and follows; returns the verdict, how many test messages were removed, and their mark.
    pub(super) fn go(&self, layout: &mut Layout, ui: Ui) -> Result<(Verdict, u64, String), Stop> {
        let posts = Posts {
            rabbitmq: layout.first(Stage::Rabbitmq)?.to_owned(),
            kafka: layout.first(Stage::Kafka)?.to_owned(),
            elasticsearch: layout.first(Stage::Elasticsearch)?.to_owned(),
        };
        let mark = mark();
        let wiring = layout.wiring.clone();
        let (exchange, vhost) = (&wiring.exchange, &wiring.vhost);
        ui.headline(&format!("{} events, marked {FIELD}={mark}…, exchange {exchange} in {vhost}", self.events));
        let ends = warm_up(layout, &posts)?;
        let mut journey = Journey {
            ids: (1..=self.events).map(|number| format!("{mark}{number:05}")).collect(),
            clocks: clocks(layout, &posts),
            ..Journey::default()
        };
        let removed = self.follow(layout, &posts, ends, &mut journey, ui);
        // Where nothing was sent, there is nothing to be seen further on.
        if !journey.is_unsent() {
            surroundings::look(layout, &posts, &mut journey);
        }
        Ok((report(&journey, &wiring), removed, mark))
    }

    /// Sends and follows until nobody reads any more, over connections that stay; a line a round, the whole table of one that failed.
    pub(super) fn watch(&self, mut layout: Layout, every: Duration, ui: Ui) -> Result<Exit, Stop> {
        loop {
            let begun = Instant::now();
            let (verdict, removed, mark) = self.go(&mut layout, Ui { verbosity: -1, ..ui })?;
            let exit = if verdict.passed { Exit::Ok } else { Exit::Unhealthy };
            let text = if ui.output.is_json() {
                line_json("dppctl.verify/1", exit, &document(&verdict, &mark, self.events, removed))
            } else {
                let last = verdict.last_line((!self.keep).then_some(removed));
                let table = if verdict.passed { String::new() } else { verdict.table() };
                format!("{table}{}  {last}\n", clock(now_ms().cast_unsigned()))
            };
            if !text.lines().all(|line| ui.answer_line(line)) {
                return Ok(exit);
            }
            thread::sleep(every.saturating_sub(begun.elapsed()));
        }
    }

    pub(super) fn screen(&self, verdict: &Verdict, removed: u64) -> String {
        format!("{}{}", verdict.table(), verdict.last_line((!self.keep).then_some(removed)))
    }

    /// Searches and sends, all at once; returns how many test messages were removed.
    fn follow(
        &self,
        layout: &mut Layout,
        posts: &Posts,
        ends: Option<Map<String, Json>>,
        journey: &mut Journey,
        ui: Ui,
    ) -> u64 {
        let errands = [
            self.search_elasticsearch(posts, &layout.wiring, &journey.ids),
            self.search_kafka(posts, &layout.wiring, &journey.ids, ends),
            publish(&posts.rabbitmq, &layout.wiring, &journey.ids),
        ];
        let (begun, mut told) = (Instant::now(), Instant::now());
        let mut alive = |errand: &Errand, text: &str, count: Option<(u64, u64)>| {
            if told.elapsed() >= Duration::from_secs(10) {
                told = Instant::now();
                let far = count.map(|(at, of)| format!(" {at}/{of}")).unwrap_or_default();
                ui.story(&format!("still: {} {text}{far}, {}s", errand.host, begun.elapsed().as_secs()));
            }
        };
        let is_in_vain =
            |errand: &Errand, answer: &Answer| errand.module == PUBLISH && answer.as_ref().is_err_and(sent_nothing);
        let answers = layout.errands.run_unless(&errands, &mut alive, &is_in_vain);
        if let Some(Err(failure)) = answers.last().filter(|answer| answer.as_ref().is_err_and(sent_nothing)) {
            journey.words.insert("rabbitmq", words(failure));
            journey.ill.push("rabbitmq");
            return 0;
        }
        let mut answers = answers.into_iter();
        let mut take = |hop: &'static str, key: &str| -> (Map<String, Json>, u64) {
            match answers.next() {
                Some(Ok(mut outcome)) => {
                    let removed = outcome.result.get("deleted").and_then(Json::as_u64).unwrap_or(0);
                    let found = outcome.result.get_mut(key).map(Json::take);
                    (found.and_then(|found| found.as_object().cloned()).unwrap_or_default(), removed)
                }
                Some(Err(failure)) => {
                    journey.words.insert(hop, words(&failure));
                    journey.ill.push(hop);
                    let found = failure.result.get(key).and_then(Json::as_object).cloned();
                    (found.unwrap_or_default(), 0)
                }
                None => Default::default(),
            }
        };
        let (elasticsearch, removed) = take("elasticsearch", "seen");
        let (kafka, _) = take("kafka", "seen");
        let (sent, _) = take("rabbitmq", "sent");
        (journey.elasticsearch, journey.kafka, journey.sent) = (elasticsearch, kafka, sent);
        removed
    }

    fn search_elasticsearch(&self, posts: &Posts, wiring: &Wiring, ids: &[String]) -> Errand {
        let mut params = elasticsearch(wiring, &wiring.elasticsearch_url);
        params["index"] = wiring.index.as_str().into();
        params["field"] = FIELD.into();
        params["ids"] = json!(ids);
        params["delete"] = (!self.keep).into();
        params["timeout"] = self.timeout.as_secs().into();
        Errand::new(&posts.elasticsearch, "elasticsearch_search", params).lane(ELASTICSEARCH)
    }

    fn search_kafka(&self, posts: &Posts, wiring: &Wiring, ids: &[String], ends: Option<Map<String, Json>>) -> Errand {
        let params = json!({
            "bootstrap_servers": wiring.bootstrap,
            "topic": wiring.topic,
            "ids": ids,
            "from": ends.unwrap_or_default(),
            "timeout": self.timeout.as_secs(),
        });
        Errand::new(&posts.kafka, "kafka_search", params).lane(KAFKA)
    }
}

/// Sends these marks from RabbitMQ's host.
pub(in crate::cli) fn publish(host: &str, wiring: &Wiring, ids: &[String]) -> Errand {
    let message = |id: &String| {
        json!({"id": id, "payload": {
            "message": "dppctl verify: a test message",
            "channel": "dppctl",
            "level_name": "INFO",
            "dppctl_probe": {"id": id},
        }})
    };
    let mut params = rabbitmq_login(wiring);
    params["exchange"] = wiring.exchange.as_str().into();
    params["time_header"] = "datetime".into();
    params["mandatory"] = false.into();
    params["messages"] = ids.iter().map(message).collect();
    Errand::new(host, PUBLISH, params)
}

pub(super) fn rabbitmq_login(wiring: &Wiring) -> Json {
    json!({"vhost": wiring.vhost, "login_user": wiring.user, "login_password": wiring.password,
        "login_host": "127.0.0.1"})
}

/// Opens a session to each post and asks where the topic ends, so that searching begins before sending does.
fn warm_up(layout: &mut Layout, posts: &Posts) -> Result<Option<Map<String, Json>>, Stop> {
    let wiring = &layout.wiring;
    let errands = [
        Errand::new(&posts.rabbitmq, "ping", json!({})),
        Errand::new(
            &posts.kafka,
            "kafka_facts",
            json!({"bootstrap_servers": wiring.bootstrap, "topics": [wiring.topic]}),
        )
        .lane(KAFKA),
        Errand::new(&posts.elasticsearch, "ping", json!({})).lane(ELASTICSEARCH),
    ];
    let answers = layout.errands.run(&errands, &mut |_, _, _| {});
    for (errand, answer) in errands.iter().zip(&answers) {
        if let Err(failure) = answer
            && failure.code.starts_with("DPP04")
        {
            return Err(Stop::Unreachable(format!("{}: {}", errand.host, words(failure))));
        }
    }
    // Kafka that does not answer is for the verdict to tell; searching begins at the end of the topic then.
    Ok(answers[1].as_ref().ok().map(|outcome| ends(&outcome.result["topics"][&wiring.topic]["partitions"])))
}

/// Whether the first hop refused before any message was on its way.
fn sent_nothing(failure: &Failure) -> bool {
    failure.result.get("sent").and_then(Json::as_object).is_none_or(Map::is_empty)
}

fn ends(partitions: &Json) -> Map<String, Json> {
    let known = partitions.as_object().into_iter().flatten();
    known
        .filter(|(_, facts)| facts["end"].is_i64())
        .map(|(index, facts)| (index.clone(), facts["end"].clone()))
        .collect()
}

/// How far the clocks of the posts are ahead of ours: asked over open sessions, the way there and back halved.
fn clocks(layout: &mut Layout, posts: &Posts) -> Clocks {
    let mut ahead = |host: &str, lane| {
        let asked = Errand::new(host, "command", json!({"argv": ["date", "+%s%3N"]})).lane(lane);
        let before = now_ms();
        let answer = layout.errands.run(&[asked], &mut |_, _, _| {}).pop();
        let ours = i64::midpoint(before, now_ms());
        let theirs = answer.and_then(Result::ok);
        let theirs = theirs.and_then(|outcome| outcome.result.get("stdout")?.as_str()?.trim().parse::<i64>().ok());
        theirs.map_or(0, |theirs| theirs - ours)
    };
    Clocks {
        rabbitmq: ahead(&posts.rabbitmq, ""),
        kafka: ahead(&posts.kafka, KAFKA),
        elasticsearch: ahead(&posts.elasticsearch, ELASTICSEARCH),
    }
}

pub(super) fn words(failure: &Failure) -> String {
    failure.message.clone()
}

pub(in crate::cli) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// One word without separators, so that a search for text finds it whole: the time and this process.
pub(in crate::cli) fn mark() -> String {
    format!("dppctl{:012x}{:08x}n", now_ms(), std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn searching_begins_at_the_ends_of_all_partitions() {
        let partitions = json!({"0": {"end": 12}, "1": {"end": 0}, "2": {"end": null}});
        assert_eq!(Json::Object(ends(&partitions)), json!({"0": 12, "1": 0}));
    }

    #[test]
    fn no_mark_begins_another() {
        let mark = mark();
        assert!(mark.chars().all(char::is_alphanumeric));
        assert_ne!(format!("{mark}{:05}", 1).len(), format!("{mark}{:05}", 123_456).len());
        assert_eq!(format!("{mark}{:05}", 1).len(), format!("{mark}{:05}", 10_000).len());
    }
}
