//! What to type next: the command that was typed, with the hosts that need it, and without what would only look.

use crate::cli::typed::{Piece, pieces};
use crate::report::RunReport;

/// Options that say which hosts are meant.
const LIMIT: [&str; 2] = ["-l", "--limit"];
/// Options whose value may be a secret.
const VARIABLES: [&str; 2] = ["-e", "--extra-vars"];
const INVENTORY: [&str; 2] = ["-i", "--inventory"];
/// Options that say where the inventory and the runs are.
const PLACE: [&str; 3] = ["-i", "--inventory", "--project"];
const CHECK: [&str; 2] = ["--check", "--dry-run"];
const PLAN: [&str; 2] = ["plan", "check"];
const DETAILED: &str = "--detailed-exitcode";
/// Stands where variables stood. Typed as it is, it is refused, and so cannot be forgotten.
const AGAIN: &str = "<the same variables>";

/// The commands after a run, each with what it is for; `typed` are the words after the programme's name.
pub(super) fn commands(typed: &[String], report: &RunReport) -> Vec<(String, String)> {
    let left = report.left.iter().map(String::as_str);
    let troubled: Vec<&str> = report.failed_names().into_iter().chain(report.lost_names()).chain(left).collect();
    let mut pieces = safe(pieces(typed));
    let mut next = Vec::new();
    if !report.lost_names().is_empty() {
        let asked = ["doctor".to_owned(), report.lost_names().join(",")].map(Piece::Word);
        let inventory = pieces.iter().filter(|piece| piece.is(&INVENTORY)).cloned();
        next.push(("Look closer".to_owned(), line(asked.into_iter().chain(inventory))));
    }
    let back = way_back(&pieces, report);
    if !troubled.is_empty() {
        if troubled.len() < report.hosts.len() && !goes_over_all(&pieces) {
            pieces.retain(|piece| !piece.is(&LIMIT));
            pieces.push(Piece::Option("-l".to_owned(), troubled.join(",")));
        }
        next.push(("Go on from here".to_owned(), line(pieces)));
        next.extend(back.map(|back| ("Or take it back".to_owned(), back)));
    } else if report.check && report.changes() > 0 {
        next.push(("Apply".to_owned(), line(unchecked(pieces))));
    }
    next
}

/// The command that brings hosts back to how they were before the run, where it changed some.
fn way_back(pieces: &[Piece], report: &RunReport) -> Option<String> {
    let reverts = command(pieces).is_some_and(|command| ["deploy", "apply", "run"].contains(&command));
    let place = pieces.iter().filter(|piece| piece.is(&PLACE)).cloned();
    let back = || line(std::iter::once(Piece::Word("rollback".to_owned())).chain(place));
    (reverts && !report.check && report.changes() > 0).then(back)
}

/// Whether the command takes no hosts: it passes over those that are done by itself.
fn goes_over_all(pieces: &[Piece]) -> bool {
    command(pieces).is_some_and(|command| ["upgrade", "rollback"].contains(&command))
}

fn command(pieces: &[Piece]) -> Option<&str> {
    let mut words = pieces.iter().filter_map(|piece| match piece {
        Piece::Word(word) => Some(word.as_str()),
        _ => None,
    });
    words.find(|word| !word.starts_with('-'))
}

fn line(pieces: impl IntoIterator<Item = Piece>) -> String {
    let words = pieces.into_iter().flat_map(|piece| piece.words()).map(|word| quoted(&word));
    std::iter::once("dppctl".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

/// As one would type it: quotes only where the shell would take the word apart.
fn quoted(word: &str) -> String {
    let harmless = |character: char| character.is_alphanumeric() || "-_./,:@=+%".contains(character);
    if !word.is_empty() && word.chars().all(harmless) {
        return word.to_owned();
    }
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), Into::into)
}

/// Variables stay out of logs; the files that hold some are named.
fn safe(mut pieces: Vec<Piece>) -> Vec<Piece> {
    for piece in pieces.iter_mut().filter(|piece| piece.is(&VARIABLES)) {
        if let Piece::Option(_, value) = piece
            && !value.starts_with('@')
        {
            AGAIN.clone_into(value);
        }
    }
    pieces
}

