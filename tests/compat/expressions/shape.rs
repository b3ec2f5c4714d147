//! Where an expression stands: alone between braces, in a list that keeps its type, in a text, in a condition.

use super::chance::Chance;
use super::tree::Tree;

/// What both are asked.
pub(crate) struct Asked {
    pub(crate) text: String,
    pub(crate) is_condition: bool,
}

/// One of the places.
#[derive(Clone, Copy)]
pub(crate) struct Shape(&'static str);

/// `@` is the expression. Most stand in a list: what stands alone becomes a text unless it looks like something else.
const SHAPES: [(usize, Shape); 7] = [
    (50, Shape("{{ [@] }}")),
    (20, Shape("{{ @ }}")),
    (8, Shape("a{{ @ }}b")),
    (10, CONDITION),
    (4, Shape("{% if @ %}yes{% else %}no{% endif %}")),
    (4, Shape("{% for i in @ %}<{{ i }}{{ loop.index }}>{% endfor %}")),
    (4, Shape("{% set x = @ %}{{ x }}|{{ [x] }}")),
];
const CONDITION: Shape = Shape("@");

impl Shape {
    pub(crate) fn chosen(chance: &mut Chance) -> Self {
        let mut number = chance.below(100);
        for (often, shape) in SHAPES {
            if number < often {
                return shape;
            }
            number -= often;
        }
        CONDITION
    }

    /// The expression at its place.
    pub(crate) fn around(self, tree: &Tree) -> Asked {
        Asked { text: self.0.replace('@', &tree.text()), is_condition: self.0 == CONDITION.0 }
    }
}
