//! Turns written tasks, blocks and roles into steps: keywords pass inward, imports are replaced by what they import,
//! roles by their tasks.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::files::Files;
use crate::plan::becoming;
use crate::plan::included::{role_use, task_call, tasks_file, tasks_name};
use crate::plan::role_scope::RoleIdentity;
use crate::plan::tags;
use crate::plan::{BlockStep, Catalogue, Handler, RoleCall, RoleNames, RoleScope, Selection, Step, TaskStep};
use crate::playbook::{Block, Item, Keywords, Role, RoleFiles, RoleUse, Task, draft_tasks};
use crate::source::{Place, Problem, Problems};
use crate::template::Templates;
use crate::value::{Map, Text};

/// Imports nested deeper than this are taken for a circle.
const DEEPEST: usize = 60;

/// What stands around a list of tasks.
#[derive(Debug, Clone)]
pub struct Surrounding {
    /// Keywords that hold.
    pub keywords: Keywords,
    /// The role they belong to.
    pub role: Option<Arc<RoleScope>>,
    /// Folder of the file they stand in.
    pub folder: PathBuf,
    /// Parameters of includes, the outer ones first.
    pub params: Vec<Arc<Map>>,
    /// How deep the includes are.
    pub depth: usize,
}

/// Renders names of files and roles with what is known before the run.
pub(super) type Render<'a> = dyn Fn(&Text, &[Arc<Map>]) -> Result<String, Problem> + 'a;

/// What tasks are compiled against: the same for all tasks of a play.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// Where files are read from.
    pub files: &'a dyn Files,
    /// Folders of roles.
    pub roles: &'a [PathBuf],
    /// Known actions.
    pub catalogue: &'a Catalogue,
    /// Wanted tags.
    pub selection: &'a Selection,
    /// What renders; only grammar is asked of it here.
    pub templates: &'a Templates,
    /// Folder of the playbook.
    pub playbook: &'a Path,
    /// Whether includes with a fixed name are followed, as if they were imports: for whoever only looks.
    pub follows_includes: bool,
}

/// The one who compiles: what it reads from, and what it learnt on the way.
pub struct Compiler<'a> {
    ground: Ground<'a>,
    /// Renders names that are needed now.
    render: &'a Render<'a>,
    /// Mistakes found.
    pub problems: Problems,
    /// Handlers of roles met on the way.
    pub handlers: Vec<Handler>,
    /// Defaults of roles met on the way.
    pub role_defaults: Map,
    /// Variables of roles met on the way.
    pub role_vars: Map,
    /// Whether something is included in the run, wanted by its tags or not.
    pub meets_includes: bool,
    /// Names of roles met on the way.
    pub role_names: RoleNames,
    /// Tags of tasks met on the way, wanted or not.
    pub tags: BTreeSet<String>,
    /// Roles whose dependencies are being compiled, outermost first.
    dependents: Vec<String>,
    /// Includes that were followed.
    followed: HashSet<PathBuf>,
}

impl<'a> Compiler<'a> {
    /// A compiler that has met nothing yet.
    pub fn new(ground: Ground<'a>, render: &'a Render<'a>) -> Self {
        Self {
            ground,
            render,
            problems: Problems::new(),
            handlers: Vec::new(),
            role_defaults: Map::new(),
            role_vars: Map::new(),
            meets_includes: false,
            role_names: RoleNames::default(),
            tags: BTreeSet::new(),
            dependents: Vec::new(),
            followed: HashSet::new(),
        }
    }

    /// Steps of a list of tasks.
    pub fn steps(&mut self, items: &[Item], around: &Surrounding) -> Vec<Step> {
        items.iter().flat_map(|item| self.item(item, around)).collect()
    }

    /// Steps of a file of tasks.
    pub fn file(&mut self, path: &Path, around: &Surrounding, at: &Place) -> Vec<Step> {
        if around.depth > DEEPEST {
            self.problems.push(Problem::error("DPP0108", "imports go round in a circle").at(at, "here again"));
            return Vec::new();
        }
        match draft_tasks(self.ground.files, path) {
            Ok((items, mistakes)) => {
                self.problems.extend(mistakes.into_iter().map(|problem| pointed(problem, at)));
                let folder = path.parent().unwrap_or(Path::new("")).to_owned();
                self.steps(&items, &Surrounding { folder, depth: around.depth + 1, ..around.clone() })
            }
            Err(problems) => {
                self.problems.extend(problems.into_iter().map(|problem| pointed(problem, at)));
                Vec::new()
            }
        }
    }

    /// Handlers of a list, with blocks taken apart.
    pub fn handlers_of(&mut self, items: &[Item], around: &Surrounding) -> Vec<Handler> {
        let wanted = std::mem::replace(&mut self.ground.selection, &EVERYTHING);
        let steps = self.steps(items, around);
        self.ground.selection = wanted;
        handlers(&steps)
    }

    /// Steps of a role and of the roles it depends on.
    pub fn role(&mut self, used: &RoleUse, around: &Surrounding, main: &RoleFiles, call: RoleCall) -> Vec<Step> {
        match self.try_role(used, around, main, call) {
            Ok(steps) => steps,
            Err(problems) => {
                self.problems.extend(problems);
                Vec::new()
            }
        }
    }

