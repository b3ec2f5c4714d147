//! `debconf`: an answer to a question of a package, given before the package asks.
//!
//! Questions are read from debconf's own database; its program, which is in Perl, is started to set an answer alone.

use std::fs;
use std::io;
use std::path::Path;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::arguments::Flag;
use crate::files::refused;
use crate::system::tool::run_tool_with;
use crate::{Host, Module, Survey};

const DATABASE: &str = "/var/cache/debconf";
/// What stands for a password wherever one would be seen.
const OMITTED: &str = "(password omitted)";

/// Parameters of `debconf`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Debconf {
    #[serde(alias = "pkg")]
    name: String,
    #[serde(alias = "selection", alias = "setting")]
    question: Option<String>,
    vtype: Option<Kind>,
    #[serde(alias = "answer")]
    value: Option<Value>,
    #[serde(default)]
    unseen: Flag,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Boolean,
    Error,
    Multiselect,
    Note,
    Password,
    Seen,
    Select,
    String,
    Text,
    Title,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Error => "error",
            Self::Multiselect => "multiselect",
            Self::Note => "note",
            Self::Password => "password",
            Self::Seen => "seen",
            Self::Select => "select",
            Self::String => "string",
            Self::Text => "text",
            Self::Title => "title",
        }
    }
}

/// A question as the database has it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Question {
    name: String,
    value: String,
    seen: bool,
    password: bool,
}

impl Module for Debconf {
    const NAME: &'static str = "debconf";
    type Step = Change;

    fn survey(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        let answer = self.answer()?;
        let questions = questions(Path::new(DATABASE), &self.name)?;
        let shown =
            |question: &Question| if question.password { OMITTED.into() } else { question.value.clone().into() };
        let all: Map<String, Value> =
            questions.iter().map(|question| (question.name.clone(), shown(question))).collect();
        let Some((name, kind, wanted)) = answer else {
            return Ok(Survey::unchanged().value("msg", "").value("current", all));
        };
        let found = questions.iter().find(|question| question.name == name);
        if found.is_some_and(|found| is_same(found, kind, &wanted)) {
            return Ok(Survey::unchanged().value("msg", "").value("current", all));
        }
        let after = if kind == Kind::Password { OMITTED.to_owned() } else { wanted.clone() };
        let before = found.map_or_else(|| Value::from(""), shown);
        let change = Change::new(Verb::Change, format!("answer to {name}"));
        let change = match (before.as_str().unwrap_or_default(), kind) {
            (_, Kind::Password) => change.detail("password"),
            (before, _) => change.detail(format!("{before:?} -> {after:?}")),
        };
        let single = |value: Value| Value::Object(Map::from_iter([(name.clone(), value)]));
        // Of a question that was there Ansible tells its answer, of a new one what else was answered.
        let previous = if found.is_some() { Map::new() } else { all };
        let previous = previous.into_iter().chain([(name.clone(), before)]).collect::<Map<String, Value>>();
        Ok(Survey::steps(vec![change])
            .value("msg", "")
            .value("current", single(after.into()))
            .value("previous", previous))
    }

    fn apply(&self, _step: &Change, host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        let Some((name, kind, value)) = self.answer()? else { return Ok(()) };
        let unseen = self.unseen.0.then(|| "-u".to_owned()).into_iter().collect::<Vec<_>>();
        let line = format!("{} {name} {} {value}\n", self.name, kind.word());
        run_tool_with("debconf-set-selections", &unseen, Some(line), host)
    }
}

impl Debconf {
    /// The question, its type and the answer as debconf writes it; nothing where the task only looks.
    fn answer(&self) -> Result<Option<(String, Kind, String)>, Failure> {
        let (name, kind, value) = match (&self.question, self.vtype, &self.value) {
            (None, None, None) => return Ok(None),
            (Some(name), Some(kind), Some(value)) => (name, kind, value),
            _ => return Err(wrong("`question`, `vtype` and `value` go together")),
        };
        let word = |value: &Value| match value {
            Value::String(text) => Ok(text.clone()),
            Value::Bool(yes) => Ok(yes.to_string()),
            Value::Number(number) => Ok(number.to_string()),
            _ => Err(wrong("`value` is a text, or a list with vtype=multiselect")),
        };
        let text = match value {
            Value::Array(items) if kind == Kind::Multiselect => {
                items.iter().map(word).collect::<Result<Vec<_>, _>>()?.join(", ")
            }
            Value::Null => String::new(),
            one => word(one)?,
        };
        let text = match (kind, text.to_lowercase().as_str()) {
            (Kind::Boolean | Kind::Seen, "yes") => "true".to_owned(),
            (Kind::Boolean | Kind::Seen, "no") => "false".to_owned(),
            (Kind::Boolean | Kind::Seen, lower) => lower.to_owned(),
            _ => text,
        };
        if text.contains('\n') || name.contains(char::is_whitespace) || self.name.contains(char::is_whitespace) {
            return Err(wrong("an answer is one line, and names have no blanks"));
        }
        Ok(Some((name.clone(), kind, text)))
    }
}

