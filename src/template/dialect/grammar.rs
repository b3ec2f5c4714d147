//! The grammar of Jinja2's expressions, walked once to find the few places that minijinja reads otherwise.
//!
//! It builds no tree: each rule returns the bytes it covers, and notes the changes.

use std::ops::Range;

use super::Mention;
use super::edits::Edits;
use super::strings::{self, Backslash};
use super::token::{Kind, Token};

/// A tag that does not follow the grammar; minijinja will say what is wrong with it.
pub(super) struct NotUnderstood;

/// The bytes that a rule covers.
pub(super) type Parsed = Result<Range<usize>, NotUnderstood>;

/// One walk over the tokens of a tag.
pub(super) struct Walk<'a, 's> {
    /// The whole template.
    pub(super) text: &'a str,
    pub(super) tokens: &'a [Token<'s>],
    pub(super) at: usize,
    pub(super) edits: &'a mut Edits,
    pub(super) mentions: &'a mut Vec<Mention>,
    pub(super) backslash: Backslash,
    /// Whether lists and mappings written here must be changeable, because a method that changes one is called.
    pub(super) changeable: bool,
}

impl<'s> Walk<'_, 's> {
    /// One or more expressions with commas between them, to the end of the tag.
    pub(super) fn whole(&mut self) -> Result<(), NotUnderstood> {
        self.tuple(true)?;
        if self.at == self.tokens.len() { Ok(()) } else { Err(NotUnderstood) }
    }

    /// One or more expressions with commas between them.
    pub(super) fn tuple(&mut self, with_condition: bool) -> Parsed {
        let mut range = self.one(with_condition)?;
        while self.eat(",") {
            if self.at == self.tokens.len() || self.is_sign(")") {
                break;
            }
            range.end = self.one(with_condition)?.end;
        }
        Ok(range)
    }

    fn one(&mut self, with_condition: bool) -> Parsed {
        if with_condition { self.expression() } else { self.either() }
    }

    /// An expression, with `x if y else z`.
    pub(super) fn expression(&mut self) -> Parsed {
        let mut range = self.either()?;
        while self.eat_name("if") {
            range.end = self.either()?.end;
            if self.eat_name("else") {
                range.end = self.expression()?.end;
            }
        }
        Ok(range)
    }

    /// `or` and what binds tighter.
    pub(super) fn either(&mut self) -> Parsed {
        let mut range = self.both()?;
        while self.eat_name("or") {
            range.end = self.both()?.end;
        }
        Ok(range)
    }

    fn both(&mut self) -> Parsed {
        let mut range = self.negation()?;
        while self.eat_name("and") {
            range.end = self.negation()?.end;
        }
        Ok(range)
    }

    fn negation(&mut self) -> Parsed {
        let start = self.start()?;
        if self.eat_name("not") {
            return Ok(start..self.negation()?.end);
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Parsed {
        let left = self.sum()?;
        let mut end = left.end;
        let mut compared = Vec::new();
        while let Some(operator) = self.comparator() {
            let right = self.sum()?;
            end = right.end;
            compared.push((operator, right.end));
        }
        if let [(operator, right_end)] = compared.as_slice()
            && let Some(function) = ordering(operator.text)
        {
            self.call(left.start, function, operator.range.clone(), *right_end);
            if operator.text == "not" {
                self.edits.open(left.start, "(not ");
                self.edits.close(*right_end, ")");
            }
        }
        Ok(left.start..end)
    }

    fn comparator(&mut self) -> Option<Token<'s>> {
        let token = self.peek()?.clone();
        let is_not_in = token.text == "not" && self.tokens.get(self.at + 1).is_some_and(|next| next.text == "in");
        match (token.kind, token.text) {
            (Kind::Sign, "==" | "!=" | "<" | ">" | "<=" | ">=") | (Kind::Name, "in") => self.at += 1,
            (Kind::Name, "not") if is_not_in => {
                let end = self.tokens.get(self.at + 1)?.range.end;
                self.at += 2;
                return Some(Token { range: token.range.start..end, ..token });
            }
            _ => return None,
        }
        Some(token)
    }

    fn sum(&mut self) -> Parsed {
        let mut range = self.concatenation()?;
        while let Some(operator) = self.peek().filter(|token| matches!(token.text, "+" | "-")).cloned() {
            self.at += 1;
            range.end = self.concatenation()?.end;
            if operator.text == "-" {
                self.call(range.start, "__sub", operator.range, range.end);
            }
        }
        Ok(range)
    }

    fn concatenation(&mut self) -> Parsed {
        let mut range = self.product()?;
        while let Some(operator) = self.peek().filter(|token| token.text == "~").cloned() {
            self.at += 1;
            range.end = self.product()?.end;
            self.call(range.start, "__cat", operator.range, range.end);
        }
        Ok(range)
    }

    fn product(&mut self) -> Parsed {
        let mut range = self.power()?;
        while let Some(operator) = self.peek().filter(|token| matches!(token.text, "*" | "/" | "//" | "%")).cloned() {
            self.at += 1;
            range.end = self.power()?.end;
            if operator.text == "%" {
                self.call(range.start, "__mod", operator.range, range.end);
            }
        }
        Ok(range)
    }

    fn power(&mut self) -> Parsed {
        let mut range = self.unary(true)?;
        while let Some(operator) = self.peek().filter(|token| token.text == "**").cloned() {
            self.at += 1;
            range.end = self.unary(true)?.end;
            self.call(range.start, "__pow", operator.range, range.end);
        }
        Ok(range)
    }

    fn unary(&mut self, with_filters: bool) -> Parsed {
        let start = self.start()?;
        let mut range = if self.eat("+") {
            // minijinja has no such operator.
            let range = start..self.unary(false)?.end;
            self.edits.replace(start..start + 1, "__plus(");
            self.edits.close(range.end, ")");
            range
        } else if self.eat("-") {
            let of_number = self.peek().is_some_and(|token| token.kind == Kind::Number);
            let range = start..self.unary(false)?.end;
            if !of_number {
                self.edits.replace(start..start + 1, "__minus(");
                self.edits.close(range.end, ")");
            }
            range
        } else {
            let primary = self.primary()?;
            self.postfix(primary)?
        };
        if with_filters {
            range.end = self.filters(range.clone())?;
        }
        Ok(range)
    }

    /// A name, a number, a text, or something in brackets.
    pub(super) fn primary(&mut self) -> Parsed {
        let token = self.next()?;
        match (token.kind, token.text) {
            (Kind::Sign, "(") => self.group(token.range, ")"),
            (Kind::Sign, "[") => {
                let range = self.group(token.range, "]")?;
                self.wrap(&range, "__list(");
                Ok(range)
            }
            (Kind::Sign, "{") => {
                let range = self.mapping(token.range)?;
                self.wrap(&range, "__dict(");
                Ok(range)
            }
            (Kind::Text, _) => {
                let range = self.texts(&token);
                if range != token.range {
                    self.edits.open(range.start, "(");
                    self.edits.close(range.end, ")");
                }
                Ok(range)
            }
            (Kind::Sign, _) | (Kind::Name, "and" | "or" | "in" | "is" | "if" | "else" | "not") => Err(NotUnderstood),
            (Kind::Name | Kind::Number, _) => Ok(token.range),
        }
    }

    fn texts(&mut self, token: &Token<'s>) -> Range<usize> {
        if let Some(text) = strings::rewritten(token.text, self.backslash) {
            self.edits.replace(token.range.clone(), &text);
        }
        let mut range = token.range.clone();
        while let Some(next) = self.peek().filter(|next| next.kind == Kind::Text).cloned() {
            self.at += 1;
            self.edits.close(range.end, " ~ ");
            range.end = self.texts(&next).end;
        }
        range
    }

    fn group(&mut self, open: Range<usize>, close: &str) -> Parsed {
        while !self.is_sign(close) {
            self.expression()?;
            if !self.eat(",") {
                break;
            }
        }
        Ok(open.start..self.expect(close)?.end)
    }

    fn mapping(&mut self, open: Range<usize>) -> Parsed {
        while !self.is_sign("}") {
            self.expression()?;
            self.expect(":")?;
            self.expression()?;
            if !self.eat(",") {
                break;
            }
        }
        Ok(open.start..self.expect("}")?.end)
    }

    fn wrap(&mut self, range: &Range<usize>, function: &str) {
        if self.changeable {
            self.edits.open(range.start, function);
            self.edits.close(range.end, ")");
        }
    }

    fn call(&mut self, start: usize, function: &str, operator: Range<usize>, end: usize) {
        self.edits.open(start, &format!("{function}("));
        self.edits.replace(operator, ",");
        self.edits.close(end, ")");
    }

    /// The next token, unless the tag is over.
    pub(super) fn peek(&self) -> Option<&Token<'s>> {
        self.tokens.get(self.at)
    }

    pub(super) fn next(&mut self) -> Result<Token<'s>, NotUnderstood> {
        let token = self.peek().cloned().ok_or(NotUnderstood)?;
        self.at += 1;
        Ok(token)
    }

    /// Where the next token begins.
    pub(super) fn start(&self) -> Result<usize, NotUnderstood> {
        self.peek().map(|token| token.range.start).ok_or(NotUnderstood)
    }

    /// Whether this sign comes next.
    pub(super) fn is_sign(&self, text: &str) -> bool {
        self.peek().is_some_and(|token| token.kind == Kind::Sign && token.text == text)
    }

    /// Steps over this sign if it comes next.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let is_next = self.is_sign(text);
        self.at += usize::from(is_next);
        is_next
    }

    /// Steps over this keyword if it comes next.
    pub(super) fn eat_name(&mut self, text: &str) -> bool {
        let is_next = self.peek().is_some_and(|token| token.kind == Kind::Name && token.text == text);
        self.at += usize::from(is_next);
        is_next
    }

    /// Steps over this sign, which must come next.
    pub(super) fn expect(&mut self, text: &str) -> Parsed {
        if self.is_sign(text) { Ok(self.next()?.range) } else { Err(NotUnderstood) }
    }
}

fn ordering(operator: &str) -> Option<&'static str> {
    match operator {
        "<" => Some("__lt"),
        "<=" => Some("__le"),
        ">" => Some("__gt"),
        ">=" => Some("__ge"),
        "in" | "not" => Some("__in"),
        _ => None,
    }
}
