//! `verify --outage kafka=30s`: a drill. A stage is stopped for a while, messages flow in meanwhile, and all of them are found at
//! the end. What is done on its hosts is the playbook's, outage.yml; the messages are the canary's.

use std::time::Duration;

use serde_json::json;

use crate::cli::canary::Flight;
use crate::cli::conduct::{Beside, Conduct, conduct};
use crate::cli::deploy::stage;
use crate::cli::invocation::Invocation;
use crate::cli::layout::Layout;
use crate::cli::lock::LockArgs;
use crate::cli::options::{HowArgs, SelectionArgs};
use crate::cli::verify::time;
use crate::cli::{Stop, ask};
use crate::content;
use crate::engine::Errand;
use crate::exit::Exit;
use crate::pipeline::{HostLook, Stage};
use crate::plan::Plan;
use crate::source::Problem;
use crate::ui::{Shows, Ui};
use crate::value::Value;

/// Stages that messages pass; the others may be down without anything to be seen of it.
const PASSED: [Stage; 5] = [Stage::Rabbitmq, Stage::Relay, Stage::Kafka, Stage::Connect, Stage::Elasticsearch];

/// What is down, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Outage {
    stage: Stage,
    lasts: Duration,
}

/// `kafka=30s`
pub(super) fn outage(text: &str) -> Result<Outage, String> {
    let (name, lasts) = text.split_once('=').ok_or("write STAGE=TIME, such as kafka=30s")?;
    let (stage, lasts) = (stage(name)?, time(lasts)?);
    if !PASSED.contains(&stage) {
        let names: Vec<&str> = PASSED.iter().map(|stage| stage.name()).collect();
        return Err(format!("no message passes {name}; choose one of {}", names.join(", ")));
    }
    Ok(Outage { stage, lasts })
}

impl Outage {
    /// Asks, stops, waits, starts, and counts.
    pub(super) fn drill(
        self,
        invocation: &mut Invocation,
        mut layout: Layout,
        confirmed: Option<&str>,
        ui: Ui,
    ) -> Result<Exit, Stop> {
        let name = self.stage.name();
        let hosts = layout.of(self.stage).to_vec();
        layout.first(self.stage)?;
        let unit = self.unit(&mut layout, &hosts)?;
        let flight = Flight::prepare(invocation, &layout, true, ui)?;
        invocation.extra.insert("outage_unit".to_owned(), Value::plain(unit.as_str()));
        invocation.extra.insert("outage_seconds".to_owned(), Value::Int(self.lasts.as_secs().cast_signed()));
        let review = |_plan: &mut Plan| {
            let what = format!("{unit} is down for {}s on {}", self.lasts.as_secs(), hosts.join(", "));
            ask::word(&what, name, confirmed, ui)
        };
        let conducted = Conduct {
            command: "verify --outage",
            playbooks: vec![content::path("outage.yml")],
            selection: &SelectionArgs::default(),
            how: &HowArgs::default(),
            limit: Some(&hosts.join(":")),
            review: &review,
            lock: Some(&LockArgs::default()),
            beside: flight.as_ref().map(|flight| flight as &dyn Beside),
            shows: Shows::Story,
            with_changes: Exit::Ok,
            heed: None,
        };
        conduct(invocation, &conducted, ui)
    }

    /// The unit that does the stage's work on its hosts.
    fn unit(self, layout: &mut Layout, hosts: &[String]) -> Result<String, Stop> {
        let looks: Vec<Errand> =
            hosts.iter().map(|host| Errand::new(host, "shell", json!({"cmd": HostLook::command()}))).collect();
        let answers = layout.errands.run(&looks, &mut |_, _, _| {});
        let mut units = Vec::new();
        for (host, answer) in hosts.iter().zip(answers) {
            let outcome = answer.map_err(|failure| Stop::Unreachable(format!("{host}: {}", failure.message)))?;
            let look = HostLook::read(outcome.result.get("stdout").and_then(|text| text.as_str()).unwrap_or_default());
            units.push(self.running(host, &look)?);
        }
        let nobody = || Problem::error("DPP0203", format!("no host is of the stage {}", self.stage.name()));
        units.into_iter().next().ok_or_else(|| nobody().into())
    }

    fn running(self, host: &str, look: &HostLook) -> Result<String, Stop> {
        let unit = look.unit(self.stage);
        if let Some(unit) = unit.filter(|unit| unit.runs()) {
            return Ok(unit.name.clone());
        }
        let state = unit.map_or("not installed", |unit| &unit.active);
        let words = format!("{} is {state} on {host} already: nothing was touched", self.stage.name());
        Err(Stop::Unwell(words, Some("dppctl status; dppctl deploy starts it".to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_a_stage_that_messages_pass_and_a_time() {
        let kafka = Outage { stage: Stage::Kafka, lasts: Duration::from_secs(30) };
        assert_eq!(outage("kafka=30s"), Ok(kafka));
        for (text, word) in
            [("kafka", "STAGE=TIME"), ("kafka=3d", "unit"), ("kibana=3s", "no message"), ("x=3s", "the stages are")]
        {
            assert!(outage(text).is_err_and(|error| error.contains(word)), "{text}");
        }
    }
}
