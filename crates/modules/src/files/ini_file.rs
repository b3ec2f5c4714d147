//! `ini_file`: an option of a section of an INI file has a value, or is not there.
//!
//! The file is edited by lines and never parsed and written anew, so that remarks and order stay.

use std::ops::Range;

use dpp_protocol::{Failure, ResultMap};
use serde::Deserialize;

use crate::arguments::{Flag, HostPath, Words};
use crate::files::attributes::Attributes;
use crate::files::edit::{self, TextFile, Wishes, bare, lines};
use crate::files::facts::add_facts;
use crate::files::ini::{find_section, option_of};
use crate::files::mode::FileMode;
use crate::files::step::FileStep;
use crate::{Host, Module, Survey};

/// Parameters of `ini_file`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IniFile {
    #[serde(alias = "dest")]
    path: HostPath,
    section: Option<String>,
    option: Option<String>,
    value: Option<Words>,
    values: Option<Vec<Words>>,
    #[serde(default)]
    state: State,
    #[serde(default = "yes")]
    exclusive: Flag,
    #[serde(default)]
    no_extra_spaces: Flag,
    #[serde(default)]
    ignore_spaces: Flag,
    #[serde(default)]
    allow_no_value: Flag,
    #[serde(default = "yes")]
    modify_inactive_option: Flag,
    #[serde(default = "yes")]
    create: Flag,
    #[serde(default)]
    follow: Flag,
    section_has_values: Option<Vec<SectionValues>>,
    #[serde(default)]
    backup: Flag,
    mode: Option<FileMode>,
    owner: Option<Words>,
    group: Option<Words>,
}

/// What a section must hold to be the one that is meant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SectionValues {
    option: String,
    value: Option<Words>,
    values: Option<Vec<Words>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    #[default]
    Present,
    Absent,
}

fn yes() -> Flag {
    Flag(true)
}

impl Module for IniFile {
    const NAME: &'static str = "ini_file";
    type Step = FileStep;

    fn survey(&self, _host: &Host) -> Result<Survey<FileStep>, Failure> {
        let values = self.wanted_values()?;
        let file = if self.follow.0 { TextFile::read(&self.path)? } else { TextFile::at(self.path.to_path_buf())? };
        if file.old.is_none() && self.state == State::Absent {
            return Ok(Survey::unchanged().value("msg", "OK"));
        }
        if file.old.is_none() && !self.create.0 {
            return Ok(file.expected());
        }
        let mut old = lines(file.text());
        if old.is_empty() && self.state == State::Present {
            old.push("\n".into());
        }
        let message = self.message(&old);
        let new = match (self.state, &self.option) {
            (State::Present, Some(option)) => self.with_option(old, option, &values),
            (State::Present, None) => self.with_section(old),
            (State::Absent, Some(option)) => self.without_option(old, option, &values),
            (State::Absent, None) => self.without_section(old),
        };
        let wishes = Wishes {
            attributes: Attributes::of(self.mode.as_ref(), self.owner.as_ref(), self.group.as_ref()),
            backup: self.backup.0,
            validate: None,
        };
        let new = new.concat();
        let message = if file.old.as_ref() == Some(&new) { "OK" } else { message };
        let mut survey = file.in_folder(file.survey(new, message, wishes)).value("msg", message);
        survey.result.insert("path".into(), self.path.to_string_lossy().into());
        add_facts(&self.path, &mut survey.result);
        Ok(survey)
    }

    fn apply(&self, step: &FileStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let missing = format!("Destination {} does not exist!", self.path.display());
        edit::apply(step, host, result, &missing)
    }

    fn conclude(&self, _host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        add_facts(&self.path, result);
        Ok(())
    }
}

impl IniFile {
    /// Nothing stands for an option without a value.
    fn wanted_values(&self) -> Result<Vec<Option<String>>, Failure> {
        let values: Vec<Option<String>> = match (&self.value, &self.values) {
            (Some(_), Some(_)) => return Err(Failure::new("`value` and `values` exclude each other").code("DPP0104")),
            (Some(value), None) => vec![Some(value.0.clone())],
            (None, Some(values)) => values.iter().map(|value| Some(value.0.clone())).collect(),
            (None, None) if self.allow_no_value.0 => vec![None],
            (None, None) => Vec::new(),
        };
        if values.is_empty() && self.state == State::Present {
            let text = "state=present needs `value`, `values` or `allow_no_value`";
            return Err(Failure::new(text).code("DPP0104"));
        }
        Ok(values)
    }

    /// The lines of the section that is meant: the first of its name, or the first that holds what it must.
    fn range(&self, lines: &[String]) -> Option<Range<usize>> {
        let Some(wanted) = &self.section_has_values else { return find_section(lines, self.section.as_deref()) };
        let mut start = 0;
        while let Some(found) = find_section(&lines[start..], self.section.as_deref()) {
            let range = found.start + start..found.end + start;
            if wanted.iter().all(|wanted| wanted.is_in(&lines[range.clone()])) {
                return Some(range);
            }
            start = range.end;
        }
        None
    }

