//! Turns rendered pages into answers, and what cannot be answered into pages.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};

use super::App;

/// A page made for this moment; one that is not rendered is a fault of the templates and is logged as such.
pub(super) fn page(status: StatusCode, html: Result<String, minijinja::Error>) -> Response {
    match html {
        Ok(html) => (status, [(header::CACHE_CONTROL, "no-store")], Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "cannot render the page");
            (StatusCode::INTERNAL_SERVER_ERROR, "The page cannot be rendered; see the log of dpp-webapp.")
                .into_response()
        }
    }
}

pub(super) async fn no_such_page(State(app): State<App>) -> Response {
    page(StatusCode::NOT_FOUND, app.pages.notice("No such page", "There is nothing at this address."))
}
