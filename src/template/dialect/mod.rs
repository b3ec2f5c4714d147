//! From Jinja2 as Ansible runs it to what minijinja runs: the few places where they differ are written anew.
//!
//! `a.b.c` passes what is undefined on until it is used; `<` refuses to order a text and a number; `%` formats a text;
//! backslashes are read as Python reads them; lists that a method changes are changeable. Everything else, and all
//! meaning of filters and tests, stays as it is written. A tag that is not understood is left alone, so that the
//! engine's own syntax error points at it.

mod edits;
mod grammar;
mod links;
mod strings;
mod token;

use std::ops::Range;

pub(super) use edits::OffsetMap;
pub(super) use strings::{Backslash, unescaped};

use edits::Edits;
use grammar::{NotUnderstood, Walk};
use token::{Token, tokens};

/// The marks of tags; a template's first line can change them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Marks {
    pub(super) variable: (String, String),
    pub(super) block: (String, String),
    pub(super) comment: (String, String),
}

impl Default for Marks {
    fn default() -> Self {
        let pair = |open: &str, close: &str| (open.to_owned(), close.to_owned());
        Self { variable: pair("{{", "}}"), block: pair("{%", "%}"), comment: pair("{#", "#}") }
    }
}

/// What a template's text is read by, beside its marks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    pub(super) backslash: Backslash,
    /// Whether the line end behind a tag is taken away.
    pub(super) trims: bool,
    /// What ends the lines of its own text, however they are written.
    pub(super) line_end: &'static str,
}

/// How a name is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Filter,
    Test,
}

/// A filter or test that a template names.
#[derive(Debug, Clone)]
pub(super) struct Mention {
    pub(super) what: Use,
    pub(super) name: String,
    pub(super) at: Range<usize>,
}

/// A template for minijinja, with the way back to what was written.
#[derive(Debug)]
pub(super) struct Translation {
    pub(super) text: String,
    pub(super) map: OffsetMap,
    pub(super) mentions: Vec<Mention>,
    /// Whether the whole text, but for a line end, is one `{{ expression }}`.
    pub(super) is_sole: bool,
    /// The variable's name, when the whole text is `{{ name }}`.
    pub(super) bare: Option<String>,
}

/// Methods that change what they are called on.
const CHANGING: [&str; 10] = [
    ".append(",
    ".extend(",
    ".insert(",
    ".update(",
    ".pop(",
    ".remove(",
    ".setdefault(",
    ".clear(",
    ".popitem(",
    ".sort(",
];

/// Translates a whole template.
pub(super) fn translate(text: &str, marks: &Marks, manner: Manner) -> Translation {
    let mut translator = Translator {
        text,
        marks,
        manner,
        changeable: CHANGING.iter().any(|call| text.contains(call)),
        edits: Edits::default(),
        mentions: Vec::new(),
        tags: Vec::new(),
    };
    translator.run();
    // Jinja2 drops the last line end of a template before it looks what is left.
    let kept = text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n')).unwrap_or(text);
    let is_sole = matches!(translator.tags.as_slice(), [range] if *range == (0..kept.len()));
    let bare = if is_sole { bare_name(kept, marks) } else { None };
    let (text, map) = translator.edits.apply(text);
    Translation { text, map, mentions: translator.mentions, is_sole, bare }
}

fn bare_name(text: &str, marks: &Marks) -> Option<String> {
    let inner = text.strip_prefix(&marks.variable.0)?.strip_suffix(&marks.variable.1)?.trim();
    let is_name = !inner.is_empty() && inner.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name.then(|| inner.to_owned())
}

/// Walks one tag.
type Rule = fn(&mut Walk<'_, '_>) -> Result<(), NotUnderstood>;

struct Translator<'t> {
    text: &'t str,
    marks: &'t Marks,
    manner: Manner,
    changeable: bool,
    edits: Edits,
    mentions: Vec<Mention>,
    /// The bytes of each tag that prints, and of nothing else if there are other tags.
    tags: Vec<Range<usize>>,
}

