//! The style and the script, which are part of the binary.

use axum::{http::header, response::IntoResponse};

// The binary may be upgraded while a browser still holds the old files.
const ASK_AGAIN: (header::HeaderName, &str) = (header::CACHE_CONTROL, "no-cache");

pub(super) async fn style() -> impl IntoResponse {
    let kind = (header::CONTENT_TYPE, "text/css; charset=utf-8");
    ([kind, ASK_AGAIN], include_str!("../../assets/style.css"))
}

pub(super) async fn live() -> impl IntoResponse {
    let kind = (header::CONTENT_TYPE, "text/javascript; charset=utf-8");
    ([kind, ASK_AGAIN], include_str!("../../assets/live.js"))
}
