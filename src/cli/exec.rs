//! `dppctl exec`: one command on several hosts, by no shell.

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use dpp_protocol::{Answer, ResultMap};
use serde_json::{Map as JsonMap, Value as Json, json};

use crate::cli::invocation::Invocation;
use crate::cli::options::{ConnectionArgs, Global, PrivilegeArgs};
use crate::cli::{Stop, candidates, reach};
use crate::engine::{By, Errand};
use crate::exit::Exit;
use crate::ui::{Ui, answer_json};

/// Options of `exec`.
#[derive(Debug, Args)]
pub(super) struct ExecArgs {
    /// Hosts and groups: `kafka`, `all:!k3`
    #[arg(value_name = "PATTERN", add = ArgValueCompleter::new(candidates::hosts))]
    pattern: String,
    /// The command and its arguments
    #[arg(required = true, last = true, value_name = "COMMAND")]
    command: Vec<String>,
    #[command(flatten)]
    privilege: PrivilegeArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(super) fn exec(global: &Global, args: &ExecArgs, ui: Ui) -> Result<Exit, Stop> {
    let mut invocation = Invocation::read(global, Some(&args.connection), Some(&args.privilege))?;
    let hosts = reach::hosts(&invocation, Some(&args.pattern), global.limit.as_deref())?;
    let params = json!({"argv": args.command, "expand_argument_vars": false});
    // A user that is named for one command is meant.
    invocation.defaults.become_.enabled |= args.privilege.become_user.is_some();
    let errands: Vec<Errand> =
        hosts.iter().map(|host| Errand { by: By::Asked, ..Errand::new(host, "command", params.clone()) }).collect();
    let answers = reach::errands(&mut invocation, &hosts, ui)?.run(&errands, &mut |_, _, _| {});
    let exit = reach::exit(answers.iter().filter_map(|answer| answer.as_ref().err()));
    if ui.output.is_json() {
        let all: JsonMap<String, Json> = hosts.iter().cloned().zip(answers.iter().map(document)).collect();
        answer_json(&ui, "dppctl.exec/1", exit, &json!({"hosts": all}));
    } else {
        let is_alone = hosts.len() == 1;
        hosts.iter().zip(&answers).for_each(|(host, answer)| tell(&ui, host, answer, is_alone));
    }
    Ok(exit)
}

fn document(answer: &Answer) -> Json {
    match answer {
        Ok(outcome) => Json::Object(outcome.result.clone()),
        Err(failure) => serde_json::to_value(failure).unwrap_or_default(),
    }
}

fn tell(ui: &Ui, host: &str, answer: &Answer, is_alone: bool) {
    let (result, trouble) = match answer {
        Ok(outcome) => (&outcome.result, None),
        Err(failure) => (&failure.result, Some(failure)),
    };
    let rc = result.get("rc").map_or_else(|| "-".to_owned(), Json::to_string);
    let word = if trouble.is_none() { ui.paint("ok", "32") } else { ui.paint("FAILED", "1;31") };
    ui.story(&format!("{host}  {word}  rc {rc}"));
    let told = |name| printed(result, name).map(|text| if is_alone { text.to_owned() } else { labelled(host, text) });
    told("stdout").into_iter().for_each(|text| ui.answer(&text));
    told("stderr").into_iter().for_each(|text| ui.story(&text));
    if let Some(failure) = trouble.filter(|_| rc == "-") {
        reach::tell(ui, host, failure);
    }
}

fn printed<'a>(result: &'a ResultMap, name: &str) -> Option<&'a str> {
    result.get(name)?.as_str().map(str::trim_end).filter(|text| !text.is_empty())
}

/// Every line with its host before it, so that what is redirected or searched still says whose it is.
fn labelled(host: &str, text: &str) -> String {
    text.lines().map(|line| format!("{host} | {line}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_says_whose_it_is() {
        assert_eq!(labelled("k1", "up 3 days\n\nload 1"), "k1 | up 3 days\nk1 | \nk1 | load 1");
    }

    #[test]
    fn the_document_has_each_host_apart() {
        let answer: Answer = Err(dpp_protocol::Failure::new("no route").code("DPP0401"));
        assert_eq!(document(&answer)["message"], "no route");
    }
}
