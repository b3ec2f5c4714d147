//! The hosts and groups of a run, which tasks may add to.

use std::sync::{Arc, PoisonError};

use dpp_protocol::Failure;

use crate::engine::run::{Engine, who};
use crate::engine::{HostEntry, HostState};
use crate::event::Event;
use crate::plan::PlayPlan;
use crate::value::Map;

/// The inventory as a run changes it.
pub trait Roster {
    /// Puts a host into groups, and makes it when there is none of this name.
    ///
    /// # Errors
    /// Why the inventory does not take it.
    fn join(&mut self, host: &str, groups: &[String], vars: &Map) -> Result<Joined, Failure>;

    /// Puts a group into others.
    fn nest(&mut self, group: &str, parents: &[String]);

    /// The hosts of a pattern as of now.
    ///
    /// # Errors
    /// What is wrong with the pattern.
    fn select(&self, pattern: &str) -> Result<Vec<String>, Failure>;
}

/// A host after it joined groups.
#[derive(Debug, Default)]
pub struct Joined {
    /// Whether it or its place in a group is new.
    pub changed: bool,
    /// Its levels of variables, the strongest first.
    pub levels: Vec<Arc<Map>>,
    /// Its groups.
    pub groups: Vec<String>,
}

impl Engine {
    /// `add_host`.
    pub(super) fn add_host(&mut self, name: &str, groups: &[String], vars: &Map) -> Result<bool, Failure> {
        let Joined { changed, levels, groups } = self.roster.join(name, groups, vars)?;
        let known = self.vars.hosts().get(name).map(|entry| Arc::clone(&entry.state));
        let state = known.unwrap_or_else(|| Arc::new(HostState::new(Vec::new())));
        state.write().inventory = levels;
        let entry = HostEntry { state, magic: Arc::new(who(name, &groups)) };
        self.vars.hosts.write().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), entry);
        groups.iter().map(String::as_str).chain(["all"]).for_each(|group| self.vars.add_to_group(group, name));
        if !groups.iter().any(|group| group == "ungrouped") {
            self.vars.leave_ungrouped(name);
        }
        Ok(changed)
    }

    /// `group_by`.
    pub(super) fn group_by(&mut self, host: &str, key: &str, parents: &[String]) -> Result<bool, Failure> {
        self.roster.nest(key, parents);
        self.add_host(host, &[key.to_owned()], &Map::new())
    }

    /// A play whose hosts may have become more since it was planned, with those of now; `None` when it has none.
    pub(super) fn settled(&self, mut play: PlayPlan) -> Option<PlayPlan> {
        if play.may_grow {
            let hosts = self.roster.select(&play.pattern);
            let taken = hosts.and_then(|hosts| {
                play.take_hosts(hosts).map_err(|problem| Failure::new(problem.to_string()).code(problem.code))
            });
            let trouble = match taken {
                Ok(()) if play.hosts.is_empty() => format!("`{}` has no hosts; the play is left out", play.pattern),
                Ok(()) => return Some(play),
                Err(failure) => failure.message,
            };
            self.events.tell(Event::Warning { text: trouble });
            return None;
        }
        Some(play)
    }
}
