//! `dppctl init --from-ansible`: what of somebody's project runs here, what does not and where, and the settings it needs.
//! Nothing of the project is changed, and no host is asked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::cli::conduct::{catalogue, render, role_folders};
use crate::cli::init::settings;
use crate::cli::invocation::{Invocation, surroundings};
use crate::cli::lint::Found;
use crate::cli::options::Global;
use crate::cli::shipped::Shipped;
use crate::cli::{Stop, init};
use crate::exit::Exit;
use crate::inventory::InventorySource;
use crate::lint::{Lint, Seen, is_unknown_name};
use crate::project::{Project, Surroundings};
use crate::source::{Place, Problem, Problems, Severity};
use crate::ui::{Table, Ui};

/// Where inventories lie in most projects.
const INVENTORIES: &[&str] = &[
    "inventory/hosts",
    "inventory/hosts.yml",
    "inventory/hosts.ini",
    "inventory/production",
    "inventory",
    "inventory.ini",
    "inventory.yml",
    "hosts",
    "hosts.ini",
    "hosts.yml",
    "inventories/production",
];
/// Folders of plugins in Python.
const PLUGINS: &[&str] = &[
    "library",
    "module_utils",
    "action_plugins",
    "callback_plugins",
    "filter_plugins",
    "lookup_plugins",
    "test_plugins",
    "strategy_plugins",
    "vars_plugins",
    "inventory_plugins",
];
/// Places that are shown of one thing.
const SHOWN: usize = 3;

/// Reports on a project, and writes the settings that it needs.
pub(super) fn from_ansible(global: &Global, folder: &Path, ui: Ui) -> Result<Exit, Stop> {
    if !folder.is_dir() {
        return Err(Problem::error("DPP0106", format!("there is no folder {}", folder.display())).into());
    }
    let project = project(global, folder)?;
    let inventory = inventory_of(&project, folder);
    let text = settings::toml(&project, inventory.as_deref());
    let passed_over = passed_over(&project, folder);
    let (invocation, unreadable) = read(global, project, inventory.as_deref(), folder)?;
    let (problems, seen) = looked_through(&invocation, folder)?;
    let report = Report { seen: &seen, problems: &[unreadable, problems].concat(), passed_over: &passed_over };
    let hosts = invocation.inventory.hosts().len();
    ui.answer(&format!("{}\n\n{}", head(&seen, folder, inventory.as_deref(), hosts), report.text()));
    write(folder, &(text + &settings::pipeline(&invocation.inventory)), ui)
}

fn write(folder: &Path, text: &str, ui: Ui) -> Result<Exit, Stop> {
    if folder.join("dppctl.toml").exists() {
        ui.story("dppctl.toml is there already and stays as it is; the settings would be:");
        ui.story(text);
        return Ok(Exit::Ok);
    }
    init::write(&folder.join("dppctl.toml"), text.as_bytes(), ui)?;
    ui.story("");
    let go = if folder == Path::new(".") { String::new() } else { format!("cd {} && ", folder.display()) };
    ui.story(&format!("All mistakes, with their lines: {go}dppctl lint"));
    ui.story(&format!("See what would be done:         {go}dppctl run PLAYBOOK --check --diff"));
    Ok(Exit::Ok)
}

/// The settings that this folder has: those of its own `ansible.cfg`, wherever the command was typed.
fn project(global: &Global, folder: &Path) -> Result<Project, Stop> {
    let around = surroundings(global)?;
    let whole = around.folder.join(folder);
    let whole: PathBuf = whole.components().collect();
    Ok(Project::discover(&Surroundings { folder: whole.clone(), project: Some(whole), ..around })?)
}

/// The inventory as it is typed from the project's folder.
fn inventory_of(project: &Project, folder: &Path) -> Option<String> {
    if let Some(named) = project.settings.inventory.first() {
        return Some(settings::seen_from(named, project));
    }
    INVENTORIES.iter().find(|name| folder.join(name).exists()).map(|name| (*name).to_owned())
}

