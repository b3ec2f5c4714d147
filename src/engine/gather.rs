//! Facts at the start of a play: what is known of a host before its first task.

use std::sync::Arc;

use crate::engine::run::Engine;
use crate::files::{FileKind, Files};
use crate::plan::{PlayPlan, Step, TaskStep};
use crate::playbook::{Item, Keywords, Play, Task, read_tasks};
use crate::yaml::Key;

/// The task that gathers facts, as a user would write it.
const GATHER: &str = "- name: Gathering Facts\n  setup:\n  tags: [always]\n";

/// The play's steps, after the gathering of facts when they are wanted and not known, or may be known no more.
pub(super) fn with_facts(play: &PlayPlan, engine: &Engine, hosts: &[String]) -> Arc<[Step]> {
    let entries = engine.vars.hosts();
    let is_wanting = |host: &String| entries.get(host).is_none_or(|entry| entry.state.read().wants_facts());
    if !play.gathers_facts || !hosts.iter().any(is_wanting) {
        return Arc::clone(&play.steps);
    }
    let Some(task) = task(&play.play) else { return Arc::clone(&play.steps) };
    let keywords = Keywords { vars: Vec::new(), when: Vec::new(), ..play.play.keywords.clone() };
    let step = TaskStep { task, keywords, outside: None, role: None, folder: play.folder.clone(), params: Vec::new() };
    std::iter::once(Step::Task(Arc::new(step))).chain(play.steps.iter().cloned()).collect()
}

/// The task, with what the play says of the facts that it wants.
fn task(play: &Play) -> Option<Arc<Task>> {
    let Item::Task(mut task) = read_tasks(&Written, "(facts)".as_ref()).ok()?.into_iter().next()? else { return None };
    let said = [
        ("gather_subset", &play.gather_subset),
        ("gather_timeout", &play.gather_timeout),
        ("fact_path", &play.fact_path),
    ];
    let arguments = &mut Arc::get_mut(&mut task)?.args;
    for (name, value) in said {
        let key = Key { text: name.to_owned(), place: play.place.clone() };
        arguments.extend(value.clone().map(|value| (key, value)));
    }
    Some(task)
}

/// The one file that nobody has on the disk.
struct Written;

impl Files for Written {
    fn read(&self, _path: &std::path::Path) -> std::io::Result<Vec<u8>> {
        Ok(GATHER.as_bytes().to_vec())
    }

    fn kind(&self, _path: &std::path::Path) -> FileKind {
        FileKind::File
    }
}
