//! `ping`: the agent is there and answers.

use dpp_protocol::{Change, Failure, ResultMap};
use serde::Deserialize;

use crate::{Host, Module, Survey};

/// Parameters of `ping`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ping {
    #[serde(default = "pong")]
    data: String,
}

fn pong() -> String {
    "pong".into()
}

impl Module for Ping {
    const NAME: &'static str = "ping";
    type Step = Change;

    fn survey(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        if self.data == "crash" {
            return Err(Failure::new("`ping` was asked to fail"));
        }
        Ok(Survey::unchanged().value("ping", self.data.as_str()))
    }

    fn apply(&self, _step: &Change, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        Ok(())
    }
}
