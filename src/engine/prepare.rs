//! One task for one item on one host, made ready: its keywords evaluated, its arguments rendered, its kind decided.

use std::collections::BTreeMap;
use std::sync::Arc;

use dpp_protocol::Failure;
use serde_json::Value as Json;

use crate::actions::{self, ActionContext, Aside, Deed, Done, Remote};
use crate::engine::TaskVars;
use crate::engine::control::{self, Control};
use crate::files::Files;
use crate::plan::TaskStep;
use crate::playbook::short;
use crate::template::{Scope, SearchPath, TemplateError, is_omit, without_omitted};
use crate::transport::{Become, BecomeMethod};
use crate::value::{Map, Text, Value};

/// What is to be done.
pub(super) enum Prepared {
    /// Nothing: this condition does not hold.
    Skip(String),
    /// It was done here.
    Done(Done),
    /// A module does it.
    Remote(Box<Ready>),
    /// It changes the way through the play.
    Control(Control),
}

/// A module's task, but for its number.
#[derive(Clone)]
pub(super) struct Ready {
    /// What the module gets.
    pub(super) remote: Remote,
    /// As whom.
    pub(super) becoming: Option<Become>,
    /// Environment of its processes.
    pub(super) environment: BTreeMap<String, String>,
    /// The host that does it, when it is another one.
    pub(super) delegate: Option<String>,
    /// Who logs in there, when the task says so.
    pub(super) login: Option<String>,
}

/// Why a task could not be made ready.
pub(super) enum Unready {
    /// It depends on a task that was only looked at.
    Pending,
    /// What the task says of itself cannot be rendered: no item of a loop comes after that.
    Unsaid(Failure),
    /// It failed.
    Failed(Failure),
}

impl From<TemplateError> for Unready {
    fn from(error: TemplateError) -> Self {
        match error {
            TemplateError::Pending { .. } => Self::Pending,
            error => Self::Unsaid(actions::failure(&error)),
        }
    }
}

impl From<Failure> for Unready {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Makes tasks ready.
pub(super) struct Preparer {
    /// The controller's files.
    pub(super) files: Arc<dyn Files>,
    /// How loud the run is.
    pub(super) verbosity: u8,
}

/// The scope of a task's templates.
pub(super) fn scope(vars: &TaskVars) -> Scope {
    let playbook = &vars.play.play.folder;
    let folders = vars.step.as_ref().map_or_else(|| vec![playbook.clone()], |step| step.folders(playbook));
    Scope::new(Arc::new(vars.clone()), Arc::new(SearchPath { folders }))
}

impl Preparer {
    /// Makes one item of a task ready. A task that may be tried again is so with the arguments of its first attempt, which
    /// `first` keeps.
    pub(super) fn item(&self, step: &TaskStep, vars: &TaskVars, first: &mut Option<Map>) -> Result<Prepared, Unready> {
        let scope = scope(vars);
        if let Some(args) = first.clone() {
            return self.deed(step, vars, &scope, args);
        }
        if let Some(condition) = Self::false_condition(step, vars, &scope)? {
            return Ok(Prepared::Skip(condition));
        }
        let args = Self::args(step, vars, &scope)?;
        *first = step.may_be_tried_again().then(|| args.clone());
        self.deed(step, vars, &scope, args)
    }

    /// What is to be done with these arguments.
    fn deed(&self, step: &TaskStep, vars: &TaskVars, scope: &Scope, args: Map) -> Result<Prepared, Unready> {
        let action = step.task.short_action();
        if let Some(control) = control::of(step, &args)? {
            return Ok(Prepared::Control(control));
        }
        if let Some(action) = actions::find(action) {
            let context = ActionContext {
                templates: &vars.run.templates,
                scope,
                files: self.files.as_ref(),
                host: &vars.host,
                verbosity: self.verbosity,
            };
            return match (action.run)(&context, &args)? {
                Deed::Done(done) => Ok(Prepared::Done(done)),
                Deed::Remote(remote) => Ok(Prepared::Remote(Box::new(Self::ready(remote, step, vars, scope)?))),
            };
        }
        if dpp_modules::find(action).is_none() {
            return Err(unknown(step).into());
        }
        let params = Json::from(&Value::from(args));
        let remote = Remote::new(action, params);
        Ok(Prepared::Remote(Box::new(Self::ready(remote, step, vars, scope)?)))
    }

