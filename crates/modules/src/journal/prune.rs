//! What nobody goes back to any more: lines of runs long ago, and the bytes that only they named.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use dpp_protocol::Failure;
use serde::{Deserialize, Serialize};

use super::{Entry, Former};
use crate::files::keep::FOLDER;
use crate::files::replace::write_atomically;
use crate::journal::former::PathState;

/// Everything younger than this stays,
const MONTH: Duration = Duration::from_hours(30 * 24);
/// and so many runs, however old.
const RUNS: usize = 50;
/// A journal that is shorter is left alone.
const SHORT: u64 = 1 << 20;

/// The first line of a journal that was shortened.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Horizon {
    /// The last run of which nothing is known any more; runs' names are in the order of their time.
    pub(super) forgotten: String,
}

impl Horizon {
    /// What a journal has forgotten; none when it has everything.
    pub(super) fn of(text: &str) -> Option<Self> {
        serde_json::from_str(text.lines().next()?).ok()
    }

    /// Refuses runs of which the journal has forgotten what they replaced.
    pub(super) fn require(file: &Path, runs: &[String]) -> Result<(), Failure> {
        let text = fs::read_to_string(file).unwrap_or_default();
        let Some(Self { forgotten }) = Self::of(&text) else { return Ok(()) };
        if runs.iter().all(|run| *run > forgotten) {
            return Ok(());
        }
        Err(Failure::new("what so old a run replaced is not kept any more: a month, and fifty runs, are")
            .code("DPP0617")
            .help("deploy the inventory as it was then; nothing was touched"))
    }
}

/// Shortens a journal that has grown long, and drops kept bytes. Nobody else writes it meanwhile.
pub(super) fn prune(state: &Path, file: &Path) -> io::Result<()> {
    if fs::metadata(file)?.len() < SHORT {
        return Ok(());
    }
    let text = fs::read_to_string(file)?;
    let month_ago = jiff::Timestamp::now() - MONTH;
    let Some((shortened, entries)) = shortened(&text, &month_ago.to_string()) else { return Ok(()) };
    write_atomically(file, shortened.as_bytes(), 0o600)?;
    drop_kept(&state.join(FOLDER), &named(&entries))
}

/// The text without what is old, and what it still has; none when all of it stays.
fn shortened(text: &str, month_ago: &str) -> Option<(String, Vec<Entry>)> {
    let lines: Vec<(&str, Entry)> =
        text.lines().filter_map(|line| Some((line, serde_json::from_str(line).ok()?))).collect();
    let runs: BTreeSet<&str> = lines.iter().map(|(_, entry)| entry.run.as_str()).collect();
    let oldest_that_counts = runs.iter().rev().nth(RUNS - 1)?;
    let goes = |entry: &Entry| entry.run.as_str() < *oldest_that_counts && entry.at.as_str() < month_ago;
    let forgotten = lines.iter().filter(|(_, entry)| goes(entry)).map(|(_, entry)| entry.run.clone()).max()?;
    let mut shortened = serde_json::to_string(&Horizon { forgotten: forgotten.clone() }).ok()? + "\n";
    let stays = lines.into_iter().filter(|(_, entry)| entry.run > forgotten);
    let entries = stays.map(|(line, entry)| {
        shortened.push_str(line);
        shortened.push('\n');
        entry
    });
    let entries = entries.collect();
    Some((shortened, entries))
}

/// The hashes of the bytes that some lines name.
fn named<'a>(entries: &'a [Entry]) -> BTreeSet<&'a str> {
    let hash = |former: &'a Former| match former {
        Former::Path { state: PathState::File { kept, .. }, .. } => Some(kept.as_str()),
        Former::Connector(connector) => connector.kept.as_deref(),
        _ => None,
    };
    entries.iter().flat_map(|entry| &entry.was).filter_map(hash).collect()
}

/// What a run of this moment keeps is young.
fn drop_kept(folder: &Path, named: &BTreeSet<&str>) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries.flatten() {
        let is_old = entry.metadata()?.modified()?.elapsed().is_ok_and(|age| age > MONTH);
        if is_old && !entry.file_name().to_str().is_some_and(|name| named.contains(name)) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::FileTimes;
    use std::time::SystemTime;

    use super::*;

    const NOW: &str = "2026-11-01T00:00:00Z";

    fn line(run: usize, at: &str) -> String {
        let was = vec![Former::Unknown];
        let entry = Entry { run: format!("{run:03}"), at: at.into(), module: "command".into(), was };
        serde_json::to_string(&entry).unwrap() + "\n"
    }

    #[test]
    fn old_runs_go_but_for_the_last_fifty_and_the_horizon_is_told() {
        let text: String = (0..60).flat_map(|run| [line(run, "2026-01-01"), line(run, "2026-01-02")]).collect();
        let (short, entries) = shortened(&text, NOW).unwrap();
        assert_eq!(Horizon::of(&short).unwrap().forgotten, "009");
        assert_eq!((entries.len(), short.lines().count()), (100, 101));
        assert_eq!(entries[0].run, "010");
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), &short).unwrap();
        let require = |run: &str| Horizon::require(file.path(), &[run.to_owned(), "059".to_owned()]);
        assert_eq!(require("009").unwrap_err().code, "DPP0617");
        assert_eq!(require("010"), Ok(()));
        assert!(shortened(&short, NOW).is_none(), "there is nothing more to drop");
    }

    #[test]
    fn what_is_young_stays_however_much_it_is() {
        let text: String = (0..200).map(|run| line(run, "2026-11-02")).collect();
        assert!(shortened(&text, NOW).is_none() && Horizon::of(&text).is_none());
    }

    #[test]
    fn bytes_that_nobody_names_any_more_go_when_they_are_old() {
        let folder = tempfile::tempdir().unwrap();
        let long_ago = SystemTime::now() - 2 * MONTH;
        for (name, is_old) in [("named", true), ("young", false), ("old", true)] {
            let file = fs::File::create(folder.path().join(name)).unwrap();
            if is_old {
                file.set_times(FileTimes::new().set_modified(long_ago)).unwrap();
            }
        }
        drop_kept(folder.path(), &BTreeSet::from(["named"])).unwrap();
        let mut left: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, ["named", "young"]);
    }
}
