//! What follows a value: members, calls, filters and tests.

use std::ops::Range;

use super::grammar::{NotUnderstood, Parsed, Walk};
use super::token::Kind;
use super::{Mention, Use};

/// The longest path that is named in an error.
const LONGEST_PATH: usize = 80;

impl Walk<'_, '_> {
    /// `.name`, `[key]` and calls. A link is looked up by a filter that passes what is undefined on, as Ansible does.
    pub(super) fn postfix(&mut self, primary: Range<usize>) -> Parsed {
        let mut range = primary;
        loop {
            if self.is_method() {
                let name = &self.tokens[self.at + 1];
                range.end = name.range.end;
                self.at += 2;
            } else if self.is_sign("(") {
                range.end = self.arguments()?.end;
            } else if self.is_sign(".") {
                range.end = self.attribute(range.start)?;
            } else if self.is_sign("[") {
                range.end = self.subscript(range.start)?;
            } else {
                return Ok(range);
            }
        }
    }

    fn is_method(&self) -> bool {
        self.is_sign(".")
            && self.tokens.get(self.at + 1).is_some_and(|name| name.kind == Kind::Name)
            && self.tokens.get(self.at + 2).is_some_and(|open| open.text == "(")
    }

    fn attribute(&mut self, start: usize) -> Result<usize, NotUnderstood> {
        let dot = self.next()?;
        let name = self.next()?;
        let key = match name.kind {
            Kind::Name => format!("'{}'", name.text),
            Kind::Number if name.text.bytes().all(|byte| byte.is_ascii_digit()) => name.text.to_owned(),
            _ => return Err(NotUnderstood),
        };
        if !self.is_loop(start) {
            self.edits.open(start, "(");
            let path = self.path(start..name.range.end);
            self.edits.replace(dot.range.start..name.range.end, &format!("|__get({key}{path}))"));
        }
        Ok(name.range.end)
    }

    /// The path as a further argument, for the error if it leads nowhere.
    fn path(&self, range: Range<usize>) -> String {
        match self.text.get(range).filter(|path| path.len() <= LONGEST_PATH && !path.contains(['\n', '\\'])) {
            Some(path) => format!(",'{}'", path.replace('\'', "\\'")),
            None => String::new(),
        }
    }

    fn is_loop(&self, start: usize) -> bool {
        self.tokens.iter().any(|token| token.range.start == start && token.text == "loop")
    }

    fn subscript(&mut self, start: usize) -> Result<usize, NotUnderstood> {
        let open = self.next()?;
        let bounds = self.bounds()?;
        let close = self.expect("]")?;
        if let Some(bounds) = bounds {
            for bound in bounds {
                self.edits.open(bound.start, "__bound(");
                self.edits.close(bound.end, ")");
            }
            self.edits.open(start, "__each(");
            self.edits.close(open.range.start, ")");
        } else {
            self.edits.open(start, "(");
            self.edits.replace(open.range, "|__get(");
            let path = self.path(start..close.end);
            self.edits.replace(close.clone(), &format!("{path}))"));
        }
        Ok(close.end)
    }

    /// What stands between the colons of a slice; nothing if it is none.
    fn bounds(&mut self) -> Result<Option<Vec<Range<usize>>>, NotUnderstood> {
        let mut is_slice = false;
        let mut bounds = Vec::new();
        while !self.is_sign("]") {
            if self.eat(":") {
                is_slice = true;
            } else {
                bounds.push(self.expression()?);
            }
        }
        Ok(is_slice.then_some(bounds))
    }

    /// `| filter` and `is test`, as many as follow.
    pub(super) fn filters(&mut self, subject: Range<usize>) -> Result<usize, NotUnderstood> {
        let mut end = subject.end;
        loop {
            if self.eat("|") {
                end = self.mention(Use::Filter)?;
                if self.is_sign("(") {
                    end = self.arguments()?.end;
                }
            } else if self.eat_name("is") {
                end = self.test()?;
            } else {
                return Ok(end);
            }
        }
    }

    fn test(&mut self) -> Result<usize, NotUnderstood> {
        self.eat_name("not");
        let end = self.mention(Use::Test)?;
        if self.is_sign("(") {
            return Ok(self.arguments()?.end);
        }
        let takes_one = self.peek().is_some_and(|token| match token.kind {
            Kind::Name => !matches!(token.text, "else" | "or" | "and" | "is" | "if" | "not" | "in" | "recursive"),
            Kind::Number | Kind::Text => true,
            Kind::Sign => matches!(token.text, "[" | "{"),
        });
        if !takes_one {
            return Ok(end);
        }
        let primary = self.primary()?;
        let argument = self.postfix(primary)?;
        // In brackets, for what stands before a method's name here is more than a name.
        self.edits.open(argument.start, "(");
        self.edits.close(argument.end, ")");
        Ok(argument.end)
    }

    /// A filter's or test's name, with dots when it names a collection; its last part is the name here.
    fn mention(&mut self, what: Use) -> Result<usize, NotUnderstood> {
        let first = self.next()?;
        if first.kind != Kind::Name {
            return Err(NotUnderstood);
        }
        let mut range = first.range;
        let mut name = first.text.to_owned();
        while self.is_sign(".") && self.tokens.get(self.at + 1).is_some_and(|token| token.kind == Kind::Name) {
            self.at += 1;
            let part = self.next()?;
            name = format!("{name}.{}", part.text);
            range.end = part.range.end;
        }
        let end = range.end;
        if let Some((_, short)) = name.rsplit_once('.') {
            self.edits.replace(range.clone(), short);
        }
        self.mentions.push(Mention { what, name, at: range });
        Ok(end)
    }

    /// The arguments of a call, with the brackets.
    pub(super) fn arguments(&mut self) -> Parsed {
        let open = self.expect("(")?;
        while !self.is_sign(")") {
            let _ = self.eat("**") || self.eat("*");
            if self.tokens.get(self.at + 1).is_some_and(|token| token.text == "=") {
                self.at += 2;
            }
            self.expression()?;
            if !self.eat(",") {
                break;
            }
        }
        Ok(open.start..self.expect(")")?.end)
    }
}
