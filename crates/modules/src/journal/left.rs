//! How our steps left things on this host, so that a change behind our back is told from one of ours: drift from intent.
//!
//! One line of `left.jsonl` a thing: struck before a step, written after it. What a step broke off at is therefore not known,
//! and never said to have been changed by somebody else. Beside the journal, since it outlives the runs that the journal has.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use dpp_protocol::Failure;
use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};

use super::{Former, open_to_append};
use crate::Host;
use crate::files::replace::write_atomically;
use crate::lock_file::LockFile;

/// Lines for each thing, at which the file is written anew.
const LINES_A_THING: usize = 8;
/// Below this many lines it is not worth it.
const FEW_LINES: usize = 1_000;

/// A thing as a step left it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Trace {
    /// When, as RFC 3339 has it.
    at: String,
    /// How.
    is: Former,
    /// When the file's inode last changed, in nanoseconds; none of what is no file. Nobody can set it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ctime: Option<i64>,
}

/// A line of the file; a thing without a trace is not known any more.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    thing: String,
    #[serde(flatten)]
    trace: Option<Trace>,
}

/// All that is known.
#[derive(Debug, Default)]
pub(super) struct Left {
    things: BTreeMap<String, Trace>,
    lines: usize,
}

/// A thing that is not as it was left.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Drifted {
    pub(super) thing: String,
    /// Since when it may have been changed, as RFC 3339 has it.
    pub(super) since: String,
}

impl Left {
    /// What is known on this host; nothing where there is no file, or none that this user may read.
    pub(super) fn read(state: &Path) -> Self {
        let text = fs::read_to_string(file(state)).unwrap_or_default();
        let mut left = Self { lines: text.lines().count(), ..Self::default() };
        for line in text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
            match line.trace {
                Some(trace) => left.things.insert(line.thing, trace),
                None => left.things.remove(&line.thing),
            };
        }
        left
    }

    pub(super) fn is_empty(&self) -> bool {
        self.things.is_empty()
    }

    /// Since when this thing may have been changed by somebody else; none when it is as it was left, or not known.
    pub(super) fn drifted(&self, now: &Former) -> Option<&str> {
        let trace = self.things.get(&now.thing()?)?;
        (trace.is != *now).then_some(trace.at.as_str())
    }

    /// Everything that is not as it was left. What cannot be looked at is left out.
    pub(super) fn all_drifted(&self) -> Vec<Drifted> {
        let changed = self.things.iter().filter(|(_, trace)| trace.is_another());
        changed.map(|(thing, trace)| Drifted { thing: thing.clone(), since: trace.at.clone() }).collect()
    }

    /// How these things are now, as far as they are known already.
    pub(super) fn again(&self, things: &[String]) -> Vec<Former> {
        let known = things.iter().filter_map(|thing| self.things.get(thing));
        known.filter_map(|trace| trace.is.now().ok()).collect()
    }
}

impl Trace {
    fn of(is: Former) -> Self {
        Self { at: jiff::Timestamp::now().to_string(), ctime: ctime(&is), is }
    }

    /// The bytes of a file are read only when something was done to it.
    fn is_another(&self) -> bool {
        let is_untouched = self.ctime.is_some() && self.ctime == ctime(&self.is);
        !is_untouched && self.is.now().is_ok_and(|now| now != self.is)
    }
}

fn ctime(is: &Former) -> Option<i64> {
    let Former::Path { path, .. } = is else { return None };
    let found = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file)?;
    found.ctime().checked_mul(1_000_000_000)?.checked_add(found.ctime_nsec())
}

fn file(state: &Path) -> PathBuf {
    state.join("left.jsonl")
}

impl Host<'_> {
    /// Strikes what is about to be changed.
    pub(super) fn forget(&self, things: &[Former]) -> Result<(), Failure> {
        self.write_left(things.iter().filter_map(Former::thing).map(|thing| Line { thing, trace: None }).collect())
    }

    /// Writes down how things are now, at the end of a step of ours.
    pub(crate) fn note(&self, things: Vec<Former>) -> Result<(), Failure> {
        let lines = things.into_iter().filter_map(|is| Some(Line { thing: is.thing()?, trace: Some(Trace::of(is)) }));
        self.write_left(lines.collect())
    }

    /// A user who has no folder for it has no such memory, either.
    fn write_left(&self, lines: Vec<Line>) -> Result<(), Failure> {
        if lines.is_empty() {
            return Ok(());
        }
        match self.private_folder() {
            Ok(state) => append(state, &lines).map_err(|error| failure(state, &error)),
            Err(error) if matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::NotFound) => Ok(()),
            Err(error) => Err(failure(self.state(), &error)),
        }
    }
}

fn append(state: &Path, lines: &[Line]) -> io::Result<()> {
    let lock = LockFile::open(&state.join("left.lock"))?;
    lock.lock(FlockOperation::LockExclusive)?;
    let mut text = String::new();
    for line in lines {
        text.push_str(&serde_json::to_string(line)?);
        text.push('\n');
    }
    let mut left = open_to_append(&file(state))?;
    left.write_all(text.as_bytes())?;
    shorten(state)
}

/// What is overtaken goes, once it is most of the file.
fn shorten(state: &Path) -> io::Result<()> {
    const SHORTEST_LINE: u64 = 40;
    if fs::metadata(file(state))?.len() < FEW_LINES as u64 * SHORTEST_LINE {
        return Ok(());
    }
    let left = Left::read(state);
    if left.lines < FEW_LINES || left.lines < left.things.len() * LINES_A_THING {
        return Ok(());
    }
    let mut text = String::new();
    for (thing, trace) in left.things {
        text.push_str(&serde_json::to_string(&Line { thing, trace: Some(trace) })?);
        text.push('\n');
    }
    write_atomically(&file(state), text.as_bytes(), 0o600)
}

fn failure(state: &Path, error: &io::Error) -> Failure {
    let file = file(state);
    let file = file.display();
    Failure::new(format!("cannot write {file}, which tells changes of others from ours: {error}"))
        .help(format!("`df {file}; ls -la {file}` on the host tells of a full disk or a foreign owner"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn known(host: &Host) -> Vec<String> {
        Left::read(host.state()).things.into_keys().collect()
    }

    #[test]
    fn the_file_stays_short_and_forgets_nothing() {
        let state = tempfile::tempdir().unwrap();
        let host = Host::new(state.path(), BTreeMap::new(), &|_, _| ());
        let package = |number: usize| Former::Package { name: format!("p{number}"), version: None, held: false };
        for _ in 0..400 {
            host.note((0..5).map(package).collect()).unwrap();
        }
        host.forget(&[package(3)]).unwrap();
        assert!(Left::read(host.state()).lines < FEW_LINES);
        assert_eq!(known(&host), ["p0", "p1", "p2", "p4"].map(|name| format!("package {name}")));
        assert_eq!(file(host.state()).metadata().unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_was_written_anew_with_the_same_bytes_is_as_it_was() {
        let (state, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let host = Host::new(state.path(), BTreeMap::new(), &|_, _| ());
        let path = folder.path().join("conf");
        fs::write(&path, "a").unwrap();
        host.note(vec![Former::path(&path).unwrap()]).unwrap();
        fs::write(&path, "a").unwrap();
        assert_eq!(Left::read(host.state()).all_drifted(), []);
        fs::write(&path, "b").unwrap();
        assert_eq!(Left::read(host.state()).all_drifted()[0].thing, path.display().to_string());
    }
}
