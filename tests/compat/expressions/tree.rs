//! An expression as it was grown, so that it can be made smaller.

use super::grammar::Grammar;

/// One expression.
#[derive(Clone)]
pub(crate) struct Tree {
    pub(crate) kind: &'static str,
    pub(crate) parts: Vec<Part>,
    /// Whether it stands in brackets where it is a part of another one.
    pub(crate) has_brackets: bool,
}

/// What a form is made of.
#[derive(Clone)]
pub(crate) enum Part {
    Text(&'static str),
    Tree(Tree),
}

impl Tree {
    /// As it is written.
    pub(crate) fn text(&self) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => (*text).to_owned(),
            Part::Tree(tree) if tree.has_brackets => format!("({})", tree.text()),
            Part::Tree(tree) => tree.text(),
        };
        self.parts.iter().map(part).collect()
    }

    /// Expressions that are a little smaller, the smallest first.
    pub(crate) fn smaller(&self, grammar: &Grammar) -> Vec<Tree> {
        let mut found: Vec<Tree> = self.trees().map(|(_, tree)| tree.clone()).collect();
        for (at, tree) in self.trees() {
            let leaves = grammar.leaves(tree.kind).filter(|_| tree.trees().next().is_some());
            let bare = Tree { has_brackets: false, ..tree.clone() };
            let bare = tree.has_brackets.then_some(bare);
            found.extend(leaves.chain(tree.smaller(grammar)).chain(bare).map(|part| self.with(at, part)));
        }
        found
    }

    fn trees(&self) -> impl Iterator<Item = (usize, &Tree)> {
        self.parts.iter().enumerate().filter_map(|(at, part)| match part {
            Part::Tree(tree) => Some((at, tree)),
            Part::Text(_) => None,
        })
    }

    fn with(&self, at: usize, part: Tree) -> Tree {
        let mut whole = self.clone();
        whole.parts[at] = Part::Tree(part);
        whole
    }
}
