//! `kibana_wait`: waits until Kibana can be used, and says which of its parts is in the way.

use std::time::Duration;

use dpp_protocol::{Failure, ResultMap};
use serde::Deserialize;

use super::kibana;
use super::status::{Status, status};
use crate::arguments::Number;
use crate::pipeline::awaited::Awaited;

/// Parameters of `kibana_wait`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KibanaWait {
    #[serde(default = "super::local")]
    url: String,
    #[serde(default)]
    user: String,
    #[serde(default)]
    password: String,
    /// The unit on this host that it runs in; when it dies, nothing is waited for.
    #[serde(default)]
    unit: Option<String>,
    #[serde(default = "five_minutes")]
    timeout: Number,
}

fn five_minutes() -> Number {
    Number(300.0)
}

impl Awaited for KibanaWait {
    const NAME: &'static str = "kibana_wait";
    const PRODUCT: &'static str = "Kibana";

    fn patience(&self) -> f64 {
        self.timeout.0
    }

    fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }

    fn missing(&self, limit: Duration, result: &mut ResultMap) -> Result<Vec<String>, Failure> {
        let Status { version, state, trouble } = status(&kibana(&self.url, &self.user, &self.password).within(limit))?;
        result.insert("state".into(), state.into());
        result.insert("version".into(), version.into());
        Ok(trouble.into_iter().collect())
    }

    fn explain(&self, late: Failure) -> Failure {
        late.help("journalctl -u kibana -n 50")
    }
}
