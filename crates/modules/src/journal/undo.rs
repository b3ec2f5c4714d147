//! `undo`: brings a host back to how it was before some runs: packages, then files, then services, then connectors; but
//! a connector that was not there goes first, while its worker still runs.
//!
//! What is as it was already is left alone, so that a broken undoing is gone on with by the same task. What the journal cannot
//! put back is named and left as it is; data that an older version cannot read is refused before anything is touched.

use std::fs;
use std::path::{Path, PathBuf};

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;
use serde_json::json;

use super::account::{Account, FormerUnit};
use super::former::PathState;
use super::packages_back::PackagesBack;
use super::prune::Horizon;
use super::{Former, Journal, put_back};
use crate::arguments::{Flag, Names};
use crate::packages::dpkg::status::Installed;
use crate::pipeline::connect::ConnectorFormer;
use crate::services::manager::{Manager, Scope};
use crate::services::systemd::{State, Systemd};
use crate::{Host, Module, Step, Survey};

/// Parameters of `undo`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Undo {
    /// The runs, by the names that the journal has.
    runs: Names,
    /// Packages whose data an older version of them cannot read.
    #[serde(default)]
    bound_by_data: Names,
}

/// One thing that goes back.
#[derive(Debug)]
pub enum UndoStep {
    /// Packages, all at once, since they may need one another.
    Packages(PackagesBack),
    /// What lies at a path.
    Path(PathBuf, PathBack),
    /// A unit.
    Unit(UnitBack),
    /// A connector.
    Connector(ConnectorBack),
}

/// What is to lie at a path again.
#[derive(Debug)]
pub struct PathBack(pub(super) PathState);

/// How a unit is to be again.
#[derive(Debug)]
pub struct UnitBack {
    unit: String,
    up: bool,
    enabled: Option<bool>,
}

/// A connector as it is and as it was. How it is was asked before anything is touched: its worker may have to be started anew.
#[derive(Debug)]
pub struct ConnectorBack {
    is: ConnectorFormer,
    was: ConnectorFormer,
}

impl Step for UndoStep {
    fn change(&self, _diff: bool) -> Change {
        match self {
            Self::Packages(packages) => packages.change(),
            Self::Path(path, back) => put_back::change(path, &back.0),
            Self::Unit(unit) => unit.change(),
            Self::Connector(connector) => connector.change(),
        }
    }

    fn former(&self) -> Result<Vec<Former>, Failure> {
        match self {
            Self::Packages(packages) => packages.former(),
            Self::Path(path, _) => Ok(vec![Former::path(path)?]),
            Self::Unit(unit) => Ok(vec![Former::unit(&unit.unit)?]),
            Self::Connector(connector) => Ok(vec![Former::Connector(connector.is.clone())]),
        }
    }
}

impl Module for Undo {
    const NAME: &'static str = "undo";
    type Step = UndoStep;

    fn survey(&self, host: &Host) -> Result<Survey<UndoStep>, Failure> {
        Horizon::require(&Journal::of(host.state(), "").file, &self.runs.0)?;
        let account =
            Account::of(Journal::read(host.state())?, &self.runs.0).map_err(|others| changed_since(&others))?;
        let installed = Installed::read()?;
        let packages = PackagesBack::of(&account.packages, &installed, &self.bound_by_data.0, host)?;
        let moved = packages.told();
        let mut warnings = Vec::new();
        let connectors = connectors_back(&account.connectors, &mut warnings);
        let (going, coming): (Vec<_>, Vec<_>) =
            connectors.into_iter().partition(|connector| connector.was.kept.is_none());
        let mut steps: Vec<UndoStep> = going.into_iter().map(UndoStep::Connector).collect();
        steps.extend(packages.needed().map(UndoStep::Packages));
        for (path, state) in in_order(&account.paths) {
            match put_back::obstacle(path, state, &account.paths)? {
                None => {}
                Some(put_back::Found::Different) => steps.push(UndoStep::Path(path.clone(), PathBack(state.clone()))),
                Some(put_back::Found::InTheWay(words)) => warnings.push(words),
            }
        }
        let units = units_back(&account.units, !steps.is_empty())?;
        steps.extend(units.into_iter().map(UndoStep::Unit));
        steps.extend(coming.into_iter().map(UndoStep::Connector));
        let mut survey = Survey::steps(steps).value("packages", moved).value("unknown", json!(account.unknown));
        survey.warnings = warnings;
        Ok(survey)
    }

    fn apply(&self, step: &UndoStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        match step {
            UndoStep::Packages(packages) => packages.make(host, result),
            UndoStep::Path(path, back) => put_back::make(path, &back.0, host, result),
            UndoStep::Unit(unit) => unit.make(host, result),
            UndoStep::Connector(connector) => connector.was.put_back(host, result),
        }
        .map(|()| drop(result.shift_remove("_changed")))
    }
}

