//! `dppctl facts`: what is known of hosts by looking at them, under Ansible's names.

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use dpp_protocol::Answer;
use serde_json::{Map as JsonMap, Value as Json, json};

use crate::cli::invocation::Invocation;
use crate::cli::options::{ConnectionArgs, Global};
use crate::cli::{Stop, candidates, reach};
use crate::engine::{By, Errand};
use crate::exit::Exit;
use crate::ui::{Ui, answer_json};

/// Options of `facts`.
#[derive(Debug, Args)]
pub(super) struct FactsArgs {
    /// Hosts and groups; all when none is named
    #[arg(value_name = "HOSTS", add = ArgValueCompleter::new(candidates::hosts))]
    pattern: Option<String>,
    /// Only facts whose name fits: `ansible_mem*`; may be repeated
    #[arg(long, value_name = "GLOB")]
    filter: Vec<String>,
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(super) fn facts(global: &Global, args: &FactsArgs, ui: Ui) -> Result<Exit, Stop> {
    let mut invocation = Invocation::read(global, Some(&args.connection), None)?;
    let hosts = reach::hosts(&invocation, args.pattern.as_deref(), global.limit.as_deref())?;
    let params = json!({"filter": args.filter});
    let errands: Vec<Errand> =
        hosts.iter().map(|host| Errand { by: By::Login, ..Errand::new(host, "setup", params.clone()) }).collect();
    let answers = reach::errands(&mut invocation, &hosts, ui)?.run(&errands, &mut |_, _, _| {});
    let exit = reach::exit(answers.iter().filter_map(|answer| answer.as_ref().err()));
    if ui.output.is_json() {
        let all: JsonMap<String, Json> = hosts.iter().cloned().zip(answers.iter().map(document)).collect();
        answer_json(&ui, "dppctl.facts/1", exit, &json!({"hosts": all}));
        return Ok(exit);
    }
    for (host, answer) in hosts.iter().zip(&answers) {
        match answer {
            Ok(_) => {
                let facts = serde_json::to_string_pretty(&document(answer)).unwrap_or_default();
                ui.answer(&format!("{host} {facts}"));
            }
            Err(failure) => reach::tell(&ui, host, failure),
        }
    }
    Ok(exit)
}

/// The facts alone, without what the module says of itself.
fn document(answer: &Answer) -> Json {
    match answer {
        Ok(outcome) => {
            let mut facts = outcome.result.get("ansible_facts").cloned().unwrap_or_default();
            if let Some(facts) = facts.as_object_mut() {
                facts.shift_remove("module_setup");
                facts.shift_remove("gather_subset");
            }
            facts
        }
        Err(failure) => json!({"failure": failure}),
    }
}
