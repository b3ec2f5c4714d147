//! Options of every command that a command has no use for: refused, because who gave one expects something of it.

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Command, Error};

/// A project and its hosts, where neither is read.
const ALL: &[&str] = &["inventory", "limit", "extra_vars", "json", "report", "config", "project", "no_config"];
/// Hosts, where none is asked for anything.
const HOSTS: &[&str] = &["inventory", "limit", "extra_vars", "report"];
/// Secrets, where the answer is a text and nothing else.
const SECRETS: &[&str] = &["inventory", "limit", "extra_vars", "json", "report"];
/// A report is that of a run.
const REPORT: &[&str] = &["report"];

/// Every command with the options it has no use for; `json` stands for each way to ask for a document.
const UNUSED: &[(&str, &[&str])] = &[
    ("packages lock", HOSTS),
    ("packages fetch", HOSTS),
    ("packages list", HOSTS),
    ("init", ALL),
    ("plan", &[]),
    ("deploy", &[]),
    ("upgrade", &[]),
    ("rollback", &[]),
    ("status", REPORT),
    ("logs", REPORT),
    ("verify", REPORT),
    ("connectors list", REPORT),
    ("connectors plan", REPORT),
    ("connectors apply", REPORT),
    ("connectors validate", REPORT),
    ("connectors restart", REPORT),
    ("connectors pause", REPORT),
    ("connectors resume", REPORT),
    ("connectors delete", REPORT),
    ("run", &[]),
    ("doctor", REPORT),
    ("ping", REPORT),
    ("runs list", HOSTS),
    ("runs show", HOSTS),
    ("runs report", SECRETS),
    ("lock status", REPORT),
    ("lock release", REPORT),
    ("lint", &["limit", "report"]),
    ("inventory list", &["extra_vars", "report"]),
    ("inventory graph", &["extra_vars", "report"]),
    ("inventory vars", &["limit", "report"]),
    ("facts", REPORT),
    ("render", REPORT),
    ("exec", REPORT),
    ("roles install", HOSTS),
    ("roles list", HOSTS),
    ("vault encrypt", SECRETS),
    ("vault decrypt", SECRETS),
    ("vault view", SECRETS),
    ("vault edit", SECRETS),
    ("vault create", SECRETS),
    ("vault rekey", SECRETS),
    ("vault encrypt-string", SECRETS),
    ("version", HOSTS),
    ("completions", ALL),
    ("man", ALL),
];

/// Refuses the first option that was typed and that the command would pass over.
pub(super) fn refuse(top: &Command, matches: &ArgMatches) -> Result<(), Error> {
    let (mut command, mut matches, mut path) = (top, matches, Vec::new());
    while let Some((name, below)) = matches.subcommand() {
        let Some(found) = command.find_subcommand(name) else { break };
        (command, matches) = (found, below);
        path.push(name);
    }
    let path = path.join(" ");
    let unused = UNUSED.iter().find(|(name, _)| *name == path).map_or(&[][..], |(_, unused)| unused);
    match unused.iter().find_map(|id| typed(matches, id)) {
        Some(option) => {
            let words = format!("dppctl {path} has no use for {option}");
            Err(command.clone().error(ErrorKind::UnknownArgument, words))
        }
        None => Ok(()),
    }
}

/// The option as it was typed. What an environment variable says is meant for other commands, too.
fn typed(matches: &ArgMatches, id: &str) -> Option<String> {
    let is_typed = |id| matches.value_source(id) == Some(ValueSource::CommandLine);
    if is_typed(id) {
        return Some(format!("--{}", id.replace('_', "-")));
    }
    let form = (id == "json" && is_typed("output")).then(|| matches.get_raw("output")?.next()?.to_str())??;
    form.starts_with("json").then(|| format!("--output {form}"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    fn built() -> Command {
        let mut top = Cli::command();
        top.build();
        top
    }

    /// The paths of commands that do something.
    fn paths(command: &Command, above: &str) -> Vec<String> {
        let below = command.get_subcommands().filter(|below| below.get_name() != "help");
        let path = |below: &Command| format!("{above} {}", below.get_name()).trim().to_owned();
        let found: Vec<String> = below.flat_map(|below| paths(below, &path(below))).collect();
        if found.is_empty() { vec![above.to_owned()] } else { found }
    }

    /// What comes of a command with these options, whatever else it would need.
    fn refused(path: &str, options: &[&str]) -> Option<String> {
        let words = ["dppctl"].into_iter().chain(path.split(' ')).chain(options.iter().copied());
        let matches = Cli::command().ignore_errors(true).try_get_matches_from(words).unwrap();
        refuse(&built(), &matches).err().map(|error| error.to_string())
    }

    #[test]
    fn every_command_says_what_it_has_no_use_for() {
        let listed: Vec<&str> = UNUSED.iter().map(|(path, _)| *path).collect();
        assert_eq!(paths(&built(), ""), listed);
    }

    #[test]
    fn an_option_is_refused_by_exactly_the_commands_that_have_no_use_for_it() {
        let options: [(&str, &[&str]); 8] = [
            ("inventory", &["--inventory", "hosts"]),
            ("limit", &["-l", "k1"]),
            ("extra_vars", &["-e", "a=1"]),
            ("json", &["--output", "jsonl"]),
            ("report", &["--report", "junit=x"]),
            ("config", &["--config", "x"]),
            ("project", &["--project", "x"]),
            ("no_config", &["--no-config"]),
        ];
        for (path, unused) in UNUSED {
            for (id, words) in options {
                let refusal = refused(path, words);
                assert_eq!(refusal.is_some(), unused.contains(&id), "{path} {words:?}: {refusal:?}");
            }
        }
        assert!(refused("version", &["-l", "k1"]).unwrap().contains("dppctl version has no use for --limit"));
    }

    #[test]
    fn an_option_before_the_command_is_one_of_the_command() {
        let matches = Cli::command().try_get_matches_from(["dppctl", "--json", "man"]).unwrap();
        assert!(refuse(&built(), &matches).is_err());
    }
}
