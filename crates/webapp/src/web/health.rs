//! Whether messages can be sent just now, for service checks and load balancers.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::App;

pub(super) async fn show(State(app): State<App>) -> Response {
    match app.broker.absence() {
        None => Json(json!({ "rabbitmq": "connected" })).into_response(),
        Some(away) => {
            let body = Json(json!({ "rabbitmq": "away", "why": away.why }));
            (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
        }
    }
}
