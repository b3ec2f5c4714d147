//! Tasks and blocks as they are written.

use std::path::Path;
use std::sync::Arc;

use crate::files::Files;
use crate::playbook::arguments::{self, FREE_FORM};
use crate::playbook::keywords::{
    Keywords, SHARED, TASK_KEYWORDS, collect, conditions, kept, number, text, texts, unknown, wrong,
};
use crate::source::{Place, Problem, Problems};
use crate::value::{Map, Text, Value};
use crate::yaml::{self, Key, Node};

/// A task or a block.
#[derive(Debug, Clone)]
pub enum Item {
    /// One task.
    Task(Arc<Task>),
    /// Tasks that share keywords and a fate.
    Block(Arc<Block>),
}

/// Tasks with a rescue.
#[derive(Debug)]
pub struct Block {
    /// Its name.
    pub name: Option<Text>,
    /// What is tried.
    pub body: Vec<Item>,
    /// What is done when it failed.
    pub rescue: Vec<Item>,
    /// What is done in any case.
    pub always: Vec<Item>,
    /// What holds for all of them.
    pub keywords: Keywords,
    /// Where it stands.
    pub place: Place,
}

/// One task.
#[derive(Debug)]
pub struct Task {
    /// Its name, a template.
    pub name: Option<Text>,
    /// Its action as it is written: `apt`, `ansible.builtin.apt`.
    pub action: String,
    /// Where the action's name stands.
    pub action_place: Place,
    /// Its arguments, with the places of their names.
    pub args: Vec<(Key, Value)>,
    /// Arguments that are one template: `args: "{{ x }}"` or `apt: "{{ x }}"`.
    pub args_template: Option<Text>,
    /// Keywords that blocks have too.
    pub keywords: Keywords,
    /// The variable that gets the result.
    pub register: Option<String>,
    /// Handlers or topics that a change wakes.
    pub notify: Vec<Text>,
    /// Topics under which a handler is woken.
    pub listen: Vec<String>,
    /// What it is repeated over.
    pub repeat: Option<Loop>,
    /// It is tried again until these hold.
    pub until: Vec<Text>,
    /// How often it is tried again.
    pub retries: Option<Value>,
    /// Seconds between two tries.
    pub delay: Option<Value>,
    /// Conditions that say whether it changed something.
    pub changed_when: Option<Vec<Text>>,
    /// Conditions that say whether it failed; one that holds is enough.
    pub failed_when: Option<Vec<Text>>,
    /// Whether gathered facts belong to the host it was delegated to.
    pub delegate_facts: Option<Value>,
    /// Seconds it may run on its own.
    pub asynchronous: Option<Value>,
    /// Seconds between two looks at it; 0: nobody looks.
    pub poll: Option<Value>,
    /// Where it stands.
    pub place: Place,
}

/// What a task is repeated over.
#[derive(Debug, Clone)]
pub struct Loop {
    /// The lookup's name for `with_NAME`, none for `loop`.
    pub lookup: Option<String>,
    /// The list, or what makes it.
    pub over: Value,
    /// Where it stands.
    pub place: Place,
    /// `loop_control`.
    pub control: Map,
}

impl Task {
    /// A task that nobody wrote, without arguments.
    pub(super) fn new(name: Text, action: &str, place: Place) -> Self {
        Self { name: Some(name), action: action.to_owned(), ..empty(&place) }
    }

    /// The action without the collection's prefix: `ansible.builtin.apt` and `apt` are one.
    pub fn short_action(&self) -> &str {
        short(&self.action)
    }

    /// The argument of this name.
    pub fn arg(&self, name: &str) -> Option<&Value> {
        self.args.iter().find(|(key, _)| key.text == name).map(|(_, value)| value)
    }
}

/// An action's name without `ansible.builtin.`, `community.general.` and the like.
pub fn short(action: &str) -> &str {
    if action.matches('.').count() >= 2 { action.rsplit('.').next().unwrap_or(action) } else { action }
}

/// Reads a file of tasks.
pub fn read_tasks(files: &dyn Files, path: &Path) -> Result<Vec<Item>, Problems> {
    let (items, problems) = draft_tasks(files, path)?;
    if problems.is_empty() { Ok(items) } else { Err(problems) }
}

