//! Keywords that a play, a block, a role and a task share, and how what is written outside passes on to what is inside.

use crate::source::{Problem, Problems, nearest};
use crate::value::{Map, Text, Value};
use crate::yaml::{Data, Key, Node};

/// What may be said of a play, a block, a role in `roles:` and a task alike. `None`: not said here.
#[derive(Debug, Clone, Default)]
pub struct Keywords {
    /// Conditions; all must hold, the outer ones first.
    pub when: Vec<Text>,
    /// Tags, the outer ones too.
    pub tags: Vec<String>,
    /// Variables by level, the outer ones first.
    pub vars: Vec<Map>,
    /// Whether to become another user.
    pub becoming: Option<Value>,
    /// Which one.
    pub become_user: Option<Value>,
    /// How: `sudo` or `su`.
    pub become_method: Option<Value>,
    /// Environment of processes, by level.
    pub environment: Vec<Value>,
    /// Whether a failure counts.
    pub ignore_errors: Option<Value>,
    /// Whether being out of reach counts.
    pub ignore_unreachable: Option<Value>,
    /// Whether results are shown.
    pub no_log: Option<Value>,
    /// Whether one host does it for all.
    pub run_once: Option<Value>,
    /// Another host that does it.
    pub delegate_to: Option<Text>,
    /// Whether the run is a check, whatever the command line says.
    pub check_mode: Option<Value>,
    /// Whether diffs are shown, whatever the command line says.
    pub diff: Option<Value>,
    /// Whether one host's failure ends the play for all.
    pub any_errors_fatal: Option<Value>,
    /// Bound of one task in seconds.
    pub timeout: Option<Value>,
    /// How many hosts do it at a time.
    pub throttle: Option<Value>,
    /// `ssh` or `local`.
    pub connection: Option<Value>,
    /// The login user.
    pub remote_user: Option<Value>,
    /// Arguments that modules get when a task does not give them, by level.
    pub module_defaults: Vec<Value>,
    /// Keywords that are known and have no effect here.
    pub unheeded: Vec<Key>,
}

/// Names of the keywords above.
pub(super) const SHARED: &[&str] = &[
    "when",
    "tags",
    "vars",
    "become",
    "become_user",
    "become_method",
    "become_flags",
    "become_exe",
    "environment",
    "ignore_errors",
    "ignore_unreachable",
    "no_log",
    "run_once",
    "delegate_to",
    "check_mode",
    "diff",
    "any_errors_fatal",
    "timeout",
    "throttle",
    "connection",
    "remote_user",
    "port",
    "module_defaults",
    "collections",
    "debugger",
];

/// Keywords of a task that are no action, beside the shared ones and `with_…`.
pub const TASK_KEYWORDS: &[&str] = &[
    "name",
    "register",
    "notify",
    "listen",
    "loop",
    "loop_control",
    "until",
    "retries",
    "delay",
    "changed_when",
    "failed_when",
    "args",
    "action",
    "local_action",
    "async",
    "poll",
    "delegate_facts",
    "first_available_file",
];

