//! `vars_prompt`: what plays ask for before anything runs.

use std::sync::Arc;

use crate::cli::invocation::Invocation;
use crate::cli::{Stop, ask};
use crate::plan::{Plan, PlayPlan};
use crate::source::{Problem, nearest};
use crate::template::{Scope, SearchPath};
use crate::ui::Ui;
use crate::value::{Map, Text, Value};

const KEYS: &[&str] = &["name", "prompt", "default", "private", "confirm", "encrypt", "salt", "salt_size", "unsafe"];

/// One question.
struct Question {
    name: String,
    words: String,
    default: Option<String>,
    is_private: bool,
    is_confirmed: bool,
    is_unsafe: bool,
    encrypt: Option<String>,
    salt: Option<String>,
    salt_size: i64,
}

/// The salt's length when nobody says.
const SALT_SIZE: i64 = 8;

/// Asks what the plays want to know, each name once; what the command line says is not asked for.
pub(super) fn answer(invocation: &Invocation, plan: &mut Plan, ui: Ui) -> Result<(), Stop> {
    let mut answered = Map::new();
    for play in &mut plan.plays {
        for entry in play.play.vars_prompt.clone() {
            let question = Question::read(&entry, play)?;
            if invocation.extra.contains_key(&question.name) {
                continue;
            }
            if !answered.contains_key(&question.name) {
                let value = question.value(invocation, ui)?;
                answered.insert(question.name.clone(), value);
            }
            let value = answered.get(&question.name).cloned().unwrap_or_default();
            play.prompted.insert(question.name, value);
        }
    }
    Ok(())
}

impl Question {
    fn read(entry: &Value, play: &PlayPlan) -> Result<Self, Problem> {
        let wrong = |message: String| Problem::error("DPP0105", message).at(&play.play.place, "in this play");
        let Some(entry) = entry.as_map() else { return Err(wrong("`vars_prompt` is a list of mappings".to_owned())) };
        if let Some(key) = entry.keys().find(|key| !KEYS.contains(&key.as_str())) {
            let problem = wrong(format!("unknown key `{key}` in `vars_prompt`"));
            return Err(problem.did_you_mean(nearest(key, KEYS.iter().copied())));
        }
        let text = |name: &str| match entry.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::Text(text)) => Some(text.as_str().to_owned()),
            Some(other) => Some(serde_json::Value::from(other).to_string()),
        };
        let flag = |name: &str, otherwise: bool| match entry.get(name) {
            Some(Value::Bool(yes)) => *yes,
            Some(Value::Text(text)) => ["yes", "true", "on", "1"].contains(&text.as_str().to_lowercase().as_str()),
            _ => otherwise,
        };
        let name = text("name").ok_or_else(|| wrong("a question of `vars_prompt` without a `name`".to_owned()))?;
        Ok(Self {
            words: text("prompt").unwrap_or_else(|| name.clone()),
            default: text("default"),
            is_private: flag("private", true),
            is_confirmed: flag("confirm", false),
            is_unsafe: flag("unsafe", false),
            encrypt: text("encrypt"),
            salt: text("salt"),
            salt_size: entry.get("salt_size").and_then(Value::as_int).unwrap_or(SALT_SIZE),
            name,
        })
    }

    fn value(&self, invocation: &Invocation, ui: Ui) -> Result<Value, Stop> {
        let text = if ask::is_possible() { self.typed(ui)? } else { self.without_a_terminal()? };
        let text = match &self.encrypt {
            Some(scheme) => self.encrypted(invocation, scheme, &text)?,
            None => text,
        };
        Ok(Value::Text(match (self.is_private, self.is_unsafe) {
            (true, _) => Text::secret(text),
            (false, true) => Text::plain(text),
            (false, false) => Text::template(text),
        }))
    }

    fn without_a_terminal(&self) -> Result<String, Stop> {
        self.default.clone().ok_or_else(|| {
            let name = &self.name;
            Stop::Declined(format!(
                "cannot ask for `{name}`: standard input is no terminal; answer with -e {name}=VALUE"
            ))
        })
    }

    fn typed(&self, ui: Ui) -> Result<String, Stop> {
        let default = self.default.as_ref().filter(|_| !self.is_private);
        let shown = default.map_or_else(|| self.words.clone(), |default| format!("{} [{default}]", self.words));
        loop {
            let text = self.line(&shown, ui)?;
            if self.is_confirmed && self.line(&format!("confirm {shown}"), ui)? != text {
                ui.story("the two are not the same");
                continue;
            }
            return Ok(if text.is_empty() { self.default.clone().unwrap_or_default() } else { text });
        }
    }

    fn line(&self, words: &str, ui: Ui) -> Result<String, Stop> {
        if self.is_private {
            return ask::secret(words, "-e").map(|secret| secret.reveal().to_owned());
        }
        ask::line(&format!("{words}:"), ui)
    }

    /// As the filter `password_hash` does it.
    fn encrypted(&self, invocation: &Invocation, scheme: &str, text: &str) -> Result<String, Stop> {
        let scheme = scheme.trim_end_matches("_crypt");
        let vars = Map::from_iter([
            ("text".to_owned(), Value::Text(Text::secret(text))),
            ("scheme".to_owned(), Value::plain(scheme)),
            ("salt".to_owned(), Value::plain(self.salt.clone().unwrap_or_default())),
            ("size".to_owned(), self.salt_size.into()),
        ]);
        let scope = Scope::new(Arc::new(vars), Arc::new(SearchPath::default()));
        let call = Text::template("text | password_hash(scheme, salt, size)");
        let hashed = invocation.templates.expression(&call, &scope).map_err(|error| error.problem())?;
        Ok(hashed.as_str().unwrap_or_default().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(default: Option<&str>) -> Question {
        Question {
            name: "release".into(),
            words: "Which release".into(),
            default: default.map(str::to_owned),
            is_private: false,
            is_confirmed: false,
            is_unsafe: false,
            encrypt: None,
            salt: None,
            salt_size: SALT_SIZE,
        }
    }

    #[test]
    fn without_a_terminal_the_default_answers_or_the_option_is_named() {
        assert_eq!(question(Some("6.2.1")).without_a_terminal().ok(), Some("6.2.1".to_owned()));
        let Err(Stop::Declined(words)) = question(None).without_a_terminal() else { panic!("it must be declined") };
        assert!(words.contains("-e release=VALUE"), "{words}");
    }
}