    fn try_role(
        &mut self,
        used: &RoleUse,
        around: &Surrounding,
        main: &RoleFiles,
        call: RoleCall,
    ) -> Result<Vec<Step>, Problems> {
        if around.depth > DEEPEST {
            return Err(vec![
                Problem::error("DPP0108", "roles depend on one another in a circle").at(&used.place, "here"),
            ]);
        }
        let name = (self.render)(&used.name, &around.params).map_err(|problem| vec![problem])?;
        let folder = Role::find(self.ground.files, &name, &self.role_folders(around), &used.place);
        let folder = folder.map_err(|problem| vec![problem])?;
        let role = Arc::new(Role::read(self.ground.files, &name, &folder, main)?);
        self.problems.extend(role.mistakes.iter().cloned());
        self.role_defaults.extend(role.defaults.clone());
        self.role_vars.extend(role.vars.clone());
        let identity = identity(used, &folder, main, &call);
        let (params, parent) = (Arc::new(used.params.clone()), around.role.clone());
        let scope = Arc::new(RoleScope { role: Arc::clone(&role), params, parent, call, identity });
        let inside = Surrounding {
            keywords: around.keywords.around(&used.keywords),
            role: Some(Arc::clone(&scope)),
            folder: folder.join("tasks"),
            params: around.params.clone(),
            depth: around.depth + 1,
        };
        let mut steps = Vec::new();
        self.dependents.push(used.name.as_str().to_owned());
        for dependency in &role.dependencies {
            steps.extend(self.dependency(dependency, &inside));
        }
        self.dependents.pop();
        if let Some(entry) = &role.takes {
            steps.extend(self.task(&entry.task(&role.name, &folder, &used.params), &inside));
        }
        steps.extend(self.steps(&role.tasks, &inside));
        let handlers_folder = Surrounding { folder: folder.join("handlers"), ..inside };
        let handlers = self.handlers_of(&role.handlers, &handlers_folder);
        self.add_handlers(handlers);
        self.role_names.add(name, &scope.call);
        if !steps.is_empty() {
            steps.push(Step::RoleEnd(scope));
        }
        Ok(steps)
    }

    /// Where a role is looked for: first beside the playbook, unless that folder has its place in the order already.
    fn role_folders(&self, around: &Surrounding) -> Vec<PathBuf> {
        let beside = around.folder.join("roles");
        let first = (!self.ground.roles.contains(&beside)).then_some(beside);
        first.into_iter().chain(self.ground.roles.iter().cloned()).collect()
    }

    /// A role that another one depends on. That it runs once is for each host to heed.
    fn dependency(&mut self, used: &RoleUse, around: &Surrounding) -> Vec<Step> {
        if self.dependents.iter().any(|dependent| dependent == used.name.as_str()) {
            let round = [self.dependents.as_slice(), &[used.name.as_str().to_owned()]].concat().join(" → ");
            let problem = Problem::error("DPP0108", format!("roles depend on one another in a circle: {round}"));
            let problem = problem.at(&used.place, "here again");
            self.problems.push(problem.help("take one of these out of `dependencies` in its role's meta/main.yml"));
            return Vec::new();
        }
        self.role(used, around, &RoleFiles::default(), RoleCall::Dependency)
    }

    /// A role of `roles:`.
    pub fn listed_role(&mut self, used: &RoleUse, around: &Surrounding) -> Vec<Step> {
        self.role(used, around, &RoleFiles::default(), RoleCall::Listed)
    }

    fn add_handlers(&mut self, handlers: Vec<Handler>) {
        for handler in handlers {
            let same = |known: &Handler| known.step.is_same_use(&handler.step);
            if !self.handlers.iter().any(same) {
                self.handlers.push(handler);
            }
        }
    }

    fn item(&mut self, item: &Item, around: &Surrounding) -> Vec<Step> {
        match item {
            Item::Block(block) => self.block(block, around),
            Item::Task(task) => self.task(task, around),
        }
    }

    fn block(&mut self, block: &Block, around: &Surrounding) -> Vec<Step> {
        let inside = Surrounding { keywords: around.keywords.around(&block.keywords), ..around.clone() };
        let step = BlockStep {
            name: block.name.clone(),
            body: self.steps(&block.body, &inside).into(),
            rescue: self.steps(&block.rescue, &inside).into(),
            always: self.steps(&block.always, &inside).into(),
            place: block.place.clone(),
        };
        let empty = step.body.is_empty() && step.always.is_empty();
        if empty { Vec::new() } else { vec![Step::Block(Arc::new(step))] }
    }