/// The same as far as it goes: what can be read, and what cannot.
///
/// # Errors
/// A file that is none, or no YAML.
pub fn draft_tasks(files: &dyn Files, path: &Path) -> Result<(Vec<Item>, Problems), Problems> {
    let documents = yaml::load(files, path)?;
    let mut problems = Problems::new();
    let items = documents.first().map(|node| items(node, &mut problems)).unwrap_or_default();
    Ok((items, problems))
}

/// Reads a list of tasks and blocks.
pub(super) fn items(node: &Node, problems: &mut Problems) -> Vec<Item> {
    match node.as_list() {
        Some(nodes) => collect(nodes, problems, item),
        None if node.is_null() => Vec::new(),
        None => {
            problems.push(wrong(node, "a list of tasks"));
            Vec::new()
        }
    }
}

fn item(node: &Node, problems: &mut Problems) -> Option<Item> {
    let Some(entries) = node.as_map() else {
        problems.push(wrong(node, "a task"));
        return None;
    };
    if node.get("block").is_some() {
        return Some(Item::Block(Arc::new(block(node, entries, problems))));
    }
    task(node, entries, problems).map(|task| Item::Task(Arc::new(task)))
}

fn block(node: &Node, entries: &[(Key, Node)], problems: &mut Problems) -> Block {
    let mut block = Block {
        name: None,
        body: Vec::new(),
        rescue: Vec::new(),
        always: Vec::new(),
        keywords: Keywords::default(),
        place: node.place.clone(),
    };
    let mut notified = Vec::new();
    for (key, value) in entries {
        match key.text.as_str() {
            "name" => block.name = kept(text(value), problems),
            "block" => block.body = items(value, problems),
            "rescue" => block.rescue = items(value, problems),
            "always" => block.always = items(value, problems),
            "notify" => notified.extend(kept(texts(value), problems).unwrap_or_default()),
            _ => match block.keywords.take(key, value) {
                Ok(true) => {}
                Ok(false) => problems.push(unknown(key, "block", &[SHARED, &["name", "block", "rescue", "always"]])),
                Err(problem) => problems.push(problem),
            },
        }
    }
    if !notified.is_empty() {
        [&mut block.body, &mut block.rescue, &mut block.always].into_iter().for_each(|items| notify(items, &notified));
    }
    block
}

/// Has all tasks in a block notify what the block does.
fn notify(items: &mut [Item], names: &[Text]) {
    for item in items {
        match item {
            Item::Task(task) => {
                Arc::get_mut(task).into_iter().for_each(|task| task.notify.extend(names.iter().cloned()));
            }
            Item::Block(block) => Arc::get_mut(block).into_iter().for_each(|block| {
                [&mut block.body, &mut block.rescue, &mut block.always]
                    .into_iter()
                    .for_each(|items| notify(items, names));
            }),
        }
    }
}

fn task(node: &Node, entries: &[(Key, Node)], problems: &mut Problems) -> Option<Task> {
    let mut task = empty(&node.place);
    let mut actions: Vec<&(Key, Node)> = Vec::new();
    let mut extra = None;
    for entry in entries {
        let (key, value) = entry;
        match take(&mut task, key, value) {
            Ok(true) => {}
            Ok(false) if key.text == "args" => extra = Some(value),
            Ok(false) => actions.push(entry),
            Err(problem) => problems.push(problem),
        }
    }
    if let Some(said) = node.get("loop_control") {
        let control = kept(loop_control(said), problems).unwrap_or_default();
        task.repeat.iter_mut().for_each(|repeat| repeat.control.clone_from(&control));
    }
    let action = the_action(node, &actions, problems)?;
    kept(arguments::set(&mut task, action, extra), problems)?;
    Some(task)
}

/// A task that says nothing yet.
fn empty(place: &Place) -> Task {
    Task {
        name: None,
        action: String::new(),
        action_place: place.clone(),
        args: Vec::new(),
        args_template: None,
        keywords: Keywords::default(),
        register: None,
        notify: Vec::new(),
        listen: Vec::new(),
        repeat: None,
        until: Vec::new(),
        retries: None,
        delay: None,
        changed_when: None,
        failed_when: None,
        delegate_facts: None,
        asynchronous: None,
        poll: None,
        place: place.clone(),
    }
}

