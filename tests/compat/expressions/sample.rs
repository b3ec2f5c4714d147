//! A bounded sample of the expressions and of what Ansible said of them, which `tests/templates.rs` compares on every
//! change, without Ansible.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use super::said::Said;
use super::shape::Asked;

/// How many expressions it holds.
const MOST: usize = 1000;

/// Its lines so far.
pub(crate) struct Sample {
    lines: Vec<String>,
}

impl Sample {
    pub(crate) fn of(variables: &Json) -> Self {
        let head = "# Written by `make compat EXPRESSIONS=\"COUNT SEED keep\"`: expressions by chance, and what ansible-core made of them.";
        Self { lines: vec![head.to_owned(), format!("vars {variables}")] }
    }

    /// Takes one in, if the table can hold it.
    pub(crate) fn add(&mut self, asked: &Asked, said: &Said) {
        let said = match said {
            Said::Value(value) if !value.to_string().contains("\"<") => value.to_string(),
            Said::Error(_) => "!".to_owned(),
            _ => return,
        };
        // What a path is counted from is each process's own.
        let is_fixed = !["relpath", "realpath"].iter().any(|filter| asked.text.contains(filter));
        let is_a_line = is_fixed && !asked.is_condition && !asked.text.contains(" => ") && said.len() < 300;
        if is_a_line && self.lines.len() < MOST + 2 {
            self.lines.push(format!("{} => {said}", asked.text));
        }
    }

    pub(crate) fn keep(self) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/templates/generated.txt");
        fs::write(path, self.lines.join("\n") + "\n").unwrap();
    }
}