/// The same without what would only look.
fn unchecked(pieces: Vec<Piece>) -> impl Iterator<Item = Piece> {
    let mut is_command = true;
    pieces.into_iter().filter_map(move |piece| match piece {
        Piece::Word(word)
            if !word.starts_with('-') && std::mem::take(&mut is_command) && PLAN.contains(&word.as_str()) =>
        {
            Some(Piece::Word("deploy".to_owned()))
        }
        Piece::Word(word) if word == DETAILED => None,
        Piece::Word(word) if CHECK.contains(&word.as_str()) => None,
        Piece::Letters(letters) => Some(letters.replace('C', "")).filter(|left| !left.is_empty()).map(Piece::Letters),
        piece => Some(piece),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::HostCounts;

    fn report(hosts: &[(&str, u64, u64, u64)]) -> RunReport {
        let counts =
            |changed, failed, unreachable| HostCounts { changed, failed, unreachable, ..HostCounts::default() };
        let hosts =
            hosts.iter().map(|(name, changed, failed, lost)| ((*name).to_owned(), counts(*changed, *failed, *lost)));
        RunReport { hosts: hosts.collect(), ..RunReport::default() }
    }

    fn next(typed: &str, report: &RunReport) -> Vec<String> {
        commands(&shlex::split(typed).unwrap(), report).into_iter().map(|(_, command)| command).collect()
    }

    #[test]
    fn an_upgrade_goes_on_by_the_same_command() {
        let report = report(&[("es1", 1, 0, 0), ("es2", 0, 1, 0)]);
        assert_eq!(next("upgrade --version 6.2.1 --yes", &report), ["dppctl upgrade --version 6.2.1 --yes"]);
    }

    #[test]
    fn the_next_command_names_the_hosts_that_need_it_and_no_secret() {
        let report = report(&[("es1", 1, 0, 0), ("es2", 0, 1, 0), ("kib1", 0, 0, 1)]);
        assert_eq!(
            next("run -ihosts 'my site.yml' --limit=all -e pass=geheim -e @vars.yml", &report),
            [
                "dppctl doctor kib1 -i hosts",
                "dppctl run -i hosts 'my site.yml' -e '<the same variables>' -e @vars.yml -l es2,kib1",
                "dppctl rollback -i hosts",
            ]
        );
    }

    #[test]
    fn a_value_of_variables_is_repeated_only_where_it_names_a_file() {
        let again = "dppctl deploy -v -e '<the same variables>' -l es2";
        let report = report(&[("es1", 1, 0, 0), ("es2", 0, 1, 0)]);
        for typed in [
            "deploy -v -e RABBITMQ_PASS=gehe@m123",
            "deploy -v -eRABBITMQ_PASS=gehe@m123",
            "deploy -ve RABBITMQ_PASS=gehe@m123",
            "deploy -veRABBITMQ_PASS=gehe@m123",
            "deploy -v -e=RABBITMQ_PASS=gehe@m123",
            r#"deploy -ve '{"pw": "gehe@m123"}'"#,
        ] {
            assert_eq!(next(typed, &report), [again, "dppctl rollback"], "{typed}");
        }
        for typed in ["deploy --extra-vars=pw=gehe@m123", "deploy --extra-vars 'pw=@gehe@m123'"] {
            let again = "dppctl deploy --extra-vars '<the same variables>' -l es2";
            assert_eq!(next(typed, &report), [again, "dppctl rollback"], "{typed}");
        }
        for typed in ["deploy -e@vars.yml", "deploy -e=@vars.yml", "deploy -e @vars.yml"] {
            assert_eq!(next(typed, &report), ["dppctl deploy -e @vars.yml -l es2", "dppctl rollback"], "{typed}");
        }
    }

    #[test]
    fn hosts_that_a_run_did_not_come_to_are_gone_on_with_too() {
        let report =
            RunReport { left: vec!["es3".into()], ..report(&[("es1", 1, 0, 0), ("es2", 0, 1, 0), ("es3", 0, 0, 0)]) };
        assert_eq!(next("run a.yml", &report), ["dppctl run a.yml -l es2,es3", "dppctl rollback"]);
    }

    #[test]
    fn when_all_hosts_failed_it_is_the_same_command_again() {
        assert_eq!(next("run a.yml -l es", &report(&[("es1", 0, 1, 0)])), ["dppctl run a.yml -l es"]);
    }

    #[test]
    fn after_a_check_comes_the_same_without_it() {
        let check = RunReport { check: true, ..report(&[("es1", 2, 0, 0)]) };
        assert_eq!(next("run a.yml -CD --check", &check), ["dppctl run a.yml -D"]);
        let idle = RunReport { check: true, ..report(&[("es1", 0, 0, 0)]) };
        assert!(next("run a.yml -C", &idle).is_empty());
    }
}
