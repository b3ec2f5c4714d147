//! Which actions there are and which arguments they take; handed in, so that a plan knows no module by itself.

use crate::plan::TaskStep;
use crate::source::{Problem, nearest};

/// Arguments that every module takes on top of its own: options of the connection to a product that roles pass along.
const FOR_FREE_FORM: &str = "_raw_params";

/// The known actions.
pub struct Catalogue {
    actions: Vec<(&'static str, &'static [&'static str])>,
}

impl Catalogue {
    /// A catalogue of names and their arguments; an empty list of arguments means any.
    pub fn new(actions: Vec<(&'static str, &'static [&'static str])>) -> Self {
        Self { actions }
    }

    /// Whether there is such an action.
    pub fn knows(&self, action: &str) -> bool {
        self.actions.iter().any(|(name, _)| *name == action)
    }

    /// The known name nearest to one that is not.
    pub fn nearest(&self, action: &str) -> Option<&'static str> {
        nearest(action, self.actions.iter().map(|(name, _)| *name))
    }

    /// Mistakes in a task's arguments. An unknown action has none: it fails when it would run.
    pub fn check(&self, step: &TaskStep) -> Vec<Problem> {
        let action = step.task.short_action();
        let Some((_, known)) = self.actions.iter().find(|(name, _)| *name == action) else { return Vec::new() };
        if known.is_empty() {
            return Vec::new();
        }
        let unknown =
            step.task.args.iter().filter(|(key, _)| !known.contains(&key.text.as_str()) && key.text != FOR_FREE_FORM);
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
