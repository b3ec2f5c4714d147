//! From a playbook file to a plan: plays in order, imports of playbooks in their place, hosts of each play.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::files::Files;
use crate::plan::advice;
use crate::plan::compile::{Compiler, Ground, Render, Surrounding};
use crate::plan::notified;
use crate::plan::vars_files;
use crate::plan::{Catalogue, Manner, Plan, PlayPlan, Selection, Step, Strategy};
use crate::playbook::{Keywords, Play, PlayItem, Playbook};
use crate::source::{Place, Problem, Problems, Severity};
use crate::template::Templates;
use crate::value::{Map, Text, Value};

/// Everything a plan is made of.
pub struct PlanRequest<'a> {
    /// Where files are read from.
    pub files: &'a dyn Files,
    /// Playbooks in order.
    pub playbooks: &'a [PathBuf],
    /// Folders of roles.
    pub roles: &'a [PathBuf],
    /// Known actions.
    pub catalogue: &'a Catalogue,
    /// Wanted tags.
    pub selection: &'a Selection,
    /// What renders; only grammar is asked of it here.
    pub templates: &'a Templates,
    /// What decides about a shuffled order of hosts.
    pub seed: u64,
    /// Whether includes with a fixed name are followed: for whoever only looks.
    pub follows_includes: bool,
    /// Variables of the command line.
    pub extra: &'a Map,
    /// Hosts of a pattern; a warning when there are none, an error when the pattern is wrong.
    pub select: &'a dyn Fn(&str) -> Result<Vec<String>, Problem>,
    /// Renders a text with these variables, outermost first.
    pub render: &'a dyn Fn(&Text, &[&Map]) -> Result<String, Problem>,
}

/// Makes the plan, or tells all that stands against it.
pub fn build(request: &PlanRequest) -> Result<Plan, Problems> {
    let (plan, errors) = draft(request);
    if errors.is_empty() { Ok(plan) } else { Err(errors) }
}

/// The plan as far as it can be made, and all that stands against it, each once.
pub fn draft(request: &PlanRequest) -> (Plan, Problems) {
    let mut builder = Builder {
        request,
        plays: Vec::new(),
        problems: Problems::new(),
        open: Vec::new(),
        grows: false,
        tags: BTreeSet::new(),
        is_open: false,
    };
    for playbook in request.playbooks {
        builder.playbook(playbook, &Keywords::default(), None);
    }
    builder.problems.extend(advice::unknown_tags(request.selection, &builder.tags));
    let mut seen = HashSet::new();
    let mut problems = builder.problems;
    problems.retain(|problem| seen.insert((problem.code, problem.to_string())));
    let (errors, warnings): (Problems, Problems) =
        problems.into_iter().partition(|problem| problem.severity == Severity::Error);
    (Plan { plays: builder.plays, warnings }, errors)
}

struct Builder<'a> {
    request: &'a PlanRequest<'a>,
    plays: Vec<PlayPlan>,
    problems: Problems,
    open: Vec<PathBuf>,
    /// Whether a play so far may bring hosts.
    grows: bool,
    /// Tags of all tasks so far.
    tags: BTreeSet<String>,
    /// Whether the play that was compiled last includes something in the run, which may bring handlers.
    is_open: bool,
}