    fn message(&self, old: &[String]) -> &'static str {
        let section = self.range(old);
        match (self.state, &self.option, section) {
            (State::Present, None, None) => "only section added",
            (State::Present, Some(_), None) => "section and option added",
            (State::Present, Some(option), Some(range)) => {
                let there = old[range].iter().any(|line| option_of(line).is_some_and(|found| found.name == *option));
                if there && self.exclusive.0 { "option changed" } else { "option added" }
            }
            (State::Present, None, Some(_)) => "OK",
            (State::Absent, Some(_), _) => "option changed",
            (State::Absent, None, _) => "section removed",
        }
    }

    fn line(&self, option: &str, value: Option<&String>) -> String {
        match value {
            None => format!("{option}\n"),
            Some(value) if self.no_extra_spaces.0 => format!("{option}={value}\n"),
            Some(value) => format!("{option} = {value}\n"),
        }
    }

    fn with_section(&self, mut lines: Vec<String>) -> Vec<String> {
        if let (Some(name), None) = (&self.section, self.range(&lines)) {
            end_last_line(&mut lines);
            lines.push(format!("[{name}]\n"));
            let must = self.section_has_values.iter().flatten();
            lines.extend(must.flat_map(|must| must.all().map(|value| self.line(&must.option, Some(value)))));
        }
        lines
    }

    fn with_option(&self, lines: Vec<String>, option: &str, values: &[Option<String>]) -> Vec<String> {
        let mut lines = self.with_section(lines);
        end_last_line(&mut lines);
        let Some(range) = self.range(&lines) else { return lines };
        let mut missing: Vec<&Option<String>> = values.iter().collect();
        let mut section: Vec<String> = lines.drain(range.clone()).collect();
        // Lines that are right already claim their values first, so that they stay where they are.
        let keeps: Vec<bool> = section.iter().map(|line| self.claims(line, option, &mut missing)).collect();
        let mut new = Vec::new();
        for (line, keep) in section.drain(..).zip(keeps) {
            match option_of(&line).filter(|found| found.name == option && found.active) {
                Some(_) if keep => new.push(line),
                Some(_) if !missing.is_empty() && self.exclusive.0 => {
                    new.push(self.line(option, missing.remove(0).as_ref()));
                }
                Some(_) if self.exclusive.0 => {}
                _ => new.push(line),
            }
        }
        self.add_missing(&mut new, option, missing);
        lines.splice(range.start..range.start, new);
        lines
    }

    fn claims(&self, line: &str, option: &str, missing: &mut Vec<&Option<String>>) -> bool {
        let Some(found) = option_of(line).filter(|found| found.active && found.name == option) else { return false };
        let fits = |value: &Option<String>| match value {
            _ if found.value.as_ref() != value.as_ref().map(String::as_str).map(str::trim).as_ref() => false,
            Some(_) if !self.ignore_spaces.0 => bare(line) == bare(&self.line(option, value.as_ref())),
            _ => true,
        };
        let at = missing.iter().position(|value| fits(value));
        at.map(|at| missing.remove(at)).is_some()
    }

    /// Values that no line has yet: in place of a commented-out line, else after the section's last line that says something.
    fn add_missing(&self, section: &mut Vec<String>, option: &str, missing: Vec<&Option<String>>) {
        for value in missing {
            let line = self.line(option, value.as_ref());
            let inactive = section
                .iter()
                .position(|line| option_of(line).is_some_and(|found| found.name == option && !found.active));
            if let Some(at) = inactive.filter(|_| self.modify_inactive_option.0) {
                section[at] = line;
                continue;
            }
            let says = |line: &String| !line.trim().is_empty() && !line.trim_start().starts_with(['#', ';']);
            let end = section.iter().rposition(says).map_or(0, |last| last + 1);
            section.insert(end, line);
        }
    }

    fn without_option(&self, mut lines: Vec<String>, option: &str, values: &[Option<String>]) -> Vec<String> {
        let Some(range) = self.range(&lines) else { return lines };
        let goes = |line: &String| {
            option_of(line).filter(|found| found.active && found.name == option).is_some_and(|found| {
                let named = values.iter().any(|value| value.as_deref() == found.value);
                self.exclusive.0 || named
            })
        };
        let kept: Vec<String> = lines[range.clone()].iter().filter(|line| !goes(line)).cloned().collect();
        lines.splice(range, kept);
        lines
    }

    fn without_section(&self, mut lines: Vec<String>) -> Vec<String> {
        if let (Some(range), true) = (self.range(&lines), self.section.is_some()) {
            lines.drain(range.start - 1..range.end);
        }
        lines
    }
}

impl SectionValues {
    fn all(&self) -> impl Iterator<Item = &String> {
        self.value.iter().chain(self.values.iter().flatten()).map(|value| &value.0)
    }

    fn is_in(&self, lines: &[String]) -> bool {
        let has = |value: Option<&String>| {
            lines.iter().filter_map(|line| option_of(line)).any(|found| {
                found.active
                    && found.name == self.option
                    && (value.is_none() || found.value == value.map(|value| value.trim()))
            })
        };
        has(None) && self.all().all(|value| has(Some(value)))
    }
}