fn wrong(words: &str) -> Failure {
    Failure::new(words).code("DPP0104")
}

fn is_same(found: &Question, kind: Kind, wanted: &str) -> bool {
    let parts = |text: &str| {
        let mut parts: Vec<String> = text.split(',').map(|part| part.trim().to_owned()).collect();
        parts.sort();
        parts
    };
    match kind {
        Kind::Seen => found.seen == (wanted == "true"),
        Kind::Boolean => found.value.eq_ignore_ascii_case(wanted),
        Kind::Multiselect => parts(&found.value) == parts(wanted),
        _ => found.value == wanted,
    }
}

/// The questions of a package, in the order of the database; a value that nobody gave is its template's default.
fn questions(database: &Path, package: &str) -> Result<Vec<Question>, Failure> {
    let templates = read(&database.join("templates.dat"))?;
    let templates = paragraphs(&templates);
    let mut questions = Vec::new();
    for (file, password) in [("config.dat", false), ("passwords.dat", true)] {
        let text = read(&database.join(file))?;
        for paragraph in paragraphs(&text) {
            let field = |name: &str| field(&paragraph, name);
            let owners = field("Owners").unwrap_or_default();
            let Some(name) = field("Name").filter(|_| owners.split(", ").any(|owner| owner == package)) else {
                continue;
            };
            let template = field("Template");
            let template = templates.iter().find(|one| self::field(one, "Name") == template);
            let default = || template.and_then(|template| self::field(template, "Default"));
            let value = field("Value").or_else(default).unwrap_or_default().to_owned();
            let seen = field("Flags").is_some_and(|flags| flags.split(", ").any(|flag| flag == "seen"));
            questions.push(Question { name: name.to_owned(), value, seen, password });
        }
    }
    Ok(questions)
}

fn read(path: &Path) -> Result<String, Failure> {
    match fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(refused("read", path, &error)),
    }
}

/// Paragraphs of `Name: value` lines; lines that begin with a blank belong to the one above and are left out.
fn paragraphs(text: &str) -> Vec<Vec<(&str, &str)>> {
    let line = |line| -> Option<(&str, &str)> {
        let line: &str = line;
        let (name, value) = line.split_once(':').filter(|_| !line.starts_with(' '))?;
        Some((name, value.trim()))
    };
    text.split("\n\n").map(|paragraph| paragraph.lines().filter_map(line).collect()).collect()
}

fn field<'a>(paragraph: &[(&str, &'a str)], name: &str) -> Option<&'a str> {
    paragraph.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    fn database() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            (
                "config.dat",
                "Name: tz/Area\nTemplate: tz/Area\nValue: Europe\nOwners: tzdata, other\nFlags: seen\n\nName: tz/Zone\nTemplate: tz/Zone\nOwners: tzdata\nVariables:\n choices = a: b\n\nName: x/y\nTemplate: x/y\nValue: 1\nOwners: x\n",
            ),
            ("passwords.dat", "Name: tz/secret\nTemplate: tz/secret\nValue: s3cret\nOwners: tzdata\n"),
            ("templates.dat", "Name: tz/Zone\nType: select\nDefault: Berlin\n\nName: tz/Area\nDefault: no\n"),
        ] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn questions_are_read_with_their_defaults() {
        let found = questions(database().path(), "tzdata").unwrap();
        let told: Vec<String> =
            found.iter().map(|one| format!("{}={} {} {}", one.name, one.value, one.seen, one.password)).collect();
        assert_eq!(told, ["tz/Area=Europe true false", "tz/Zone=Berlin false false", "tz/secret=s3cret false true"]);
        assert!(questions(Path::new("/no/such"), "tzdata").unwrap().is_empty());
    }

    #[test]
    fn answers_are_compared_as_debconf_writes_them() {
        let question = |value: &str| Question { value: value.into(), seen: true, ..Question::default() };
        for (found, kind, value, same) in [
            ("true", "boolean", json!(true), true),
            ("true", "boolean", json!("No"), false),
            ("b, a", "multiselect", json!(["a", "b"]), true),
            ("b, a", "multiselect", json!("a, b"), true),
            ("1", "string", json!(1), true),
            ("x", "seen", json!("true"), true),
        ] {
            let task: Debconf =
                from_value(json!({"name": "p", "question": "q", "vtype": kind, "value": value})).unwrap();
            let (_, kind, wanted) = task.answer().unwrap().unwrap();
            assert_eq!(is_same(&question(found), kind, &wanted), same, "{found} {value}");
        }
        let half: Debconf = from_value(json!({"name": "p", "question": "q"})).unwrap();
        assert_eq!(half.answer().unwrap_err().code, "DPP0104");
    }
}
