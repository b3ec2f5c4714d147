//! What RabbitMQ does to the one who reads its queue: it deletes the queue, closes connections, has too little memory.

use super::{Pipeline, eventually, pipeline};

const RABBITMQCTL: &str = "rabbitmqctl --quiet";
const LIST: &str = "rabbitmqctl --quiet list_queues -p /log messages";

#[test]
fn a_queue_that_is_deleted_is_waited_for_and_read_again_once_it_is_back() {
    let pipeline = pipeline();
    pipeline.on("web1", &format!("{RABBITMQCTL} delete_queue -p /log logs"));
    relay_says(&pipeline, "waiting for RabbitMQ: find queue `logs`");
    let repaired = pipeline.dppctl(["deploy", "--yes", "--no-verify", "--only", "rabbitmq"]).exits(0);
    assert!(repaired.changes() > 0, "{repaired}");
    relay_says(&pipeline, "ready");
    let _ = pipeline.dppctl(["verify", "--events", "5"]).exits(0);
}

#[test]
fn a_connection_that_rabbitmq_closes_is_opened_again() {
    let pipeline = pipeline();
    let before = connections(&pipeline);
    pipeline.on("web1", &format!("{RABBITMQCTL} close_all_connections -p /log maintenance"));
    eventually("another connection", || if connections(&pipeline) > before { Ok(()) } else { Err("none".to_owned()) });
    relay_says(&pipeline, "ready");
    let _ = pipeline.dppctl(["verify", "--events", "5"]).exits(0);
}

#[test]
fn an_alarm_that_blocks_publishers_does_not_stop_the_reading() {
    let pipeline = pipeline();
    pipeline.on("web1", "systemctl stop dpp-relay");
    let _unread = pipeline.dppctl(["verify", "--events", "5", "--wait", "5s"]);
    let queues = pipeline.on("web1", LIST);
    assert!(!queues.trim().ends_with("\n0"), "nothing waits: {queues}");
    pipeline.on("web1", &format!("{RABBITMQCTL} set_vm_memory_high_watermark 0.0001"));
    pipeline.on("web1", "systemctl start dpp-relay");
    eventually("an empty queue", || {
        let queues = pipeline.on("web1", LIST);
        if queues.trim().ends_with("\n0") { Ok(()) } else { Err(queues) }
    });
    pipeline.on("web1", &format!("{RABBITMQCTL} set_vm_memory_high_watermark 0.4"));
    let _ = pipeline.dppctl(["verify", "--events", "5"]).exits(0);
}

fn relay_says(pipeline: &Pipeline, words: &str) {
    eventually(words, || {
        let said = pipeline.on("web1", "curl -s --max-time 5 http://127.0.0.1:9640/ready || true");
        if said.starts_with(words) { Ok(()) } else { Err(said) }
    });
}

fn connections(pipeline: &Pipeline) -> u64 {
    let metrics = pipeline.on("web1", "curl -s --max-time 5 http://127.0.0.1:9640/metrics");
    let line = metrics.lines().find_map(|line| line.strip_prefix("dpp_relay_connections_total "));
    line.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("no count of connections: {metrics}"))
}
