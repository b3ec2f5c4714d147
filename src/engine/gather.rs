//! Facts at the start of a play: what is known of a host before its first task.

use std::sync::Arc;

use crate::engine::run::Engine;
use crate::plan::{PlayPlan, Step, TaskStep, gathers_facts};
use crate::playbook::{Files, Item, Keywords, read_tasks};

/// The task that gathers facts, as a user would write it.
const GATHER: &str = "- name: Gathering Facts\n  setup:\n  tags: [always]\n";

/// The play's steps, after the gathering of facts when they are wanted and not known yet.
pub(super) fn with_facts(play: &PlayPlan, engine: &Engine, hosts: &[String]) -> Arc<[Step]> {
    let entries = engine.vars.hosts();
    let unknown = |host: &String| entries.get(host).is_none_or(|entry| entry.state.read().facts.is_empty());
    if !gathers_facts(&play.play) || !hosts.iter().any(unknown) {
        return Arc::clone(&play.steps);
    }
    let Some(task) = task() else { return Arc::clone(&play.steps) };
    let keywords = Keywords { vars: Vec::new(), when: Vec::new(), ..play.play.keywords.clone() };
    let step = TaskStep { task, keywords, role: None, folder: play.folder.clone(), params: Vec::new() };
    std::iter::once(Step::Task(Arc::new(step))).chain(play.steps.iter().cloned()).collect()
}

fn task() -> Option<Arc<crate::playbook::Task>> {
    match read_tasks(&Written, "(facts)".as_ref()).ok()?.into_iter().next()? {
        Item::Task(task) => Some(task),
        Item::Block(_) => None,
    }
}

/// The one file that nobody has on the disk.
struct Written;

impl Files for Written {
    fn read(&self, _path: &std::path::Path) -> std::io::Result<String> {
        Ok(GATHER.to_owned())
    }

    fn is_file(&self, _path: &std::path::Path) -> bool {
        true
    }

    fn is_folder(&self, _path: &std::path::Path) -> bool {
        false
    }
}
