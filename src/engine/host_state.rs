//! What is known of a host during a run: its inventory, facts, registered results. Shared, because `hostvars` lets one
//! host's templates see another's.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::engine::Sets;
use crate::value::{Map, Value};

/// The variables of a host that outlive a task.
#[derive(Debug, Default)]
pub struct HostState {
    inner: RwLock<Known>,
}

/// The levels, each a mapping; which one wins is told where they are read.
#[derive(Debug, Default, Clone)]
pub struct Known {
    /// From the inventory, the strongest first.
    pub inventory: Vec<Arc<Map>>,
    /// Gathered facts, under their full names.
    pub facts: Map,
    /// `set_fact` and `register`.
    pub set: Map,
    /// `include_vars`.
    pub included: Map,
    /// `vars_files` of the running play, the last file first.
    pub play_files: Vec<Arc<Map>>,
    /// Names that a task which was only looked at would set.
    pub pending: Vec<String>,
    /// Whether something was changed on the host since the facts were gathered.
    pub changed_since: bool,
    /// Variables of roles that were included with `public: true` in the running play.
    pub exposed_vars: Map,
    /// Their defaults.
    pub exposed_defaults: Map,
}

impl HostState {
    /// A host of which only the inventory is known, the strongest level first.
    pub fn new(inventory: Vec<Arc<Map>>) -> Self {
        Self { inner: RwLock::new(Known { inventory, ..Known::default() }) }
    }

    /// What is known, to be read.
    pub fn read(&self) -> RwLockReadGuard<'_, Known> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known, to be changed.
    pub fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Whether facts are to be gathered when a play wants them: those of an unchanged host are as they were.
    pub fn wants_facts(&self) -> bool {
        self.facts.is_empty() || self.changed_since
    }

    /// Takes the variables that a task sets.
    pub fn take(&mut self, sets: &Sets) {
        let pairs = |map: &Map| map.iter().map(|(name, value)| (name.clone(), value.clone())).collect::<Vec<_>>();
        self.set.extend(pairs(&sets.set));
        self.included.extend(pairs(&sets.included));
        self.facts.extend(pairs(&sets.facts));
    }

    /// A variable as another host sees it through `hostvars`.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.set
            .get(name)
            .or_else(|| self.included.get(name))
            .or_else(|| self.facts.get(name))
            .or_else(|| self.inventory.iter().find_map(|level| level.get(name)))
    }

    /// All names of [`get`](Known::get).
    pub fn names(&self) -> impl Iterator<Item = &String> {
        let levels = self.inventory.iter().flat_map(|level| level.keys());
        self.set.keys().chain(self.included.keys()).chain(self.facts.keys()).chain(levels)
    }

    /// `ansible_facts`: the facts without their prefix.
    pub fn ansible_facts(&self) -> Value {
        let short = |name: &String| name.strip_prefix("ansible_").unwrap_or(name).to_owned();
        let mut facts = self.facts.iter().map(|(name, value)| (short(name), value.clone())).collect::<Map>();
        // This one alone keeps its prefix in Ansible.
        facts.extend(self.facts.get_key_value("ansible_local").map(|(name, value)| (name.clone(), value.clone())));
        facts.into()
    }
}
