//! A module that waits for a product: it is looked at until nothing is missing, its time is over, or its unit died.
//!
//! A survey that finds the product ready makes the task done; anything else is left to the real run.

use std::path::PathBuf;
use std::time::Duration;

use dpp_protocol::{Failure, ResultMap};
use serde::de::DeserializeOwned;

use super::deadline::Deadline;
use super::product::{Never, Product, UNREACHABLE};
use crate::services::vigil::Vigil;
use crate::{Host, Survey};

/// Longest time that one question may take: in between, the unit is looked after and a sign of life given.
pub(in crate::pipeline) const QUESTION: Duration = Duration::from_secs(5);

/// Most troubles that a failure lists.
const LISTED: usize = 10;

/// What a module that waits gives; [`Product`] follows from it.
pub trait Awaited: DeserializeOwned {
    /// See [`Module::NAME`](crate::Module::NAME).
    const NAME: &'static str;
    /// How people call the product.
    const PRODUCT: &'static str;

    /// Seconds until it is given up.
    fn patience(&self) -> f64;

    /// The systemd unit on this host that the product runs in, when the task names it.
    fn unit(&self) -> Option<&str>;

    /// The log that the product writes beside what the journal gets.
    fn log(&self) -> Option<PathBuf> {
        None
    }

    /// What is still missing, and nothing when it is ready; what `register` is to see goes into `result`. A product out
    /// of reach is a failure of the code that says so. No question lasts longer than `limit`.
    fn missing(&self, limit: Duration, result: &mut ResultMap) -> Result<Vec<String>, Failure>;

    /// Adds to the failure of a product that did not become ready in time what may have been the cause.
    fn explain(&self, late: Failure) -> Failure;
}

impl<W: Awaited> Product for W {
    const NAME: &'static str = W::NAME;
    type Step = Never;

    only_asks!();

    fn look(&self, _host: &Host) -> Result<Survey<Never>, Failure> {
        let mut survey = Survey::unchanged();
        let missing = self.missing(QUESTION, &mut survey.result)?;
        Ok(if missing.is_empty() { survey.value("ready", true) } else { survey.unpredicted() })
    }

    fn finish(&self, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        if result.contains_key("ready") {
            return Ok(());
        }
        let deadline = Deadline::seconds(self.patience());
        wait(self, &deadline, host, result)?;
        result.insert("ready".into(), true.into());
        result.insert("elapsed".into(), deadline.elapsed().into());
        Ok(())
    }
}

fn wait<W: Awaited>(awaited: &W, deadline: &Deadline, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
    const EVERY: Duration = Duration::from_millis(250);
    let mut vigil = awaited.unit().map(|unit| Vigil::over(unit, awaited.log())).transpose()?;
    loop {
        let missing = match awaited.missing(deadline.left().clamp(EVERY, QUESTION), result) {
            Ok(missing) if missing.is_empty() => return Ok(()),
            Ok(missing) => missing,
            Err(failure) if failure.code == UNREACHABLE => vec![failure.message],
            Err(failure) => return Err(failure),
        };
        vigil.as_mut().map_or(Ok(()), Vigil::check)?;
        host.life(&format!("{}: {}", W::PRODUCT, missing[0]), Some(deadline.progress()));
        if !deadline.pause(EVERY) {
            return Err(awaited.explain(late::<W>(deadline, &missing)));
        }
    }
}

fn late<W: Awaited>(deadline: &Deadline, missing: &[String]) -> Failure {
    let words = format!("{} is not ready after {} s: {}", W::PRODUCT, deadline.elapsed(), missing[0]);
    let failure = Failure::new(words).code("DPP0806");
    match missing {
        [_] => failure,
        _ => failure.note("missing", missing[..missing.len().min(LISTED)].join("\n")),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;
    use std::time::Instant;

    use dpp_protocol::Mode;
    use serde_json::json;

    use crate::pipeline::stub::run;

    #[test]
    fn who_takes_connections_and_says_nothing_does_not_hold_up_the_watch() {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = silent.local_addr().unwrap().port();
        let url = format!("http://127.0.0.1:{port}");
        let amqp = json!({"host": "127.0.0.1", "port": port, "login_host": "127.0.0.1", "login_port": port,
            "management": true, "timeout": 0.3});
        let http = json!({"url": url, "timeout": 0.3});
        let asked = [
            ("elasticsearch_wait", &http),
            ("elasticsearch_gate", &http),
            ("kibana_wait", &http),
            ("kafka_connect_wait", &http),
            ("rabbitmq_wait", &amqp),
        ];
        let ask = |module, params| {
            let begun = Instant::now();
            let failure = run(module, params, Mode::Apply).unwrap_err();
            assert!(failure.message.contains("is not ready after"), "{module}: {}", failure.message);
            assert!(begun.elapsed().as_secs() < 20, "{module} asked for {:?}", begun.elapsed());
        };
        thread::scope(|all| asked.iter().for_each(|(module, params)| drop(all.spawn(|| ask(module, params)))));
    }
}