impl Translator<'_> {
    fn run(&mut self) {
        let mut at = 0;
        while let Some(start) = self.next_tag(at) {
            let rest = &self.text[start..];
            let end = if rest.starts_with(&self.marks.comment.0) {
                self.comment(start)
            } else if rest.starts_with(&self.marks.variable.0) {
                self.variable(start)
            } else {
                self.block(start)
            };
            self.line_ends(at..start);
            let Some(end) = end else { return };
            self.tags.push(start..end);
            at = end;
        }
        self.line_ends(at..self.text.len());
    }

    /// Every line end of the template's own text is written alike.
    fn line_ends(&mut self, between: Range<usize>) {
        let text = self.text;
        let mut from = between.start;
        while let Some(at) = text[from..between.end].find(['\r', '\n']).map(|at| from + at) {
            let written = if text[at..].starts_with("\r\n") { "\r\n" } else { &text[at..=at] };
            from = at + written.len();
            if written != self.manner.line_end {
                self.edits.replace(at..from, self.manner.line_end);
            }
        }
    }

    fn next_tag(&self, at: usize) -> Option<usize> {
        [&self.marks.comment.0, &self.marks.variable.0, &self.marks.block.0]
            .into_iter()
            .filter_map(|mark| self.text[at..].find(mark.as_str()))
            .min()
            .map(|found| at + found)
    }

    fn comment(&mut self, start: usize) -> Option<usize> {
        self.tags.push(start..start);
        let end = self.text[start..].find(&self.marks.comment.1)?;
        Some(start + end + self.marks.comment.1.len())
    }

    fn variable(&mut self, start: usize) -> Option<usize> {
        let (open, close) = &self.marks.variable;
        let (tokens, end) = tokens(self.text, self.inside(start, open), close)?;
        self.blanks(self.inside(start, open), &tokens, end);
        self.walk(&tokens, self.manner.backslash, whole);
        Some(self.past(end, close))
    }

    fn block(&mut self, start: usize) -> Option<usize> {
        self.tags.push(start..start);
        let (open, close) = &self.marks.block;
        let (tokens, end) = tokens(self.text, self.inside(start, open), close)?;
        self.blanks(self.inside(start, open), &tokens, end);
        let end = self.past(end, close);
        match tokens.first() {
            Some(name) if name.text == "raw" => {
                // Jinja2 keeps the line end behind it, where minijinja takes it away as behind any tag.
                if self.manner.trims
                    && self.text[end..].starts_with(['\r', '\n'])
                    && !self.text[..end].ends_with(&format!("-{close}"))
                {
                    self.edits.close(end, self.manner.line_end);
                }
                self.end_of_raw(end)
            }
            Some(_) => {
                self.walk(&tokens, Backslash::Escapes, statement);
                Some(end)
            }
            None => Some(end),
        }
    }

    /// Jinja2 passes over every blank that Unicode has, such as the unbreakable one that editors let slip in.
    fn blanks(&mut self, inside: usize, tokens: &[Token<'_>], end: usize) {
        let begins = tokens.iter().map(|token| token.range.start).chain([end]);
        let ends = [inside].into_iter().chain(tokens.iter().map(|token| token.range.end));
        for gap in ends.zip(begins).map(|(from, to)| from..to) {
            if !self.text[gap.clone()].is_ascii() {
                self.edits.replace(gap, " ");
            }
        }
    }

    fn inside(&self, start: usize, open: &str) -> usize {
        let inside = start + open.len();
        inside + usize::from(self.text[inside..].starts_with(['-', '+']))
    }

    fn past(&self, end: usize, close: &str) -> usize {
        let signed = self.text[end..].starts_with(['-', '+']) && !self.text[end..].starts_with(close);
        end + usize::from(signed) + close.len()
    }

    fn end_of_raw(&mut self, from: usize) -> Option<usize> {
        let (open, close) = &self.marks.block;
        let mut at = from;
        loop {
            let start = at + self.text[at..].find(open.as_str())?;
            let inside = self.text[self.inside(start, open)..].trim_start();
            if inside.starts_with("endraw") {
                self.line_ends(from..start);
                return Some(start + self.text[start..].find(close.as_str())? + close.len());
            }
            at = start + open.len();
        }
    }

    fn walk(&mut self, tokens: &[Token<'_>], backslash: Backslash, rule: Rule) {
        let mark = self.edits.len();
        let (edits, mentions) = (&mut self.edits, &mut self.mentions);
        let text = self.text;
        let mut walk = Walk { text, tokens, at: 0, edits, mentions, backslash, changeable: self.changeable };
        if rule(&mut walk).is_err() {
            self.edits.forget_after(mark);
        }
    }
}

/// The expressions of a tag that prints.
fn whole(walk: &mut Walk<'_, '_>) -> Result<(), NotUnderstood> {
    walk.whole()
}

/// The expressions in a statement's tag; a statement without any is left alone.
fn statement(walk: &mut Walk<'_, '_>) -> Result<(), NotUnderstood> {
    match walk.next()?.text {
        "if" | "elif" => walk.tuple(false).map(drop),
        "do" | "print" => walk.tuple(true).map(drop),
        "set" => assignment(walk),
        "with" => assignments(walk),
        "for" => repetition(walk),
        "include" | "import" | "from" | "extends" => walk.expression().map(drop),
        "call" => called(walk),
        "macro" => {
            walk.next()?;
            walk.arguments().map(drop)
        }
        _ => Ok(()),
    }
}

fn assignment(walk: &mut Walk<'_, '_>) -> Result<(), NotUnderstood> {
    while walk.peek().is_some() {
        if walk.eat("=") {
            return walk.tuple(true).map(drop);
        }
        walk.next()?;
    }
    Ok(())
}

fn assignments(walk: &mut Walk<'_, '_>) -> Result<(), NotUnderstood> {
    while walk.peek().is_some() {
        if walk.eat("=") {
            walk.expression()?;
        } else {
            walk.next()?;
        }
    }
    Ok(())
}

fn repetition(walk: &mut Walk<'_, '_>) -> Result<(), NotUnderstood> {
    while !walk.eat_name("in") {
        walk.next()?;
    }
    let walked = walk.tuple(false)?;
    // Two brackets: `1, 2` is one tuple.
    walk.edits.open(walked.start, "__each((");
    walk.edits.close(walked.end, "))");
    if walk.eat_name("if") {
        walk.expression()?;
    }
    Ok(())
}

fn called(walk: &mut Walk<'_, '_>) -> Result<(), NotUnderstood> {
    if walk.peek().is_some_and(|token| token.text == "(") {
        walk.arguments()?;
    }
    walk.expression().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Manner = Manner { backslash: Backslash::Escapes, trims: true, line_end: "\n" };

    fn translated(text: &str) -> String {
        translate(text, &Marks::default(), PLAIN).text
    }

    #[test]
    fn links_are_looked_up_so_that_what_is_undefined_passes_on() {
        assert_eq!(translated("{{ a.b.c | d }}"), "{{ ((a|__get('b','a.b'))|__get('c','a.b.c')) | d }}");
        assert_eq!(translated("{{ a['b'][0] }}"), "{{ ((a|__get('b','a[\\'b\\']'))|__get(0,'a[\\'b\\'][0]')) }}");
        assert_eq!(translated("{{ a.b.split(x.y) }}"), "{{ (a|__get('b','a.b')).split((x|__get('y','x.y'))) }}");
        assert_eq!(translated("{{ loop.index }}{{ a[1:] }}"), "{{ loop.index }}{{ __each(a)[__bound(1):] }}");
    }

    #[test]
    fn orders_and_remainders_become_calls() {
        assert_eq!(translated("{% if a.b < 3 and c %}"), "{% if __lt((a|__get('b','a.b')) , 3) and c %}");
        assert_eq!(translated("{{ '%s' % x ~ 1 }}"), "{{ __cat(__mod('%s' , x) , 1) }}");
    }

    #[test]
    fn a_list_that_a_method_changes_is_changeable() {
        assert_eq!(translated("{% set a = [] %}{{ a.append(1) }}"), "{% set a = __list([]) %}{{ a.append(1) }}");
        assert_eq!(translated("{% set a = [] %}"), "{% set a = [] %}");
    }

    #[test]
    fn raw_text_comments_and_what_is_not_understood_stay() {
        for text in ["{% raw %}{{ a.b }}{% endraw %}", "{# a.b < c #}", "{{ a.b c }}", "a.b", "{{ a.b"] {
            assert_eq!(translated(text), text);
        }
    }

    #[test]
    fn a_sole_expression_and_a_bare_name_are_seen() {
        let seen = |text: &str| {
            let translation = translate(text, &Marks::default(), PLAIN);
            (translation.is_sole, translation.bare)
        };
        assert_eq!(seen("{{ a }}"), (true, Some("a".to_owned())));
        assert_eq!(seen("{{ a + '}}' }}"), (true, None));
        assert_eq!(seen("{{ a }}\n"), (true, Some("a".to_owned())));
        assert_eq!(seen("{{ a }}\n\n"), (false, None));
        assert_eq!(seen("{{ a }} "), (false, None));
        assert_eq!(seen("{{ a }}{# b #}"), (false, None));
    }

    #[test]
    fn filters_and_tests_are_mentioned_with_their_place() {
        let text = "{{ a | ansible.builtin.upper is not foo }}";
        let mentions = translate(text, &Marks::default(), PLAIN).mentions;
        let names: Vec<_> = mentions.iter().map(|m| (m.what, m.name.as_str(), &text[m.at.clone()])).collect();
        assert_eq!(names, [(Use::Filter, "ansible.builtin.upper", "ansible.builtin.upper"), (Use::Test, "foo", "foo")]);
    }
}
