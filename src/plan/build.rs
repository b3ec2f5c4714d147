//! From a playbook file to a plan: plays in order, imports of playbooks in their place, hosts of each play.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::plan::compile::{Compiler, Render, Surrounding};
use crate::plan::{Catalogue, Plan, PlayPlan, Selection, Step, Strategy, batches};
use crate::playbook::{Files, Keywords, Play, PlayItem, Playbook};
use crate::source::{Place, Problem, Problems, Severity};
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
    /// Variables of the command line.
    pub extra: &'a Map,
    /// Hosts of a pattern; a warning when there are none, an error when the pattern is wrong.
    pub select: &'a dyn Fn(&str) -> Result<Vec<String>, Problem>,
    /// Renders a text with these variables, outermost first.
    pub render: &'a dyn Fn(&Text, &[&Map]) -> Result<String, Problem>,
}

/// Makes the plan, or tells all that stands against it.
pub fn build(request: &PlanRequest) -> Result<Plan, Problems> {
    let mut builder = Builder { request, plays: Vec::new(), problems: Problems::new(), open: Vec::new() };
    for playbook in request.playbooks {
        builder.playbook(playbook, &Keywords::default(), None);
    }
    let (errors, warnings): (Problems, Problems) =
        builder.problems.into_iter().partition(|problem| problem.severity == Severity::Error);
    if errors.is_empty() { Ok(Plan { plays: builder.plays, warnings }) } else { Err(errors) }
}

struct Builder<'a> {
    request: &'a PlanRequest<'a>,
    plays: Vec<PlayPlan>,
    problems: Problems,
    open: Vec<PathBuf>,
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
        self.open.push(path.to_owned());
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        for item in &playbook.items {
            match item {
                PlayItem::Play(play) => self.play(play, around, &folder),
                PlayItem::Import { file, keywords, place } => {
                    match (self.request.render)(file, &[self.request.extra]) {
                        Ok(name) => self.playbook(&folder.join(name), &around.around(keywords), Some(place)),
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
        let pattern = self.pattern(play)?;
        let hosts = match (self.request.select)(&pattern) {
            Ok(hosts) => hosts,
            Err(problem) => {
                let problem = if problem.at.is_none() { problem.at(&play.place, "") } else { problem };
                if problem.severity == Severity::Error {
                    return Err(problem);
                }
                self.problems.push(problem);
                Vec::new()
            }
        };
        let steps = self.compile(play, around, folder);
        if hosts.is_empty() {
            return Ok(None);
        }
        let title = |text: &Text| (self.request.render)(text, &[&play.vars, self.request.extra]);
        let name = play.name.as_ref().and_then(|name| title(name).ok()).unwrap_or_else(|| pattern.clone());
        let batches = batches(&play.serial, hosts.len()).map_err(|problem| problem.at(&play.place, "in this play"))?;
        Ok(Some(PlayPlan {
            name,
            play: Arc::clone(play),
            folder: folder.to_owned(),
            batches,
            hosts,
            strategy: strategy(play)?,
            ..steps
        }))
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
        let mut compiler = Compiler::new(request.files, request.roles, request.catalogue, request.selection, render);
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
        let own = compiler.handlers_of(&play.handlers, &outside);
        let handlers: Vec<_> = std::mem::take(&mut compiler.handlers).into_iter().chain(own).collect();
        self.problems.append(&mut compiler.problems);
        PlayPlan {
            name: String::new(),
            play: Arc::clone(play),
            folder: folder.to_owned(),
            hosts: Vec::new(),
            batches: Vec::new(),
            steps: steps.into(),
            handlers: handlers.into(),
            role_defaults: Arc::new(std::mem::take(&mut compiler.role_defaults)),
            role_vars: Arc::new(std::mem::take(&mut compiler.role_vars)),
            strategy: Strategy::Linear,
        }
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

/// Whether facts are to be gathered at the start of a play; they are when nobody says otherwise.
pub fn gathers_facts(play: &Play) -> bool {
    !matches!(&play.gather_facts, Some(Value::Bool(false)))
}
