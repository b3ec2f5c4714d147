//! The HTTP side: which address is answered by what, and the headers that every answer carries.

mod assets;
mod form;
mod health;
mod live;
mod message;
mod reply;

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::{self, Next},
    response::Response,
    routing::get,
};
use tokio_util::sync::CancellationToken;

use crate::{broker::Broker, page::Pages, tracker::Tracker};

/// The page of the source documents, kept so that what they say still holds.
const DOCUMENTED_PAGE: &str = "/app_dev.php/test";

/// A form encodes a character of four bytes as twelve; the rest is for the other fields.
const BODY_LIMIT: usize = crate::page::LONGEST_TEXT * 12 + 4096;

/// Scripts and styles come from this server alone, and nobody may frame the page.
const SECURITY: [(HeaderName, HeaderValue); 3] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

/// What the handlers work with.
#[derive(Clone)]
pub struct App {
    /// Where messages go.
    pub broker: Arc<dyn Broker>,
    /// What is known of them.
    pub tracker: Arc<Tracker>,
    /// How they are shown.
    pub pages: Arc<Pages>,
    /// Ends the live updates, which would otherwise outlast every shutdown.
    pub stop: CancellationToken,
}

/// Everything that is answered.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/", get(form::show).post(form::send))
        .route(DOCUMENTED_PAGE, get(form::show).post(form::send))
        .route("/messages/{id}", get(message::show))
        .route("/messages/{id}/events", get(live::follow))
        .route("/assets/style.css", get(assets::style))
        .route("/assets/live.js", get(assets::live))
        .route("/health", get(health::show))
        .fallback(reply::no_such_page)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn(secure))
        .with_state(app)
}

async fn secure(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().extend(SECURITY);
    response
}

/// Whether a program asks rather than a browser.
fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("application/json") && !accept.contains("text/html"))
}
