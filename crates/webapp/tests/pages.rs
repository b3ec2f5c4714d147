//! The pages as a browser or a program gets them, answered in this process, with a scripted broker behind them.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::connect_info::MockConnectInfo,
    http::{Request, Response, StatusCode, header},
};
use dpp_webapp::{
    broker::{Away, Broker, Delivery},
    config::Config,
    hop::{Hop, Observation},
    log_entry::{LogEntry, MessageId},
    page::{LONGEST_TEXT, Pages},
    tracker::Tracker,
    web::{self, App},
};
use futures_util::{FutureExt, future::BoxFuture};
use http_body_util::BodyExt;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

const FORM: &str = "application/x-www-form-urlencoded";

/// Answers every message the same way, and keeps them.
struct Scripted {
    answer: Result<Delivery, Away>,
    taken: Mutex<Vec<LogEntry>>,
}

impl Broker for Scripted {
    fn publish(&self, entry: LogEntry) -> BoxFuture<'static, Result<Delivery, Away>> {
        self.taken.lock().unwrap().push(entry);
        std::future::ready(self.answer.clone()).boxed()
    }

    fn absence(&self) -> Option<Away> {
        self.answer.clone().err()
    }
}

/// The application over a scripted broker.
struct Site {
    router: Router,
    broker: Arc<Scripted>,
    tracker: Arc<Tracker>,
    stop: CancellationToken,
}

impl Site {
    fn whose_broker_answers(answer: Result<Delivery, Away>) -> Self {
        let yaml = "amqp: {user: logger, password: logger_pass}\nkafka: {bootstrap_servers: 'k:9092'}\n\
                    elasticsearch: {url: 'http://e:9200'}\nkibana: {url: 'http://kibana.example:5601'}\n";
        let config: Config = serde_saphyr::from_str(yaml).unwrap();
        let tracker = Arc::new(Tracker::new(&config.watched()));
        let pages = Arc::new(Pages::new(Arc::new(config), tracker.clone()).unwrap());
        let broker = Arc::new(Scripted { answer, taken: Mutex::default() });
        let stop = CancellationToken::new();
        let app = App { broker: broker.clone(), tracker: tracker.clone(), pages, stop: stop.clone() };
        let client = SocketAddr::from(([192, 168, 10, 1], 40000));
        Self { router: web::router(app).layer(MockConnectInfo(client)), broker, tracker, stop }
    }

    fn healthy() -> Self {
        Self::whose_broker_answers(Ok(Delivery::Confirmed))
    }

