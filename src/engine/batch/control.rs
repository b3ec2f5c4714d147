//! Tasks that change the way through the play: `meta`, `pause`, includes, new hosts and groups.

use std::cmp::Reverse;
use std::time::{Duration, Instant};

use crate::engine::TaskVars;
use crate::engine::batch::Batch;
use crate::engine::control::{Control, Meta};
use crate::engine::ending::Ending;

impl Batch<'_> {
    pub(super) fn control(&mut self, index: usize, control: Control, vars: &TaskVars) {
        let ending = match control {
            Control::Meta(meta) => {
                self.meta(index, meta);
                Ok(())
            }
            Control::Pause { seconds } => {
                if let Some(doing) = &mut self.members[index].doing
                    && !doing.paused
                {
                    doing.paused = true;
                    doing.waiting = true;
                    let due = Instant::now() + Duration::from_secs_f64(seconds.clamp(0.0, 1e7));
                    self.timers.push(Reverse((due, index)));
                    return;
                }
                Ok(())
            }
            Control::IncludeTasks { file } => self.include_tasks(index, &file, vars),
            Control::IncludeRole => self.include_role(index, vars),
            Control::AddHost { name, groups, vars } => self.engine.add_host(&name, &groups, &vars),
            Control::GroupBy { key, parents } => {
                let host = self.members[index].name.clone();
                self.engine.group_by(&host, &key, &parents)
            }
        };
        let ending =
            ending.map_or_else(Ending::failed, |()| Ending::answered(Ok(dpp_protocol::Outcome::default()), false));
        self.item_ended(index, ending);
    }

    pub(super) fn meta(&mut self, index: usize, meta: Meta) {
        match meta {
            Meta::FlushHandlers => {
                let steps = self.handlers.take(&mut self.members[index].notified);
                if let Some(doing) = &mut self.members[index].doing {
                    doing.includes.extend(steps.iter().cloned());
                }
            }
            Meta::EndPlay => self.members.iter_mut().for_each(|member| member.run.end()),
            Meta::EndHost => self.members[index].run.end(),
            Meta::ClearFacts => self.members[index].vars.state.write().facts.clear(),
            Meta::Noop | Meta::ClearHostErrors => {}
        }
    }
}
