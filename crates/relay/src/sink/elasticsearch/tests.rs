//! The sink against a cluster on paper that speaks `_bulk`, to see what a real one does seldom or never: reject, block, refuse.
//!
//! Real ones, from 5.6 on, are met by the end-to-end tests.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use super::ElasticsearchSink;
use crate::config::ElasticsearchConfig;
use crate::flow::{Report, Verdict};
use crate::mapping::Record;
use crate::voice::Voice;
use crate::window::{DeliveryId, Window};

/// What the cluster is like, and what it has.
#[derive(Default)]
struct Paper {
    version: &'static str,
    mappings: Value,
    largest: Option<usize>,
    refuses: Option<(StatusCode, Value)>,
    rejections: usize,
    password: Option<&'static str>,
    documents: BTreeMap<String, Value>,
    targets: Vec<Value>,
    requests: usize,
}

#[derive(Clone)]
struct Stand(Arc<Mutex<Paper>>);

impl Stand {
    async fn raise(paper: Paper) -> (Self, String) {
        let stand = Self(Arc::new(Mutex::new(paper)));
        let pages = Router::new().route("/", get(root)).route("/_bulk", post(bulk)).fallback(get(mapping));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let pages = pages.with_state(stand.clone());
        tokio::spawn(async move { axum::serve(listener, pages).await });
        (stand, url)
    }

    fn paper(&self) -> MutexGuard<'_, Paper> {
        self.0.lock().unwrap()
    }
}

async fn root(State(stand): State<Stand>, headers: HeaderMap) -> Response {
    let paper = stand.paper();
    let given = headers.get("authorization").map(|value| value.to_str().unwrap());
    if paper.password.is_some() && given != paper.password {
        let words = json!({ "error": { "type": "security_exception", "reason": "unable to authenticate user" } });
        return (StatusCode::UNAUTHORIZED, words.to_string()).into_response();
    }
    json!({ "version": { "number": paper.version } }).to_string().into_response()
}

async fn mapping(State(stand): State<Stand>) -> String {
    stand.paper().mappings.to_string()
}

async fn bulk(State(stand): State<Stand>, body: Bytes) -> Response {
    let mut paper = stand.paper();
    paper.requests += 1;
    if let Some((status, words)) = &paper.refuses {
        return (*status, words.to_string()).into_response();
    }
    if paper.largest.is_some_and(|largest| body.len() > largest) {
        return (StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large").into_response();
    }
    let text = std::str::from_utf8(&body).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let items: Vec<Value> = lines.chunks(2).map(|pair| create(&mut paper, &pair[0]["create"], &pair[1])).collect();
    let errors = items.iter().any(|item| item["create"]["error"].is_object());
    json!({ "errors": errors, "items": items }).to_string().into_response()
}

fn create(paper: &mut Paper, target: &Value, source: &Value) -> Value {
    let failed = |status: u16, kind: &str| json!({ "create": { "status": status, "error": { "type": kind, "reason": "on paper" } } });
    paper.targets.push(target.clone());
    if source["n"].is_string() {
        return failed(400, "mapper_parsing_exception");
    }
    if source["hot"] == true && paper.rejections > 0 {
        paper.rejections -= 1;
        return failed(429, "es_rejected_execution_exception");
    }
    let id = target["_id"].as_str().unwrap().to_owned();
    if paper.documents.contains_key(&id) {
        return failed(409, "version_conflict_engine_exception");
    }
    paper.documents.insert(id, source.clone());
    json!({ "create": { "status": 201 } })
}

fn seven() -> Paper {
    Paper { version: "7.17.29", ..Paper::default() }
}

fn sink(nodes: &[&str], more: &str) -> (ElasticsearchSink, UnboundedReceiver<Report>, Voice) {
    let text = format!("{{nodes: {nodes:?}, index: logs-%Y, linger: 20ms{more}}}");
    let config: ElasticsearchConfig = serde_saphyr::from_str(&text).unwrap();
    let ((own_reports, reports), voice) = (unbounded_channel(), Voice::default());
    (ElasticsearchSink::open(&config, own_reports, voice.clone()).unwrap(), reports, voice)
}

fn id(tag: u64) -> DeliveryId {
    Window::<()>::new(1).id(tag)
}

fn send(sink: &ElasticsearchSink, tag: u64, name: &str, source: &str) {
    let value = Cow::Borrowed(source.as_bytes());
    let record =
        Record { key: None, value, headers: Vec::new(), timestamp: 1_514_764_800_000, id: Some(name.to_owned()) };
    sink.send(id(tag), &record);
}

async fn reports(from: &mut UnboundedReceiver<Report>, count: usize) -> Vec<Report> {
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(timeout(Duration::from_secs(20), from.recv()).await.expect("a report within 20 s").unwrap());
    }
    all.sort_by_key(|report| match report {
        Report::Confirmed(id) | Report::Buried(id) | Report::Refused { id, .. } => id.tag,
    });
    all
}

