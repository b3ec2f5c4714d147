//! `kibana_wait`: waits until Kibana can be used, and says which of its parts is in the way.

use std::time::Duration;

use dpp_protocol::{Change, Failure, ResultMap};
use serde::Deserialize;

use super::kibana;
use super::status::{Status, status};
use crate::arguments::Number;
use crate::pipeline::deadline::Deadline;
use crate::pipeline::product::{Never, Product, UNREACHABLE};
use crate::{Host, Survey};

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
    #[serde(default = "five_minutes")]
    timeout: Number,
}

fn five_minutes() -> Number {
    Number(300.0)
}

impl Product for KibanaWait {
    const NAME: &'static str = "kibana_wait";
    type Step = Never;

    fn gist(&self) -> Option<Change> {
        None
    }

    fn look(&self, _host: &Host) -> Result<Survey<Never>, Failure> {
        let found = status(&kibana(&self.url, &self.user, &self.password))?;
        Ok(match found.trouble {
            None => Survey::unchanged().value("state", found.state).value("version", found.version),
            Some(_) => Survey::unchanged().unpredicted(),
        })
    }

    fn make(&self, step: &Never, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        match *step {}
    }

    fn finish(&self, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let (kibana, deadline) = (kibana(&self.url, &self.user, &self.password), Deadline::seconds(self.timeout.0));
        while !result.contains_key("state") {
            let trouble = match status(&kibana) {
                Ok(Status { version, state, trouble: None }) => {
                    result.insert("state".into(), state.into());
                    result.insert("version".into(), version.into());
                    result.insert("elapsed".into(), deadline.elapsed().into());
                    return Ok(());
                }
                Ok(Status { trouble: Some(trouble), .. }) => trouble,
                Err(failure) if failure.code == UNREACHABLE => failure.message,
                Err(failure) => return Err(failure),
            };
            host.life(&format!("Kibana: {trouble}"), Some(deadline.progress()));
            if !deadline.pause(Duration::from_millis(500)) {
                let failure = Failure::new(format!("Kibana is not ready after {} s: {trouble}", deadline.elapsed()));
                return Err(failure.code("DPP0806").help("journalctl -u kibana -n 50"));
            }
        }
        Ok(())
    }
}
