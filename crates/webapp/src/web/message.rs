//! The page of one message: how far it has come at this moment. Programs get the same as JSON.

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{App, reply, wants_json};
use crate::journey::Journey;

pub(super) async fn show(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    match (find(&app, &id), wants_json(&headers)) {
        (Some(journey), true) => ([(header::CACHE_CONTROL, "no-store")], Json(journey.document())).into_response(),
        (Some(journey), false) => reply::page(StatusCode::OK, app.pages.message(&journey)),
        (None, true) => (StatusCode::NOT_FOUND, Json(json!({ "error": UNKNOWN }))).into_response(),
        (None, false) => reply::page(StatusCode::NOT_FOUND, app.pages.notice("Unknown message", UNKNOWN)),
    }
}

const UNKNOWN: &str = "Only the latest messages are remembered, and none from before the last start of this \
                       application. Kibana finds a message by its id whenever it arrived.";

/// The message that an address names.
pub(super) fn find(app: &App, id: &str) -> Option<Journey> {
    app.tracker.find(id.parse().ok()?)
}
