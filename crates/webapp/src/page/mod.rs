//! The pages as HTML. Everything that is put into a template is escaped by it; no handler writes HTML.

mod station;

use std::sync::Arc;

use jiff::Timestamp;
use minijinja::{
    Environment, UndefinedBehavior, context,
    syntax::SyntaxConfig,
    value::{Serde, Value},
};
use serde::Serialize;

use crate::{
    config::Config,
    journey::Journey,
    log_entry::{CHANNEL, Level},
    tracker::Tracker,
};

/// The longest text that is taken, in characters.
pub const LONGEST_TEXT: usize = 10_000;

const TEMPLATES: [(&str, &str); 6] = [
    ("base.html", include_str!("../../templates/base.html")),
    ("strip.html", include_str!("../../templates/strip.html")),
    ("fields.html", include_str!("../../templates/fields.html")),
    ("form.html", include_str!("../../templates/form.html")),
    ("message.html", include_str!("../../templates/message.html")),
    ("notice.html", include_str!("../../templates/notice.html")),
];

/// Renders the pages.
#[derive(Debug)]
pub struct Pages {
    templates: Environment<'static>,
    config: Arc<Config>,
    tracker: Arc<Tracker>,
}

/// What stands in the form, and what is said above it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Form {
    /// Where the form is sent to.
    pub action: String,
    /// The text in it.
    pub text: String,
    /// The level chosen in it.
    pub level: Level,
    /// Why the text was not taken.
    pub problem: Option<String>,
}

impl Pages {
    /// Prepares the templates.
    pub fn new(config: Arc<Config>, tracker: Arc<Tracker>) -> Result<Self, minijinja::Error> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        templates.add_global("version", env!("CARGO_PKG_VERSION"));
        templates.add_global("longest_text", LONGEST_TEXT);
        for (name, source) in TEMPLATES {
            templates.add_template(name, source)?;
        }
        Ok(Self { templates, config, tracker })
    }

    /// The page with the form; `hindrance` says why sending cannot work just now.
    pub fn form(&self, form: &Form, hindrance: Option<String>) -> Result<String, minijinja::Error> {
        let form = Value::from(Serde(form));
        let stations = Value::from(Serde(station::idle(&self.config, &self.tracker)));
        let amqp = &self.config.amqp;
        let target = context! { exchange => amqp.exchange.as_str(), vhost => amqp.vhost.as_str() };
        self.render("form.html", context! { form, stations, hindrance, target, levels => levels() })
    }

    /// The page of a message.
    pub fn message(&self, journey: &Journey) -> Result<String, minijinja::Error> {
        let entry = &journey.entry;
        let next = Form { action: entry.page.clone(), level: entry.level, ..Form::default() };
        let form = Value::from(Serde(next));
        let message = context! {
            id => entry.id.to_string(),
            text => entry.message.as_str(),
            level => entry.level.name(),
            client => entry.client.to_string(),
            page => entry.page.as_str(),
            channel => CHANNEL,
            settled => journey.is_settled(),
            summary => journey.summary(),
        };
        let stations = self.along(journey);
        self.render("message.html", context! { message, form, stations, levels => levels() })
    }

    /// The strip alone, as it replaces itself on the page.
    pub fn strip(&self, journey: &Journey) -> Result<String, minijinja::Error> {
        self.render("strip.html", context! { stations => self.along(journey) })
    }

    /// A page that only says something.
    pub fn notice(&self, title: &str, text: &str) -> Result<String, minijinja::Error> {
        self.render("notice.html", context! { title, text })
    }

    fn along(&self, journey: &Journey) -> Value {
        Value::from(Serde(station::along(journey, &self.config, &self.tracker, Timestamp::now())))
    }

    fn render(&self, template: &str, context: Value) -> Result<String, minijinja::Error> {
        self.templates.get_template(template)?.render(context)
    }
}

fn levels() -> Value {
    Value::from(Serde([Level::Debug, Level::Info, Level::Warning, Level::Error]))
}
