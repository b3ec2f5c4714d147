//! The two streams, and what is known of them: colour, width, how much is wanted.

use std::io::{self, IsTerminal, Write};

use serde_json::{Value as Json, json};

use crate::exit::Exit;
use crate::source::{Problem, Severity, excerpt};
use crate::ui::visible::visible;
use crate::ui::{Output, answer_json};

/// When colour is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Colour {
    /// When standard error is a terminal and nobody objects.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The screen.
#[derive(Debug, Clone, Copy)]
pub struct Ui {
    /// Whether colour is used.
    pub colour: bool,
    /// Columns; 100 when unknown.
    pub width: usize,
    /// From -2 (`-qq`) over 0 to 4 (`-vvvv`).
    pub verbosity: i8,
    /// Whether standard error is a terminal.
    pub is_terminal: bool,
    /// The form of output.
    pub output: Output,
    /// Whether bars are drawn on a terminal.
    pub progress: bool,
}

impl Ui {
    /// Looks at the streams; `set` tells whether an environment variable is. Without `output` it fits the surroundings.
    pub fn new(colour: Colour, verbosity: i8, output: Option<Output>, set: &dyn Fn(&str) -> bool) -> Self {
        let is_terminal = io::stderr().is_terminal();
        let (no_colour, force_colour) = (set("NO_COLOR"), set("CLICOLOR_FORCE") || set("FORCE_COLOR"));
        let colour = match colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => !no_colour && (force_colour || is_terminal),
        };
        let output = output.unwrap_or_else(|| Output::fitting(is_terminal, set));
        let width = terminal_size::terminal_size_of(io::stderr()).map_or(100, |(width, _)| usize::from(width.0));
        Self { colour, width, verbosity, is_terminal, output, progress: !set("DPPCTL_NO_PROGRESS") }
    }

    /// Lines without colour, for what is shown before any option was read.
    pub fn plain() -> Self {
        Self::new(Colour::Never, 0, Some(Output::Plain), &|_| false)
    }

    /// A line of the story.
    pub fn story(&self, line: &str) {
        let _ = writeln!(io::stderr().lock(), "{}", visible(line));
    }

    /// The line above a run's own.
    pub fn headline(&self, line: &str) {
        if self.verbosity >= 0 && self.output != Output::Jsonl {
            self.story(line);
        }
    }

    /// Something the operator should know.
    pub fn warning(&self, words: &str) {
        if self.verbosity > -2 {
            self.story(&format!("{}: {words}", self.paint("warning", "1;33")));
        }
    }

    /// A part of the answer.
    pub fn answer(&self, text: &str) {
        let mut out = io::stdout().lock();
        let _ = out.write_all(text.as_bytes());
        if !text.ends_with('\n') {
            let _ = out.write_all(b"\n");
        }
        let _ = out.flush();
    }

    /// An answer in the place of the one before, on a terminal; elsewhere below it. False when nobody reads any more.
    pub fn answer_instead(&self, text: &str) -> bool {
        const HOME_AND_CLEAR: &[u8] = b"\x1b[H\x1b[J";
        let mut out = io::stdout().lock();
        let cleared = if out.is_terminal() && !self.output.is_json() { out.write_all(HOME_AND_CLEAR) } else { Ok(()) };
        let end = if text.ends_with('\n') { "" } else { "\n" };
        cleared.and_then(|()| write!(out, "{text}{end}")).and_then(|()| out.flush()).is_ok()
    }

    /// One of many lines of an answer, of which hosts may print anything. False when nobody reads any more.
    pub fn answer_line(&self, line: &str) -> bool {
        let mut out = io::stdout().lock();
        writeln!(out, "{}", visible(line)).and_then(|()| out.flush()).is_ok()
    }

    /// Where answers go, for a part of one that is long in coming.
    pub fn answers(&self) -> Box<dyn Write + Send> {
        Box::new(io::stdout())
    }

    /// An answer that is taken as it is, to its last byte.
    pub fn answer_bytes(&self, bytes: &[u8]) {
        let mut out = io::stdout().lock();
        let _ = out.write_all(bytes);
        let _ = out.flush();
    }

    /// Mistakes, and a line that counts them.
    pub fn problems(&self, problems: &[Problem]) {
        let shown = |problem: &&Problem| self.verbosity > -2 || problem.severity == Severity::Error;
        problems.iter().filter(shown).for_each(|problem| self.problem(problem));
        let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
        if errors > 0 {
            let s = if errors == 1 { "" } else { "s" };
            self.story(&format!("{errors} error{s}. Nothing was touched."));
        }
    }

    /// One mistake, with its line and a caret.
    pub fn problem(&self, problem: &Problem) {
        self.story(&excerpt(problem, self.colour, self.width));
    }

    /// Mistakes for which nothing was begun; for a programme they are a document, too.
    pub fn refusal(&self, problems: &[Problem]) {
        self.refusal_as(problems, Exit::Refused);
    }

    /// The same for a command that ends in its own way.
    pub fn refusal_as(&self, problems: &[Problem], exit: Exit) {
        self.problems(problems);
        if self.output.is_json() {
            let problems: Vec<Json> = problems.iter().map(document).collect();
            answer_json(self, "dppctl.refusal/1", exit, &json!({"problems": problems}));
        }
    }

    /// Why nothing was begun although nobody wrote anything wrong, and what to do, where that is known.
    pub fn stopped(&self, words: &str, help: Option<&str>, exit: Exit) {
        self.trouble(words);
        help.iter().for_each(|help| self.story(&format!("help: {help}")));
        if self.output.is_json() {
            let mut problem = json!({"message": words});
            if let Some(help) = help {
                problem["help"] = help.into();
            }
            answer_json(self, "dppctl.refusal/1", exit, &json!({"problems": [problem]}));
        }
    }

    /// A failure of this programme or machine.
    pub fn trouble(&self, words: &str) {
        self.story(&format!("{}: {words}", self.paint("error", "1;31")));
    }

    /// Paints a text, if colour is used; `code` is an ANSI SGR code.
    pub fn paint(&self, text: &str, code: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// A problem as programmes read it.
pub fn document(problem: &Problem) -> Json {
    let mut document = json!({"severity": problem.severity.name(), "code": problem.code, "message": problem.message});
    if let Some((place, label)) = &problem.at {
        document["at"] = place.to_string().into();
        document["label"] = label.as_str().into();
    }
    if !problem.notes.is_empty() {
        document["notes"] = problem.notes.clone().into();
    }
    if let Some(help) = &problem.help {
        document["help"] = help.as_str().into();
    }
    document
}
