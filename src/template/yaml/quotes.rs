//! The characters of a text: plain, in single or in double quotes, broken into lines where they are too long.

use super::scalar::{is_break, is_printable};
use super::writer::Writer;

impl Writer<'_> {
    /// Without quotes.
    pub(super) fn plain(&mut self, text: &str, split: bool) {
        if text.is_empty() {
            return;
        }
        if !self.whitespace {
            self.push(" ");
        }
        self.whitespace = false;
        self.indention = false;
        let runs = runs(text);
        for (index, run) in runs.iter().enumerate() {
            let is_inner = index > 0 && index + 1 < runs.len();
            if *run == " " && is_inner && split && self.column > self.style.width {
                self.write_indent();
                self.whitespace = false;
                self.indention = false;
            } else {
                self.push(run);
            }
        }
    }

    /// In single quotes, which know no escape but themselves.
    pub(super) fn single_quoted(&mut self, text: &str, split: bool) {
        self.indicator("'", true, false, false);
        let runs = runs(text);
        for (index, run) in runs.iter().enumerate() {
            let is_inner = index > 0 && index + 1 < runs.len();
            if *run == " " && is_inner && split && self.column > self.style.width {
                self.write_indent();
            } else if run.starts_with(is_break) {
                self.breaks(run);
            } else {
                self.push(&run.replace('\'', "''"));
            }
        }
        self.indicator("'", false, false, false);
    }

    fn breaks(&mut self, run: &str) {
        if run.starts_with('\n') {
            self.line_break();
        }
        for _ in run.chars() {
            self.line_break();
        }
        self.write_indent();
    }

    /// In double quotes, with escapes. A line is broken at a blank, as libyaml does, which Ansible writes with.
    pub(super) fn double_quoted(&mut self, text: &str, split: bool) {
        self.indicator("\"", true, false, false);
        let characters: Vec<char> = text.chars().collect();
        let mut was_blank = false;
        for (index, character) in characters.iter().copied().enumerate() {
            if needs_escape(character) {
                self.push(&escape(character));
                was_blank = false;
                continue;
            }
            let is_inner = index > 0 && index + 1 < characters.len();
            if character == ' ' && is_inner && split && !was_blank && self.column > self.style.width {
                self.write_indent();
                self.whitespace = false;
                self.indention = false;
                if characters[index + 1] == ' ' {
                    self.push("\\");
                }
            } else {
                self.push(character.encode_utf8(&mut [0; 4]));
            }
            was_blank = character == ' ';
        }
        self.indicator("\"", false, false, false);
    }
}

fn needs_escape(character: char) -> bool {
    !is_printable(character)
        || is_break(character)
        || matches!(character, '"' | '\\' | '\u{a0}')
        || u32::from(character) > 0xffff
}

fn escape(character: char) -> String {
    let short = match character {
        '\0' => '0',
        '\x07' => 'a',
        '\x08' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\x0b' => 'v',
        '\x0c' => 'f',
        '\r' => 'r',
        '\x1b' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        other => {
            return match u32::from(other) {
                code @ 0..=0xff => format!("\\x{code:02X}"),
                code @ 0x100..=0xffff => format!("\\u{code:04X}"),
                code => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{short}")
}

/// Runs of blanks, of line ends, and of all else.
fn runs(text: &str) -> Vec<&str> {
    let class = |c: char| match c {
        ' ' => 0,
        c if is_break(c) => 1,
        _ => 2,
    };
    let mut runs = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| class(c) != class(first)).unwrap_or(rest.len());
        let (run, tail) = rest.split_at(end);
        runs.push(run);
        rest = tail;
    }
    runs
}
