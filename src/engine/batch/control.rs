//! Tasks that change the way through the play: `meta`, `pause`, includes, new hosts and groups.

use std::sync::Arc;

use dpp_protocol::{Failure, Outcome, ResultMap};
use serde_json::{Value as Json, json};

use crate::engine::TaskVars;
use crate::engine::batch::Batch;
use crate::engine::control::{Control, Meta};
use crate::engine::ending::Ending;
use crate::engine::machine::{Job, Work};
use crate::event::Event;
use crate::value::{Map, Value};

impl Batch<'_> {
    pub(super) fn control(&mut self, index: usize, control: Control, vars: &TaskVars) {
        match control {
            Control::Meta(meta) => {
                self.meta(index, meta);
                self.ended(index, Ok(false), ResultMap::new());
            }
            Control::Pause(pause) => self.pause(index, &pause),
            Control::IncludeTasks { file, args } => self.includes_tasks(index, &file, args, vars),
            Control::IncludeRole { args } => {
                let included = self.include_role(index, vars);
                self.ended(index, included.map(|()| false), ResultMap::from_iter([told_args(args)]));
            }
            Control::AddHost { name, groups, vars } => {
                let added = self.engine.add_host(&name, &groups, &vars);
                self.meet_again(&name);
                let vars = Json::from(&Value::from(vars));
                let told = json!({"host_name": name, "groups": groups, "host_vars": vars});
                self.ended(index, added, ResultMap::from_iter([("add_host".to_owned(), told)]));
            }
            Control::GroupBy { key, parents } => {
                let host = self.members[index].name.clone();
                let grouped = self.engine.group_by(&host, &key, &parents);
                self.meet_again(&host);
                let parents = if parents.is_empty() { vec!["all".to_owned()] } else { parents };
                let told = [("add_group".to_owned(), key.into()), ("parent_groups".to_owned(), parents.into())];
                self.ended(index, grouped, ResultMap::from_iter(told));
            }
        }
    }

    fn includes_tasks(&mut self, index: usize, file: &str, args: Map, vars: &TaskVars) {
        let included = self.include_tasks(index, file, vars);
        self.ended(
            index,
            included.map(|()| false),
            ResultMap::from_iter([("include".to_owned(), file.into()), told_args(args)]),
        );
    }

    /// `register` sees what was asked for, not what becomes of it.
    fn ended(&mut self, index: usize, done: Result<bool, Failure>, result: ResultMap) {
        let answer = done.map(|changed| Outcome { changed, result, ..Outcome::default() });
        self.item_ended(index, Ending::answered(answer, false));
    }

    /// A host is in other groups now.
    fn meet_again(&mut self, name: &str) {
        let magic = self.engine.vars.hosts().get(name).map(|entry| Arc::clone(&entry.magic));
        let member = self.members.iter_mut().find(|member| member.name == name);
        if let (Some(magic), Some(member)) = (magic, member) {
            member.vars.magic = magic;
        }
    }

    pub(super) fn meta(&mut self, index: usize, meta: Meta) {
        match meta {
            Meta::FlushHandlers => {
                let member = &mut self.members[index];
                if let Some(doing) = member.doing.as_mut().filter(|_| !member.notified.is_empty()) {
                    doing.flushes = true;
                }
            }
            Meta::EndPlay | Meta::EndBatch => {
                self.ends_play |= meta == Meta::EndPlay;
                self.members.iter_mut().for_each(|member| member.run.end());
            }
            Meta::EndHost => {
                let member = &mut self.members[index];
                member.run.end();
                self.play.leave(&member.name);
            }
            Meta::EndRole => self.members[index].doing.iter_mut().for_each(|doing| doing.ends_role = true),
            Meta::ClearFacts => self.members.iter().for_each(|member| member.vars.state.write().facts.clear()),
            Meta::ResetConnection => self.hang_up(index),
            Meta::RefreshInventory => self.has_no_effect("refresh_inventory", "the inventory is read once a run"),
            Meta::ClearHostErrors => self.pardon(),
            Meta::Noop => {}
        }
    }

    fn has_no_effect(&self, word: &str, because: &str) {
        self.engine.events.tell(Event::Warning { text: format!("`meta: {word}` has no effect: {because}") });
    }

    /// The next task of a host logs in anew, and so has the groups that its user was put into.
    fn hang_up(&mut self, index: usize) {
        let host = self.members[index].name.clone();
        self.members[index].foresight.forget();
        if let Ok((machine, _)) = self.engine.machine(&host, None) {
            machine.give(Job { on: host.clone(), host, becoming: None, work: Work::HangUp });
        }
    }
}

fn told_args(args: Map) -> (String, Json) {
    ("include_args".to_owned(), Json::from(&Value::from(args)))
}
