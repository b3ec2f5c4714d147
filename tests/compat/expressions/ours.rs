//! What dppctl says of an expression, in this process.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use dppctl::template::{Scope, SearchPath, Surroundings, Templates};
use dppctl::value::{Map, Text, Value};
use serde_json::Value as Json;

use super::said::{Said, told};
use super::shape::Asked;

/// Its templates over the variables of all expressions.
pub(crate) struct Ours {
    templates: Templates,
    scope: Scope,
    asked: usize,
}

impl Ours {
    pub(crate) fn with(variables: &Json) -> Self {
        let map: Map =
            variables.as_object().unwrap().iter().map(|(key, value)| (key.clone(), written(value))).collect();
        // Paths that do not begin at the root begin where Ansible's side is, too.
        std::env::set_current_dir("/").unwrap();
        let scope = Scope::new(Arc::new(map), Arc::new(SearchPath::default()));
        Self { templates: fresh(), scope, asked: 0 }
    }

    pub(crate) fn ask(&mut self, asked: &Asked) -> Said {
        self.asked += 1;
        // Every text is kept compiled, which nobody needs here.
        if self.asked.is_multiple_of(2000) {
            self.templates = fresh();
        }
        let text = Text::template(asked.text.as_str());
        let answer = catch_unwind(AssertUnwindSafe(|| {
            if asked.is_condition {
                self.templates.condition(&text, &self.scope).map(Value::Bool)
            } else {
                self.templates.text(&text, &self.scope)
            }
        }));
        match answer {
            Ok(Ok(value)) => Said::Value(told(&value)),
            Ok(Err(error)) => Said::Error(error.problem().message),
            Err(_) => Said::Value("<panic>".into()),
        }
    }
}

fn fresh() -> Templates {
    Templates::new(Surroundings::of_this_process())
}

/// As a project wrote it: texts are templates.
fn written(json: &Json) -> Value {
    match json {
        Json::String(text) => Value::template(text.as_str()),
        Json::Array(items) => Value::list(items.iter().map(written)),
        Json::Object(entries) => Value::map(entries.iter().map(|(key, value)| (key.clone(), written(value)))),
        other => Value::from(other),
    }
}
