//! Verdicts over journeys.

use serde_json::json;

use super::*;

fn wiring() -> Wiring {
    Wiring::read(&|_, _| None)
}

/// A journey of `sent` messages of which so many are seen in Kafka and in Elasticsearch, one every 10 ms.
fn journey(sent: usize, kafka: usize, elasticsearch: usize) -> Journey {
    let ids: Vec<String> = (0..sent).map(|number| format!("m{number:03}")).collect();
    let of = |count: usize, facts: &dyn Fn(i64) -> Value| {
        ids.iter().take(count).zip(0..).map(|(id, number)| (id.clone(), facts(1_000 + 10 * number))).collect()
    };
    Journey {
        sent: of(sent, &|at| json!({"sent_ms": at, "confirmed_ms": at + 2, "routed": true})),
        kafka: of(kafka, &|at| json!({"seen_ms": at + 12, "count": 1})),
        elasticsearch: of(elasticsearch, &|at| json!({"seen_ms": at + 1_100, "count": 1})),
        ids,
        ..Journey::default()
    }
}

#[test]
fn percentiles_are_times_that_were_measured() {
    for (times, expected) in [
        (vec![], None),
        (vec![7], Some((7, 7, 7))),
        (vec![1, 2], Some((1, 2, 2))),
        ((1..=100).rev().collect(), Some((50, 95, 100))),
        ((1..=10).collect(), Some((5, 10, 10))),
    ] {
        let found = Times::of(times).map(|times| (times.p50, times.p95, times.worst));
        assert_eq!(found, expected);
    }
}

#[test]
fn the_hop_where_messages_stopped_is_named() {
    for (kafka, elasticsearch, ill, stopped) in [
        (10, 10, vec![], None),
        (4, 4, vec![], Some("kafka")),
        (4, 4, vec!["relay"], Some("relay")),
        (10, 9, vec![], Some("elasticsearch")),
        (10, 0, vec!["connect"], Some("connect")),
        (0, 0, vec!["connect"], Some("kafka")),
        (10, 9, vec!["relay"], Some("elasticsearch")),
    ] {
        let journey = Journey { ill: ill.clone(), ..journey(10, kafka, elasticsearch) };
        let verdict = report(&journey, &wiring());
        assert_eq!(verdict.stopped_at, stopped, "{kafka} {elasticsearch} {ill:?}");
        assert_eq!((verdict.passed, verdict.lost), (stopped.is_none(), 10 - elasticsearch));
    }
}

#[test]
fn doubles_and_ill_hops_do_not_pass_although_all_arrived() {
    let mut doubled = journey(3, 3, 3);
    doubled.elasticsearch["m001"]["count"] = 2.into();
    let verdict = report(&doubled, &wiring());
    assert_eq!((verdict.passed, verdict.doubled), (false, 1));
    assert_eq!(verdict.last_line(Some(4)), "FAIL  nothing lost, 1 doubled. Test events removed (4).");
    let verdict = report(&Journey { ill: vec!["kibana"], ..journey(3, 3, 3) }, &wiring());
    assert_eq!(verdict.last_line(None), "FAIL  all arrived, but kibana is not well. Test events kept.");
}

#[test]
fn clocks_of_hosts_do_not_show_in_times() {
    let mut journey = journey(10, 10, 10);
    for facts in journey.kafka.values_mut() {
        facts["seen_ms"] = (facts["seen_ms"].as_i64().unwrap() - 60_000).into();
    }
    journey.clocks.kafka = -60_000;
    let kafka = |journey: &Journey| report(journey, &wiring()).hops[2].times.unwrap();
    assert_eq!(kafka(&journey), Times { p50: 12, p95: 12, worst: 12 });
    // What the comparison of clocks missed does not make a time negative.
    journey.clocks.kafka = -59_000;
    assert_eq!(kafka(&journey).worst, 0);
}

#[test]
fn the_screen_of_a_pass() {
    let mut journey = journey(100, 100, 100);
    journey.words.insert("relay", "1 consumer, 0 waiting".into());
    journey.words.insert("connect", "1/1 tasks running".into());
    let verdict = report(&journey, &wiring());
    insta::assert_snapshot!(format!("{}{}", verdict.table(), verdict.last_line(Some(100))));
}

#[test]
fn the_screen_of_a_loss() {
    let mut journey = journey(100, 100, 3);
    journey.words.insert("connect", "FAILED: no task runs".into());
    journey.ill.push("connect");
    let verdict = report(&journey, &wiring());
    insta::assert_snapshot!(format!("{}{}", verdict.table(), verdict.last_line(Some(3))));
}

#[test]
fn what_was_never_sent_is_not_lost() {
    let words = "RabbitMQ refuses the login of logger (401)";
    let journey = Journey {
        sent: Map::new(),
        words: [("rabbitmq", words.to_owned())].into(),
        ill: vec!["rabbitmq"],
        ..journey(100, 0, 0)
    };
    let verdict = report(&journey, &wiring());
    assert_eq!((verdict.passed, verdict.lost, verdict.stopped_at), (false, 0, Some("rabbitmq")));
    assert_eq!(verdict.last_line(Some(0)), "FAIL  nothing was sent: rabbitmq does not take messages.");
    let table = verdict.table();
    assert!(table.contains(words) && !table.contains("0/100") && !table.contains("elasticsearch"), "{table}");
}
