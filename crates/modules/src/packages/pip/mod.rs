//! `pip`: packages of Python are installed, for the host or in a virtual environment, or are not; by the host's own pip.

mod program;
mod requirement;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use crate::arguments::{Flag, HostPath, Names, Words};
use crate::commands::process::Finished;
use crate::packages::pip::requirement::{Requirement, listed, rejoined};
use crate::system::tool::accepted;
use crate::{Host, Module, Step, Survey};

/// Parameters of `pip`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pip {
    name: Option<Names>,
    version: Option<Words>,
    requirements: Option<String>,
    virtualenv: Option<HostPath>,
    #[serde(default)]
    virtualenv_site_packages: Flag,
    #[serde(default = "virtualenv")]
    virtualenv_command: HostPath,
    virtualenv_python: Option<String>,
    #[serde(default)]
    state: State,
    extra_args: Option<String>,
    #[serde(default)]
    editable: Flag,
    chdir: Option<HostPath>,
    executable: Option<HostPath>,
    umask: Option<Words>,
    #[serde(default)]
    break_system_packages: Flag,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Absent,
    Forcereinstall,
    Latest,
    #[default]
    Present,
}

impl State {
    /// The word of a task, and what pip is told for it.
    fn words(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Absent => ("absent", &["uninstall", "-y"]),
            Self::Forcereinstall => ("forcereinstall", &["install", "-U", "--force-reinstall"]),
            Self::Latest => ("latest", &["install", "-U"]),
            Self::Present => ("present", &["install"]),
        }
    }
}

fn virtualenv() -> HostPath {
    "virtualenv".into()
}

/// One thing that is done.
#[derive(Debug)]
pub enum PipStep {
    /// A virtual environment is made.
    Environment(Change),
    /// pip is called.
    Packages(Change),
}

impl Step for PipStep {
    fn change(&self, _diff: bool) -> Change {
        match self {
            Self::Environment(change) | Self::Packages(change) => change.clone(),
        }
    }
}

/// What is known of the packages without calling pip to change them.
#[derive(Debug, PartialEq, Eq)]
enum Known {
    Done,
    Lacking,
    /// Only pip can tell.
    Unknown,
}

impl Module for Pip {
    const NAME: &'static str = "pip";
    type Step = PipStep;

    fn survey(&self, host: &Host) -> Result<Survey<PipStep>, Failure> {
        let packages = self.packages()?;
        if packages.is_empty() && self.requirements.is_none() {
            return Ok(Survey::unchanged().warning("No valid name or requirements file found."));
        }
        if self.lacks_environment() {
            return Ok(self.described(Survey::steps(self.in_new_environment(&packages)?)));
        }
        let Some(program) = self.program(host) else {
            // An earlier task may install pip.
            let steps = (self.state != State::Absent).then(|| PipStep::Packages(self.change(&packages)));
            return Ok(self.described(Survey::steps(steps.into_iter().collect()).unpredicted()));
        };
        let text = self.listed(&program, host)?;
        let survey = match self.known(&packages, &listed(&text)) {
            Known::Done => Survey::unchanged(),
            Known::Lacking => Survey::steps(vec![PipStep::Packages(self.change(&packages))]),
            Known::Unknown => Survey::steps(vec![PipStep::Packages(self.change(&packages))]).unpredicted(),
        };
        let cmd = [vec![program], self.arguments(&packages)?].concat();
        let lines: Vec<&str> = text.lines().collect();
        Ok(self
            .described(survey)
            .value("cmd", cmd)
            .value("stdout_lines", lines)
            .value("stdout", text)
            .value("stderr", ""))
    }

    fn apply(&self, step: &PipStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        if let PipStep::Environment(_) = step {
            result.insert("_changed".into(), true.into());
            return self.make_environment(host).map(drop);
        }
        let packages = self.packages()?;
        let program = self.program(host).ok_or_else(|| self.missing())?;
        let compares = self.requirements.is_some() || packages.iter().any(Requirement::is_of_vcs);
        let before = compares.then(|| self.listed(&program, host)).transpose()?;
        let cmd = [vec![program.clone()], self.arguments(&packages)?].concat();
        host.life(&cmd.join(" "), None);
        let finished = self.call(&cmd, host)?;
        register(&cmd, &finished, result);
        let is_absent = self.state == State::Absent && finished.code() == 1 && says(&finished, "not installed");
        if !is_absent && !finished.succeeded() {
            return Err(refused(finished, &cmd));
        }
        let has_changed = match before {
            Some(before) if self.state != State::Absent => before != self.listed(&program, host)?,
            _ if self.state == State::Absent => finished.stdout.contains("Successfully uninstalled"),
            _ => finished.stdout.contains("Successfully installed"),
        };
        if !has_changed && !result.contains_key("_changed") {
            result.insert("changed".into(), false.into());
        }
        Ok(())
    }
}