/// Those that are not as they were. One whose worker does not answer stays, and is named.
fn connectors_back(connectors: &[ConnectorFormer], warnings: &mut Vec<String>) -> Vec<ConnectorBack> {
    let mut back = Vec::new();
    for was in connectors {
        match was.now() {
            Ok(is) if is == *was => {}
            Ok(is) => back.push(ConnectorBack { is, was: was.clone() }),
            Err(failure) => warnings.push(format!("connector {} stays as it is: {}", was.name, failure.message)),
        }
    }
    back
}

fn changed_since(others: &[String]) -> Failure {
    const MOST: usize = 5;
    let more = if others.len() > MOST { format!(" and {} more", others.len() - MOST) } else { String::new() };
    let names = others.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    Failure::new(format!("a run that is not one of these has changed since: {names}{more}")).code("DPP0616").help(
        "it was made from another folder; take it back there first, or deploy what is wanted. Nothing was touched",
    )
}

/// What was not there goes first, the innermost before what is around it; then comes what was, the other way round.
fn in_order(paths: &[(PathBuf, PathState)]) -> impl Iterator<Item = (&PathBuf, &PathState)> {
    let mut sorted: Vec<_> = paths.iter().map(|(path, state)| (path, state)).collect();
    sorted.sort_by_key(|(path, _)| *path);
    let (mut going, coming): (Vec<_>, Vec<_>) = sorted.into_iter().partition(|(_, state)| **state == PathState::Absent);
    going.reverse();
    going.into_iter().chain(coming)
}

/// Those that are to stop, the last one started first, then those that are to run, as they were started.
fn units_back(units: &[FormerUnit], is_changed: bool) -> Result<Vec<UnitBack>, Failure> {
    if units.is_empty() {
        return Ok(Vec::new());
    }
    let mut manager = Manager::connect(Scope::System)?;
    let mut stopping = Vec::new();
    let mut running = Vec::new();
    for former in units {
        let now = manager.unit(&former.unit)?;
        let file_state = manager.file_state(&former.unit)?;
        let enabled = wanted(&former.file_state).filter(|_| now.exists() && file_state != former.file_state);
        let back = UnitBack { unit: former.unit.clone(), up: former.up, enabled };
        let differs = now.is_up() != former.up || enabled.is_some();
        match former.up {
            true if differs || is_changed => running.push(back),
            false if differs => stopping.push(back),
            _ => {}
        }
    }
    stopping.reverse();
    stopping.extend(running);
    Ok(stopping)
}

/// Whether a unit of this state is to be enabled; none where there is nothing to enable.
fn wanted(file_state: &str) -> Option<bool> {
    match file_state {
        "enabled" => Some(true),
        "disabled" => Some(false),
        _ => None,
    }
}

impl ConnectorBack {
    fn change(&self) -> Change {
        let what = format!("connector {}", self.was.name);
        match (&self.was.kept, &self.is.kept) {
            (None, _) => Change::new(Verb::Delete, what),
            (Some(_), None) => Change::new(Verb::Create, what).detail("as before"),
            (Some(_), Some(_)) => Change::new(Verb::Change, what).detail("as before"),
        }
    }
}

impl UnitBack {
    fn change(&self) -> Change {
        let doing = if self.up { "restart" } else { "stop" };
        let enabling = self.enabled.map(|enabled| if enabled { ", enable" } else { ", disable" });
        let verb = if self.up { Verb::Restart } else { Verb::Change };
        Change::new(verb, &self.unit).detail(format!("{doing}{}", enabling.unwrap_or_default()))
    }

    /// A unit that went with its package needs nothing more.
    fn make(&self, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        if !Manager::connect(Scope::System)?.unit(&self.unit)?.exists() {
            return Ok(());
        }
        let state = if self.up { State::Restarted } else { State::Stopped };
        let systemd = Systemd::of(&self.unit, Some(state), self.enabled.map(Flag));
        systemd.survey(host)?.steps.iter().try_for_each(|order| systemd.apply(order, host, result))
    }
}

/// Whether all that is in a folder goes with the runs that are undone.
pub(super) fn holds_nothing_else(folder: &Path, paths: &[(PathBuf, PathState)]) -> bool {
    let going = |path: &Path| paths.iter().any(|(known, state)| *state == PathState::Absent && known == path);
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).all(|path| {
        let is_folder = fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir());
        going(&path) && (!is_folder || holds_nothing_else(&path, paths))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_goes_first_and_comes_last() {
        let link = || PathState::Link { target: "/x".into() };
        let paths: Vec<(PathBuf, PathState)> =
            [("/a", PathState::Absent), ("/a/b", PathState::Absent), ("/c", link()), ("/c/d", link())]
                .map(|(path, state)| (path.into(), state))
                .into();
        let order: Vec<&Path> = in_order(&paths).map(|(path, _)| path.as_path()).collect();
        assert_eq!(order, ["/a/b", "/a", "/c", "/c/d"].map(Path::new));
    }

    #[test]
    fn what_cannot_be_enabled_is_not() {
        assert_eq!(["enabled", "disabled", "static", ""].map(wanted), [Some(true), Some(false), None, None]);
    }
}
