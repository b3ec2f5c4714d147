//! Expressions by chance, rendered by ansible-core's own Templar and by dppctl; value, type and whether it is an error
//! must be the same. A seed repeats a run. What differs is made as small as it can be and still differs.

mod chance;
mod grammar;
mod ours;
mod said;
mod sample;
mod shape;
mod templar;
mod tree;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value as Json;

use self::chance::Chance;
use self::grammar::Grammar;
use self::ours::Ours;
use self::said::Said;
use self::sample::Sample;
use self::shape::{Asked, Shape};
use self::templar::Templar;
use self::tree::Tree;
use crate::differences::Differences;
use crate::oracle::Oracle;

/// How many that differ are made small; each takes hundreds of questions.
const TOLD: usize = 60;

/// How often an expression that differs is asked for a smaller one.
const PATIENCE: usize = 400;

/// Those who are asked.
struct Both {
    grammar: Grammar,
    theirs: Templar,
    ours: Ours,
}

/// `COUNT [SEED [keep]]`: compares so many expressions; `keep` makes them the sample of `tests/templates`.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let number = |at: usize| arguments.get(at).map(|word| word.parse::<u64>().unwrap());
    let count = number(0).unwrap_or(20_000);
    let seed = number(1).unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs());
    println!("compat expressions: {count} with seed {seed}");
    let variables: Json = serde_json::from_str(include_str!("variables.json")).unwrap();
    let theirs = Templar::start(&Oracle::install(), &variables);
    let mut both = Both { grammar: Grammar::read(), theirs, ours: Ours::with(&variables) };
    let explained = Differences::read(&["expressions/differences.txt"]);
    let mut sample = arguments.get(2).map(|_| Sample::of(&variables));
    let (mut equal, mut reasoned, mut late) = (0, 0, 0);
    let mut told = BTreeSet::new();
    let mut chance = Chance::of(seed);
    let mut different = 0;
    for _ in 0..count {
        let (tree, shape) = (both.grammar.expression(&mut chance), Shape::chosen(&mut chance));
        let asked = shape.around(&tree);
        let (theirs, ours) = both.ask(&asked);
        if matches!(theirs, Said::Nothing) {
            late += 1;
        } else if theirs.agrees(&ours) {
            equal += 1;
            sample.iter_mut().for_each(|sample| sample.add(&asked, &theirs));
        } else if explained.explains(&asked.text, &difference(&theirs, &ours)) {
            reasoned += 1;
        } else if told.len() < TOLD {
            let (asked, line) = both.smallest(tree, shape);
            if explained.explains(&asked.text, &line) {
                reasoned += 1;
            } else {
                different += 1;
                if told.insert(asked.text.clone()) {
                    println!("{}\n    {line}", asked.text);
                }
            }
        } else {
            different += 1;
        }
    }
    sample.into_iter().for_each(Sample::keep);
    println!(
        "\ncompat result: {count} expressions compared, {equal} equal, {reasoned} differ as explained, {late} too \
         slow for Ansible, {different} differ"
    );
    ExitCode::from(u8::from(different > 0))
}

impl Both {
    fn ask(&mut self, asked: &Asked) -> (Said, Said) {
        (self.theirs.ask(asked), self.ours.ask(asked))
    }

    /// The smallest expression found that still differs, and how.
    fn smallest(&mut self, mut tree: Tree, shape: Shape) -> (Asked, String) {
        let mut patience = PATIENCE;
        'smaller: loop {
            for candidate in tree.smaller(&self.grammar) {
                let Some(left) = patience.checked_sub(1) else { break 'smaller };
                patience = left;
                let (theirs, ours) = self.ask(&shape.around(&candidate));
                if !theirs.agrees(&ours) {
                    tree = candidate;
                    continue 'smaller;
                }
            }
            break;
        }
        let asked = shape.around(&tree);
        let (theirs, ours) = self.ask(&asked);
        (asked, difference(&theirs, &ours))
    }
}

fn difference(theirs: &Said, ours: &Said) -> String {
    format!("Ansible {}, dppctl {}", theirs.line(), ours.line())
}
