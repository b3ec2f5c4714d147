//! What to type next: the command that was typed, with the hosts that need it, and without what would only look.

use crate::report::RunReport;

/// Options that are followed by their value and say which hosts are meant.
const LIMIT: [&str; 2] = ["-l", "--limit"];
/// Options whose value may be a secret.
const VARIABLES: [&str; 2] = ["-e", "--extra-vars"];
const INVENTORY: [&str; 2] = ["-i", "--inventory"];
const CHECK: [&str; 3] = ["-C", "--check", "--dry-run"];
/// Single letters without a value, which may stand together behind one dash.
const FLAGS: &str = "CDbvqkK";

/// The commands after a run, each with what it is for; `typed` are the words after the programme's name.
pub(super) fn commands(typed: &[String], report: &RunReport) -> Vec<(String, String)> {
    let left = report.left.iter().map(String::as_str);
    let troubled: Vec<&str> = report.failed_names().into_iter().chain(report.lost_names()).chain(left).collect();
    let mut next = Vec::new();
    if !report.lost_names().is_empty() {
        let inventory = kept(typed, &INVENTORY);
        let words = [vec!["doctor".to_owned(), report.lost_names().join(",")], inventory].concat();
        next.push(("Look closer".to_owned(), line(&words)));
    }
    let words = safe(typed);
    if !troubled.is_empty() {
        let all = troubled.len() == report.hosts.len();
        let limit = if all { Vec::new() } else { vec!["-l".to_owned(), troubled.join(",")] };
        let words = if all { words } else { without(&words, &LIMIT) };
        next.push(("Go on from here".to_owned(), line(&[words, limit].concat())));
    } else if report.check && report.changes() > 0 {
        next.push(("Apply".to_owned(), line(&unchecked(&words))));
    }
    next
}

fn line(words: &[String]) -> String {
    std::iter::once("dppctl".to_owned()).chain(words.iter().map(|word| quoted(word))).collect::<Vec<_>>().join(" ")
}

/// As one would type it: quotes only where the shell would take the word apart.
fn quoted(word: &str) -> String {
    let harmless = |character: char| character.is_alphanumeric() || "-_./,:@=+%".contains(character);
    if !word.is_empty() && word.chars().all(harmless) {
        return word.to_owned();
    }
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), Into::into)
}

/// The words with their values that belong to one of these options.
fn parts<'a>(typed: &'a [String], names: &'a [&str]) -> impl Iterator<Item = (bool, &'a [String])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let word = typed.get(at)?;
        let named = names.contains(&word.as_str());
        let short = |name: &&str| !name.starts_with("--") && word.starts_with(*name) && word.len() > 2;
        let joined = names.iter().any(|name| word.starts_with(&format!("{name}=")) || short(name));
        let length = if named && at + 1 < typed.len() { 2 } else { 1 };
        let part = &typed[at..at + length];
        at += length;
        Some((named || joined, part))
    })
}

fn without(typed: &[String], names: &[&str]) -> Vec<String> {
    parts(typed, names).filter(|(own, _)| !own).flat_map(|(_, words)| words.to_vec()).collect()
}

fn kept(typed: &[String], names: &[&str]) -> Vec<String> {
    parts(typed, names).filter(|(own, _)| *own).flat_map(|(_, words)| words.to_vec()).collect()
}

/// Values of variables stay out of logs; their files are named.
fn safe(typed: &[String]) -> Vec<String> {
    let hidden = |(own, words): (bool, &[String])| match words.last() {
        Some(value) if own && !value.contains('@') => vec!["-e".to_owned(), "...".to_owned()],
        _ => words.to_vec(),
    };
    parts(typed, &VARIABLES).flat_map(hidden).collect()
}

fn unchecked(words: &[String]) -> Vec<String> {
    let cluster = |word: &str| {
        let letters = word.strip_prefix('-')?;
        letters.chars().all(|letter| FLAGS.contains(letter)).then(|| format!("-{}", letters.replace('C', "")))
    };
    let kept = words.iter().filter(|word| !CHECK.contains(&word.as_str()));
    kept.map(|word| cluster(word).filter(|left| left.len() > 1).unwrap_or_else(|| word.clone())).collect()
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
    fn the_next_command_names_the_hosts_that_need_it_and_no_secret() {
        let report = report(&[("es1", 1, 0, 0), ("es2", 0, 1, 0), ("kib1", 0, 0, 1)]);
        assert_eq!(
            next("run -ihosts 'my site.yml' --limit=all -e pass=geheim -e @vars.yml", &report),
            ["dppctl doctor kib1 -ihosts", "dppctl run -ihosts 'my site.yml' -e ... -e @vars.yml -l es2,kib1"]
        );
    }

    #[test]
    fn hosts_that_a_run_did_not_come_to_are_gone_on_with_too() {
        let report =
            RunReport { left: vec!["es3".into()], ..report(&[("es1", 1, 0, 0), ("es2", 0, 1, 0), ("es3", 0, 0, 0)]) };
        assert_eq!(next("run a.yml", &report), ["dppctl run a.yml -l es2,es3"]);
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
