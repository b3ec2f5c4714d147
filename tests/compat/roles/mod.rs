//! `make compat ROLES=folder`: every role of a folder, applied twice by ansible-core and twice by dppctl to the same bare
//! host; compared: how each run ended, what came of each task, and what is left on the host.

mod answer;
mod left;
mod noise;
mod programme;
mod role;
mod row;
mod table;

use std::collections::VecDeque;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use crate::differences::Differences;
use crate::host::Host;
use crate::oracle::Oracle;
use answer::Answer;
use role::Role;
use row::Row;

/// Roles at once, each with a host of its own, unless `JOBS` says otherwise.
const JOBS: usize = 2;

/// Compares the roles of a folder, or those of these names, and puts them into the table of the document.
pub(crate) fn run(folder: &str, names: &[String]) -> ExitCode {
    let roles = Role::all(Path::new(folder), names);
    assert!(!roles.is_empty(), "no role in {folder}");
    let oracle = Oracle::install();
    let explained = Differences::read(&["roles/differences.txt"]);
    let (queue, rows) = (Mutex::new(VecDeque::from(roles)), Mutex::new(Vec::new()));
    let jobs = std::env::var("JOBS").map_or(JOBS, |jobs| jobs.parse().unwrap());
    thread::scope(|scope| {
        for number in 0..jobs {
            let (oracle, queue, rows) = (&oracle, &queue, &rows);
            scope.spawn(move || work(&Host::boot_in("twin", number), oracle, queue, rows));
        }
    });
    let mut rows: Vec<Row> = rows.into_inner().unwrap();
    rows.sort_by(|one, other| one.name.cmp(&other.name));
    let known = rows.iter_mut().map(|row| row.judge(&explained));
    let strange = known.filter(|&is_known| !is_known).count();
    println!("\n{} roles, {strange} differ without an explanation; docs/roles.md has the table", rows.len());
    table::keep(&rows);
    ExitCode::from(u8::from(strange > 0))
}

fn work(host: &Host, oracle: &Oracle, queue: &Mutex<VecDeque<Role>>, rows: &Mutex<Vec<Row>>) {
    loop {
        let Some(role) = queue.lock().unwrap().pop_front() else { return };
        let theirs = Answer::kept(&role).unwrap_or_else(|| programme::ansible(oracle, &role, host).keep(&role));
        let row = Row::of(&role, &theirs, &programme::dppctl(&role, host));
        println!("{}", row.told());
        rows.lock().unwrap().push(row);
    }
}
