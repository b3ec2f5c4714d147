//! Which actions there are and which arguments they take; handed in, so that a plan knows no module by itself.

use dpp_protocol::Failure;

use crate::plan::TaskStep;
use crate::source::{Problem, nearest, slip};
use crate::value::{Map, Value};

/// Arguments that every module takes on top of its own: options of the connection to a product that roles pass along.
const FOR_FREE_FORM: &str = "_raw_params";

/// `package` is written for every manager there is: what only others take belongs to tasks that a condition keeps from
/// hosts of ours; where it does not, the module refuses it.
const OF_OTHER_MANAGERS: &[&str] = &[
    "allowerasing",
    "best",
    "bugfix",
    "conf_file",
    "disable_excludes",
    "disable_gpg_check",
    "disable_plugin",
    "disablerepo",
    "enable_plugin",
    "enablerepo",
    "exclude",
    "install_weak_deps",
    "installroot",
    "nobest",
    "releasever",
    "security",
    "skip_broken",
    "sslverify",
    "use_backend",
    "validate_certs",
];

/// Says why an action cannot be done with arguments that are final already.
pub type Misfit = fn(&str, &Map) -> Option<Failure>;

/// The known actions.
pub struct Catalogue {
    actions: Vec<(&'static str, Vec<&'static str>)>,
    misfit: Misfit,
}

impl Catalogue {
    /// A catalogue of names and their arguments; an empty list of arguments means any.
    pub fn new(actions: Vec<(&'static str, Vec<&'static str>)>, misfit: Misfit) -> Self {
        Self { actions, misfit }
    }

    /// Whether there is such an action.
    pub fn knows(&self, action: &str) -> bool {
        self.actions.iter().any(|(name, _)| *name == action)
    }

    /// The known name nearest to one that is not.
    pub fn nearest(&self, action: &str) -> Option<&'static str> {
        nearest(action, self.names())
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        self.actions.iter().map(|(name, _)| *name)
    }

    /// Mistakes in a task's action and its arguments. A stranger among actions is none: it fails when it would run, if it
    /// ever does; one letter beside a known one is a slip of the pen.
    pub fn check(&self, step: &TaskStep) -> Vec<Problem> {
        let action = step.task.short_action();
        let Some((_, known)) = self.actions.iter().find(|(name, _)| *name == action) else {
            return self.misspelt(step).into_iter().collect();
        };
        let unknown = if known.is_empty() { Vec::new() } else { Self::unknown(step, known) };
        if unknown.is_empty() { self.misfit(step).into_iter().collect() } else { unknown }
    }

    fn misspelt(&self, step: &TaskStep) -> Option<Problem> {
        let action = &step.task.action;
        let is_builtin =
            ["", "ansible.builtin", "ansible.legacy"].contains(&action.rsplit_once('.').map_or("", |(of, _)| of));
        let near = slip(step.task.short_action(), self.names()).filter(|_| is_builtin)?;
        let problem = Problem::error("DPP0103", format!("there is no module `{action}`"));
        Some(problem.at(&step.task.action_place, "not known").did_you_mean(Some(near)))
    }

    /// A value that is not what the action takes, or one that is missing; where a template stands, only the run can tell.
    fn misfit(&self, step: &TaskStep) -> Option<Problem> {
        let task = &step.task;
        let is_open = task.args_template.is_some()
            || !step.keywords.module_defaults.is_empty()
            || task.args.iter().any(|(key, _)| is_of_another_manager(task.short_action(), &key.text));
        if is_open || task.args.iter().any(|(_, value)| has_template(value)) {
            return None;
        }
        let args: Map = task.args.iter().map(|(key, value)| (key.text.clone(), value.clone())).collect();
        let failure = (self.misfit)(task.short_action(), &args)?;
        let (wrong, known) = of_variants(&failure.message).unwrap_or_default();
        let place = task.args.iter().find(|(_, value)| value.as_str().is_some_and(|text| text == wrong));
        let place = place.map_or(&task.action_place, |(key, _)| &key.place);
        let problem = Problem::error("DPP0104", failure.message.clone()).at(place, "in this task");
        Some(problem.did_you_mean(nearest(wrong, known)))
    }

    fn unknown(step: &TaskStep, known: &[&'static str]) -> Vec<Problem> {
        let action = step.task.short_action();
        let strange = |key: &str| !known.contains(&key) && key != FOR_FREE_FORM && !is_of_another_manager(action, key);
        let unknown = step.task.args.iter().filter(|(key, value)| {
            strange(&key.text) && !(may_be_omitted(value) && slip(&key.text, known.iter().copied()).is_none())
        });
        unknown
            .map(|(key, _)| {
                let shown: Vec<_> = known.iter().filter(|name| !name.starts_with('_')).copied().collect();
                Problem::error("DPP0103", format!("unknown key `{}` in task action `{action}`", key.text))
                    .at(&key.place, format!("not a key of `{action}`"))
                    .context(&step.task.action_place, "in this action")
                    .did_you_mean(nearest(&key.text, known.iter().copied()))
                    .note(format!("keys of `{action}`: {}", shown.join(", ")))
            })
            .collect()
    }
}

fn is_of_another_manager(action: &str, key: &str) -> bool {
    action == "package" && OF_OTHER_MANAGERS.contains(&key)
}

/// `{{ x | default(omit) }}`: roles write keys of other systems so, which the run leaves out, or else the module refuses.
fn may_be_omitted(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains("omit")) && has_template(value)
}

fn has_template(value: &Value) -> bool {
    match value {
        Value::Text(text) => text.is_template(),
        Value::List(items) => items.iter().any(has_template),
        Value::Map(entries) => entries.values().any(has_template),
        _ => false,
    }
}

/// The wrong word and the right ones of "unknown variant `a`, expected one of `b`, `c`".
fn of_variants(message: &str) -> Option<(&str, Vec<&str>)> {
    let mut words = message.split_once("unknown variant ")?.1.split('`').skip(1).step_by(2);
    Some((words.next()?, words.collect()))
}