fn end_last_line(lines: &mut [String]) {
    if let Some(last) = lines.last_mut().filter(|last| !last.ends_with('\n')) {
        last.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::Ground;

    fn edited(text: &str, params: Value) -> String {
        Ground::edited("ini_file", text, params)
    }

    #[test]
    fn options_are_set_added_and_removed_and_the_rest_stays() {
        for (text, params, wanted) in [
            // As Ansible's, a file that was empty begins with an empty line.
            ("", json!({"section": "drinks", "option": "fav", "value": "lemonade"}), "\n[drinks]\nfav = lemonade\n"),
            ("[a]\nx = 1\n; end\n", json!({"section": "a", "option": "y", "value": 2}), "[a]\nx = 1\ny = 2\n; end\n"),
            (
                "[a]\nx = 1\n\n[b]\nx = 1\n",
                json!({"section": "a", "option": "x", "value": "2"}),
                "[a]\nx = 2\n\n[b]\nx = 1\n",
            ),
            ("[a]\nx = 1\n\n[b]\n", json!({"section": "a", "option": "y", "value": 2}), "[a]\nx = 1\ny = 2\n\n[b]\n"),
            (
                "[a]\n; x = 5\n",
                json!({"section": "a", "option": "x", "value": "2", "no_extra_spaces": true}),
                "[a]\nx=2\n",
            ),
            ("[a]\nx=2\n", json!({"section": "a", "option": "x", "value": "2", "ignore_spaces": true}), "[a]\nx=2\n"),
            ("[a]\nx=2\n", json!({"section": "a", "option": "x", "value": "2"}), "[a]\nx = 2\n"),
            ("[a]\nx = 1\nx = 2\n", json!({"section": "a", "option": "x", "value": "3"}), "[a]\nx = 3\n"),
            ("[a]\nx = 1\n", json!({"section": "a", "option": "x", "values": ["1", "2"]}), "[a]\nx = 1\nx = 2\n"),
            (
                "[a]\nx = 1\n",
                json!({"section": "a", "option": "x", "values": ["2"], "exclusive": false}),
                "[a]\nx = 1\nx = 2\n",
            ),
            ("[a]\nx = 1\ny = 2\n", json!({"section": "a", "option": "x", "state": "absent"}), "[a]\ny = 2\n"),
            ("[a]\nx = 1\n[b]\ny = 2\n", json!({"section": "a", "state": "absent"}), "[b]\ny = 2\n"),
            ("x = 1\n[a]\n", json!({"option": "x", "value": "2"}), "x = 2\n[a]\n"),
            ("[a]\n", json!({"section": "a", "option": "skip-name", "allow_no_value": true}), "[a]\nskip-name\n"),
        ] {
            assert_eq!(edited(text, params.clone()), wanted, "{params} on {text:?}");
        }
    }

    #[test]
    fn the_result_tells_of_the_file() {
        let ground = Ground::new();
        let set = |value: &str| json!({"path": ground.at("f"), "section": "a", "option": "x", "value": value});
        let told = |params: &Value| {
            let result = ground.apply("ini_file", params).unwrap().result;
            assert!(result.contains_key("owner"), "{result:?}");
            (result["msg"].clone(), result["size"].clone())
        };
        assert_eq!(told(&set("1")), (json!("section and option added"), json!(11)));
        assert_eq!(told(&set("1")), (json!("OK"), json!(11)));
        assert_eq!(told(&set("23")), (json!("option changed"), json!(12)));
        let section = json!({"path": ground.at("f"), "section": "b", "allow_no_value": true});
        assert_eq!(told(&section), (json!("only section added"), json!(16)));
    }

    #[test]
    fn an_option_needs_a_value() {
        for params in [json!({"path": "/x", "section": "a", "option": "b"}), json!({"path": "/x", "section": "a"})] {
            assert_eq!(Ground::new().survey("ini_file", &params).unwrap_err().code, "DPP0104");
        }
    }

    #[test]
    fn one_more_value_of_an_option_is_added() {
        let ground = Ground::new();
        let path = ground.write("f", "[a]\nx = 1\n");
        let params = json!({"path": path, "section": "a", "option": "x", "value": "2", "exclusive": false});
        assert_eq!(ground.converge("ini_file", &params).result["msg"], "option added");
        assert_eq!(ground.read("f"), "[a]\nx = 1\nx = 2\n");
    }

    #[test]
    fn of_sections_of_one_name_the_one_with_the_values_is_meant() {
        let text = "[peer]\nip = 1\n[other]\n[peer]\nip = 2\n";
        let params = |ip: &str| {
            json!({"section": "peer", "option": "mtu", "value": "9",
            "section_has_values": [{"option": "ip", "value": ip}]})
        };
        assert_eq!(edited(text, params("2")), format!("{text}mtu = 9\n"));
        assert_eq!(edited(text, params("3")), format!("{text}[peer]\nip = 3\nmtu = 9\n"));
    }
}