    async fn ask(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn get(&self, path: &str) -> Response<Body> {
        self.ask(Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str, form: &str) -> Response<Body> {
        let request = Request::post(path).header(header::CONTENT_TYPE, FORM);
        self.ask(request.body(Body::from(form.to_owned())).unwrap()).await
    }

    async fn get_json(&self, path: &str) -> serde_json::Value {
        let request = Request::get(path).header(header::ACCEPT, "application/json");
        let response = self.ask(request.body(Body::empty()).unwrap()).await;
        serde_json::from_str(&text(response).await).unwrap()
    }

    /// Sends a text and returns the address of its page.
    async fn send(&self, form: &str) -> String {
        let response = self.post("/", form).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        response.headers()[header::LOCATION].to_str().unwrap().to_owned()
    }

    fn see(&self, page: &str, hop: Hop) {
        self.tracker.observe(id_of(page), hop, Observation::Seen { place: format!("seen at {}", hop.name()) });
    }
}

fn id_of(page: &str) -> MessageId {
    page.strip_prefix("/messages/").unwrap().parse().unwrap()
}

async fn text(response: Response<Body>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn away() -> Result<Delivery, Away> {
    Err(Away { why: "RabbitMQ at 127.0.0.1:5672, vhost /log: Connection refused".into() })
}

#[tokio::test]
async fn the_form_is_shown_at_both_addresses_and_sent_to_itself() {
    let site = Site::healthy();
    for path in ["/", "/app_dev.php/test"] {
        let response = site.get(path).await;
        assert_eq!(response.status(), StatusCode::OK);
        let html = text(response).await.replace("&#x2f;", "/");
        assert!(html.contains(&format!("<form method=\"post\" action=\"{path}\">")), "{html}");
    }
}

#[tokio::test]
async fn a_text_is_published_with_where_it_came_from() {
    let site = Site::healthy();
    let response = site.post("/app_dev.php/test", "message=a+b%0D%0Ac%26&level=error").await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    let taken = site.broker.taken.lock().unwrap();
    let body: serde_json::Value = serde_json::from_slice(&taken[0].body()).unwrap();
    assert_eq!(body["message"], "a b\nc&");
    assert_eq!(body["level_name"], "ERROR");
    assert_eq!(body["context"]["client_address"], "192.168.10.1");
    assert_eq!(body["context"]["page"], "/app_dev.php/test");
    assert_eq!(response.headers()[header::LOCATION], format!("/messages/{}", taken[0].id));
}

#[tokio::test]
async fn the_page_of_a_message_follows_it_without_a_script() {
    let site = Site::healthy();
    let page = site.send("message=hello").await;
    let html = text(site.get(&page).await).await;
    assert!(html.contains("Reached RabbitMQ; waiting for Kafka."), "{html}");
    assert!(html.contains("<noscript><meta http-equiv=\"refresh\" content=\"2\"></noscript>"));
    site.see(&page, Hop::Kafka);
    site.see(&page, Hop::Elasticsearch);
    let html = text(site.get(&page).await).await;
    assert!(html.contains("The message reached Elasticsearch.") && html.contains("seen at Kafka"), "{html}");
    assert!(!html.contains("http-equiv=\"refresh\""), "a settled page goes on reloading itself");
}

#[tokio::test]
async fn the_page_links_to_the_message_in_kibana() {
    let site = Site::healthy();
    let page = site.send("message=hello").await;
    let html = text(site.get(&page).await).await;
    let link =
        html.split("href=\"").find(|rest| rest.starts_with("http:&#x2f;&#x2f;kibana.example:5601")).expect(&html);
    let address = link.split('"').next().unwrap().replace("&#x2f;", "/");
    assert!(address.contains(&id_of(&page).to_string()), "{address}");
}

#[tokio::test]
async fn a_program_gets_the_same_as_json() {
    let site = Site::healthy();
    let page = site.send("message=hello").await;
    site.see(&page, Hop::Kafka);
    let document = site.get_json(&page).await;
    assert_eq!(document["schema"], "dpp-webapp/message/1");
    assert_eq!(document["rabbitmq"]["state"], "reached");
    assert_eq!(document["kafka"]["place"], "seen at Kafka");
    assert_eq!(document["elasticsearch"]["state"], "waiting");
    assert_eq!(document["settled"], false);
}

#[tokio::test]
async fn what_was_entered_is_never_markup() {
    let site = Site::healthy();
    let attack = "message=%3C%2Ftextarea%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E%22%27%26";
    let page = site.send(attack).await;
    let shown = text(site.get(&page).await).await;
    assert!(!shown.contains("<script>") && shown.contains("&lt;script&gt;alert(1)"), "{shown}");
    let down = Site::whose_broker_answers(away());
    let kept = text(down.post("/", attack).await).await;
    assert!(!kept.contains("<script>") && kept.contains("&lt;&#x2f;textarea&gt;&lt;script&gt;"), "{kept}");
}

#[tokio::test]
async fn what_a_product_says_is_never_markup() {
    let site = Site::healthy();
    let page = site.send("message=hello").await;
    site.tracker.hinder(Hop::Kafka, Some("<img src=x onerror=alert(1)>".into()));
    let html = text(site.get(&page).await).await;
    assert!(!html.contains("<img") && html.contains("&lt;img src=x"), "{html}");
}

#[tokio::test]
async fn without_rabbitmq_nothing_is_pretended_and_the_text_is_kept() {
    let site = Site::whose_broker_answers(away());
    let response = site.post("/", "message=keep+me&level=warning").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let html = text(response).await;
    assert!(html.contains("Not sent, your text is kept below.") && html.contains("Connection refused"), "{html}");
    assert!(html.contains("\nkeep me</textarea>") && html.contains("value=\"warning\" selected"), "{html}");
    let never_sent = site.broker.taken.lock().unwrap()[0].id;
    assert!(site.tracker.find(never_sent).is_none());
}

#[tokio::test]
async fn without_rabbitmq_the_form_says_so_before_anything_is_typed() {
    let html = text(Site::whose_broker_answers(away()).get("/").await).await;
    assert!(html.contains("Messages cannot be sent now.") && html.contains("Connection refused"), "{html}");
}

#[tokio::test]
async fn a_message_without_a_queue_is_said_to_be_stopped() {
    let site = Site::whose_broker_answers(Ok(Delivery::Unrouted { reply: "NO_ROUTE".into() }));
    let page = site.send("message=hello").await;
    let document = site.get_json(&page).await;
    assert_eq!(document["rabbitmq"]["state"], "stopped");
    assert_eq!(document["settled"], true);
    let html = text(site.get(&page).await).await;
    assert!(html.contains("stopped at RabbitMQ") && html.contains("NO_ROUTE"), "{html}");
}

#[tokio::test]
async fn a_lost_confirmation_is_said_to_be_lost() {
    let site = Site::whose_broker_answers(Ok(Delivery::Unconfirmed { why: "connection reset".into() }));
    let page = site.send("message=hello").await;
    let document = site.get_json(&page).await;
    assert_eq!(document["rabbitmq"]["state"], "uncertain");
    assert_eq!(document["settled"], false, "the next hops may still see it");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_takes_long_does_not_hold_the_browser() {
    struct Silent;
    impl Broker for Silent {
        fn publish(&self, _: LogEntry) -> BoxFuture<'static, Result<Delivery, Away>> {
            tokio::time::sleep(Duration::from_mins(1)).map(|()| Ok(Delivery::Confirmed)).boxed()
        }
        fn absence(&self) -> Option<Away> {
            None
        }
    }
    let site = Site::healthy();
    let config = serde_saphyr::from_str("amqp: {user: logger, password: logger_pass}").unwrap();
    let pages = Arc::new(Pages::new(Arc::new(config), site.tracker.clone()).unwrap());
    let app = App { broker: Arc::new(Silent), tracker: site.tracker.clone(), pages, stop: site.stop.clone() };
    let silent =
        Site { router: web::router(app).layer(MockConnectInfo(SocketAddr::from(([127, 0, 0, 1], 1)))), ..site };
    let page = silent.send("message=hello").await;
    assert_eq!(silent.get_json(&page).await["rabbitmq"]["state"], "waiting");
    tokio::time::sleep(Duration::from_secs(61)).await;
    assert_eq!(silent.get_json(&page).await["rabbitmq"]["state"], "reached");
}

#[tokio::test]
async fn unusable_input_is_refused_with_its_reason() {
    let site = Site::healthy();
    let too_long = format!("message={}", "x".repeat(LONGEST_TEXT + 1));
    let far_too_long = format!("message={}", "x".repeat(LONGEST_TEXT * 20));
    for (form, status) in [
        ("message=+%0D%0A", StatusCode::UNPROCESSABLE_ENTITY),
        ("level=info", StatusCode::UNPROCESSABLE_ENTITY),
        ("message=x&level=loud", StatusCode::UNPROCESSABLE_ENTITY),
        (&too_long, StatusCode::UNPROCESSABLE_ENTITY),
        (&far_too_long, StatusCode::PAYLOAD_TOO_LARGE),
    ] {
        let response = site.post("/", form).await;
        assert_eq!(response.status(), status, "{form:.40}");
        assert!(text(response).await.contains("role=\"alert\""), "{form:.40}");
    }
    assert!(site.broker.taken.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_longest_text_is_taken_in_any_script() {
    let site = Site::healthy();
    let form = format!("message={}", "%F0%9F%90%87".repeat(LONGEST_TEXT));
    site.send(&form).await;
    assert_eq!(site.broker.taken.lock().unwrap()[0].message, "🐇".repeat(LONGEST_TEXT));
}

#[tokio::test]
async fn live_updates_tell_each_hop_and_then_end() {
    let site = Site::healthy();
    let page = site.send("message=hello").await;
    let response = site.get(&format!("{page}/events")).await;
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    site.see(&page, Hop::Kafka);
    site.see(&page, Hop::Elasticsearch);
    let stream = tokio::time::timeout(Duration::from_secs(5), text(response)).await.expect("the stream has not ended");
    assert!(stream.contains("event: strip") && stream.contains("seen at Elasticsearch"), "{stream}");
    assert!(stream.contains("data: The message reached Elasticsearch."), "{stream}");
    // A browser dispatches no event without data (HTML standard, "dispatch the event").
    assert_eq!(stream.trim_end().rsplit("\n\n").next().unwrap(), "event: settled\ndata: yes");
}

#[tokio::test]
async fn live_updates_end_with_the_application() {
    let site = Site::healthy();
    let page = site.send("message=hello").await;
    let response = site.get(&format!("{page}/events")).await;
    site.stop.cancel();
    tokio::time::timeout(Duration::from_secs(5), text(response)).await.expect("the stream has not ended");
}

#[tokio::test]
async fn unknown_messages_and_pages_are_not_found() {
    let site = Site::healthy();
    let unknown = MessageId::random();
    for path in
        [format!("/messages/{unknown}"), format!("/messages/{unknown}/events"), "/messages/x".into(), "/x".into()]
    {
        assert_eq!(site.get(&path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn health_is_whether_messages_can_be_sent() {
    assert_eq!(Site::healthy().get("/health").await.status(), StatusCode::OK);
    let response = Site::whose_broker_answers(away()).get("/health").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(text(response).await.contains("Connection refused"));
}

#[tokio::test]
async fn every_answer_forbids_foreign_scripts_and_frames() {
    let site = Site::healthy();
    for path in ["/", "/x", "/assets/live.js", "/health"] {
        let response = site.get(path).await;
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("script-src 'self'") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    }
}
