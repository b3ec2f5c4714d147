//! The INI form of an inventory: sections of hosts, of children and of variables.

use std::ops::Range;
use std::sync::Arc;

use crate::inventory::literal;
use crate::inventory::range::expand;
use crate::inventory::roster::Inventory;
use crate::inventory::variables::Variables;
use crate::inventory::words::{Word, words};
use crate::source::{Place, Problem, Problems, Source, nearest};
use crate::value::Value;

/// Reads a source into an inventory; all its mistakes come back at once.
pub(crate) fn read(source: &Arc<Source>, inventory: &mut Inventory) -> Result<(), Problems> {
    let mut reader = Reader {
        source,
        inventory,
        section: Section::Hosts("ungrouped".to_owned()),
        promised: Vec::new(),
        problems: Vec::new(),
    };
    let mut start = 0;
    for line in source.text().split_inclusive('\n') {
        if let Err(problem) = reader.line(start, line.trim_end()) {
            reader.problems.push(*problem);
        }
        start += line.len();
    }
    reader.keep_promises();
    if reader.problems.is_empty() { Ok(()) } else { Err(reader.problems) }
}

#[derive(Clone)]
enum Section {
    Hosts(String),
    Children(String),
    Variables(String),
    /// Its head was refused; its lines would only raise more of the same.
    Skipped,
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    inventory: &'a mut Inventory,
    section: Section,
    /// Groups that must have a section of their own somewhere, and what wants them.
    promised: Vec<(String, Place, &'static str)>,
    problems: Problems,
}

type Reading = Result<(), Box<Problem>>;

impl Reader<'_> {
    fn line(&mut self, start: usize, line: &str) -> Reading {
        let text = line.trim_start();
        let start = start + line.len() - text.len();
        if text.is_empty() || text.starts_with(['#', ';']) {
            return Ok(());
        }
        if text.starts_with('[') && is_head(text) {
            return self.head(start, text);
        }
        match self.section.clone() {
            Section::Hosts(group) => self.host(&group, start, text),
            Section::Children(parent) => self.child(&parent, start, text),
            Section::Variables(group) => self.variable(&group, start, text),
            Section::Skipped => Ok(()),
        }
    }

    fn head(&mut self, start: usize, text: &str) -> Reading {
        let end = text.find(']').unwrap_or(text.len());
        let (name, kind) = text[1..end].split_once(':').unwrap_or((&text[1..end], "hosts"));
        let place = self.place(start + 1..start + 1 + name.len());
        self.section = match kind {
            "hosts" => Section::Hosts(name.to_owned()),
            "children" => Section::Children(name.to_owned()),
            "vars" => Section::Variables(name.to_owned()),
            _ => {
                self.section = Section::Skipped;
                let at = start + 2 + name.len();
                return Err(Problem::error("DPP0202", format!("a section cannot be of kind `{kind}`"))
                    .at(&self.place(at..at + kind.len()), "hosts, children or vars")
                    .did_you_mean(nearest(kind, ["hosts", "children", "vars"]))
                    .into());
            }
        };
        match &self.section {
            Section::Variables(_) => self.promised.push((name.to_owned(), place, "has variables here")),
            _ => {
                self.inventory.declare_group(name, Some(&place));
            }
        }
        Ok(())
    }

    fn host(&mut self, group: &str, start: usize, text: &str) -> Reading {
        let parted = words(text).map_err(|quote| self.unclosed(start + quote))?;
        if let Some(comment) = parted.glued_comment {
            let place = self.place(start + comment..start + comment + 1);
            self.inventory.warnings.push(
                Problem::warning("DPP0209", "a `#` ends this value, as it does in Ansible")
                    .at(&place, "the rest of the line is a comment")
                    .help("quote the value if the `#` belongs to it"),
            );
        }
        let Some((pattern, settings)) = parted.words.split_first() else { return Ok(()) };
        let place = self.place(start + pattern.range.start..start + pattern.range.end);
        let (hosts, port) = expand(&pattern.text).map_err(|cause| {
            Problem::error("DPP0202", format!("cannot read `{}`: {cause}", pattern.text)).at(&place, "")
        })?;
        let mut variables = Variables::default();
        if let Some(port) = port {
            variables.set("ansible_port", Value::Int(port.into()), Some(place.clone()));
        }
        for setting in settings {
            self.setting(&mut variables, start, setting, text)?;
        }
        for host in hosts {
            self.inventory.declare_host(&host, Some(&place)).variables.extend(&variables);
            self.inventory.join(&host, group);
        }
        Ok(())
    }