async fn is_silent(from: &mut UnboundedReceiver<Report>) -> bool {
    timeout(Duration::from_secs(1), from.recv()).await.is_err()
}

fn poison(report: &Report) -> &str {
    let Report::Refused { verdict: Verdict::Poison(reason), .. } = report else { panic!("{report:?}") };
    reason
}

#[tokio::test]
async fn a_record_that_is_sent_twice_is_one_document_in_the_index_of_its_year() {
    let (stand, url) = Stand::raise(seven()).await;
    let (sink, mut heard, _) = sink(&[&url], "");
    sink.probe().await.unwrap();
    send(&sink, 1, "logs_data+0+7", r#"{"n":1}"#);
    assert_eq!(reports(&mut heard, 1).await, [Report::Confirmed(id(1))]);
    send(&sink, 2, "logs_data+0+7", r#"{"n":1}"#);
    assert_eq!(reports(&mut heard, 1).await, [Report::Confirmed(id(2))]);
    assert_eq!(stand.paper().documents.len(), 1);
    assert_eq!(stand.paper().targets[0], json!({ "_index": "logs-2018", "_id": "logs_data+0+7" }));
}

#[tokio::test]
async fn only_what_was_rejected_is_sent_again_and_only_what_is_poison_is_refused() {
    let (stand, url) = Stand::raise(Paper { rejections: 2, ..seven() }).await;
    let (sink, mut heard, voice) = sink(&[&url], "");
    for (tag, source) in [(1, r#"{"n":1}"#), (2, r#"{"hot":true}"#), (3, r#"{"n":"x"}"#), (4, r#"{"n":4}"#)] {
        send(&sink, tag, &tag.to_string(), source);
    }
    let heard = reports(&mut heard, 4).await;
    assert_eq!(poison(&heard[2]), "Elasticsearch refused it: 400 mapper_parsing_exception: on paper");
    let rest = [&heard[0], &heard[1], &heard[3]];
    assert_eq!(rest, [&Report::Confirmed(id(1)), &Report::Confirmed(id(2)), &Report::Confirmed(id(4))]);
    let asked = stand.paper().targets.iter().filter(|target| target["_id"] == "2").count();
    assert_eq!((asked, stand.paper().targets.len(), voice.last_words()), (3, 6, None));
}

#[tokio::test]
async fn a_request_that_is_too_large_is_halved_down_to_the_one_document_that_is() {
    let (stand, url) = Stand::raise(Paper { largest: Some(400), ..seven() }).await;
    let (sink, mut heard, _) = sink(&[&url], "");
    let large = format!(r#"{{"text":"{}"}}"#, "x".repeat(500));
    for tag in 1..=9 {
        send(&sink, tag, &tag.to_string(), if tag == 5 { &large } else { r#"{"n":1}"# });
    }
    let heard = reports(&mut heard, 9).await;
    assert!(poison(&heard[4]).contains("413"), "{heard:?}");
    assert_eq!(heard.iter().filter(|report| matches!(report, Report::Confirmed(_))).count(), 8);
    assert_eq!(stand.paper().documents.len(), 8);
}

#[tokio::test]
async fn a_node_that_is_down_is_passed_over() {
    let (stand, url) = Stand::raise(seven()).await;
    let (sink, mut heard, _) = sink(&["http://127.0.0.1:1", &url], "");
    for tag in 1..=3 {
        send(&sink, tag, &tag.to_string(), "{}");
    }
    assert_eq!(reports(&mut heard, 3).await.len(), 3);
    assert_eq!(stand.paper().documents.len(), 3);
}

#[tokio::test]
async fn a_cluster_that_cannot_write_now_is_waited_for_and_says_why() {
    let blocked = json!({ "error": { "type": "cluster_block_exception", "reason": "no master" } });
    let (stand, url) = Stand::raise(seven()).await;
    let (sink, mut heard, voice) = sink(&[&url], "");
    for status in [StatusCode::SERVICE_UNAVAILABLE, StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS] {
        stand.paper().refuses = Some((status, blocked.clone()));
        send(&sink, 1, status.as_str(), "{}");
        assert!(is_silent(&mut heard).await);
        let words = voice.last_words().unwrap();
        assert!(words.contains(status.as_str()) && words.contains("cluster_block_exception: no master"), "{words}");
        stand.paper().refuses = None;
        assert_eq!(reports(&mut heard, 1).await, [Report::Confirmed(id(1))]);
    }
    assert_eq!(voice.last_words(), None);
}

#[tokio::test]
async fn a_cluster_that_refuses_every_request_makes_no_dead_letters() {
    let refused = json!({ "error": { "type": "action_request_validation_exception", "reason": "type is missing" } });
    let (stand, url) = Stand::raise(Paper { refuses: Some((StatusCode::BAD_REQUEST, refused)), ..seven() }).await;
    let (sink, mut heard, voice) = sink(&[&url], "");
    send(&sink, 1, "1", "{}");
    assert!(is_silent(&mut heard).await);
    assert!(voice.last_words().unwrap().contains("type is missing"));
    let refuses = stand.paper().refuses.take();
    assert_eq!(reports(&mut heard, 1).await, [Report::Confirmed(id(1))]);
    // The same once something was written: it is still not the documents' fault.
    stand.paper().refuses = refuses;
    send(&sink, 2, "2", "{}");
    assert!(is_silent(&mut heard).await);
    stand.paper().refuses = None;
    assert_eq!(reports(&mut heard, 1).await, [Report::Confirmed(id(2))]);
}

#[tokio::test]
async fn elasticsearch_up_to_6_is_told_the_type_that_the_index_has() {
    for (version, mappings, more, kind) in [
        ("5.6.2", json!({ "logs-2018": { "mappings": { "log": {} } } }), "", json!("log")),
        ("6.8.23", json!({}), "", json!("doc")),
        ("6.8.23", json!({}), ", type: event", json!("event")),
        ("7.17.29", json!({}), ", type: event", Value::Null),
        ("9.1.0", json!({}), "", Value::Null),
    ] {
        let (stand, url) = Stand::raise(Paper { version, mappings, ..Paper::default() }).await;
        let (sink, mut heard, _) = sink(&[&url], more);
        send(&sink, 1, "1", "{}");
        assert_eq!(reports(&mut heard, 1).await, [Report::Confirmed(id(1))]);
        assert_eq!(stand.paper().targets[0]["_type"], kind, "{version}{more}");
    }
}

#[tokio::test]
async fn a_password_that_was_changed_is_read_anew() {
    let (_stand, url) = Stand::raise(Paper { password: Some("Basic ZWxhc3RpYzpuZXc="), ..seven() }).await;
    let file = std::env::temp_dir().join(format!("dpp-relay-elastic-{}", std::process::id()));
    std::fs::write(&file, "old\n").unwrap();
    let (sink, mut heard, _) = sink(&[&url], &format!(", user: elastic, password_file: {}", file.display()));
    let refused = sink.probe().await.unwrap_err().to_string();
    assert!(
        refused.contains("index `logs-%Y` of Elasticsearch") && refused.contains("401 security_exception"),
        "{refused}"
    );
    send(&sink, 1, "1", "{}");
    assert!(is_silent(&mut heard).await);
    std::fs::write(&file, "new\n").unwrap();
    assert_eq!(reports(&mut heard, 1).await, [Report::Confirmed(id(1))]);
    std::fs::remove_file(&file).unwrap();
}

#[tokio::test]
async fn what_answers_without_a_version_is_no_elasticsearch() {
    let (_stand, url) = Stand::raise(Paper { version: "", ..Paper::default() }).await;
    let refused = sink(&[&url], "").0.probe().await.unwrap_err().to_string();
    assert!(refused.contains("no Elasticsearch"), "{refused}");
}
