//! How facts become states.

use dpp_protocol::Outcome;
use serde_json::json;

use super::*;

fn wiring() -> Wiring {
    Wiring::read(&|_, _| None)
}

fn look(unit: &str, active: &str) -> HostLook {
    HostLook::read(&format!("Id={unit}.service\nLoadState=loaded\nActiveState={active}\nSubState=x\nNRestarts=0\n\n"))
}

fn says(facts: &Value) -> Answer {
    Ok(Outcome { result: facts.as_object().unwrap().clone(), ..Outcome::default() })
}

/// The health of a stage with one host, whose unit runs and whose product says this.
fn health(stage: Stage, facts: &Value) -> StageHealth {
    let (look, answer) = (look(stage.units()[0], "active"), says(facts));
    stage_health(stage, &[Seen { host: "h1", look: Some(&look), answer: &answer }], &wiring()).unwrap()
}

fn sink(status: &Value) -> Value {
    json!({"version": "3.9.2", "connectors": {"elasticsearch-sink": {"status": status}}})
}

#[test]
fn facts_become_states() {
    let running = json!({"state": "RUNNING", "healthy": true, "tasks": [{"state": "RUNNING"}]});
    let failed = json!({"state": "RUNNING", "healthy": false, "tasks": [{"state": "FAILED"}], "cause": "no route"});
    let paused = json!({"state": "PAUSED", "healthy": false, "tasks": []});
    let topic = |isr: &Value| {
        json!({"brokers": [1], "troubles": [],
            "topics": {"logs_data": {"partitions": {"0": {"replicas": [1, 2], "isr": isr}}}}})
    };
    let cluster = |status: &str, nodes: u64| json!({"health": {"status": status, "number_of_nodes": nodes}});
    let queue = |consumers: u64| json!({"queues": {"logs": {"messages": 3, "consumers": consumers}}, "nodes": {}});
    for (stage, facts, state, words) in [
        (Stage::Rabbitmq, queue(1), State::Ok, "queue logs, 1 consumer"),
        (Stage::Rabbitmq, queue(0), State::Ok, "queue logs, 0 consumers"),
        (Stage::Rabbitmq, json!({"queues": {}}), State::Failed, ""),
        (
            Stage::Relay,
            json!({"json": {"ready": true, "relay": {"ledger": {"in_flight": 7}}}}),
            State::Ok,
            "7 unconfirmed",
        ),
        (Stage::Relay, json!({"json": {"ready": false, "hindrance": "waiting for Kafka"}}), State::Failed, ""),
        (Stage::Kafka, topic(&json!([1, 2])), State::Ok, "logs_data 1 part., ISR 2/2"),
        (Stage::Kafka, topic(&json!([1])), State::Degraded, "logs_data 1 part., ISR 1/2"),
        (Stage::Kafka, json!({"brokers": [1], "topics": {}}), State::Failed, ""),
        (Stage::Connect, sink(&running), State::Ok, "elasticsearch-sink 1/1 tasks"),
        (Stage::Connect, sink(&failed), State::Failed, "elasticsearch-sink 0/1 tasks"),
        (Stage::Connect, sink(&paused), State::Degraded, "elasticsearch-sink 0/0 tasks"),
        (Stage::Connect, json!({"connectors": {}}), State::Failed, ""),
        (Stage::Elasticsearch, cluster("green", 1), State::Ok, "green"),
        (Stage::Elasticsearch, cluster("yellow", 1), State::Ok, "yellow"),
        (Stage::Elasticsearch, cluster("yellow", 3), State::Degraded, "yellow"),
        (Stage::Elasticsearch, cluster("red", 3), State::Failed, "red"),
    ] {
        let health = health(stage, &facts);
        assert_eq!((health.state, health.detail.as_str()), (state, words), "{stage:?} {facts}");
        assert_eq!(health.troubles.is_empty(), state == State::Ok, "{stage:?}: {:?}", health.troubles);
    }
}

#[test]
fn a_queue_that_nobody_reads_is_ill_unless_its_relay_is_well() {
    let queue = json!({"queues": {"logs": {"messages": 3, "consumers": 0}}, "nodes": {}});
    for (ready, state) in [(true, State::Ok), (false, State::Degraded)] {
        let mut stages =
            vec![health(Stage::Rabbitmq, &queue), health(Stage::Relay, &json!({"json": {"ready": ready}}))];
        judge_together(&mut stages, &wiring());
        assert_eq!(stages[0].state, state, "{:?}", stages[0].troubles);
    }
}

#[test]
fn a_host_that_does_not_answer_takes_its_stage_down_or_half_down() {
    let (up, answer) = (look("kibana", "active"), says(&json!({"version": "7.17.29"})));
    let (dead, refused): (_, Answer) = (look("kibana", "failed"), Err(Failure::new("no answer")));
    let well = Seen { host: "k1", look: Some(&up), answer: &answer };
    let ill = Seen { host: "k2", look: Some(&dead), answer: &refused };
    let alone = stage_health(Stage::Kibana, std::slice::from_ref(&ill), &wiring()).unwrap();
    assert_eq!((alone.state, alone.up), (State::Down, 0));
    assert_eq!(alone.troubles, ["k2: kibana is failed (x): no answer"]);
    let both = stage_health(Stage::Kibana, &[well, ill], &wiring()).unwrap();
    assert_eq!((both.state, both.up, both.version.as_str()), (State::Degraded, 1, "7.17.29"));
}

#[test]
fn a_pipeline_may_do_without_the_test_page() {
    let (nothing, refused): (_, Answer) = (HostLook::default(), Err(Failure::new("connection refused")));
    let seen = [Seen { host: "w1", look: Some(&nothing), answer: &refused }];
    assert_eq!(stage_health(Stage::Webapp, &seen, &wiring()), None);
    assert!(stage_health(Stage::Kibana, &seen, &wiring()).is_some());
}

#[test]
fn the_screen_names_what_is_wrong_and_what_to_type() {
    let failed = json!({"state": "RUNNING", "healthy": false, "tasks": [{"state": "FAILED"}],
        "cause": "mapper_parsing_exception, `context.id` is long, got text \"abc\""});
    let stages = [
        health(Stage::Rabbitmq, &json!({"version": "3.10.8", "queues": {"logs": {"messages": 12, "consumers": 1}}})),
        health(Stage::Connect, &sink(&failed)),
    ];
    insta::assert_snapshot!(table(&stages));
}