    fn false_condition(step: &TaskStep, vars: &TaskVars, scope: &Scope) -> Result<Option<String>, Unready> {
        for condition in &step.keywords.when {
            if !vars.run.templates.condition(condition, scope)? {
                return Ok(Some(condition.as_str().to_owned()));
            }
        }
        Ok(None)
    }

    fn args(step: &TaskStep, vars: &TaskVars, scope: &Scope) -> Result<Map, Unready> {
        let templates = &vars.run.templates;
        let mut args = Map::new();
        for defaults in &step.keywords.module_defaults {
            let defaults = templates.value(defaults, scope)?;
            let is_own = |name: &str| name == step.task.action || short(name) == step.task.short_action();
            let own = defaults.as_map().and_then(|defaults| defaults.iter().find(|(name, _)| is_own(name)));
            // Those of an inner block stand for all that an outer one gives.
            if let Some(own) = own.and_then(|(_, defaults)| defaults.as_map()) {
                args = own.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
            }
        }
        if let Some(template) = &step.task.args_template
            && let Value::Map(more) = templates.text(template, scope)?
        {
            args.extend(more.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        let written: Map = step.task.args.iter().map(|(key, value)| (key.text.clone(), value.clone())).collect();
        if let Value::Map(rendered) = templates.value(&Value::from(written), scope)? {
            // What a task leaves out by `omit` is left out, whatever the defaults of its module say.
            args.retain(|name, _| step.task.arg(name).is_none() || rendered.contains_key(name));
            args.extend(rendered.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        Ok(without_omitted(args))
    }

    fn ready(mut remote: Remote, step: &TaskStep, vars: &TaskVars, scope: &Scope) -> Result<Ready, Unready> {
        let keyword = Keyword { vars, scope };
        let delegate = match &step.keywords.delegate_to {
            Some(host) => Some(keyword.text(&Value::Text(host.clone()))?),
            None if keyword.is_local(step)? => Some("localhost".to_owned()),
            None => None,
        };
        if let Some(Aside::Synchronize(wish)) = remote.aside.as_deref_mut() {
            wish.on.clone_from(&delegate);
        }
        let login = step.keywords.remote_user.as_ref().map(|user| keyword.text(user)).transpose()?;
        let (becoming, environment) = (keyword.becoming(step)?, keyword.environment(step)?);
        Ok(Ready { remote, becoming, environment, delegate, login: login.filter(|user| !user.is_empty()) })
    }
}

/// Keywords, rendered for one item.
pub(super) struct Keyword<'a> {
    pub(super) vars: &'a TaskVars,
    pub(super) scope: &'a Scope,
}

impl Keyword<'_> {
    /// A yes or no; `otherwise` when nothing is said.
    pub(super) fn flag(&self, value: Option<&Value>, otherwise: bool) -> Result<bool, TemplateError> {
        let Some(value) = value else { return Ok(otherwise) };
        Ok(match self.vars.run.templates.value(value, self.scope)? {
            omitted if is_omit(&omitted) => otherwise,
            Value::Bool(yes) => yes,
            Value::Int(number) => number != 0,
            Value::Text(text) => match text.as_str().trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "1" | "y" | "t" => true,
                "" | "false" | "no" | "off" | "0" | "n" | "f" | "none" => false,
                _ => self.vars.run.templates.condition(&Text::template(text.as_str()), self.scope)?,
            },
            Value::Null => otherwise,
            _ => true,
        })
    }

    /// A text.
    pub(super) fn text(&self, value: &Value) -> Result<String, TemplateError> {
        Ok(match self.vars.run.templates.value(value, self.scope)? {
            Value::Text(text) => text.as_str().to_owned(),
            other => Json::from(&other).to_string(),
        })
    }

    /// A text, or each one of a list that a template gives.
    pub(super) fn texts(&self, text: &Text) -> Result<Vec<String>, TemplateError> {
        match self.vars.run.templates.text(text, self.scope)? {
            Value::List(items) => items.iter().map(|item| self.text(item)).collect(),
            one => Ok(vec![self.text(&one)?]),
        }
    }

    /// A number.
    pub(super) fn number(&self, value: Option<&Value>, otherwise: f64) -> Result<f64, TemplateError> {
        let Some(value) = value else { return Ok(otherwise) };
        let text = match self.vars.run.templates.value(value, self.scope)? {
            omitted if is_omit(&omitted) => return Ok(otherwise),
            Value::Text(text) => text.as_str().to_owned(),
            other => Json::from(&other).to_string(),
        };
        let at = match value {
            Value::Text(text) => text.place().cloned(),
            _ => None,
        };
        let wrong = || TemplateError::Failed { message: format!("`{text}` is no number"), at };
        if text.trim().is_empty() { Ok(otherwise) } else { text.trim().parse().map_err(|_| wrong()) }
    }

    /// A whole number of at least 1; none when nothing or 0 is said.
    pub(super) fn count(&self, value: Option<&Value>) -> Result<Option<usize>, TemplateError> {
        let number = self.number(value, 0.0)?;
        Ok((number >= 1.0).then_some(number as usize))
    }

    /// Whether a task, or its play, is to be done on this machine.
    fn is_local(&self, step: &TaskStep) -> Result<bool, TemplateError> {
        let connection = step.keywords.connection.as_ref().map(|value| self.text(value)).transpose()?;
        Ok(self.vars.host != "localhost" && matches!(connection.as_deref(), Some("local" | "ansible.builtin.local")))
    }

    /// The other user, when one is to be become.
    fn becoming(&self, step: &TaskStep) -> Result<Option<Become>, Unready> {
        let variable = |name: &str| match crate::template::Variables::lookup(self.vars, name) {
            crate::template::Lookup::Found(value) => Some(value),
            _ => None,
        };
        let asked = variable("ansible_become").or_else(|| step.keywords.becoming.clone());
        let default = &self.vars.run.become_default;
        if !self.flag(asked.as_ref(), default.enabled)? {
            return Ok(None);
        }
        let user = variable("ansible_become_user").or_else(|| step.keywords.become_user.clone());
        let user = user.map(|user| self.text(&user)).transpose()?.or_else(|| default.user.clone());
        let user = user.unwrap_or_else(|| "root".to_owned());
        if user.is_empty() || user.contains(|c: char| c.is_whitespace() || c.is_control() || "'\"\\$`;&|<>".contains(c))
        {
            return Err(Failure::new(format!("`{user}` is no name of a user to become")).code("DPP0503").into());
        }
        let method = variable("ansible_become_method").or_else(|| step.keywords.become_method.clone());
        let Some(method) = method.map(|method| self.text(&method)).transpose()? else {
            return Ok(Some(Become { user, method: default.method }));
        };
        let Some(method) = BecomeMethod::parse(&method) else {
            let failure = Failure::new(format!("cannot become {user} by `{method}`: sudo and su are known"));
            return Err(failure.code("DPP0503").into());
        };
        Ok(Some(Become { user, method }))
    }

    fn environment(&self, step: &TaskStep) -> Result<BTreeMap<String, String>, TemplateError> {
        let mut environment = BTreeMap::new();
        for level in &step.keywords.environment {
            let level = self.vars.run.templates.value(level, self.scope)?;
            let maps: Vec<&Map> = match &level {
                Value::List(items) => items.iter().filter_map(Value::as_map).collect(),
                one => one.as_map().into_iter().collect(),
            };
            for (name, value) in maps.into_iter().flatten() {
                let text = match value {
                    // As Python writes it, whatever the shell may think of it.
                    Value::Bool(yes) => if *yes { "True" } else { "False" }.to_owned(),
                    value => self.text(value)?,
                };
                environment.insert(name.clone(), text);
            }
        }
        Ok(environment)
    }
}

fn unknown(step: &TaskStep) -> Failure {
    let action = &step.task.action;
    let names =
        dpp_modules::MODULES.iter().map(|entry| entry.name).chain(actions::ACTIONS.iter().map(|action| action.name));
    let near = crate::source::nearest(step.task.short_action(), names);
    let failure = Failure::new(format!("there is no module `{action}`"))
        .code("DPP0103")
        .note("at", step.task.action_place.to_string());
    match near {
        Some(near) => failure.help(format!("did you mean `{near}`?")),
        None => failure.help("modules in Python cannot be run; `command` and `script` can do what they did"),
    }
}
