//! `run --list-hosts`, `--list-tasks`, `--list-tags`, `--syntax-check`: what a run would go over, in Ansible's layout. No host is
//! asked anything.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value as Json, json};

use crate::plan::{Plan, PlayPlan, Step, TaskStep};

/// What is listed instead of being run.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Only list")]
pub(super) struct ListArgs {
    /// List the hosts of each play, and do nothing
    #[arg(long)]
    list_hosts: bool,
    /// List the tasks that would run, and do nothing; those of an include are not known before it runs
    #[arg(long)]
    list_tasks: bool,
    /// List the tags that there are, and do nothing
    #[arg(long)]
    list_tags: bool,
    /// Read the playbooks and all they import, and do nothing
    #[arg(long)]
    syntax_check: bool,
}

impl ListArgs {
    /// Whether nothing is to be run.
    pub(super) fn is_wanted(&self) -> bool {
        self.list_hosts || self.list_tasks || self.list_tags || self.syntax_check
    }

    /// The list.
    pub(super) fn text(&self, plan: &Plan) -> String {
        let mut text = String::new();
        for (number, play) in (1..).zip(&plan.plays) {
            let tags = sorted(&play.play.keywords.tags);
            let _ = writeln!(text, "play #{number} ({}): {}\tTAGS: [{tags}]", play.pattern, play.name);
            text.push_str(&self.of_play(play));
        }
        text
    }

    fn of_play(&self, play: &PlayPlan) -> String {
        let mut text = String::new();
        if self.list_hosts {
            let _ = writeln!(text, "  hosts ({}):", play.hosts.len());
            play.hosts.iter().for_each(|host| text.push_str(&format!("    {host}\n")));
        }
        let tasks = tasks(&play.steps);
        if self.list_tasks {
            text.push_str("  tasks:\n");
            for task in &tasks {
                let role = if task.role_name().is_empty() { String::new() } else { format!("{} : ", task.role_name()) };
                let _ = writeln!(text, "    {role}{}\tTAGS: [{}]", task.title(), sorted(&task.keywords.tags));
            }
        }
        if self.list_tags {
            let tags = tasks.iter().flat_map(|task| &task.keywords.tags);
            let _ = writeln!(text, "  TASK TAGS: [{}]", sorted(tags));
        }
        text
    }
}

/// The same for a programme: always all of it.
pub(super) fn document(plan: &Plan) -> Json {
    let task = |task: &TaskStep| json!({"role": task.role_name(), "task": task.title(), "at": task.task.place.to_string(), "tags": task.keywords.tags});
    let play = |play: &PlayPlan| {
        let tasks: Vec<Json> = tasks(&play.steps).into_iter().map(task).collect();
        json!({"play": play.name, "pattern": play.pattern, "hosts": play.hosts, "tasks": tasks})
    };
    json!({"plays": plan.plays.iter().map(play).collect::<Vec<_>>()})
}

/// Each once, in order.
fn sorted<'a>(tags: impl IntoIterator<Item = &'a String>) -> String {
    Vec::from_iter(tags.into_iter().map(String::as_str).collect::<BTreeSet<_>>()).join(", ")
}

fn tasks(steps: &[Step]) -> Vec<&TaskStep> {
    let mut found = Vec::new();
    for step in steps {
        match step {
            Step::Task(task) => found.push(task.as_ref()),
            Step::Block(block) => {
                [&block.body, &block.rescue, &block.always].into_iter().for_each(|part| found.extend(tasks(part)));
            }
            Step::Flush | Step::RoleEnd(_) => {}
        }
    }
    found
}
