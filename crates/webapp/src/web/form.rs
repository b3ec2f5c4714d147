//! The form: shown, and taken. A text is only said to be sent when RabbitMQ has answered for it or may still do so.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use axum::{
    Form, Json,
    extract::{ConnectInfo, OriginalUri, State, rejection::FormRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use tokio::{sync::oneshot, time};

use super::{App, reply, wants_json};
use crate::{
    broker::{Away, Delivery},
    hop::{Hop, Observation},
    log_entry::{Level, LogEntry, MessageId},
    page::{self, LONGEST_TEXT},
};

/// So long the sender waits for RabbitMQ's answer before the page of the message shows it as still open.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Deserialize)]
pub(super) struct Submission {
    message: String,
    #[serde(default)]
    level: Level,
}

pub(super) async fn show(State(app): State<App>, OriginalUri(uri): OriginalUri) -> Response {
    let form = page::Form { action: uri.path().to_owned(), ..page::Form::default() };
    reply::page(StatusCode::OK, app.pages.form(&form, app.broker.absence().map(|away| away.why)))
}

pub(super) async fn send(
    State(app): State<App>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    submission: Result<Form<Submission>, FormRejection>,
) -> Response {
    let mut form = page::Form { action: uri.path().to_owned(), ..page::Form::default() };
    let refusal = match accept(&mut form, submission) {
        Ok(()) => {
            let entry = entry(&form, client.ip());
            let id = entry.id;
            match publish(&app, entry).await {
                Ok(()) => return sent(id, &headers),
                Err(away) => Refusal::away(&away),
            }
        }
        Err(refusal) => refusal,
    };
    refuse(&app, form, refusal, &headers)
}

/// Why a text was not sent.
struct Refusal {
    status: StatusCode,
    why: String,
}

impl Refusal {
    fn new(status: StatusCode, why: impl Into<String>) -> Self {
        Self { status, why: why.into() }
    }

    fn away(away: &Away) -> Self {
        let why = format!("Not sent, your text is kept below. {away}");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, why)
    }
}

/// Takes the text into the form, so that it is kept whatever happens, and judges it.
fn accept(form: &mut page::Form, submission: Result<Form<Submission>, FormRejection>) -> Result<(), Refusal> {
    let Form(submission) = submission.map_err(|rejection| Refusal::new(rejection.status(), rejection.body_text()))?;
    // Browsers send line breaks as CRLF, whatever the system.
    form.text = submission.message.replace("\r\n", "\n");
    form.level = submission.level;
    if form.text.trim().is_empty() {
        return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "Enter a text to send."));
    }
    if form.text.chars().count() > LONGEST_TEXT {
        let why = format!("The text is longer than {LONGEST_TEXT} characters.");
        return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, why));
    }
    Ok(())
}

fn entry(form: &page::Form, client: IpAddr) -> LogEntry {
    LogEntry {
        id: MessageId::random(),
        message: form.text.clone(),
        level: form.level,
        client: client.to_canonical(),
        page: form.action.clone(),
        datetime: Timestamp::now(),
    }
}

/// Publishes in a task of its own: the answer is taken in even if the browser leaves or patience ends.
async fn publish(app: &App, entry: LogEntry) -> Result<(), Away> {
    let id = entry.id;
    app.tracker.begin(entry.clone());
    let (answered, answer) = oneshot::channel();
    let publishing = app.broker.publish(entry);
    let tracker = app.tracker.clone();
    tokio::spawn(async move {
        let result = publishing.await.map(|delivery| tracker.observe(id, Hop::Broker, observation(delivery)));
        if result.is_err() {
            tracker.forget(id);
        }
        // The sender may have stopped waiting.
        let _ = answered.send(result);
    });
    match time::timeout(PATIENCE, answer).await {
        Ok(Ok(result)) => result,
        _ => Ok(()),
    }
}

fn observation(delivery: Delivery) -> Observation {
    match delivery {
        Delivery::Confirmed => Observation::Seen { place: "routed to a queue".into() },
        Delivery::Unrouted { reply } => Observation::Stopped {
            why: format!("RabbitMQ found no queue for it and returned it ({reply}); is a queue bound to the exchange?"),
        },
        Delivery::Refused => Observation::Stopped { why: "RabbitMQ could not store it (negative confirmation)".into() },
        Delivery::Unconfirmed { why } => {
            Observation::Uncertain { why: format!("the answer was lost, it may or may not have arrived: {why}") }
        }
    }
}

fn sent(id: MessageId, headers: &HeaderMap) -> Response {
    tracing::info!(%id, "sent");
    let place = format!("/messages/{id}");
    if wants_json(headers) {
        let body = Json(json!({ "id": id.to_string(), "url": place }));
        return (StatusCode::ACCEPTED, [(header::LOCATION, place)], body).into_response();
    }
    Redirect::to(&place).into_response()
}

fn refuse(app: &App, form: page::Form, refusal: Refusal, headers: &HeaderMap) -> Response {
    tracing::info!(status = refusal.status.as_u16(), "not sent");
    if wants_json(headers) {
        return (refusal.status, Json(json!({ "error": refusal.why }))).into_response();
    }
    let form = page::Form { problem: Some(refusal.why), ..form };
    reply::page(refusal.status, app.pages.form(&form, None))
}
