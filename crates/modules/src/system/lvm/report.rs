//! What LVM reports, and the calls that change it.

use std::fs;

use dpp_protocol::{Change, Failure};

use crate::commands::process::Finished;
use crate::system::tool::{accepted, ask_tool, program_of};
use crate::{Host, Step};

/// One call of a program of LVM.
#[derive(Debug)]
pub struct LvmStep {
    change: Change,
    pub(super) program: &'static str,
    pub(super) arguments: Vec<String>,
}

impl LvmStep {
    pub(super) fn new(change: Change, program: &'static str, arguments: Vec<String>) -> Self {
        Self { change, program, arguments }
    }

    /// Makes the call, whatever comes of it.
    pub(super) fn tried(&self, host: &Host) -> Result<Finished, Failure> {
        host.life(&format!("{} {}", self.program, self.arguments.join(" ")), None);
        ask_tool(self.program, &self.arguments, host)?.ok_or_else(|| lacking(self.program))
    }

    /// Makes the call; the program's own words are the failure's.
    pub(super) fn run(&self, host: &Host) -> Result<(), Failure> {
        accepted(self.tried(host)?, self.program, &self.arguments).map(drop)
    }
}

impl Step for LvmStep {
    fn change(&self, _diff: bool) -> Change {
        self.change.clone()
    }
}

/// Asks for these columns, in bytes; nothing where what is asked about is not there.
pub(super) fn report(
    program: &'static str,
    columns: &str,
    more: &[&str],
    host: &Host,
) -> Result<Option<Vec<Vec<String>>>, Failure> {
    let words = ["--noheadings", "--nosuffix", "--units", "b", "--separator", ";", "-o", columns];
    let words: Vec<String> = words.iter().chain(more).map(|word| (*word).to_owned()).collect();
    let said = ask_tool(program, &words, host)?.ok_or_else(|| lacking(program))?;
    let is_unknown = ["not found", "Failed to find"].iter().any(|word| said.stderr.contains(word));
    if !said.succeeded() && is_unknown {
        return Ok(None);
    }
    accepted(said, program, &words).map(|said| Some(rows(&said.stdout)))
}

fn rows(said: &str) -> Vec<Vec<String>> {
    let lines = said.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| line.trim().split(';').map(str::to_owned).collect()).collect()
}

/// A field as a number of bytes.
pub(super) fn bytes(field: Option<&String>) -> f64 {
    field.and_then(|field| field.parse().ok()).unwrap_or_default()
}

/// A device by the name behind its links, as LVM counts it; one that is not there keeps its own.
pub(super) fn device(path: &str) -> String {
    fs::canonicalize(path).map_or_else(|_| path.to_owned(), |real| real.to_string_lossy().into_owned())
}

/// Options of a task as single words.
pub(super) fn options(text: &str, name: &str) -> Result<Vec<String>, Failure> {
    shlex::split(text).ok_or_else(|| {
        Failure::new(format!("`{name}` has a quotation mark without its counterpart: {text}")).code("DPP0104")
    })
}

/// Whether a program of LVM knows an option.
pub(super) fn knows(program: &str, option: &str, host: &Host) -> Result<bool, Failure> {
    let said = ask_tool(program, &["--help".to_owned()], host)?;
    Ok(said.is_some_and(|said| said.stdout.contains(option) || said.stderr.contains(option)))
}

fn lacking(program: &str) -> Failure {
    Failure::new(format!("there is no `{program}` on this host")).help("`apt: {name: lvm2}` before this task brings it")
}

/// Whether LVM is there at all.
pub(super) fn is_there(host: &Host) -> bool {
    program_of("vgs", host).contains('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_taken_apart_and_numbers_are_bytes() {
        let said = "  data;1;0\n  logs;2;3\n\n";
        assert_eq!(rows(said), [["data", "1", "0"], ["logs", "2", "3"]]);
        let told = [Some(&"4194304".to_owned()), Some(&String::new()), None].map(|text| format!("{}", bytes(text)));
        assert_eq!(told, ["4194304", "0", "0"]);
        assert_eq!(options("-W y --addtag 'a b'", "x").unwrap(), ["-W", "y", "--addtag", "a b"]);
        assert_eq!(options("'a", "vg_options").unwrap_err().code, "DPP0104");
    }
}