fn take(task: &mut Task, key: &Key, node: &Node) -> Result<bool, Problem> {
    let value = || Some(node.to_value());
    match key.text.as_str() {
        "name" => task.name = if node.is_null() { None } else { Some(text(node)?) },
        "register" => task.register = Some(variable_name(node)?),
        "notify" => task.notify = texts(node)?,
        "listen" => task.listen = texts(node)?.iter().map(|text| text.as_str().to_owned()).collect(),
        "until" => task.until = conditions(node)?,
        "retries" => task.retries = number(node)?,
        "delay" => task.delay = number(node)?,
        "changed_when" => task.changed_when = Some(conditions(node)?),
        "failed_when" => task.failed_when = Some(conditions(node)?),
        "delegate_facts" => task.delegate_facts = value(),
        "async" => task.asynchronous = number(node)?,
        "poll" => task.poll = number(node)?,
        "loop" => repeat(task, None, key, node)?,
        "loop_control" => {}
        name => {
            let Some(lookup) = name.strip_prefix("with_") else { return task.keywords.take(key, node) };
            repeat(task, Some(lookup.to_owned()), key, node)?;
        }
    }
    Ok(true)
}

fn repeat(task: &mut Task, lookup: Option<String>, key: &Key, node: &Node) -> Result<(), Problem> {
    if let Some(first) = &task.repeat {
        let problem = Problem::error("DPP0105", "a task has one loop").at(&key.place, "the second one");
        return Err(problem.context(&first.place, "the first one"));
    }
    task.repeat = Some(Loop { lookup, over: node.to_value(), place: node.place.clone(), control: Map::new() });
    Ok(())
}

const LOOP_CONTROL: &[&str] =
    &["loop_var", "index_var", "label", "pause", "extended", "extended_allitems", "break_when"];

fn loop_control(node: &Node) -> Result<Map, Problem> {
    let entries = node.as_map().ok_or_else(|| wrong(node, "a mapping"))?;
    match entries.iter().find(|(key, _)| !LOOP_CONTROL.contains(&key.text.as_str())) {
        Some((stranger, _)) => Err(unknown(stranger, "`loop_control`", &[LOOP_CONTROL])),
        None => super::keywords::variables(node),
    }
}

/// A name that a variable may have, as Ansible asks of it: letters, digits and underlines, no digit first.
fn variable_name(node: &Node) -> Result<String, Problem> {
    let name = text(node)?.as_str().to_owned();
    let is_name =
        name.chars().all(|c| c.is_alphanumeric() || c == '_') && !name.starts_with(|c: char| c.is_ascii_digit());
    if is_name && !name.is_empty() || name.contains("{{") {
        return Ok(name);
    }
    let problem = Problem::error("DPP0105", format!("`{name}` cannot be the name of a variable")).at(&node.place, "");
    Err(problem.help("letters, digits and `_`, no digit first"))
}

/// The one key that is no keyword; of two, the one that is not a misspelt keyword.
fn the_action<'a>(node: &Node, actions: &[&'a (Key, Node)], problems: &mut Problems) -> Option<&'a (Key, Node)> {
    match actions {
        [one] => Some(one),
        [] => {
            let problem = Problem::error("DPP0103", "a task without an action");
            problems.push(problem.at(&node.place, "no module is named here"));
            None
        }
        [first, second, ..] => {
            // A misspelt keyword looks like a second action: say which of the two is nearer to one.
            let known: [&[&'static str]; 2] = [SHARED, TASK_KEYWORDS];
            let near =
                |key: &Key| crate::source::nearest(&key.text, known.iter().flat_map(|names| names.iter().copied()));
            let is_first = near(&first.0).is_some() && !FREE_FORM.contains(&first.0.text.as_str());
            let (suspect, other) = if is_first { (first, second) } else { (second, first) };
            let problem = Problem::error(
                "DPP0103",
                format!("conflicting actions `{}` and `{}` in one task", first.0.text, second.0.text),
            );
            let problem = problem.at(&suspect.0.place, "neither a keyword nor the only module");
            problems.push(problem.context(&other.0.place, "the other one").did_you_mean(near(&suspect.0)));
            (actions.len() == 2).then_some(*other)
        }
    }
}
