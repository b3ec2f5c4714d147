//! Variables that were set together, each with the place of its name.

use indexmap::IndexMap;

use crate::source::Place;
use crate::value::{Map, Value};
use crate::yaml::Node;

/// Names with their values, and where each was set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Variables {
    values: Map,
    places: IndexMap<String, Place>,
}

impl Variables {
    /// The variables of a YAML mapping; `None` if it is neither a mapping nor nothing.
    pub fn of_node(node: &Node) -> Option<Self> {
        let mut variables = Self::default();
        if !node.is_null() {
            for (key, value) in node.as_map()? {
                variables.set(key.text.clone(), value.to_value(), Some(key.place.clone()));
            }
        }
        Some(variables)
    }

    /// Sets one, over what was set before.
    pub fn set(&mut self, name: impl Into<String>, value: Value, place: Option<Place>) {
        let name = name.into();
        match place {
            Some(place) => self.places.insert(name.clone(), place),
            None => self.places.shift_remove(&name),
        };
        self.values.insert(name, value);
    }

    /// Sets all of another, over what was set before.
    pub fn extend(&mut self, other: &Self) {
        for (name, value) in &other.values {
            self.set(name.clone(), value.clone(), other.places.get(name).cloned());
        }
    }

    /// One value.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// All values.
    pub fn values(&self) -> &Map {
        &self.values
    }

    /// Where a name was set, if it was written somewhere.
    pub fn place(&self, name: &str) -> Option<&Place> {
        self.places.get(name)
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}
