//! `blockinfile`: a block of lines between two markers is in a text file, or is not.

use dpp_protocol::{Failure, ResultMap};
use fancy_regex::Regex;
use serde::Deserialize;

use crate::arguments::{Flag, HostPath, Words};
use crate::files::attributes::Attributes;
use crate::files::edit::{self, TextFile, Wishes, bare, lines};
use crate::files::mode::FileMode;
use crate::files::pattern::{compile, found};
use crate::files::step::FileStep;
use crate::{Host, Module, Survey};

/// Parameters of `blockinfile`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blockinfile {
    #[serde(alias = "dest", alias = "destfile", alias = "name")]
    path: HostPath,
    #[serde(default, alias = "content")]
    block: Words,
    #[serde(default = "marker")]
    marker: String,
    #[serde(default = "begin")]
    marker_begin: String,
    #[serde(default = "end")]
    marker_end: String,
    #[serde(default)]
    state: State,
    insertafter: Option<String>,
    insertbefore: Option<String>,
    #[serde(default)]
    append_newline: Flag,
    #[serde(default)]
    prepend_newline: Flag,
    #[serde(default)]
    create: Flag,
    #[serde(default)]
    backup: Flag,
    validate: Option<String>,
    mode: Option<FileMode>,
    owner: Option<Words>,
    group: Option<Words>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    #[default]
    Present,
    Absent,
}

fn marker() -> String {
    "# {mark} ANSIBLE MANAGED BLOCK".into()
}

fn begin() -> String {
    "BEGIN".into()
}

fn end() -> String {
    "END".into()
}

impl Module for Blockinfile {
    const NAME: &'static str = "blockinfile";
    type Step = FileStep;

    fn survey(&self, _host: &Host) -> Result<Survey<FileStep>, Failure> {
        self.check()?;
        let file = TextFile::read(&self.path)?;
        if file.old.is_none() && !self.create.0 {
            return Ok(file.expected());
        }
        let block = self.block_lines();
        let message = match (&file.old, block.is_empty()) {
            (_, true) => "Block removed",
            (None, false) => "File created",
            (Some(_), false) => "Block inserted",
        };
        let new = self.with_block(lines(file.text()), block)?;
        Ok(file.in_folder(file.survey(new.concat(), message, self.wishes())))
    }

    fn apply(&self, step: &FileStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let missing = format!("Path {} does not exist !", self.path.display());
        edit::apply(step, host, result, &missing)
    }
}

impl Blockinfile {
    fn check(&self) -> Result<(), Failure> {
        if self.insertafter.is_some() && self.insertbefore.is_some() {
            return Err(Failure::new("`insertafter` and `insertbefore` exclude each other").code("DPP0104"));
        }
        Ok(())
    }

    fn wishes(&self) -> Wishes<'_> {
        let attributes = Attributes::of(self.mode.as_ref(), self.owner.as_ref(), self.group.as_ref());
        Wishes { attributes, backup: self.backup.0, validate: self.validate.as_deref() }
    }

    fn markers(&self) -> (String, String) {
        (self.marker.replace("{mark}", &self.marker_begin), self.marker.replace("{mark}", &self.marker_end))
    }

    /// The block with its markers; nothing where it is to go, which an empty block means too.
    fn block_lines(&self) -> Vec<String> {
        if self.state == State::Absent || self.block.0.is_empty() {
            return Vec::new();
        }
        let (begin, end) = self.markers();
        let inner = self.block.0.lines().map(str::to_owned);
        [begin].into_iter().chain(inner).chain([end]).map(|line| line + "\n").collect()
    }

    fn with_block(&self, mut lines: Vec<String>, block: Vec<String>) -> Result<Vec<String>, Failure> {
        let (begin, end) = self.markers();
        let first = lines.iter().rposition(|line| bare(line) == begin);
        let last = lines.iter().rposition(|line| bare(line) == end);
        let mut at = match (first, last) {
            (Some(first), Some(last)) => {
                lines.drain(first.min(last)..=first.max(last));
                first.min(last)
            }
            _ if block.is_empty() => return Ok(lines),
            _ => self.position(&lines)?,
        };
        if at > 0 && !lines[at - 1].ends_with('\n') {
            lines[at - 1].push('\n');
        }
        let is_blank = |line: Option<&String>| line.is_none_or(|line| line.trim().is_empty());
        if !block.is_empty() && self.prepend_newline.0 && at > 0 && !is_blank(lines.get(at - 1)) {
            lines.insert(at, "\n".into());
            at += 1;
        }
        if !block.is_empty() && self.append_newline.0 && !is_blank(lines.get(at)) {
            lines.insert(at, "\n".into());
        }
        lines.splice(at..at, block);
        Ok(lines)
    }

    /// Before which line a new block is put.
    fn position(&self, lines: &[String]) -> Result<usize, Failure> {
        let (pattern, shift) = match (self.insertafter.as_deref(), self.insertbefore.as_deref()) {
            (None, Some("BOF")) => return Ok(0),
            (None | Some("EOF"), None) => return Ok(lines.len()),
            (Some(pattern), _) => (compile("insertafter", pattern)?, 1),
            (None, Some(pattern)) => (compile("insertbefore", pattern)?, 0),
        };
        Ok(last_match(&pattern, lines)?.map_or(lines.len(), |at| at + shift))
    }
}

