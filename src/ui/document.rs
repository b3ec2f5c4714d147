//! One JSON document on standard output, whose schema's name changes when a key's meaning does.

use serde::Serialize;
use serde_json::{Value, json};

use crate::event::Stamped;
use crate::exit::Exit;
use crate::report::RunReport;
use crate::ui::{Close, Output, Reporter, Ui};

/// The document of a run, beside another screen that goes to standard error.
pub struct Document<S> {
    screen: S,
    ui: Ui,
}

impl<S: Reporter> Document<S> {
    /// A document beside this screen.
    pub fn beside(screen: S, ui: Ui) -> Self {
        Self { screen, ui }
    }
}

impl<S: Reporter> Reporter for Document<S> {
    fn on(&mut self, event: &Stamped) {
        self.screen.on(event);
    }

    fn tick(&mut self, now: u64) {
        self.screen.tick(now);
    }

    fn end(&mut self, report: &RunReport, close: &Close) {
        self.screen.end(report, close);
        let mut document = json!({"run": close.run, "command": close.command});
        if let (Some(document), Ok(Value::Object(report))) = (document.as_object_mut(), serde_json::to_value(report)) {
            document.extend(report);
        }
        document["log"] = close.log.as_ref().map(|log| log.display().to_string()).into();
        if let Some((_, (name, proof))) = &close.proof {
            document[*name] = proof.clone();
        }
        answer_json(&self.ui, "dppctl.run/1", close.exit, &document);
    }
}

/// Answers with a document: its schema's name and the exit code stand before everything else. It takes one line where
/// lines are what was asked for.
pub fn answer_json(ui: &Ui, schema: &str, exit: Exit, body: &impl Serialize) {
    let document = headed(schema, exit, body);
    let text = match ui.output {
        Output::Jsonl => serde_json::to_string(&document),
        _ => serde_json::to_string_pretty(&document),
    };
    ui.answer(&text.unwrap_or_default());
}

/// The same document on one line, for one of many.
pub fn line_json(schema: &str, exit: Exit, body: &impl Serialize) -> String {
    headed(schema, exit, body).to_string()
}

fn headed(schema: &str, exit: Exit, body: &impl Serialize) -> Value {
    let mut document = json!({"schema": schema, "exit": exit.code()});
    match (document.as_object_mut(), serde_json::to_value(body)) {
        (Some(document), Ok(Value::Object(entries))) => document.extend(entries),
        (Some(document), Ok(other)) => {
            document.insert("result".to_owned(), other);
        }
        _ => {}
    }
    document
}
