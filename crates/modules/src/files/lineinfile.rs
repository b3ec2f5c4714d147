//! `lineinfile`: a line is in a text file, or is not.

use dpp_protocol::{Failure, ResultMap};
use fancy_regex::Regex;
use serde::Deserialize;

use crate::arguments::{Flag, HostPath, Words};
use crate::files::attributes::Attributes;
use crate::files::edit::{self, TextFile, Wishes, bare, lines};
use crate::files::mode::FileMode;
use crate::files::pattern::{compile, expand, found, gave_up};
use crate::files::step::FileStep;
use crate::{Host, Module, Survey};

/// Parameters of `lineinfile`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lineinfile {
    #[serde(alias = "dest", alias = "destfile", alias = "name")]
    path: HostPath,
    #[serde(alias = "value")]
    line: Option<Words>,
    #[serde(alias = "regex")]
    regexp: Option<String>,
    search_string: Option<String>,
    #[serde(default)]
    state: State,
    #[serde(default)]
    backrefs: Flag,
    insertafter: Option<String>,
    insertbefore: Option<String>,
    #[serde(default)]
    firstmatch: Flag,
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

/// Where a line that is not there goes.
enum Place {
    Start,
    End,
    After(Regex),
    Before(Regex),
}

impl Module for Lineinfile {
    const NAME: &'static str = "lineinfile";
    type Step = FileStep;

    fn survey(&self, _host: &Host) -> Result<Survey<FileStep>, Failure> {
        self.check()?;
        let file = TextFile::read(&self.path)?;
        match (self.state, &file.old) {
            (State::Absent, None) => return Ok(Survey::unchanged().value("msg", "file not present")),
            (State::Present, None) if !self.create.0 => return Ok(file.expected()),
            _ => {}
        }
        let old = lines(file.text());
        let (new, message, found) = match self.state {
            State::Present => self.with_line(old)?,
            State::Absent => self.without_lines(old)?,
        };
        let survey = file.in_folder(file.survey(new.concat(), &message, self.wishes())).value("backup", "");
        Ok(found.into_iter().fold(survey, |survey, found| survey.value("found", found)))
    }

    fn apply(&self, step: &FileStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let missing = format!("Destination {} does not exist !", self.path.display());
        edit::apply(step, host, result, &missing)?;
        if let Some(copy) = result.shift_remove("backup_file") {
            result.insert("backup".into(), copy);
        }
        Ok(())
    }
}

impl Lineinfile {
    fn check(&self) -> Result<(), Failure> {
        let wrong = match self.state {
            State::Present if self.line.is_none() => "`line` is needed with state=present",
            State::Present if self.backrefs.0 && self.regexp.is_none() => "`backrefs` needs `regexp`",
            State::Absent if self.line.is_none() && self.regexp.is_none() && self.search_string.is_none() => {
                "one of `line`, `search_string` or `regexp` is needed with state=absent"
            }
            _ if self.regexp.is_some() && self.search_string.is_some() => {
                "`regexp` and `search_string` exclude each other"
            }
            _ if self.insertafter.is_some() && self.insertbefore.is_some() => {
                "`insertafter` and `insertbefore` exclude each other"
            }
            _ => return Ok(()),
        };
        Err(Failure::new(wrong).code("DPP0104"))
    }

