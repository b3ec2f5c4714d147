//! `include_tasks` and `include_role`: steps that are found when a host comes to them.

use std::sync::Arc;

use dpp_protocol::Failure;

use crate::engine::TaskVars;
use crate::engine::batch::Batch;
use crate::engine::prepare::{Keyword, scope};
use crate::event::Event;
use crate::plan::{Compiler, Ground, RoleCall, Step, Surrounding, TaskStep, role_use, tasks_file};
use crate::playbook::Keywords;
use crate::source::{Problem, Problems, Severity};
use crate::template::TemplateError;
use crate::value::{Map, Text, Value};

/// Includes nested deeper than this are taken for a circle.
const DEEPEST: usize = 100;

impl Batch<'_> {
    /// Steps of a file.
    pub(super) fn include_tasks(&mut self, index: usize, file: &str, vars: &TaskVars) -> Result<(), Failure> {
        let Some(step) = vars.step.clone() else { return Ok(()) };
        let files = Arc::clone(&self.engine.files);
        let path = tasks_file(files.as_ref(), file, &step.folder, step.role.as_deref());
        self.compile(index, vars, &step, false, |compiler, around| {
            compiler.file(&path, around, &step.task.action_place)
        })
    }

    /// Steps of a role.
    pub(super) fn include_role(&mut self, index: usize, vars: &TaskVars) -> Result<(), Failure> {
        let Some(step) = vars.step.clone() else { return Ok(()) };
        let (used, main) = role_use(&step.task).map_err(|problem| failure(vec![problem]))?;
        let scope = scope(vars);
        let keyword = Keyword { vars, scope: &scope };
        let refused = |error: TemplateError| crate::actions::failure(&error);
        let main = main.rendered(|name| keyword.text(&Value::template(name))).map_err(refused)?;
        let exposes = keyword.flag(step.task.arg("public"), false).map_err(refused)?;
        let allows_duplicates = keyword.flag(step.task.arg("allow_duplicates"), true).map_err(refused)?;
        self.compile(index, vars, &step, exposes, |compiler, around| {
            let vars = around.params.last().filter(|_| around.params.len() > step.params.len());
            let vars = vars.map(|own| own.as_ref().clone()).unwrap_or_default();
            compiler.role(&used, around, &main, RoleCall::Task { vars, allows_duplicates })
        })
    }

    fn compile(
        &mut self,
        index: usize,
        vars: &TaskVars,
        step: &TaskStep,
        exposes: bool,
        steps: impl FnOnce(&mut Compiler, &Surrounding) -> Vec<Step>,
    ) -> Result<(), Failure> {
        let render = |text: &Text, params: &[Arc<Map>]| {
            let vars = vars
                .with(params.iter().flat_map(|params| params.iter().map(|(k, v)| (k.clone(), v.clone()))).collect());
            let scope = scope(&vars);
            Keyword { vars: &vars, scope: &scope }.text(&Value::Text(text.clone())).map_err(|error| error.problem())
        };
        let outer: Vec<&Arc<TaskStep>> = self.members[index].run.includes().collect();
        if outer.len() >= DEEPEST {
            return Err(too_deep(&outer, step));
        }
        let engine = &self.engine;
        let around = surrounding(step, vars)?;
        let ground = Ground {
            files: engine.files.as_ref(),
            roles: &engine.roles,
            catalogue: &engine.catalogue,
            selection: &engine.selection,
            templates: &engine.vars.templates,
            playbook: &vars.play.play.folder,
            follows_includes: false,
        };
        let mut compiler = Compiler::new(ground, &render);
        let steps = steps(&mut compiler, &around);
        let (problems, handlers) = (std::mem::take(&mut compiler.problems), std::mem::take(&mut compiler.handlers));
        let role_names = std::mem::take(&mut compiler.role_names);
        let (errors, warnings): (Problems, Problems) =
            problems.into_iter().partition(|problem| problem.severity == Severity::Error);
        warnings.iter().for_each(|warning| self.engine.events.tell(Event::Warning { text: warning.to_string() }));
        if !errors.is_empty() {
            return Err(failure(errors));
        }
        if exposes {
            let mut known = vars.state.write();
            known.exposed_vars.extend(std::mem::take(&mut compiler.role_vars));
            known.exposed_defaults.extend(std::mem::take(&mut compiler.role_defaults));
        }
        self.name_roles(index, role_names);
        self.handlers.add(&vars.host, handlers);
        if let Some(doing) = &mut self.members[index].doing {
            doing.includes.extend(steps);
        }
        Ok(())
    }
}

/// What an include passes on: its variables and loop items as parameters, what the task itself inherited, and `apply`.
/// Its own keywords are for itself alone.
fn surrounding(step: &TaskStep, vars: &TaskVars) -> Result<Surrounding, Failure> {
    let scope = scope(vars);
    let mut params = step.params.clone();
    let mut own = vars.front.clone();
    for (name, value) in step.task.keywords.vars.iter().flatten() {
        let rendered = match vars.run.templates.value(value, &scope) {
            // It may never be used, or be defined when it is.
            Err(error) if error.is_undefined() => value.clone(),
            outcome => outcome.map_err(|error| crate::actions::failure(&error))?,
        };
        own.insert(name.clone(), rendered);
    }
    if !own.is_empty() {
        params.push(Arc::new(own));
    }
    let outside = step.outside.as_deref().cloned().unwrap_or_default();
    let keywords = match step.task.arg("apply") {
        Some(Value::Map(apply)) => outside.around(&applied(apply)?),
        _ => outside,
    };
    Ok(Surrounding { keywords, role: step.role.clone(), folder: step.folder.clone(), params, depth: 0 })
}

/// What goes round, by the places of the includes; without a circle all that can be told is how deep they are.
fn too_deep(outer: &[&Arc<TaskStep>], step: &TaskStep) -> Failure {
    let here = &step.task.place;
    let failure = match outer.iter().rposition(|outer| outer.task.place == *here) {
        Some(since) => {
            let round = outer[since..].iter().map(|outer| &outer.task.place).chain([here]);
            let round: Vec<String> = round.map(ToString::to_string).collect();
            Failure::new(format!("includes go round in a circle: {}", round.join(" → ")))
        }
        None => Failure::new(format!("{here} is included {DEEPEST} deep")),
    };
    failure.code("DPP0108").help("a `when` that fails at some point ends the round; a list of things is for `loop`")
}

fn applied(apply: &Map) -> Result<Keywords, Failure> {
    Keywords::of_values(apply)
        .map_err(|key| Failure::new(format!("`{key}` in `apply` is no keyword of a task")).code("DPP0103"))
}

fn failure(problems: Problems) -> Failure {
    let mut problems = problems.into_iter();
    let first = problems.next().unwrap_or_else(|| Problem::error("DPP0105", "nothing to include"));
    let mut failure = Failure::new(first.to_string()).code(first.code);
    failure.help = first.help;
    problems.fold(failure, |failure, problem| failure.note("also", problem.to_string()))
}
