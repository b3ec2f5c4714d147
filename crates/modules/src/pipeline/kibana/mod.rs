//! Kibana 5 to 9 through its HTTP interface: readiness, and the data view that Discover opens.

pub mod data_view;
mod dialect;
mod status;
pub mod wait;

use std::time::Duration;

use super::http::Endpoint;

fn local() -> String {
    "http://localhost:5601".into()
}

/// Kibana at `url`; what writes needs a header against forged requests, with any value.
fn kibana(url: &str, user: &str, password: &str) -> Endpoint {
    Endpoint::new("Kibana", url, Duration::from_secs(30))
        .login(user, password)
        .header("kbn-xsrf", "dppctl")
        .hint("systemctl status kibana; journalctl -u kibana -n 50")
}