    fn wishes(&self) -> Wishes<'_> {
        let attributes = Attributes::of(self.mode.as_ref(), self.owner.as_ref(), self.group.as_ref());
        Wishes { attributes, backup: self.backup.0, validate: self.validate.as_deref() }
    }

    fn line(&self) -> &str {
        self.line.as_ref().map_or("", |line| bare(&line.0))
    }

    fn place(&self) -> Result<Place, Failure> {
        match (self.insertafter.as_deref(), self.insertbefore.as_deref()) {
            (Some("BOF"), _) | (_, Some("BOF")) => Ok(Place::Start),
            (None | Some("EOF"), None) => Ok(Place::End),
            (Some(pattern), _) => compile("insertafter", pattern).map(Place::After),
            (_, Some(pattern)) => compile("insertbefore", pattern).map(Place::Before),
        }
    }

    /// The last line that `regexp` or `search_string` finds, or the first with `firstmatch`.
    fn searched(&self, lines: &[String]) -> Result<Option<usize>, Failure> {
        let pattern = self.regexp.as_deref().map(|pattern| compile("regexp", pattern)).transpose()?;
        let mut last = None;
        for (number, line) in lines.iter().enumerate() {
            if self.is_searched(line, pattern.as_ref())? {
                last = Some(number);
                if self.firstmatch.0 {
                    break;
                }
            }
        }
        Ok(last)
    }

    fn is_searched(&self, line: &str, pattern: Option<&Regex>) -> Result<bool, Failure> {
        match (pattern, &self.search_string) {
            (Some(pattern), _) => found(pattern, bare(line)),
            (None, Some(text)) => Ok(line.contains(text.as_str())),
            (None, None) => Ok(false),
        }
    }

    fn with_line(&self, mut lines: Vec<String>) -> Result<(Vec<String>, String, Option<usize>), Failure> {
        let searched = self.searched(&lines)?;
        let exact = || lines.iter().rposition(|line| bare(line) == self.line());
        if let Some(at) = searched.or_else(exact) {
            let line = self.replacement(bare(&lines[at]), searched.is_some())?;
            lines[at] = format!("{}\n", bare(&line));
            return Ok((lines, "line replaced".into(), None));
        }
        if self.backrefs.0 {
            return Ok((lines, String::new(), None));
        }
        let at = self.position(&lines)?;
        if at > 0 && !lines[at - 1].ends_with('\n') {
            lines[at - 1].push('\n');
        }
        lines.insert(at, format!("{}\n", self.line()));
        Ok((lines, "line added".into(), None))
    }

    fn replacement(&self, old: &str, searched: bool) -> Result<String, Failure> {
        let (true, true, Some(pattern)) = (self.backrefs.0, searched, &self.regexp) else {
            return Ok(self.line().to_owned());
        };
        let pattern = compile("regexp", pattern)?;
        let captures = pattern.captures(old).map_err(|error| gave_up(&pattern, &error))?;
        Ok(captures.map_or_else(|| old.to_owned(), |captures| expand(self.line(), &captures)))
    }

    /// Before which line a new one is put.
    fn position(&self, lines: &[String]) -> Result<usize, Failure> {
        let (pattern, shift) = match self.place()? {
            Place::Start => return Ok(0),
            Place::End => return Ok(lines.len()),
            Place::After(pattern) => (pattern, 1),
            Place::Before(pattern) => (pattern, 0),
        };
        let mut position = lines.len();
        for (number, line) in lines.iter().enumerate() {
            if found(&pattern, bare(line))? {
                position = number + shift;
                if self.firstmatch.0 {
                    break;
                }
            }
        }
        Ok(position)
    }

    fn without_lines(&self, lines: Vec<String>) -> Result<(Vec<String>, String, Option<usize>), Failure> {
        let pattern = self.regexp.as_deref().map(|pattern| compile("regexp", pattern)).transpose()?;
        let exact = self.regexp.is_none() && self.search_string.is_none();
        let before = lines.len();
        let mut kept = Vec::with_capacity(before);
        for line in lines {
            if !(self.is_searched(&line, pattern.as_ref())? || exact && bare(&line) == self.line()) {
                kept.push(line);
            }
        }
        let removed = before - kept.len();
        Ok((kept, format!("{removed} line(s) removed"), Some(removed)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::Ground;

    fn edited(text: &str, params: Value) -> String {
        Ground::edited("lineinfile", text, params)
    }

    #[test]
    fn ansibles_documented_examples_come_out_as_documented() {
        for (text, params, wanted) in [
            (
                "SELINUX=permissive\n",
                json!({"regexp": "^SELINUX=", "line": "SELINUX=enforcing"}),
                "SELINUX=enforcing\n",
            ),
            ("%wheel ALL\n%adm\n", json!({"state": "absent", "regexp": "^%wheel"}), "%adm\n"),
            (
                "127.0.0.1 old\n",
                json!({"search_string": "127.0.0.1", "line": "127.0.0.1 localhost"}),
                "127.0.0.1 localhost\n",
            ),
            (
                "#Listen 80\nListen 80\n",
                json!({"regexp": "^Listen ", "insertafter": "^#Listen ", "line": "Listen 8080"}),
                "#Listen 80\nListen 8080\n",
            ),
            (
                "#Listen 80\nx\n",
                json!({"regexp": "^Listen ", "insertafter": "^#Listen ", "line": "Listen 8080"}),
                "#Listen 80\nListen 8080\nx\n",
            ),
            (
                "www\n# port for http\n",
                json!({"regexp": "^# port for http", "insertbefore": "^www.*80/tcp", "line": "# port for http by default"}),
                "www\n# port for http by default\n",
            ),
            (
                "-Xms512m -Xmx512m foo\n",
                json!({"regexp": r"^(.*)Xms(\d+)m(.*)$", "line": r"\1Xms${xms}m\3", "backrefs": true}),
                "-Xms${xms}m -Xmx512m foo\n",
            ),
            ("nothing\n", json!({"regexp": "^x(.)", "line": r"\1", "backrefs": true}), "nothing\n"),
        ] {
            assert_eq!(edited(text, params.clone()), wanted, "{params}");
        }
    }

    #[test]
    fn the_result_tells_of_the_backup_and_not_of_the_file() {
        let ground = Ground::new();
        let path = ground.write("f", "a\n");
        for (params, wanted) in [
            (json!({"path": path, "line": "a"}), json!({"msg": "", "backup": ""})),
            (json!({"path": path, "line": "b"}), json!({"msg": "line added", "backup": ""})),
            (json!({"path": path, "line": "x", "state": "absent"}), json!({"msg": "", "backup": "", "found": 0})),
            (json!({"path": ground.at("no"), "line": "x", "state": "absent"}), json!({"msg": "file not present"})),
        ] {
            assert_eq!(json!(ground.converge("lineinfile", &params).result), wanted, "{params}");
        }
        let kept = ground.converge("lineinfile", &json!({"path": path, "line": "c", "backup": true})).result;
        assert!(kept["backup"].as_str().unwrap().ends_with('~') && !kept.contains_key("backup_file"), "{kept:?}");
        let failure = ground.apply("lineinfile", &json!({"path": "/no/such", "line": "c"})).unwrap_err();
        assert_eq!(json!(failure.result), json!({"rc": 257, "msg": "Destination /no/such does not exist !"}));
    }

    #[test]
    fn a_line_goes_where_it_is_told_to() {
        for (text, params, wanted) in [
            ("a\nb", json!({"line": "c"}), "a\nb\nc\n"),
            ("a\nb\n", json!({"line": "c", "insertbefore": "BOF"}), "c\na\nb\n"),
            ("a\nb\na\n", json!({"line": "c", "insertbefore": "^a"}), "a\nb\nc\na\n"),
            ("a\nb\na\n", json!({"line": "c", "insertbefore": "^a", "firstmatch": true}), "c\na\nb\na\n"),
            ("a\nb\n", json!({"line": "c", "insertafter": "^x"}), "a\nb\nc\n"),
            ("a\nx1\nx2\n", json!({"line": "x9", "regexp": "^x"}), "a\nx1\nx9\n"),
            ("a\nx1\nx2\n", json!({"line": "x9", "regexp": "^x", "firstmatch": true}), "a\nx9\nx2\n"),
            ("a\r\nb\r\n", json!({"line": "c"}), "a\r\nb\r\nc\n"),
            ("a\nb\n", json!({"line": "a"}), "a\nb\n"),
            ("a\nb\na\n", json!({"line": "a", "state": "absent"}), "b\n"),
        ] {
            assert_eq!(edited(text, params.clone()), wanted, "{params} on {text:?}");
        }
    }

    #[test]
    fn a_missing_file_is_made_only_when_asked() {
        let ground = Ground::new();
        let params = json!({"path": ground.at("new"), "line": "a"});
        assert!(ground.survey("lineinfile", &params).unwrap().unpredicted);
        assert!(ground.apply("lineinfile", &params).unwrap_err().message.starts_with("there is no "));
        ground.converge("lineinfile", &json!({"path": ground.at("new"), "line": "a", "create": true, "mode": "0600"}));
        assert_eq!((ground.read("new").as_str(), ground.mode("new")), ("a\n", 0o600));
    }

    #[test]
    fn removed_lines_are_counted() {
        let ground = Ground::new();
        let path = ground.write("f", "a\nb\na\n");
        let outcome = ground.converge("lineinfile", &json!({"path": path, "line": "a", "state": "absent"}));
        assert_eq!((&outcome.result["found"], &outcome.result["msg"]), (&json!(2), &json!("2 line(s) removed")));
    }
}
