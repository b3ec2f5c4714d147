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
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::board::Board;
use crate::{metrics, tls};

/// Takes the port, so that a port in use is told before anything else is done.
pub async fn listen(on: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(on).await
}

/// Serves the pages for as long as the process lives.
pub async fn serve(listener: TcpListener, board: Arc<Board>) -> io::Result<()> {
    let pages = Router::new()
        .route("/metrics", get(metrics_page))
        .route("/live", get(live))
        .route("/ready", get(ready))
        .route("/status", get(status))
        .with_state(board);
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

async fn metrics_page(State(board): State<Arc<Board>>) -> Response {
    match metrics::page(&board) {
        Ok(page) => ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], page).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn live(State(board): State<Arc<Board>>) -> Response {
    if board.overview().lives() {
        return "live\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, "a loop of the relay does not come round\n").into_response()
}

async fn ready(State(board): State<Arc<Board>>) -> Response {
    match board.overview().hindrance() {
        None => "ready\n".into_response(),
        Some(hindrance) => (StatusCode::SERVICE_UNAVAILABLE, format!("{hindrance}\n")).into_response(),
    }
}

async fn status(State(board): State<Arc<Board>>) -> Response {
    let overview = board.overview();
    let hindrance = overview.hindrance();
    let sources: Vec<Value> =
        overview.sources.iter().map(|(name, source)| json!({ "name": name, "is": source })).collect();
    let page = json!({
        "schema": "dpp-relay/status/1",
        "version": env!("CARGO_PKG_VERSION"),
        "ready": hindrance.is_none(),
        "hindrance": hindrance,
        "relay": overview,
        "sources": sources,
    });
    ([(CONTENT_TYPE, "application/json")], format!("{page}\n")).into_response()
}
