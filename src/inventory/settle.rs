//! What follows from the memberships: the groups `all` and `ungrouped`, the depth of each group, and no circles.

use std::collections::HashMap;

use crate::inventory::roster::Inventory;
use crate::source::{Problem, Problems};

impl Inventory {
    /// Puts hosts without a group into `ungrouped` and top groups under `all`, and measures depths.
    pub(crate) fn settle(&mut self) -> Result<(), Problems> {
        self.fill_ungrouped();
        let tops: Vec<String> = self
            .groups
            .iter()
            .filter(|(name, group)| *name != "all" && group.parents.iter().all(|parent| parent == "all"))
            .map(|(name, _)| name.clone())
            .collect();
        for top in tops {
            self.adopt("all", &top);
        }
        match self.depths() {
            Ok(depths) => {
                for (name, depth) in depths {
                    self.groups[&name].depth = depth;
                }
                Ok(())
            }
            Err(circle) => Err(vec![self.circle(&circle)]),
        }
    }

    fn fill_ungrouped(&mut self) {
        let mut alone = Vec::new();
        for (name, host) in &mut self.hosts {
            if host.groups.iter().any(|group| group != "all" && group != "ungrouped") {
                if host.groups.shift_remove("ungrouped") {
                    self.groups["ungrouped"].hosts.shift_remove(name);
                }
            } else if !host.groups.contains("ungrouped") {
                alone.push(name.clone());
            }
        }
        for name in alone {
            self.join(&name, "ungrouped");
        }
    }

    /// The longest way from a top group to each group, or a circle.
    fn depths(&self) -> Result<HashMap<String, usize>, Vec<String>> {
        let mut depths = HashMap::new();
        for name in self.groups.keys() {
            self.depth(name, &mut depths, &mut Vec::new())?;
        }
        Ok(depths)
    }

    fn depth(
        &self,
        name: &str,
        known: &mut HashMap<String, usize>,
        way: &mut Vec<String>,
    ) -> Result<usize, Vec<String>> {
        if let Some(depth) = known.get(name) {
            return Ok(*depth);
        }
        if let Some(start) = way.iter().position(|step| step == name) {
            return Err(way[start..].to_vec());
        }
        way.push(name.to_owned());
        let mut depth = 0;
        for parent in &self.groups[name].parents {
            depth = depth.max(self.depth(parent, known, way)? + 1);
        }
        way.pop();
        known.insert(name.to_owned(), depth);
        Ok(depth)
    }

    fn circle(&self, circle: &[String]) -> Problem {
        // The way was walked from child to parent; it reads better from parent to child.
        let mut names: Vec<&str> = circle.iter().rev().map(String::as_str).collect();
        let first =
            names.iter().enumerate().min_by_key(|(_, name)| self.groups.get_index_of(**name)).map_or(0, |(at, _)| at);
        names.rotate_left(first);
        let shown = names.iter().chain(names.first()).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" → ");
        let problem = Problem::error("DPP0205", format!("groups hold each other in a circle: {shown}"));
        match names.first().and_then(|name| self.groups.get(*name)).and_then(|group| group.place()) {
            Some(place) => problem.at(place, "this group comes back to itself").help("take one of its children out"),
            None => problem.help("take one of the children out"),
        }
    }
}
