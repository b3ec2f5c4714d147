//! Variables that a template uses and nobody sets, as far as that can be told without a run.

use std::collections::HashSet;
use std::sync::Arc;

use fancy_regex::Regex;

use crate::inventory::Inventory;
use crate::lint::names::Names;
use crate::lint::{Lint, NOBODY};
use crate::plan::{PlayPlan, RoleScope, TaskStep};
use crate::source::{Place, Problem, nearest};
use crate::value::Map;

/// What is set in a play, and for whom.
pub(super) struct Undefined<'a> {
    lint: &'a Lint<'a>,
    play: &'a PlayPlan,
    names: Names,
    decidable: bool,
    /// Each host of the play, with the names that the inventory says of it.
    said: Vec<(&'a str, HashSet<&'a str>)>,
}

impl<'a> Undefined<'a> {
    /// For one play.
    pub(super) fn of(lint: &'a Lint<'a>, play: &'a PlayPlan, tasks: &[Arc<TaskStep>]) -> Self {
        let names = Names::of(play, tasks, lint);
        let nobody = play.hosts.iter().any(|host| host == NOBODY);
        let decidable = lint.inventory.is_some() && !names.open && !nobody;
        let inventory = lint.inventory.filter(|_| decidable);
        let said =
            inventory.map(|inventory| play.hosts.iter().map(|host| (&**host, said_of(inventory, host))).collect());
        Self { lint, play, names, decidable, said: said.unwrap_or_default() }
    }

    /// The mistake of using this variable in this text, if it is one.
    pub(super) fn problem(&self, step: &TaskStep, name: &str, text: &str, at: Option<&Place>) -> Option<Problem> {
        if !self.decidable || self.names.has(name) || self.set_for_all(step, name) {
            return None;
        }
        let lacking: Vec<&str> =
            self.said.iter().filter(|(_, said)| !said.contains(name)).map(|(host, _)| *host).collect();
        let conditions = step.keywords.when.iter().map(crate::value::Text::as_str);
        if lacking.is_empty() || std::iter::once(text).chain(conditions).any(|text| guarded(text, name)) {
            return None;
        }
        let problem = Problem::error("DPP0301", format!("`{name}` is not defined for {}", listed(&lacking)));
        let known = self.known(step, &lacking);
        let problem = problem.did_you_mean(nearest(name, known.iter().map(String::as_str)));
        Some(match at {
            Some(place) => problem.at(&narrowed(place, name), ""),
            None => problem.at(&step.task.place, "in this task"),
        })
    }

    fn set_for_all(&self, step: &TaskStep, name: &str) -> bool {
        self.maps(step).any(|map| map.contains_key(name))
    }

    /// Everything beside the inventory that a task sees.
    fn maps<'b>(&'b self, step: &'b TaskStep) -> impl Iterator<Item = &'b Map> {
        let play = self.play;
        let of_play = [&play.play.vars, &*play.role_defaults, &*play.role_vars, self.lint.extra];
        let of_task = step.params.iter().map(Arc::as_ref).chain(&step.keywords.vars);
        let roles = std::iter::successors(step.role.as_ref(), |role: &&Arc<RoleScope>| role.parent.as_ref());
        let of_roles = roles.flat_map(|role| [&role.role.defaults, &role.role.vars, &*role.params]);
        of_play.into_iter().chain(of_task).chain(of_roles)
    }

    fn known(&self, step: &TaskStep, hosts: &[&str]) -> Vec<String> {
        let of_hosts = self.said.iter().filter(|(host, _)| hosts.contains(host)).flat_map(|(_, said)| said);
        let mut known: Vec<String> = self.maps(step).flat_map(|map| map.keys().cloned()).collect();
        known.extend(of_hosts.map(|name| (*name).to_owned()));
        known
    }
}

fn said_of<'a>(inventory: &'a Inventory, host: &'a str) -> HashSet<&'a str> {
    let layers = inventory.layers(host).into_iter().map(|layer| layer.variables);
    layers.flat_map(|variables| variables.values().keys().map(String::as_str)).collect()
}

/// Whether a text asks first if the variable is there, or says what holds otherwise.
fn guarded(text: &str, name: &str) -> bool {
    let name = fancy_regex::escape(name);
    let pattern = format!(
        r#"\b{name}\b[\w.\[\]'"]*\s*\)?\s*(\bis\s+(not\s+)?(defined|undefined)\b|\|\s*(ansible\.builtin\.)?(default|d)\b)|['"]{name}['"]\s+(not\s+)?in\s+(vars|hostvars)"#
    );
    Regex::new(&pattern).is_ok_and(|regex| regex.is_match(text).unwrap_or(true))
}

/// The name's own place inside a text.
fn narrowed(place: &Place, name: &str) -> Place {
    let pattern = format!(r"(?<![\w.]){}(?!\w)", fancy_regex::escape(name));
    let found = Regex::new(&pattern).ok().and_then(|regex| regex.find(place.text()).ok().flatten());
    found.map_or_else(|| place.clone(), |found| place.within(found.range()))
}

fn listed(hosts: &[&str]) -> String {
    const MOST: usize = 5;
    let more = hosts.len().saturating_sub(MOST);
    let shown = hosts[..hosts.len().min(MOST)].join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_first_is_not_told_off() {
        for text in [
            "{{ x | default('a') }}",
            "{% if x is defined %}{{ x }}{% endif %}",
            "x.y is not defined",
            "{{ (x|d(1)) }}",
            "'x' in vars",
        ] {
            assert!(guarded(text, "x"), "{text}");
        }
        for text in ["{{ x }}", "{{ xx | default(1) }} {{ x }}", "{{ x | upper }}"] {
            assert!(!guarded(text, "x"), "{text}");
        }
    }
}
