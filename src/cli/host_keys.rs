//! Keys of hosts that nobody has seen yet: shown together with their fingerprints, asked about once, and remembered.

use std::collections::BTreeMap;
use std::thread;

use crate::cli::{Stop, ask};
use crate::inventory::{Connection, ConnectionKind};
use crate::transport::{HostKeyPolicy, SshTarget, UnknownKey};
use crate::ui::{Table, Ui};

/// Hosts that are contacted at a time.
const AT_ONCE: usize = 20;
const INSTEAD: &str =
    "compare with the hosts' own and run with --host-key-checking accept-new, or connect once with ssh";

/// Asks a person about all unknown keys on the ways to these hosts; a no, or nobody to ask, ends the run.
pub(super) fn ask_about<'a>(ways: impl IntoIterator<Item = (&'a str, &'a Connection)>, ui: Ui) -> Result<(), Stop> {
    let mut targets: BTreeMap<(&str, u16), (Vec<&str>, &SshTarget)> = BTreeMap::new();
    for (host, way) in ways {
        if way.kind == ConnectionKind::Ssh && way.target.host_keys == HostKeyPolicy::Ask {
            let place = (way.target.address.as_str(), way.target.port);
            targets.entry(place).or_insert_with(|| (Vec::new(), &way.target)).0.push(host);
        }
    }
    let targets: Vec<(Vec<&str>, &SshTarget)> = targets.into_values().collect();
    let unknown = unknown(&targets);
    if unknown.is_empty() {
        return Ok(());
    }
    confirm(&unknown, ui)?;
    for (_, key) in &unknown {
        key.trust().map_err(|error| {
            let file = key.file().map(|file| file.display().to_string()).unwrap_or_default();
            Stop::Trouble(format!("cannot remember the key of {} in {file}: {error}", key.address()))
        })?;
    }
    Ok(())
}

/// The keys that hosts show and nobody knows. A host out of reach shows none; the run will say so of it.
fn unknown(targets: &[(Vec<&str>, &SshTarget)]) -> Vec<(String, UnknownKey)> {
    let mut found = Vec::new();
    for some in targets.chunks(AT_ONCE) {
        thread::scope(|scope| {
            let asked: Vec<_> = some.iter().map(|(_, target)| scope.spawn(|| UnknownKey::of(target))).collect();
            for ((hosts, _), asked) in some.iter().zip(asked) {
                if let Ok(Ok(Some(key))) = asked.join() {
                    found.push((hosts.join(" = "), key));
                }
            }
        });
    }
    found
}

fn confirm(unknown: &[(String, UnknownKey)], ui: Ui) -> Result<(), Stop> {
    let (whose, them) = match unknown.len() {
        1 => ("the key of 1 host is".to_owned(), "it"),
        many => (format!("the keys of {many} hosts are"), "them"),
    };
    let table = table(unknown);
    if !ask::is_possible() {
        return Err(Stop::Declined(format!(
            "{whose} not known, and standard input is no terminal to ask on\n{table}help: {INSTEAD}"
        )));
    }
    let file = unknown.first().and_then(|(_, key)| key.file()).map(|file| file.display().to_string());
    ui.story(&format!("{whose} not known yet"));
    ui.story(table.trim_end());
    ui.story("a host's own says what it is: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub");
    ask::yes(&format!("Trust {them}, and remember {them} in {}?", file.unwrap_or_default()), INSTEAD, ui)
}

fn table(unknown: &[(String, UnknownKey)]) -> String {
    let mut table = Table::new(&["HOST", "ADDRESS", "KEY"]);
    for (hosts, key) in unknown {
        table.row([hosts.clone(), key.address(), key.fingerprint()]);
    }
    table.to_text()
}