/// The project with its inventory; one that cannot be read is a finding like others.
fn read(
    global: &Global,
    project: Project,
    inventory: Option<&str>,
    folder: &Path,
) -> Result<(Invocation, Problems), Stop> {
    let source = |name: &str| {
        let is_path = !name.contains(',') && name != "vagrant" && !name.starts_with("ssh:");
        InventorySource::parse(&if is_path { folder.join(name).display().to_string() } else { name.to_owned() })
    };
    let sources: Vec<InventorySource> = inventory.map(source).into_iter().collect();
    // Whoever looks at a project need not have its passwords; what they would open stays closed.
    let closed = without_passwords(&project);
    let mut problems = Problems::new();
    for (project, sources) in [(&project, &sources[..]), (&closed, &sources[..]), (&closed, &[])] {
        match Invocation::of_project(global, project.clone(), sources) {
            Ok(invocation) => return Ok((invocation, problems)),
            Err(Stop::Refused(more)) => problems.extend(more),
            Err(stop) => return Err(stop),
        }
    }
    Err(Stop::Refused(problems))
}

fn without_passwords(project: &Project) -> Project {
    let mut project = project.clone();
    let settings = &mut project.settings;
    settings.vault_ids.value = Vec::new();
    for file in [
        &mut settings.vault_password_file,
        &mut settings.connection_password_file,
        &mut settings.become_password_file,
        &mut settings.key_passphrase_file,
    ] {
        file.value = None;
    }
    project
}

fn looked_through(invocation: &Invocation, folder: &Path) -> Result<(Problems, Seen), Stop> {
    let more = ["playbooks", "plays"].map(|name| folder.join(name));
    let folders: Vec<PathBuf> =
        std::iter::once(folder.to_owned()).chain(more.into_iter().filter(|path| path.is_dir())).collect();
    let found = Found::of(&folders, invocation)?;
    let (roles, catalogue) = (role_folders(invocation, &found.playbooks), catalogue());
    let render = render(invocation);
    let lint = Lint {
        files: &Shipped::with(&invocation.vault),
        playbooks: &found.playbooks,
        task_files: &found.task_files,
        template_files: &found.template_files,
        vars_files: &found.vars_files,
        roles: &roles,
        catalogue: &catalogue,
        templates: &invocation.templates,
        extra: &invocation.extra,
        inventory: Some(&invocation.inventory).filter(|inventory| !inventory.hosts().is_empty()),
        render: &render,
    };
    Ok(lint.look())
}

/// What has no effect here, with its place and why.
fn passed_over(project: &Project, folder: &Path) -> Vec<(String, String)> {
    let of_cfg = project
        .passed_over
        .iter()
        .map(|(key, place)| (file_line(place, project), format!("`{key}`, a setting without an effect here")));
    let plugins = PLUGINS.iter().filter(|name| has_python(&folder.join(name)));
    let plugins = plugins.map(|name| (format!("{name}/"), "plugins in Python, which are not run".to_owned()));
    of_cfg.chain(plugins).collect()
}

fn has_python(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(|path| path.extension().is_some_and(|end| end == "py"))
}

fn file_line(place: &Place, project: &Project) -> String {
    format!("{}:{}", settings::seen_from(place.source().name(), project), place.line())
}

fn head(seen: &Seen, folder: &Path, inventory: Option<&str>, hosts: usize) -> String {
    let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let roles = std::fs::read_dir(folder.join("roles")).into_iter().flatten().flatten();
    let roles = roles.filter(|entry| entry.path().is_dir()).count();
    let inventory = inventory.map_or("no inventory".to_owned(), |name| format!("{} in {name}", counted(hosts, "host")));
    let (plays, tasks, roles) = (counted(seen.plays, "play"), counted(seen.tasks(), "task"), counted(roles, "role"));
    format!("{plays} · {roles} · {tasks} · {inventory}")
}