impl Builder<'_> {
    fn playbook(&mut self, path: &Path, around: &Keywords, at: Option<&Place>) {
        if self.open.iter().any(|open| open == path) {
            let problem = Problem::error("DPP0108", format!("{} imports itself", path.display()));
            self.problems.push(at.map_or(problem.clone(), |at| problem.at(at, "here again")));
            return;
        }
        let playbook = match Playbook::read(self.request.files, path) {
            Ok(playbook) => playbook,
            Err(problems) => {
                let pointed = |problem: Problem| match (at, &problem.at) {
                    (Some(at), None) => problem.at(at, "imported here"),
                    _ => problem,
                };
                self.problems.extend(problems.into_iter().map(pointed));
                return;
            }
        };
        self.problems.extend(playbook.mistakes.iter().cloned());
        self.open.push(path.to_owned());
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        for item in &playbook.items {
            match item {
                PlayItem::Play(play) => self.play(play, around, &folder),
                PlayItem::Import { file, keywords, place } => {
                    match (self.request.render)(file, &[self.request.extra]) {
                        Ok(name) => self.playbook(
                            &folder.join(self.request.files.at_home(&name)),
                            &around.around(keywords),
                            Some(place),
                        ),
                        Err(problem) => self.problems.push(problem),
                    }
                }
            }
        }
        self.open.pop();
    }

    fn play(&mut self, play: &Arc<Play>, around: &Keywords, folder: &Path) {
        match self.try_play(play, around, folder) {
            Ok(Some(plan)) => self.plays.push(plan),
            Ok(None) => {}
            Err(problem) => self.problems.push(problem),
        }
    }

    fn try_play(&mut self, play: &Arc<Play>, around: &Keywords, folder: &Path) -> Result<Option<PlayPlan>, Problem> {
        let steps = self.compile(play, around, folder);
        self.problems.extend(vars_files::check(self.request.files, play, folder));
        let pattern = self.pattern(play)?;
        let may_grow = self.grows;
        self.grows |= brings_hosts(&steps.steps);
        let hosts = match (self.request.select)(&pattern) {
            Ok(hosts) => hosts,
            Err(problem) => {
                let problem = if problem.at.is_none() { problem.at(&play.place, "") } else { problem };
                if problem.severity == Severity::Error {
                    return Err(problem);
                }
                // Whether a play that waits for hosts of the run gets some, the run will tell.
                self.problems.extend((!may_grow).then_some(problem));
                Vec::new()
            }
        };
        if hosts.is_empty() && !may_grow {
            return Ok(None);
        }
        let title = |text: &Text| (self.request.render)(text, &[&play.vars, self.request.extra]);
        let name = play.name.as_ref().and_then(|name| title(name).ok()).unwrap_or_else(|| pattern.clone());
        let seed = self.request.seed;
        let manner = Manner::of(play, &title)?;
        let mut plan = PlayPlan { name, pattern, may_grow, seed, manner, strategy: strategy(play)?, ..steps };
        plan.take_hosts(hosts)?;
        self.problems.extend(advice::of(&plan));
        if !self.is_open {
            self.problems.extend(notified::unknown(&plan));
        }
        Ok(Some(plan))
    }

    fn pattern(&self, play: &Play) -> Result<String, Problem> {
        let parts: Result<Vec<_>, _> =
            play.hosts.iter().map(|text| (self.request.render)(text, &[&play.vars, self.request.extra])).collect();
        Ok(parts?.join(","))
    }

    /// The steps of a play, as a plan without hosts.
    fn compile(&mut self, play: &Arc<Play>, around: &Keywords, folder: &Path) -> PlayPlan {
        let request = self.request;
        let render: &Render = &|text: &Text, params: &[Arc<Map>]| {
            let mut vars: Vec<&Map> = vec![&play.vars];
            vars.extend(params.iter().map(Arc::as_ref));
            vars.push(request.extra);
            (request.render)(text, &vars)
        };
        let ground = Ground {
            files: request.files,
            roles: request.roles,
            catalogue: request.catalogue,
            selection: request.selection,
            templates: request.templates,
            playbook: folder,
            follows_includes: request.follows_includes,
        };
        let mut compiler = Compiler::new(ground, render);
        let outside = Surrounding {
            keywords: around.around(&without_vars(&play.keywords)),
            role: None,
            folder: folder.to_owned(),
            params: Vec::new(),
            depth: 0,
        };
        let mut steps = flushed(compiler.steps(&play.pre_tasks, &outside));
        let mut middle: Vec<Step> = play.roles.iter().flat_map(|used| compiler.listed_role(used, &outside)).collect();
        middle.extend(compiler.steps(&play.tasks, &outside));
        steps.extend(flushed(middle));
        steps.extend(flushed(compiler.steps(&play.post_tasks, &outside)));
        // The flush behind the post tasks is there without any: for what handlers notified that had had their turn.
        if play.post_tasks.is_empty() && !steps.is_empty() {
            steps.push(Step::Flush);
        }
        let own = compiler.handlers_of(&play.handlers, &outside);
        let handlers: Vec<_> = std::mem::take(&mut compiler.handlers).into_iter().chain(own).collect();
        self.problems.append(&mut compiler.problems);
        self.tags.append(&mut compiler.tags);
        self.is_open = compiler.meets_includes;
        PlayPlan {
            name: String::new(),
            pattern: String::new(),
            may_grow: false,
            seed: 0,
            play: Arc::clone(play),
            folder: folder.to_owned(),
            hosts: Vec::new(),
            manner: Manner::default(),
            batches: Vec::new(),
            steps: steps.into(),
            handlers: handlers.into(),
            role_defaults: Arc::new(std::mem::take(&mut compiler.role_defaults)),
            role_vars: Arc::new(std::mem::take(&mut compiler.role_vars)),
            role_names: std::mem::take(&mut compiler.role_names),
            strategy: Strategy::Linear,
            gathers_facts: self.gathers_facts(play),
            prompted: Map::new(),
        }
    }

    /// Whether facts are gathered at the start of a play; they are when nobody says otherwise.
    fn gathers_facts(&self, play: &Play) -> bool {
        let said = match &play.gather_facts {
            Some(Value::Bool(yes)) => return *yes,
            Some(Value::Text(text)) => (self.request.render)(text, &[&play.vars, self.request.extra]),
            _ => return true,
        };
        !said.is_ok_and(|said| ["false", "no", "off", "0"].contains(&said.to_lowercase().as_str()))
    }
}

/// A play's own variables are a level of their own, not variables of each task.
fn without_vars(keywords: &Keywords) -> Keywords {
    Keywords { vars: Vec::new(), ..keywords.clone() }
}

fn flushed(mut steps: Vec<Step>) -> Vec<Step> {
    if !steps.is_empty() {
        steps.push(Step::Flush);
    }
    steps
}

/// Whether tasks may add hosts or put them into groups: those that do, and includes, of which nobody knows yet.
fn brings_hosts(steps: &[Step]) -> bool {
    const THEY: &[&str] = &["add_host", "group_by", "include_tasks", "include_role", "include"];
    steps.iter().any(|step| match step {
        Step::Task(step) => THEY.contains(&step.task.short_action()),
        Step::Block(block) => [&block.body, &block.rescue, &block.always].into_iter().any(|steps| brings_hosts(steps)),
        Step::Flush | Step::RoleEnd(_) => false,
    })
}

fn strategy(play: &Play) -> Result<Strategy, Problem> {
    match play
        .strategy
        .as_ref()
        .map(|text| text.as_str().trim_start_matches("ansible.builtin.").trim_start_matches("mitogen_"))
    {
        None | Some("linear") => Ok(Strategy::Linear),
        Some("free" | "host_pinned") => Ok(Strategy::Free),
        Some(other) => {
            let problem =
                Problem::error("DPP0105", format!("unknown strategy `{other}`: there are `linear` and `free`"));
            let place = play.strategy.as_ref().and_then(|text| text.place()).unwrap_or(&play.place).clone();
            Err(problem.at(&place, ""))
        }
    }
}
