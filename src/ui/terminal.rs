//! The two streams, and what is known of them: colour, width, how much is wanted.

use std::io::{self, IsTerminal, Write};

use crate::source::{Problem, Severity, excerpt};

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
}

impl Ui {
    /// Looks at the streams. `no_colour` and `force_colour` are what the environment says.
    pub fn new(colour: Colour, verbosity: i8, no_colour: bool, force_colour: bool) -> Self {
        let is_terminal = io::stderr().is_terminal();
        let colour = match colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => !no_colour && (force_colour || is_terminal),
        };
        Self { colour, width: 100, verbosity, is_terminal }
    }

    /// A line of the story.
    pub fn story(&self, line: &str) {
        let _ = writeln!(io::stderr().lock(), "{line}");
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

    /// Mistakes, and a line that counts them.
    pub fn problems(&self, problems: &[Problem]) {
        for problem in problems {
            self.story(&excerpt(problem, self.colour, self.width));
        }
        let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
        if errors > 0 {
            let s = if errors == 1 { "" } else { "s" };
            self.story(&format!("{errors} error{s}. Nothing was touched."));
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
