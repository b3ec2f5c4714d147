//! Tasks that can never run: a condition that is always false, or two that exclude each other.

use std::sync::Arc;

use crate::lint::Lint;
use crate::plan::TaskStep;
use crate::source::{Problem, Problems};
use crate::template::{Scope, SearchPath};
use crate::value::{Map, Text};

/// Words of an expression after which its parts are no longer all true at once.
const NOT_ALL: &[&str] = &[" or ", " if ", "(", "{{", "{%"];
/// Words that ask for nothing.
const OPERATORS: &[&str] = &["and", "or", "not", "in", "true", "True", "false", "False", "none", "None"];

/// Adds the conditions of a task that keep it from ever running.
pub(super) fn check(lint: &Lint, step: &TaskStep, problems: &mut Problems) {
    let conditions = &step.keywords.when;
    if let Some(never) = conditions.iter().find(|condition| is_never_true(lint, condition)) {
        problems.push(told(step, never, format!("this task never runs: `{}` is never true", never.as_str())));
        return;
    }
    let claims: Vec<(&Text, Claim)> =
        conditions.iter().flat_map(|text| claims(text).map(move |claim| (text, claim))).collect();
    for (at, (text, claim)) in claims.iter().enumerate() {
        if let Some((_, other)) = claims[..at].iter().find(|(_, other)| claim.excludes(other)) {
            let words = format!("this task never runs: `{}` and `{}` exclude each other", other.words, claim.words);
            return problems.push(told(step, text, words));
        }
    }
}

fn told(step: &TaskStep, condition: &Text, words: String) -> Problem {
    let place = condition.place().unwrap_or(&step.task.place);
    Problem::warning("DPP0115", words).at(place, "")
}

/// Whether a condition that asks for nothing is false.
fn is_never_true(lint: &Lint, condition: &Text) -> bool {
    let scope = || Scope::new(Arc::new(Map::new()), Arc::new(SearchPath::default()));
    asks_nothing(condition.as_str()) && matches!(lint.templates.condition(condition, &scope()), Ok(false))
}

/// Whether an expression consists of literals and operators alone.
fn asks_nothing(expression: &str) -> bool {
    // Every second part stands in quotes.
    let outside = expression.split(['\'', '"']).step_by(2);
    let mut words = outside.flat_map(|part| part.split(|c: char| !c.is_alphanumeric() && c != '_'));
    words.all(|word| word.bytes().all(|byte| byte.is_ascii_digit()) || OPERATORS.contains(&word))
}

/// What a part of a condition says of one thing.
#[derive(Debug, PartialEq)]
struct Claim<'a> {
    words: &'a str,
    of: &'a str,
    says: Says<'a>,
}

#[derive(Debug, PartialEq)]
enum Says<'a> {
    Is(&'a str),
    IsNot(&'a str),
    Defined(bool),
    True(bool),
}

impl Claim<'_> {
    /// Whether both can never hold at once.
    fn excludes(&self, other: &Claim) -> bool {
        self.of == other.of
            && match (&self.says, &other.says) {
                (Says::Is(one), Says::Is(two)) => one != two,
                (Says::Is(one), Says::IsNot(two)) | (Says::IsNot(one), Says::Is(two)) => one == two,
                (Says::Defined(one), Says::Defined(two)) | (Says::True(one), Says::True(two)) => one != two,
                (Says::Is(_) | Says::True(true), Says::Defined(false))
                | (Says::Defined(false), Says::Is(_) | Says::True(true)) => true,
                _ => false,
            }
    }
}

/// The parts of a condition that must all hold.
fn claims(condition: &Text) -> impl Iterator<Item = Claim<'_>> {
    let text = condition.as_str();
    let is_plain = !NOT_ALL.iter().any(|word| text.contains(word));
    text.split(" and ").filter(move |_| is_plain).filter_map(claim)
}

fn claim(part: &str) -> Option<Claim<'_>> {
    let words = part.trim();
    let of_name = |of: &'_ str| !of.is_empty() && of.chars().all(|c| c.is_alphanumeric() || "_.[]'\"".contains(c));
    let endings =
        [("is defined", true), ("is not defined", false), ("is undefined", false), ("is not undefined", true)];
    let found = endings
        .iter()
        .find_map(|(ending, defined)| Some((words.strip_suffix(ending)?.trim_end(), Says::Defined(*defined))));
    let compared = || {
        let (of, value) = words.split_once("==")?;
        Some((of.trim_end(), Says::Is(literal(value)?)))
    };
    let differs = || {
        let (of, value) = words.split_once("!=")?;
        Some((of.trim_end(), Says::IsNot(literal(value)?)))
    };
    let bare = || {
        Some(words.strip_prefix("not ").map_or((words, Says::True(true)), |of| (of.trim_start(), Says::True(false))))
    };
    let (of, says) = found.or_else(compared).or_else(differs).or_else(bare)?;
    of_name(of).then_some(Claim { words, of, says })
}

/// A text in quotes or a number, whose like is no other one.
fn literal(value: &str) -> Option<&str> {
    let value = value.trim();
    let quoted = ['\'', '"'].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit()) && !value.is_empty();
    quoted.filter(|text| !text.contains(['\'', '"'])).or(is_number.then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_of_literals_asks_nothing() {
        for literal in ["False", "1 > 2", "'a' == 'b x'", "not (true and 'x' in \"y\")"] {
            assert!(asks_nothing(literal), "{literal}");
        }
        for open in ["x", "x == 'a'", "now().year > 2000", "'a' is match('b')", "lookup('env', 'X')"] {
            assert!(!asks_nothing(open), "{open}");
        }
    }

    #[test]
    fn conditions_that_exclude_each_other_are_told_from_those_that_do_not() {
        let excludes = |one: &str, other: &str| {
            let (one, other) = (Text::template(one), Text::template(other));
            let claims: Vec<Claim> = claims(&one).chain(claims(&other)).collect();
            claims.iter().any(|claim| claims.iter().any(|other| claim.excludes(other)))
        };
        for (one, other) in [
            ("ansible_os_family == 'Debian'", "ansible_os_family == \"RedHat\""),
            ("x is defined and y", "x is not defined"),
            ("not done", "done"),
            ("a.b == 'x' and a.b != 'x'", "true"),
            ("x == 1", "x is undefined"),
        ] {
            assert!(excludes(one, other), "{one} · {other}");
        }
        for (one, other) in [
            ("ansible_os_family == 'Debian' or x", "ansible_os_family == 'RedHat'"),
            ("x == 'a'", "y == 'b'"),
            ("x != 'a'", "x != 'b'"),
            ("x is defined", "x"),
            ("x | bool", "not x | bool"),
            ("x == y", "x == z"),
            ("(x == 'a')", "(x == 'b')"),
        ] {
            assert!(!excludes(one, other), "{one} · {other}");
        }
    }
}
