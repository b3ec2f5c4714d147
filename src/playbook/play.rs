//! Playbooks and plays as they are written.

use std::path::Path;
use std::sync::Arc;

use crate::files::Files;
use crate::playbook::Item;
use crate::playbook::keywords::{Keywords, SHARED, kept, text, texts, unknown, variables, wrong};
use crate::playbook::task::items;
use crate::source::{Place, Problem, Problems};
use crate::value::{Map, Text, Value};
use crate::yaml::{self, Data, Key, Node};

/// A file of plays.
#[derive(Debug)]
pub struct Playbook {
    /// Its plays and imports, in order; without what cannot be read of them.
    pub items: Vec<PlayItem>,
    /// What cannot be read.
    pub mistakes: Problems,
}

/// A play, or another playbook in its place.
#[derive(Debug)]
pub enum PlayItem {
    /// A play.
    Play(Arc<Play>),
    /// `import_playbook`.
    Import {
        /// The other file, a template.
        file: Text,
        /// Keywords that hold for all its plays.
        keywords: Box<Keywords>,
        /// Where it stands.
        place: Place,
    },
}

/// One play: hosts and what is done to them.
#[derive(Debug)]
pub struct Play {
    /// Its name.
    pub name: Option<Text>,
    /// The pattern of its hosts, a template.
    pub hosts: Vec<Text>,
    /// Keywords its tasks inherit.
    pub keywords: Keywords,
    /// Its variables.
    pub vars: Map,
    /// Files of variables; a list in the list means the first that is there.
    pub vars_files: Vec<Value>,
    /// Variables that are asked for.
    pub vars_prompt: Vec<Value>,
    /// Roles, in order.
    pub roles: Vec<RoleUse>,
    /// Before the roles.
    pub pre_tasks: Vec<Item>,
    /// After the roles.
    pub tasks: Vec<Item>,
    /// After the tasks.
    pub post_tasks: Vec<Item>,
    /// Its handlers.
    pub handlers: Vec<Item>,
    /// Whether facts are gathered; when not said, they are.
    pub gather_facts: Option<Value>,
    /// Which facts.
    pub gather_subset: Option<Value>,
    /// How many seconds one of them may take.
    pub gather_timeout: Option<Value>,
    /// The folder of the host's own facts.
    pub fact_path: Option<Value>,
    /// Sizes of batches: numbers or percentages.
    pub serial: Vec<Value>,
    /// `linear` or `free`.
    pub strategy: Option<Text>,
    /// How much of a batch may fail.
    pub max_fail_percentage: Option<Value>,
    /// Whether handlers run also on hosts that failed.
    pub force_handlers: Option<Value>,
    /// Order of hosts.
    pub order: Option<Text>,
    /// Where it stands.
    pub place: Place,
}

/// A role in `roles:`.
#[derive(Debug, Clone)]
pub struct RoleUse {
    /// Its name, a template.
    pub name: Text,
    /// Its parameters.
    pub params: Map,
    /// Keywords its tasks inherit.
    pub keywords: Keywords,
    /// Where it stands.
    pub place: Place,
}

const PLAY_KEYS: &[&str] = &[
    "name",
    "hosts",
    "user",
    "vars_files",
    "vars_prompt",
    "roles",
    "pre_tasks",
    "tasks",
    "post_tasks",
    "handlers",
    "gather_facts",
    "gather_subset",
    "gather_timeout",
    "serial",
    "strategy",
    "max_fail_percentage",
    "force_handlers",
    "order",
    "fact_path",
    "import_playbook",
    "validate_argspec",
];

impl Playbook {
    /// Reads a playbook as far as that goes: one task that is written wrong hides no mistake of another.
    ///
    /// # Errors
    /// A file that is none, or no YAML, or no list of plays.
    pub fn read(files: &dyn Files, path: &Path) -> Result<Self, Problems> {
        let documents = yaml::load(files, path)?;
        let mut mistakes = Problems::new();
        let Some(root) = documents.first() else {
            return Err(vec![Problem::error("DPP0105", format!("{} holds no play", path.display()))]);
        };
        let Some(nodes) = root.as_list() else { return Err(vec![wrong(root, "a list of plays")]) };
        let items = nodes.iter().filter_map(|node| kept_item(node, &mut mistakes)).collect();
        Ok(Self { items, mistakes })
    }
}

fn kept_item(node: &Node, problems: &mut Problems) -> Option<PlayItem> {
    let Some(entries) = node.as_map() else {
        problems.push(wrong(node, "a play"));
        return None;
    };
    let import = entries.iter().find(|(key, _)| short(&key.text) == "import_playbook" || key.text == "include");
    match import {
        Some((_, file)) => kept(import_item(node, entries, file), problems),
        None => play(node, entries, problems).map(|play| PlayItem::Play(Arc::new(play))),
    }
}

fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn import_item(node: &Node, entries: &[(Key, Node)], file: &Node) -> Result<PlayItem, Problem> {
    let mut keywords = Keywords::default();
    for (key, value) in entries {
        keywords.take(key, value)?;
    }
    Ok(PlayItem::Import { file: text(file)?, keywords: Box::new(keywords), place: node.place.clone() })
}

fn play(node: &Node, entries: &[(Key, Node)], problems: &mut Problems) -> Option<Play> {
    let mut play = empty(node);
    for (key, value) in entries {
        match take(&mut play, key, value, problems) {
            Ok(true) => {}
            Ok(false) => match play.keywords.take(key, value) {
                Ok(true) => {}
                Ok(false) => problems.push(unknown(key, "play", &[SHARED, PLAY_KEYS])),
                Err(problem) => problems.push(problem),
            },
            Err(problem) => problems.push(problem),
        }
    }
    if play.hosts.is_empty() {
        problems.push(Problem::error("DPP0105", "a play without `hosts`").at(&node.place, "on which hosts?"));
        return None;
    }
    Some(play)
}

fn empty(node: &Node) -> Play {
    Play {
        name: None,
        hosts: Vec::new(),
        keywords: Keywords::default(),
        vars: Map::new(),
        vars_files: Vec::new(),
        vars_prompt: Vec::new(),
        roles: Vec::new(),
        pre_tasks: Vec::new(),
        tasks: Vec::new(),
        post_tasks: Vec::new(),
        handlers: Vec::new(),
        gather_facts: None,
        gather_subset: None,
        gather_timeout: None,
        fact_path: None,
        serial: Vec::new(),
        strategy: None,
        max_fail_percentage: None,
        force_handlers: None,
        order: None,
        place: node.place.clone(),
    }
}

fn take(play: &mut Play, key: &Key, node: &Node, problems: &mut Problems) -> Result<bool, Problem> {
    let value = || Some(node.to_value());
    match key.text.as_str() {
        "name" => play.name = Some(text(node)?),
        "user" => play.keywords.remote_user = Some(node.to_value()),
        "hosts" => play.hosts = texts(node)?,
        "vars" => play.vars = variables(node)?,
        "vars_files" => play.vars_files = list(node),
        "vars_prompt" => play.vars_prompt = list(node),
        "roles" => play.roles = roles(node, problems),
        "pre_tasks" => play.pre_tasks = items(node, problems),
        "tasks" => play.tasks = items(node, problems),
        "post_tasks" => play.post_tasks = items(node, problems),
        "handlers" => play.handlers = items(node, problems),
        "gather_facts" => play.gather_facts = value(),
        "gather_subset" => play.gather_subset = value(),
        "gather_timeout" => play.gather_timeout = value(),
        "fact_path" => play.fact_path = value(),
        "serial" => play.serial = list(node),
        "strategy" => play.strategy = Some(text(node)?),
        "max_fail_percentage" => play.max_fail_percentage = value(),
        "force_handlers" => play.force_handlers = value(),
        "order" => play.order = Some(text(node)?),
        "validate_argspec" => {}
        _ => return Ok(false),
    }
    Ok(true)
}

fn list(node: &Node) -> Vec<Value> {
    match &node.data {
        Data::Null => Vec::new(),
        Data::List(items) => items.iter().map(Node::to_value).collect(),
        _ => vec![node.to_value()],
    }
}

fn roles(node: &Node, problems: &mut Problems) -> Vec<RoleUse> {
    match &node.data {
        Data::Null => Vec::new(),
        Data::List(items) => items.iter().filter_map(|node| kept(RoleUse::read(node), problems)).collect(),
        _ => {
            problems.push(wrong(node, "a list of roles"));
            Vec::new()
        }
    }
}

impl RoleUse {
    /// A role by its name, or a mapping with `role:` and its parameters.
    pub(super) fn read(node: &Node) -> Result<Self, Problem> {
        let mut this = Self {
            name: Text::plain(""),
            params: Map::new(),
            keywords: Keywords::default(),
            place: node.place.clone(),
        };
        let Some(entries) = node.as_map() else {
            this.name = text(node)?;
            return Ok(this);
        };
        for (key, value) in entries {
            match key.text.as_str() {
                "role" | "name" => this.name = text(value)?,
                "src" | "version" | "scm" => {}
                _ if this.keywords.take(key, value)? => {}
                _ => drop(this.params.insert(key.text.clone(), value.to_value())),
            }
        }
        if this.name.as_str().is_empty() {
            return Err(Problem::error("DPP0105", "a role without a name").at(&node.place, "which role?"));
        }
        Ok(this)
    }
}