impl Keywords {
    /// Takes a keyword if it is a shared one; `Ok(false)` when it is not.
    pub(super) fn take(&mut self, key: &Key, node: &Node) -> Result<bool, Problem> {
        let value = || Some(node.to_value());
        match key.text.as_str() {
            "when" => self.when = conditions(node)?,
            "tags" => self.tags = tags_of(&texts(node)?, node.as_list().is_some()),
            "vars" => self.vars.push(variables(node)?),
            "become" => self.becoming = value(),
            "become_user" => self.become_user = value(),
            "become_method" => self.become_method = value(),
            "environment" => self.environment.push(node.to_value()),
            "ignore_errors" => self.ignore_errors = value(),
            "ignore_unreachable" => self.ignore_unreachable = value(),
            "no_log" => self.no_log = value(),
            "run_once" => self.run_once = value(),
            "delegate_to" => self.delegate_to = Some(text(node)?),
            "check_mode" => self.check_mode = value(),
            "diff" => self.diff = value(),
            "any_errors_fatal" => self.any_errors_fatal = value(),
            "timeout" => self.timeout = number(node)?,
            "throttle" => self.throttle = number(node)?,
            "connection" => self.connection = value(),
            "remote_user" => self.remote_user = value(),
            "module_defaults" => self.module_defaults.push(node.to_value()),
            // Where names are looked up, which short names do without.
            "collections" => {}
            "become_flags" | "become_exe" | "debugger" => self.unheeded.push(key.clone()),
            "port" => {
                let problem = Problem::error("DPP0105", "`port` is no keyword here").at(&key.place, "");
                return Err(problem.help("write `ansible_port` beside the host or its group, or among `vars`"));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Keywords that were written as data: `apply` of an include.
    ///
    /// # Errors
    /// The first key that is none.
    pub fn of_values(values: &Map) -> Result<Self, String> {
        let mut this = Self::default();
        for (name, value) in values {
            let given = || Some(value.clone());
            match name.as_str() {
                "name" => {}
                "when" => this.when = texts_of(value),
                "tags" => this.tags = tags_of(&texts_of(value), matches!(value, Value::List(_))),
                "vars" => this.vars.extend(value.as_map().cloned()),
                "become" => this.becoming = given(),
                "become_user" => this.become_user = given(),
                "become_method" => this.become_method = given(),
                "environment" => this.environment.push(value.clone()),
                "ignore_errors" => this.ignore_errors = given(),
                "ignore_unreachable" => this.ignore_unreachable = given(),
                "no_log" => this.no_log = given(),
                "run_once" => this.run_once = given(),
                "delegate_to" => this.delegate_to = texts_of(value).into_iter().next(),
                "check_mode" => this.check_mode = given(),
                "diff" => this.diff = given(),
                "any_errors_fatal" => this.any_errors_fatal = given(),
                "timeout" => this.timeout = given(),
                "throttle" => this.throttle = given(),
                "connection" => this.connection = given(),
                "remote_user" => this.remote_user = given(),
                "module_defaults" => this.module_defaults.push(value.clone()),
                other if SHARED.contains(&other) => {}
                other => return Err(other.to_owned()),
            }
        }
        Ok(this)
    }

    /// What holds inside, when `self` is written around it.
    #[must_use]
    pub fn around(&self, inner: &Self) -> Self {
        fn nearer<T: Clone>(inner: Option<&T>, outer: Option<&T>) -> Option<T> {
            inner.or(outer).cloned()
        }
        Self {
            when: joined(&self.when, &inner.when),
            tags: joined(&self.tags, &inner.tags),
            vars: joined(&self.vars, &inner.vars),
            becoming: nearer(inner.becoming.as_ref(), self.becoming.as_ref()),
            become_user: nearer(inner.become_user.as_ref(), self.become_user.as_ref()),
            become_method: nearer(inner.become_method.as_ref(), self.become_method.as_ref()),
            environment: joined(&self.environment, &inner.environment),
            ignore_errors: nearer(inner.ignore_errors.as_ref(), self.ignore_errors.as_ref()),
            ignore_unreachable: nearer(inner.ignore_unreachable.as_ref(), self.ignore_unreachable.as_ref()),
            no_log: nearer(inner.no_log.as_ref(), self.no_log.as_ref()),
            run_once: nearer(inner.run_once.as_ref(), self.run_once.as_ref()),
            delegate_to: nearer(inner.delegate_to.as_ref(), self.delegate_to.as_ref()),
            check_mode: nearer(inner.check_mode.as_ref(), self.check_mode.as_ref()),
            diff: nearer(inner.diff.as_ref(), self.diff.as_ref()),
            any_errors_fatal: nearer(inner.any_errors_fatal.as_ref(), self.any_errors_fatal.as_ref()),
            timeout: nearer(inner.timeout.as_ref(), self.timeout.as_ref()),
            throttle: nearer(inner.throttle.as_ref(), self.throttle.as_ref()),
            connection: nearer(inner.connection.as_ref(), self.connection.as_ref()),
            remote_user: nearer(inner.remote_user.as_ref(), self.remote_user.as_ref()),
            module_defaults: joined(&self.module_defaults, &inner.module_defaults),
            unheeded: joined(&self.unheeded, &inner.unheeded),
        }
    }
}

fn joined<T: Clone>(outer: &[T], inner: &[T]) -> Vec<T> {
    outer.iter().chain(inner).cloned().collect()
}

/// One text; booleans and numbers as they are written, which is how `when: false` is read.
pub(super) fn text(node: &Node) -> Result<Text, Problem> {
    match &node.data {
        Data::Text(text, _) => Ok(text.clone()),
        Data::Bool(_) | Data::Int(_) | Data::Float(_) => Ok(Text::template(python(node)).at(node.place.clone())),
        _ => Err(wrong(node, "a text")),
    }
}

fn python(node: &Node) -> String {
    match node.data {
        Data::Bool(true) => "True".into(),
        Data::Bool(false) => "False".into(),
        _ => node.place.text().into(),
    }
}

/// The texts of a value: one, or those of a list; booleans and numbers as Python writes them.
fn texts_of(value: &Value) -> Vec<Text> {
    match value {
        Value::List(items) => items.iter().flat_map(texts_of).collect(),
        Value::Text(text) => vec![text.clone()],
        Value::Bool(yes) => vec![Text::template(if *yes { "True" } else { "False" })],
        Value::Int(number) => vec![Text::template(number.to_string())],
        _ => Vec::new(),
    }
}

/// One text or a list of them.
pub(super) fn texts(node: &Node) -> Result<Vec<Text>, Problem> {
    match &node.data {
        Data::Null => Ok(Vec::new()),
        Data::List(items) => items.iter().map(text).collect(),
        _ => Ok(vec![text(node)?]),
    }
}

/// Conditions: one, or a list of them; of those that say nothing, all hold.
pub(super) fn conditions(node: &Node) -> Result<Vec<Text>, Problem> {
    let nodes = node.as_list().unwrap_or(std::slice::from_ref(node));
    nodes.iter().filter(|node| !node.is_null()).map(text).collect()
}

/// Tags as they are written: a list of them, or one text in which commas separate them.
fn tags_of(texts: &[Text], is_list: bool) -> Vec<String> {
    let split = |text: &Text| if is_list { vec![text.as_str().to_owned()] } else { separated(text.as_str()) };
    let words = texts.iter().flat_map(split).map(|word| word.trim().to_owned());
    words.filter(|word| !word.is_empty()).collect()
}

/// What commas separate, but those of a template.
fn separated(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for part in text.split(',') {
        match words.last_mut().filter(|open| open.matches("{{").count() > open.matches("}}").count()) {
            Some(open) => *open = format!("{open},{part}"),
            None => words.push(part.to_owned()),
        }
    }
    words
}

/// Variables: a mapping, or, as old playbooks write it, a list of mappings.
pub(super) fn variables(node: &Node) -> Result<Map, Problem> {
    match &node.data {
        Data::Null => Ok(Map::new()),
        Data::Map(entries) => Ok(entries.iter().map(|(key, node)| (key.text.clone(), node.to_value())).collect()),
        Data::List(items) => {
            let maps: Result<Vec<Map>, _> = items.iter().map(variables).collect();
            Ok(maps?.into_iter().flatten().collect())
        }
        _ => Err(wrong(node, "a mapping of variables")),
    }
}

/// A number, or a template that comes to one.
pub(super) fn number(node: &Node) -> Result<Option<Value>, Problem> {
    let is_number = match &node.data {
        Data::Null => return Ok(None),
        Data::Int(_) | Data::Float(_) => true,
        Data::Text(text, _) => {
            text.is_template() && text.as_str().contains("{{") || text.as_str().trim().parse::<f64>().is_ok()
        }
        _ => false,
    };
    if is_number { Ok(Some(node.to_value())) } else { Err(wrong(node, "a number")) }
}

pub(super) fn wrong(node: &Node, wanted: &str) -> Problem {
    Problem::error("DPP0105", format!("expected {wanted}, found a {}", node.kind())).at(&node.place, "")
}

/// An unknown key, with the near one that may be meant.
pub(super) fn unknown(key: &Key, what: &str, known: &[&[&'static str]]) -> Problem {
    Problem::error("DPP0103", format!("unknown key `{}` in a {what}", key.text))
        .at(&key.place, format!("not a key of a {what}"))
        .did_you_mean(nearest(&key.text, known.iter().flat_map(|names| names.iter().copied())))
}

/// Runs a reader over nodes and keeps all its problems, not the first only.
pub(super) fn collect<T>(
    nodes: &[Node],
    problems: &mut Problems,
    mut read: impl FnMut(&Node, &mut Problems) -> Option<T>,
) -> Vec<T> {
    nodes.iter().filter_map(|node| read(node, problems)).collect()
}

/// Keeps the value or the problem.
pub(super) fn kept<T>(outcome: Result<T, Problem>, problems: &mut Problems) -> Option<T> {
    outcome.map_err(|problem| problems.push(problem)).ok()
}
