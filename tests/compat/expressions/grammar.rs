//! `grammar.txt`: forms of expressions by kind, and expressions grown from it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use super::chance::Chance;
use super::tree::{Part, Tree};

/// A hole in a form, for an expression of this kind.
static HOLE: LazyLock<Regex> = LazyLock::new(|| Regex::new("<([a-z]+)>").unwrap());

/// All forms.
pub(crate) struct Grammar {
    kinds: BTreeMap<&'static str, Kind>,
}

#[derive(Default)]
struct Kind {
    /// Forms without a hole.
    leaves: Vec<&'static str>,
    branches: Vec<&'static str>,
}

impl Grammar {
    pub(crate) fn read() -> Self {
        let mut kinds: BTreeMap<&str, Kind> = BTreeMap::new();
        for line in include_str!("grammar.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (kind, form) = line.split_once(": ").unwrap_or_else(|| panic!("grammar.txt: no kind: {line}"));
            let kind = kinds.entry(kind).or_default();
            if HOLE.is_match(form) { kind.branches.push(form) } else { kind.leaves.push(form) }
        }
        Self { kinds }
    }

    /// An expression of any kind.
    pub(crate) fn expression(&self, chance: &mut Chance) -> Tree {
        let depth = 1 + chance.below(3);
        self.grown("any", depth, chance)
    }

    /// The simplest expressions of a kind, for making one smaller.
    pub(crate) fn leaves(&self, kind: &str) -> impl Iterator<Item = Tree> {
        let leaves = self.kinds.get(kind).map_or(&[][..], |kind| &kind.leaves);
        leaves.iter().take(3).map(|leaf| Tree { kind: "leaf", parts: vec![Part::Text(leaf)], has_brackets: false })
    }

    fn grown(&self, kind: &'static str, depth: usize, chance: &mut Chance) -> Tree {
        // Now and then what does not belong there, for what is said then.
        let kind = if kind == "any" || chance.percent(3) { self.any(chance) } else { kind };
        let forms = self.kinds.get(kind).unwrap_or_else(|| panic!("grammar.txt: there is no kind {kind}"));
        let is_leaf = forms.branches.is_empty() || !forms.leaves.is_empty() && (depth == 0 || chance.percent(15));
        let form = if is_leaf { pick(&forms.leaves, chance) } else { pick(&forms.branches, chance) };
        let mut parts = Vec::new();
        let mut end = 0;
        for hole in HOLE.captures_iter(form) {
            let whole = hole.get(0).unwrap();
            parts.push(Part::Text(&form[end..whole.start()]));
            let inner = hole.get(1).unwrap();
            let kind = &form[inner.start()..inner.end()];
            parts.push(Part::Tree(self.grown(kind, depth.saturating_sub(1), chance)));
            end = whole.end();
        }
        parts.push(Part::Text(&form[end..]));
        Tree { kind, parts, has_brackets: !is_leaf && chance.percent(70) }
    }

    fn any(&self, chance: &mut Chance) -> &'static str {
        let forms = &self.kinds["any"].branches;
        pick(forms, chance).trim_matches(['<', '>'])
    }
}

fn pick(forms: &[&'static str], chance: &mut Chance) -> &'static str {
    forms[chance.below(forms.len())]
}