    fn setting(&self, variables: &mut Variables, start: usize, word: &Word, line: &str) -> Reading {
        let place = self.place(start + word.range.start..start + word.range.end);
        let Some((name, value)) = word.text.split_once('=') else {
            return Err(Problem::error("DPP0202", format!("expected `name=value`, found `{}`", word.text))
                .at(&place, "")
                .help("one host a line; quote a value that has blanks: name='a b'")
                .into());
        };
        let written = &line[word.range.clone()];
        let inside = written.find('=').map_or(0, |equals| equals + 1);
        let quote = usize::from(written[inside..].starts_with(['"', '\'']));
        let value_place = self.place(start + word.range.start + inside + quote..start + word.range.end - quote);
        let key_place = self.place(start + word.range.start..start + word.range.start + name.len());
        variables.set(name, literal::value(value, &value_place), Some(key_place));
        Ok(())
    }

    fn child(&mut self, parent: &str, start: usize, text: &str) -> Reading {
        let name = text.split('#').next().unwrap_or(text).trim_end();
        let place = self.place(start..start + name.len());
        if name.contains(char::is_whitespace) || name.contains('=') {
            return Err(Problem::error("DPP0202", format!("expected the name of a group, found `{name}`"))
                .at(&place, "")
                .help(format!("variables of a group stand under [{parent}:vars]"))
                .into());
        }
        self.promised.push((name.to_owned(), place, "named as a child here"));
        // Not through `adopt`: the child's place in the order of groups is that of its own section.
        self.inventory.declare_group(parent, None).children.insert(name.to_owned());
        Ok(())
    }

    fn variable(&mut self, group: &str, start: usize, text: &str) -> Reading {
        let Some((name, value)) = text.split_once('=') else {
            return Err(Problem::error("DPP0202", format!("expected `name=value`, found `{text}`"))
                .at(&self.place(start..start + text.len()), format!("in the variables of `{group}`"))
                .into());
        };
        let lead = value.len() - value.trim_start().len();
        let value_start = start + name.len() + 1 + lead;
        let value = value.trim();
        let quote = usize::from(value.len() > 1 && value.starts_with(['"', '\'']) && value.ends_with(['"', '\'']));
        let place = self.place(value_start + quote..value_start + value.len() - quote);
        let name = name.trim_end();
        let value = literal::value(value, &place);
        let key_place = self.place(start..start + name.len());
        // The group may be declared further down; an undeclared one is refused in the end.
        self.pending(group).set(name, value, Some(key_place));
        Ok(())
    }

    fn pending(&mut self, group: &str) -> &mut Variables {
        &mut self.inventory.groups.entry(group.to_owned()).or_default().variables
    }

    fn keep_promises(&mut self) {
        for (name, place, words) in std::mem::take(&mut self.promised) {
            let declared = self.inventory.groups.get(&name).is_some_and(|group| group.place.is_some());
            if declared || ["all", "ungrouped"].contains(&name.as_str()) {
                continue;
            }
            let known = self.inventory.groups.iter().filter(|(_, group)| group.place.is_some());
            let near = nearest(&name, known.map(|(name, _)| name.as_str())).map(str::to_owned);
            let problem = Problem::error("DPP0202", format!("there is no group `{name}`")).at(&place, words);
            self.problems.push(match near {
                Some(near) => problem.did_you_mean(Some(&near)),
                None => problem.help(format!("give it a section: [{name}]")),
            });
        }
        let pairs = self
            .inventory
            .groups
            .iter()
            .flat_map(|(parent, group)| group.children.iter().map(|child| (parent.clone(), child.clone())));
        for (parent, child) in pairs.collect::<Vec<_>>() {
            if self.inventory.groups.contains_key(&child) {
                self.inventory.adopt(&parent, &child);
            }
        }
    }

    fn unclosed(&self, at: usize) -> Problem {
        Problem::error("DPP0202", "this quote is never closed").at(&self.place(at..at + 1), "opened here")
    }

    fn place(&self, range: Range<usize>) -> Place {
        Place::new(self.source, range)
    }
}

/// `[name]` or `[name:kind]` with nothing but a comment behind; `[a:c].example` is a range of hosts.
fn is_head(text: &str) -> bool {
    let Some((head, rest)) = text[1..].split_once(']') else { return false };
    let rest = rest.trim_start();
    !head.is_empty() && !head.contains([' ', '[']) && (rest.is_empty() || rest.starts_with(['#', ';']))
}