fn last_match(pattern: &Regex, lines: &[String]) -> Result<Option<usize>, Failure> {
    let mut last = None;
    for (number, line) in lines.iter().enumerate() {
        if found(pattern, bare(line))? {
            last = Some(number);
        }
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::Ground;

    fn edited(text: &str, params: Value) -> String {
        Ground::edited("blockinfile", text, params)
    }

    const BLOCK: &str = "# BEGIN ANSIBLE MANAGED BLOCK\nx\ny\n# END ANSIBLE MANAGED BLOCK\n";

    #[test]
    fn a_block_is_put_replaced_and_removed() {
        for (text, params, wanted) in [
            ("a\n", json!({"block": "x\ny"}), format!("a\n{BLOCK}")),
            ("a", json!({"block": "x\ny\n"}), format!("a\n{BLOCK}")),
            (
                "a\n# BEGIN ANSIBLE MANAGED BLOCK\nold\n# END ANSIBLE MANAGED BLOCK\nb\n",
                json!({"block": "x\ny"}),
                format!("a\n{BLOCK}b\n"),
            ),
            ("a\nb\n", json!({"block": "x\ny", "insertafter": "^a"}), format!("a\n{BLOCK}b\n")),
            ("a\nb\n", json!({"block": "x\ny", "insertbefore": "^b"}), format!("a\n{BLOCK}b\n")),
            ("a\nb\n", json!({"block": "x\ny", "insertbefore": "BOF"}), format!("{BLOCK}a\nb\n")),
            ("a\nb\n", json!({"block": "x\ny", "insertafter": "^nothing"}), format!("a\nb\n{BLOCK}")),
            (
                "a\nb\n",
                json!({"block": "x\ny", "insertafter": "^a", "prepend_newline": true, "append_newline": true}),
                format!("a\n\n{BLOCK}\nb\n"),
            ),
            (&format!("a\n{BLOCK}b\n"), json!({"state": "absent"}), "a\nb\n".into()),
            (&format!("a\n{BLOCK}b\n"), json!({"block": ""}), "a\nb\n".into()),
            (
                "<a>\n</a>\n",
                json!({"marker": "<!-- {mark} me -->", "block": "x", "insertafter": "<a>"}),
                "<a>\n<!-- BEGIN me -->\nx\n<!-- END me -->\n</a>\n".into(),
            ),
        ] {
            assert_eq!(edited(text, params.clone()), wanted, "{params} on {text:?}");
        }
    }

    #[test]
    fn the_message_says_what_was_done() {
        let ground = Ground::new();
        let params = json!({"path": ground.at("f"), "block": "x", "create": true});
        assert_eq!(ground.converge("blockinfile", &params).result["msg"], "File created");
        assert_eq!(ground.converge("blockinfile", &params).result["msg"], "");
    }
}
