//! The HTTP pages for those who watch: `/metrics`, `/live`, `/ready`, `/status`. They read and change nothing.

use std::error::Error;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;
use tokio::net::TcpListener;

use crate::health::Health;
use crate::{metrics, tls};

/// Takes the port, so that a port in use is told before anything else is done.
pub async fn listen(on: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(on).await
}

/// Serves the pages for as long as the process lives.
pub async fn serve(listener: TcpListener, health: Arc<Health>) -> io::Result<()> {
    let pages = Router::new()
        .route("/metrics", get(metrics_page))
        .route("/live", get(live))
        .route("/ready", get(ready))
        .route("/status", get(status))
        .with_state(health);
    axum::serve(listener, pages).await
}

/// Returns an address at which a page that is served there can be asked for.
pub fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// Asks another process for a page.
pub async fn ask(page: &str) -> Result<String, String> {
    const PATIENCE: Duration = Duration::from_secs(5);
    tls::prepare();
    let client = reqwest::Client::builder().timeout(PATIENCE).tls_certs_only([]).build();
    let client = client.map_err(|error| error.to_string())?;
    let answer = client.get(page).send().await.map_err(|error| innermost(&error))?;
    answer.text().await.map_err(|error| innermost(&error))
}

fn innermost(mut error: &dyn Error) -> String {
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

async fn metrics_page(State(health): State<Arc<Health>>) -> Response {
    match metrics::page(&health) {
        Ok(page) => ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], page).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn live(State(health): State<Arc<Health>>) -> Response {
    if health.snapshot().lives() {
        return "live\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, "the relay's loop does not come round\n").into_response()
}

async fn ready(State(health): State<Arc<Health>>) -> Response {
    match health.snapshot().hindrance() {
        None => "ready\n".into_response(),
        Some(hindrance) => (StatusCode::SERVICE_UNAVAILABLE, format!("{hindrance}\n")).into_response(),
    }
}

async fn status(State(health): State<Arc<Health>>) -> Response {
    let snapshot = health.snapshot();
    let hindrance = snapshot.hindrance();
    let page = json!({
        "schema": "dpp-relay/status/1",
        "version": env!("CARGO_PKG_VERSION"),
        "ready": hindrance.is_none(),
        "hindrance": hindrance,
        "relay": snapshot,
    });
    ([(CONTENT_TYPE, "application/json")], format!("{page}\n")).into_response()
}
