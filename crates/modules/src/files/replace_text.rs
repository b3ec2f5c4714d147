//! `replace`: every match of a pattern in a text file is replaced.

use dpp_protocol::{Failure, ResultMap};
use serde::Deserialize;

use crate::arguments::{Flag, HostPath, Words};
use crate::files::attributes::Attributes;
use crate::files::edit::{self, TextFile, Wishes};
use crate::files::encoding::Encoding;
use crate::files::mode::FileMode;
use crate::files::pattern::{compile, expand, gave_up};
use crate::files::step::FileStep;
use crate::{Host, Module, Survey};

/// Parameters of `replace`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replace {
    #[serde(alias = "dest", alias = "destfile", alias = "name")]
    path: HostPath,
    regexp: String,
    #[serde(default, rename = "replace")]
    replacement: Words,
    after: Option<String>,
    before: Option<String>,
    #[serde(default)]
    backup: Flag,
    validate: Option<String>,
    #[serde(default, rename = "encoding")]
    _encoding: Encoding,
    mode: Option<FileMode>,
    owner: Option<Words>,
    group: Option<Words>,
}

impl Module for Replace {
    const NAME: &'static str = "replace";
    type Step = FileStep;

    fn survey(&self, _host: &Host) -> Result<Survey<FileStep>, Failure> {
        let file = TextFile::read(&self.path)?;
        if file.old.is_none() {
            return Ok(file.expected());
        }
        let Some(section) = self.section(file.text())? else {
            let pattern = self.bounds().unwrap_or_default();
            let message = format!("Pattern for before/after params did not match the given file: {pattern}");
            return Ok(Survey::unchanged().value("msg", message).value("rc", 0));
        };
        let (new, count) = self.replaced(&file.text()[section.clone()])?;
        let text = [&file.text()[..section.start], &new, &file.text()[section.end..]].concat();
        Ok(file.survey(text, &format!("{count} replacements made"), self.wishes()).value("rc", 0))
    }

    fn apply(&self, step: &FileStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let missing = format!("Path {} does not exist !", self.path.display());
        edit::apply(step, host, result, &missing)
    }
}

impl Replace {
    fn wishes(&self) -> Wishes<'_> {
        let attributes = Attributes::of(self.mode.as_ref(), self.owner.as_ref(), self.group.as_ref());
        Wishes { attributes, backup: self.backup.0, validate: self.validate.as_deref() }
    }

    /// The part of the text between `after` and `before`; nothing where they are not found.
    fn section(&self, text: &str) -> Result<Option<std::ops::Range<usize>>, Failure> {
        let Some(pattern) = self.bounds() else { return Ok(Some(0..text.len())) };
        let pattern = compile("after/before", &format!("(?s){pattern}"))?;
        let captures = pattern.captures(text).map_err(|error| gave_up(&pattern, &error))?;
        Ok(captures.and_then(|captures| captures.name("subsection").map(|found| found.range())))
    }

    fn bounds(&self) -> Option<String> {
        match (&self.after, &self.before) {
            (None, None) => None,
            (Some(after), None) => Some(format!("{after}(?P<subsection>.*)")),
            (None, Some(before)) => Some(format!("(?P<subsection>.*){before}")),
            (Some(after), Some(before)) => Some(format!("{after}(?P<subsection>.*?){before}")),
        }
    }

    fn replaced(&self, text: &str) -> Result<(String, usize), Failure> {
        let pattern = compile("regexp", &format!("(?m){}", self.regexp))?;
        let (mut new, mut end, mut count) = (String::new(), 0, 0);
        for captures in pattern.captures_iter(text) {
            let captures = captures.map_err(|error| gave_up(&pattern, &error))?;
            let Some(whole) = captures.get(0) else { continue };
            new.push_str(&text[end..whole.start()]);
            new.push_str(&expand(&self.replacement.0, &captures));
            end = whole.end();
            count += 1;
        }
        new.push_str(&text[end..]);
        Ok((new, count))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::Ground;

    fn edited(text: &str, params: Value) -> String {
        Ground::edited("replace", text, params)
    }

    #[test]
    fn matches_are_replaced_within_their_bounds() {
        for (text, params, wanted) in [
            (
                "x old.host.name y\n",
                json!({"regexp": r"(\s+)old\.host\.name(\s+.*)?$", "replace": r"\1new.host.name\2"}),
                "x new.host.name y\n",
            ),
            ("a\nb\na\n", json!({"regexp": "^a$", "replace": "c"}), "c\nb\nc\n"),
            ("a\nb\na\n", json!({"regexp": "^a\n"}), "b\n"),
            ("a\nmark\na\n", json!({"regexp": "^a", "replace": "c", "after": "mark"}), "a\nmark\nc\n"),
            ("a\nmark\na\n", json!({"regexp": "^a", "replace": "c", "before": "mark"}), "c\nmark\na\n"),
            (
                "a\n<1>\na\n<2>\na\n",
                json!({"regexp": "^a", "replace": "c", "after": "<1>", "before": "<2>"}),
                "a\n<1>\nc\n<2>\na\n",
            ),
            ("a\n", json!({"regexp": "^a", "replace": "c", "after": "nothing"}), "a\n"),
        ] {
            assert_eq!(edited(text, params.clone()), wanted, "{params}");
        }
    }

    #[test]
    fn replacements_are_counted() {
        let ground = Ground::new();
        let params = json!({"path": ground.write("f", "aaa"), "regexp": "a", "replace": "b"});
        let told = ground.converge("replace", &params).result;
        assert_eq!(json!(told), json!({"msg": "3 replacements made", "rc": 0}));
        let params = json!({"path": ground.at("f"), "regexp": "a", "after": "<1>", "before": "<2>"});
        let message = "Pattern for before/after params did not match the given file: <1>(?P<subsection>.*?)<2>";
        assert_eq!(ground.converge("replace", &params).result["msg"], message);
        let failure = ground.apply("replace", &json!({"path": "/no/such", "regexp": "a"})).unwrap_err();
        assert_eq!(json!(failure.result), json!({"rc": 257, "msg": "Path /no/such does not exist !"}));
    }
}