/// What was found, told for a person.
struct Report<'a> {
    seen: &'a Seen,
    problems: &'a [Problem],
    passed_over: &'a [(String, String)],
}

impl Report<'_> {
    fn text(&self) -> String {
        let parts = [self.runs(), self.strangers(), self.names(), self.mistakes(), self.without_effect()];
        parts.into_iter().flatten().collect::<Vec<String>>().join("\n")
    }

    fn runs(&self) -> Option<String> {
        let known = self.seen.actions(true);
        let count: usize = known.values().map(Vec::len).sum();
        let mut uses: Vec<(&str, usize)> = known.iter().map(|(name, places)| (*name, places.len())).collect();
        uses.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let uses: Vec<String> = uses.iter().map(|(name, count)| format!("{name} {count}")).collect();
        Some(format!("RUNS: the modules of {count} of {} tasks\n  {}\n", self.seen.tasks(), uses.join(", ")))
    }

    /// Modules that nobody knows.
    fn strangers(&self) -> Option<String> {
        let strangers = self.seen.actions(false);
        let rows = strangers.iter().map(|(name, places)| {
            let near = self.near(name);
            (format!("{name}{near}"), places.iter().map(|place| at(place)).collect())
        });
        table("DOES NOT RUN: modules that are not there; a task with one fails when it would run", rows.collect())
    }

    /// What a misspelt module was meant to be.
    fn near(&self, name: &str) -> String {
        let said = format!("there is no module `{name}`");
        let help =
            self.problems.iter().find(|problem| problem.message == said).and_then(|problem| problem.help.as_deref());
        help.filter(|help| help.starts_with("did you mean")).map(|help| format!(" ({help})")).unwrap_or_default()
    }

    /// Filters, tests and lookups that nobody knows.
    fn names(&self) -> Option<String> {
        let mut found: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for problem in self.problems.iter().filter(|problem| is_unknown_name(problem)) {
            let name = problem.message.strip_prefix("there is no ").unwrap_or(&problem.message);
            found.entry(name).or_default().extend(problem.at.as_ref().map(|(place, _)| at(place)));
        }
        table(
            "DOES NOT RUN: filters, tests and lookups that are not there",
            found.into_iter().map(|(name, places)| (name.to_owned(), places)).collect(),
        )
    }

    /// What a run would refuse before it begins, and what it would warn of.
    fn mistakes(&self) -> Option<String> {
        let told_above = |problem: &&Problem| {
            is_unknown_name(problem)
                || problem.message.starts_with("there is no module")
                || problem.severity == Severity::Note
        };
        let mut lines = vec!["IS TO BE LOOKED AT".to_owned()];
        for problem in self.problems.iter().filter(|problem| !told_above(problem)) {
            let place = problem.at.as_ref().map(|(place, _)| format!("{}: ", at(place))).unwrap_or_default();
            lines.push(format!("  {place}{} [{}]", problem.message, problem.code));
        }
        (lines.len() > 1).then(|| lines.join("\n") + "\n")
    }

    fn without_effect(&self) -> Option<String> {
        let lines = self.passed_over.iter().map(|(at, why)| format!("  {at}: {why}"));
        let lines: Vec<String> = std::iter::once("IS PASSED OVER".to_owned()).chain(lines).collect();
        (lines.len() > 1).then(|| lines.join("\n") + "\n")
    }
}

fn at(place: &Place) -> String {
    format!("{}:{}", place.source().name(), place.line())
}

fn table(title: &str, rows: Vec<(String, Vec<String>)>) -> Option<String> {
    if rows.is_empty() {
        return None;
    }
    let mut table = Table::new(&["  NAME", "USES", "AT"]);
    for (name, places) in rows {
        let more = places.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let shown = places[..places.len().min(SHOWN)].join(" ");
        table.row([format!("  {name}"), places.len().to_string(), format!("{shown}{more}")]);
    }
    Some(format!("{title}\n{}", table.to_text()))
}
