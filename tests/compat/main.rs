//! `make compat`: playbooks run by ansible-core and by dppctl, compared task by task: status, result, files.
//!
//! `record` asks ansible-core and keeps its answers in `recorded/`; `check` needs no Ansible and compares dppctl with them,
//! `quick` as well, but for playbooks that are slow.
//! `expressions` compares templates by chance with ansible-core itself, `roles FOLDER` whole roles. Names of playbooks choose
//! among them. What differs on purpose stands in `differences.txt`, with the reason. Needs root.
#![expect(clippy::unwrap_used, reason = "a comparison that cannot go on shall say so and stop")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "its verdict is its output")]

mod compare;
mod corpus;
mod differences;
mod expressions;
mod host;
mod normal;
mod oracle;
mod ours;
mod record;
mod roles;
mod state;

use std::collections::VecDeque;
use std::iter;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use crate::compare::Verdict;
use crate::corpus::Piece;
use crate::differences::Differences;
use crate::host::Host;
use crate::record::Record;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(("expressions", more)) = arguments.split_first().map(|(verb, more)| (verb.as_str(), more)) {
        return expressions::run(more);
    }
    let (verb, names) = match arguments.split_first() {
        Some((verb, names)) if ["record", "check", "quick", "roles"].contains(&verb.as_str()) => {
            (verb.as_str(), names.to_vec())
        }
        _ => ("check", arguments),
    };
    if let ("roles", Some((folder, names))) = (verb, names.split_first()) {
        return roles::run(folder, names);
    }
    let pieces = corpus::chosen(&names);
    assert!(!pieces.is_empty(), "no playbook of the corpus is called {}", names.join(", "));
    match verb {
        "record" => record(&pieces),
        "quick" => check(&pieces.into_iter().filter(|piece| !piece.is_slow).collect::<Vec<_>>()),
        _ => check(&pieces),
    }
}

/// Asks ansible-core, on a host that has Python.
fn record(pieces: &[Piece]) -> ExitCode {
    let oracle = oracle::Oracle::install();
    let host = host::for_pieces(pieces, "oracle", true);
    for piece in pieces {
        let record = oracle.ask(piece, host.as_ref());
        println!("recorded {}: {} tasks", piece.name, record.tasks.len());
        record.keep(&piece.name);
    }
    ExitCode::SUCCESS
}

/// What dppctl makes of each playbook, on several hosts without Python beside each other: most of the time is waiting. The slow
/// ones begin, so that none of them is waited for alone.
fn ours(pieces: &[Piece]) -> Vec<Record> {
    const HOSTS: usize = 3;
    let (here, mut there): (Vec<_>, Vec<_>) = pieces.iter().enumerate().partition(|(_, piece)| piece.is_here);
    there.sort_by_key(|(_, piece)| !piece.is_slow);
    let (hosts, queue) = (there.len().min(HOSTS), Mutex::new(VecDeque::from(there)));
    let next = || queue.lock().unwrap().pop_front();
    let on_host = &|number: usize| {
        let host = Host::boot_in("ours", number);
        let mine = iter::from_fn(next).map(|(at, piece)| (at, ours::run(piece, Some(&host))));
        mine.collect::<Vec<_>>()
    };
    let mut records: Vec<(usize, Record)> = thread::scope(|scope| {
        let at_work: Vec<_> = (0..hosts).map(|number| scope.spawn(move || on_host(number))).collect();
        let of_here: Vec<_> = here.iter().map(|(at, piece)| (*at, ours::run(piece, None))).collect();
        let of_hosts = at_work.into_iter().flat_map(|worker| worker.join().unwrap());
        of_here.into_iter().chain(of_hosts).collect()
    });
    records.sort_by_key(|(at, _)| *at);
    records.into_iter().map(|(_, record)| record).collect()
}

/// Compares dppctl with what was recorded.
fn check(pieces: &[Piece]) -> ExitCode {
    let has_slow = pieces.iter().any(|piece| piece.is_slow);
    let explained =
        Differences::read(if has_slow { &["differences.txt", "differences_slow.txt"] } else { &["differences.txt"] });
    let mut whole = Verdict::default();
    for (piece, ours) in pieces.iter().zip(ours(pieces)) {
        let verdict = compare::compare(&Record::read(&piece.name), &ours, &explained, &piece.name);
        // Where dppctl came to no task, it has said why.
        verdict.told.iter().filter(|_| !ours.tasks.is_empty()).for_each(|line| println!("{line}"));
        whole.add(verdict);
    }
    let is_whole = pieces.len() == corpus::chosen(&[]).iter().filter(|piece| has_slow || !piece.is_slow).count();
    let unused = if is_whole { explained.unused() } else { Vec::new() };
    unused.iter().for_each(|line| println!("differences.txt: nothing differs so any more: {line}"));
    println!(
        "\ncompat result: {} playbooks, {} tasks compared, {} equal, {} differ as explained, {} differ",
        pieces.len(),
        whole.tasks,
        whole.equal,
        whole.explained,
        whole.different
    );
    ExitCode::from(u8::from(whole.different > 0 || !unused.is_empty()))
}
