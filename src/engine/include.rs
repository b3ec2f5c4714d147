//! `include_tasks` and `include_role`: steps that are found when a host comes to them.

use std::sync::Arc;

use dpp_protocol::Failure;

use crate::engine::TaskVars;
use crate::engine::batch::Batch;
use crate::engine::prepare::{Keyword, scope};
use crate::event::Event;
use crate::plan::{Compiler, Step, Surrounding, TaskStep, role_use, tasks_file};
use crate::playbook::Keywords;
use crate::source::{Problem, Problems, Severity};
use crate::value::{Map, Text, Value};

impl Batch<'_> {
    /// Steps of a file.
    pub(super) fn include_tasks(&mut self, index: usize, file: &str, vars: &TaskVars) -> Result<(), Failure> {
        let Some(step) = vars.step.clone() else { return Ok(()) };
        let files = Arc::clone(&self.engine.files);
        let path = tasks_file(files.as_ref(), file, &step.folder, step.role.as_deref());
        self.compile(index, vars, &step, |compiler, around| compiler.file(&path, around, &step.task.action_place))
    }

    /// Steps of a role.
    pub(super) fn include_role(&mut self, index: usize, vars: &TaskVars) -> Result<(), Failure> {
        let Some(step) = vars.step.clone() else { return Ok(()) };
        let (used, main) = role_use(&step.task).map_err(|problem| failure(vec![problem]))?;
        self.compile(index, vars, &step, |compiler, around| compiler.role(&used, around, &main))
    }

    fn compile(
        &mut self,
        index: usize,
        vars: &TaskVars,
        step: &TaskStep,
        steps: impl FnOnce(&mut Compiler, &Surrounding) -> Vec<Step>,
    ) -> Result<(), Failure> {
        let render = |text: &Text, params: &[Arc<Map>]| {
            let vars = vars
                .with(params.iter().flat_map(|params| params.iter().map(|(k, v)| (k.clone(), v.clone()))).collect());
            let scope = scope(&vars);
            Keyword { vars: &vars, scope: &scope }.text(&Value::Text(text.clone())).map_err(|error| error.problem())
        };
        let engine = &self.engine;
        let around = surrounding(step, vars)?;
        let mut compiler =
            Compiler::new(engine.files.as_ref(), &engine.roles, &engine.catalogue, &engine.selection, &render);
        let steps = steps(&mut compiler, &around);
        let (problems, handlers) = (std::mem::take(&mut compiler.problems), std::mem::take(&mut compiler.handlers));
        let (errors, warnings): (Problems, Problems) =
            problems.into_iter().partition(|problem| problem.severity == Severity::Error);
        warnings.iter().for_each(|warning| self.engine.events.tell(Event::Warning { text: warning.to_string() }));
        if !errors.is_empty() {
            return Err(failure(errors));
        }
        self.handlers.add(handlers);
        if let Some(doing) = &mut self.members[index].doing {
            doing.includes.extend(steps);
        }
        Ok(())
    }
}

/// What an include passes on: its variables and loop items as parameters, `apply`, and what the task itself inherited.
fn surrounding(step: &TaskStep, vars: &TaskVars) -> Result<Surrounding, Failure> {
    let scope = scope(vars);
    let mut params = step.params.clone();
    let mut own = vars.front.clone();
    for level in &step.task.keywords.vars {
        if let Value::Map(level) = vars
            .run
            .templates
            .value(&Value::from(level.clone()), &scope)
            .map_err(|error| crate::actions::failure(&error))?
        {
            own.extend(level.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
    }
    if !own.is_empty() {
        params.push(Arc::new(own));
    }
    let keywords = Keywords {
        becoming: step.keywords.becoming.clone(),
        become_user: step.keywords.become_user.clone(),
        become_method: step.keywords.become_method.clone(),
        environment: step.keywords.environment.clone(),
        check_mode: step.keywords.check_mode.clone(),
        no_log: step.keywords.no_log.clone(),
        module_defaults: step.keywords.module_defaults.clone(),
        delegate_to: step.keywords.delegate_to.clone(),
        ..Keywords::default()
    };
    Ok(Surrounding { keywords, role: step.role.clone(), folder: step.folder.clone(), params, depth: 0 })
}

fn failure(problems: Problems) -> Failure {
    let mut problems = problems.into_iter();
    let first = problems.next().unwrap_or_else(|| Problem::error("DPP0105", "nothing to include"));
    let mut failure = Failure::new(first.to_string()).code(first.code);
    failure.help = first.help;
    problems.fold(failure, |failure, problem| failure.note("also", problem.to_string()))
}