    fn task(&mut self, task: &Arc<Task>, around: &Surrounding) -> Vec<Step> {
        let mut keywords = around.keywords.around(&task.keywords);
        match task.short_action() {
            "import_tasks" => return self.import_tasks(task, keywords, around),
            "import_role" => return self.import_role(task, keywords, around),
            _ => {}
        }
        let met = [&self.role_defaults, &self.role_vars];
        match tags::rendered(&keywords.tags, around, met, self.render) {
            Ok(tags) => keywords.tags = tags,
            Err(problem) if problem.at.is_none() => {
                self.problems.push(problem.at(&task.place, "among the tags of this task"));
            }
            Err(problem) => self.problems.push(problem),
        }
        self.tags.extend(keywords.tags.iter().cloned());
        let is_include = matches!(task.short_action(), "include_tasks" | "include" | "include_role");
        self.meets_includes |= is_include;
        if !self.ground.selection.wants(&keywords.tags) {
            return Vec::new();
        }
        let step = TaskStep {
            task: Arc::clone(task),
            keywords,
            outside: is_include.then(|| Box::new(around.keywords.clone())),
            role: around.role.clone(),
            folder: around.folder.clone(),
            params: around.params.clone(),
        };
        self.problems.extend(self.ground.catalogue.check(&step));
        self.problems.extend(becoming::unknown_method(&step));
        let file = step.template_file(self.ground.files, self.ground.playbook);
        self.problems.extend(step.misspelt(self.ground.templates, file.as_ref()).map(|error| error.problem()));
        let mut steps = vec![Step::Task(Arc::new(step))];
        if is_include && self.ground.follows_includes {
            steps.extend(self.follow(task, around));
        }
        steps
    }

    /// What an include with a fixed name brings, each once.
    fn follow(&mut self, task: &Arc<Task>, around: &Surrounding) -> Vec<Step> {
        let own = task.keywords.vars.iter().cloned().map(Arc::new);
        let inside = Surrounding { params: around.params.iter().cloned().chain(own).collect(), ..around.clone() };
        let is_fixed = |name: &Text| !name.as_str().contains("{{");
        if task.short_action() == "include_role" {
            let Ok((used, main)) = role_use(task) else { return Vec::new() };
            let is_new = self.followed.insert(Path::new(used.name.as_str()).join(&main.tasks));
            let call = task_call(task, Map::new());
            return if is_new && is_fixed(&used.name) { self.role(&used, &inside, &main, call) } else { Vec::new() };
        }
        let Some(name) = tasks_name(task).filter(|name| is_fixed(name)) else { return Vec::new() };
        let path = tasks_file(self.ground.files, name.as_str(), &around.folder, around.role.as_deref());
        let is_new = self.followed.insert(path.clone());
        if is_new { self.file(&path, &inside, &task.action_place) } else { Vec::new() }
    }

    fn import_tasks(&mut self, task: &Task, keywords: Keywords, around: &Surrounding) -> Vec<Step> {
        let Some(file) = tasks_name(task) else {
            self.problems.push(Problem::error("DPP0105", "`import_tasks` names no file").at(&task.action_place, ""));
            return Vec::new();
        };
        let known: Vec<_> =
            around.params.iter().cloned().chain(task.keywords.vars.iter().cloned().map(Arc::new)).collect();
        match (self.render)(file, &known) {
            Ok(name) => {
                let path = tasks_file(self.ground.files, &name, &around.folder, around.role.as_deref());
                self.file(&path, &Surrounding { keywords, ..around.clone() }, &task.action_place)
            }
            Err(problem) => {
                self.problems.push(problem);
                Vec::new()
            }
        }
    }

    fn import_role(&mut self, task: &Task, keywords: Keywords, around: &Surrounding) -> Vec<Step> {
        match role_use(task) {
            Ok((used, main)) => {
                let vars = task.keywords.vars.iter().flatten().map(|(name, value)| (name.clone(), value.clone()));
                let call = task_call(task, vars.collect());
                self.role(&used, &Surrounding { keywords, ..around.clone() }, &main, call)
            }
            Err(problem) => {
                self.problems.push(problem);
                Vec::new()
            }
        }
    }
}

/// A handler's tags never keep it from running.
static EVERYTHING: Selection = Selection { tags: Vec::new(), skip: Vec::new() };

fn handlers(steps: &[Step]) -> Vec<Handler> {
    let handler = |step: &Step| match step {
        Step::Task(step) => vec![Handler { step: Arc::clone(step), listen: step.task.listen.clone() }],
        Step::Block(block) => handlers(&block.body),
        Step::Flush | Step::RoleEnd(_) => Vec::new(),
    };
    steps.iter().flat_map(handler).collect()
}

fn identity(used: &RoleUse, folder: &Path, files: &RoleFiles, call: &RoleCall) -> RoleIdentity {
    let Keywords { when, tags, vars, .. } = used.keywords.clone();
    let of_task = match call {
        RoleCall::Task { vars, .. } => Some(vars.clone()),
        RoleCall::Listed | RoleCall::Dependency => None,
    };
    let vars = vars.into_iter().chain(of_task).collect();
    RoleIdentity { folder: folder.to_owned(), files: files.clone(), params: used.params.clone(), when, tags, vars }
}

/// A problem without a place points at the word that led to it.
fn pointed(problem: Problem, at: &Place) -> Problem {
    if problem.at.is_some() { problem } else { problem.at(at, "asked for here") }
}