impl Pip {
    /// The packages of the task; a contradiction in it is refused.
    fn packages(&self) -> Result<Vec<Requirement>, Failure> {
        let names = self.name.as_ref().map(|names| rejoined(&names.0)).unwrap_or_default();
        let mut packages: Vec<Requirement> = names.iter().map(|name| Requirement::read(name)).collect();
        let version = self.version.as_ref().map(|version| version.0.as_str()).filter(|version| !version.is_empty());
        let wrong = match self {
            Self { name: None, requirements: None, .. } => "`pip` needs `name` or `requirements`",
            Self { name: Some(_), requirements: Some(_), .. } => "`name` and `requirements` exclude each other",
            Self { executable: Some(_), virtualenv: Some(_), .. } => "`executable` and `virtualenv` exclude each other",
            Self { state: State::Latest, .. } if version.is_some() => "`version` is nothing for state=latest",
            _ if version.is_some() && packages.len() > 1 => {
                "`version` is for one package: write versions beside the names, `a==1.0`"
            }
            _ if version.is_some() && packages.iter().any(Requirement::has_version) => {
                "`version` is given beside the name as well"
            }
            _ => "",
        };
        if !wrong.is_empty() {
            return Err(Failure::new(wrong).code("DPP0104"));
        }
        self.umask()?;
        if let (Some(version), [one]) = (version, packages.as_mut_slice()) {
            *one = one.in_version(version);
        }
        Ok(packages)
    }

    fn in_new_environment(&self, packages: &[Requirement]) -> Result<Vec<PipStep>, Failure> {
        self.maker()?;
        let folder = self.environment().map(|folder| folder.display().to_string()).unwrap_or_default();
        let made = PipStep::Environment(Change::new(Verb::Create, folder).detail("virtual environment"));
        Ok(vec![made, PipStep::Packages(self.change(packages))])
    }

    fn known(&self, packages: &[Requirement], installed: &[(String, String)]) -> Known {
        let is_open = self.extra_arguments().is_empty() && self.requirements.is_none();
        let all: Option<Vec<bool>> = match self.state {
            State::Forcereinstall => return Known::Lacking,
            State::Present if is_open => packages.iter().map(|package| package.is_met_by(installed)).collect(),
            State::Absent if is_open => {
                packages.iter().map(|package| package.is_named_in(installed).map(|is_there| !is_there)).collect()
            }
            _ => None,
        };
        match all {
            Some(all) if all.iter().all(|is_done| *is_done) => Known::Done,
            Some(_) => Known::Lacking,
            None => Known::Unknown,
        }
    }

    fn extra_arguments(&self) -> String {
        let given = self.extra_args.clone().unwrap_or_default();
        let is_said = given.split(' ').any(|word| word == "-e");
        if self.editable.0 && !is_said { format!("{given} -e").trim_start().to_owned() } else { given }
    }

    fn arguments(&self, packages: &[Requirement]) -> Result<Vec<String>, Failure> {
        let extra = self.extra_arguments();
        let wrong = || Failure::new(format!("a quote is not closed in `extra_args: {extra}`")).code("DPP0104");
        let extra = shlex::split(&extra).ok_or_else(wrong)?;
        let orders = self.state.words().1.iter().map(|word| (*word).to_owned());
        let files = self.requirements.iter().flat_map(|file| ["-r".to_owned(), file.clone()]);
        let names = packages.iter().map(|package| package.words.clone());
        Ok(orders.chain(extra).chain(names).chain(files).collect())
    }

    /// Packages and versions, as `pip list` prints them, or `pip freeze` of an old pip.
    fn listed(&self, program: &str, host: &Host) -> Result<String, Failure> {
        let words = |words: &[&str]| [program].iter().chain(words).map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let list = self.call(&words(&["list", "--format=freeze"]), host)?;
        if list.succeeded() {
            return Ok(list.stdout);
        }
        let freeze = self.call(&words(&["freeze"]), host)?;
        accepted(freeze, program, &["freeze".to_owned()]).map(|finished| finished.stdout)
    }

    fn change(&self, packages: &[Requirement]) -> Change {
        let verb = if self.state == State::Absent { Verb::Delete } else { Verb::Create };
        let names: Vec<&str> = packages.iter().map(|package| package.words.as_str()).collect();
        let what = self.requirements.as_ref().map_or_else(|| names.join(", "), |file| format!("packages of {file}"));
        let place = self.environment().map(|folder| format!("in {}", folder.display()));
        Change::new(verb, format!("pip {what}")).detail(place.unwrap_or_default())
    }

    fn described(&self, survey: Survey<PipStep>) -> Survey<PipStep> {
        let environment = self.environment().map(|folder| folder.display().to_string());
        survey
            .value("name", self.name.as_ref().map(|names| names.0.clone()))
            .value("version", self.version.as_ref().map(|version| version.0.clone()))
            .value("state", self.state.words().0)
            .value("requirements", self.requirements.clone())
            .value("virtualenv", environment)
    }
}

fn register(cmd: &[String], finished: &Finished, result: &mut ResultMap) {
    result.insert("cmd".into(), cmd.to_vec().into());
    for (name, text) in [("stdout", &finished.stdout), ("stderr", &finished.stderr)] {
        result.insert(name.into(), text.as_str().into());
        result.insert(format!("{name}_lines"), text.lines().collect::<Vec<_>>().into());
    }
}

fn says(finished: &Finished, words: &str) -> bool {
    finished.stdout.contains(words) || finished.stderr.contains(words)
}

fn refused(finished: Finished, cmd: &[String]) -> Failure {
    let failure = Failure::new(format!("`{}` {}", cmd.join(" "), finished.ending())).value("cmd", cmd.to_vec());
    let words = [(&finished.stdout, "stdout: "), (&finished.stderr, "\n:stderr: ")];
    let words = words.iter().filter(|(text, _)| !text.is_empty()).map(|(text, label)| format!("{label}{text}"));
    let failure = finished.describe(failure.value("msg", words.collect::<String>()));
    if says(&finished, "externally-managed-environment") {
        return failure.help(
            "`virtualenv: /opt/NAME` keeps it apart from Debian's packages; `break_system_packages: true` does not",
        );
    }
    failure
}

#[cfg(test)]
mod tests;
