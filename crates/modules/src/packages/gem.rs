//! `gem`: a package of Ruby is installed, in a version or in any, or is not.

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use crate::arguments::{Flag, HostPath, Words};
use crate::commands::process::{Finished, Process};
use crate::system::tool::{accepted, installed};
use crate::{Host, Module, Survey};

/// Parameters of `gem`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gem {
    name: String,
    #[serde(default)]
    state: State,
    #[serde(rename = "gem_source")]
    file: Option<HostPath>,
    #[serde(default = "yes")]
    include_dependencies: Flag,
    #[serde(alias = "source")]
    repository: Option<String>,
    #[serde(default = "yes")]
    user_install: Flag,
    executable: Option<String>,
    install_dir: Option<HostPath>,
    bindir: Option<HostPath>,
    #[serde(default = "yes")]
    norc: Flag,
    #[serde(default)]
    env_shebang: Flag,
    version: Option<Words>,
    #[serde(default)]
    pre_release: Flag,
    #[serde(default)]
    include_doc: Flag,
    build_flags: Option<String>,
    #[serde(default)]
    force: Flag,
    #[serde(default)]
    override_platform_install_dir: Flag,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    #[default]
    Present,
    Absent,
    Latest,
}

fn yes() -> Flag {
    Flag(true)
}

impl Module for Gem {
    const NAME: &'static str = "gem";
    type Step = Change;

    fn survey(&self, host: &Host) -> Result<Survey<Change>, Failure> {
        self.check()?;
        let verb = if self.state == State::Absent { Verb::Delete } else { Verb::Create };
        let change =
            |version: Option<&str>| Change::new(verb, format!("gem {}", self.name)).detail(version.unwrap_or_default());
        if self.program(host).is_none() {
            // An earlier task may install Ruby.
            let steps = (self.state != State::Absent).then(|| change(self.version())).into_iter().collect();
            return Ok(self.described(Survey::steps(steps).unpredicted(), self.version()));
        }
        let version = self.wanted_version(host)?;
        let differs = self.is_there(version.as_deref(), host)? == (self.state == State::Absent);
        let steps = differs.then(|| change(version.as_deref())).into_iter().collect();
        Ok(self.described(Survey::steps(steps), version.as_deref()))
    }

    fn apply(&self, _step: &Change, host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        let version = self.wanted_version(host)?;
        let folder = self.user_folder(host)?;
        let arguments = match self.state {
            State::Absent => self.removal(version.as_deref(), folder.as_deref()),
            _ => self.installation(version.as_deref(), folder.as_deref()),
        };
        host.life(&format!("gem {} {}", arguments[0], self.name), None);
        accepted(self.call(&arguments, host)?, "gem", &arguments)?;
        if self.state == State::Absent && self.is_there(version.as_deref(), host)? {
            return Err(Failure::new(format!("gem {} is still there after `gem uninstall`", self.name))
                .help("it came with the system, whose package manager can remove it, or lies in another folder"));
        }
        Ok(())
    }
}

impl Gem {
    fn check(&self) -> Result<(), Failure> {
        let is_latest = self.state == State::Latest;
        let wrong = match self {
            Self { file: Some(_), repository: Some(_), .. } => "`gem_source` and `repository` exclude each other",
            Self { file: Some(_), version: Some(_), .. } => "`gem_source` and `version` exclude each other",
            Self { version: Some(_), .. } if is_latest => "`version` is nothing for state=latest",
            Self { file: Some(_), .. } if is_latest => "`gem_source` is nothing for state=latest",
            Self { install_dir: Some(_), user_install: Flag(true), .. } => "`install_dir` needs `user_install: false`",
            Self { override_platform_install_dir: Flag(true), user_install: Flag(false), .. } => {
                "`override_platform_install_dir` needs `user_install`"
            }
            Self { name, .. } if name.starts_with('-') => "a gem's name does not begin with a hyphen",
            _ => return Ok(()),
        };
        Err(Failure::new(wrong).code("DPP0104"))
    }

    fn version(&self) -> Option<&str> {
        self.version.as_ref().map(|version| version.0.as_str()).filter(|version| !version.is_empty())
    }

    /// The version of the task; the newest one that the repository has where that is wanted.
    fn wanted_version(&self, host: &Host) -> Result<Option<String>, Failure> {
        if self.state != State::Latest {
            return Ok(self.version().map(str::to_owned));
        }
        let repository = self.repository.iter().flat_map(|url| ["--source".to_owned(), url.clone()]);
        let found = self.listed(["--remote".to_owned()].into_iter().chain(repository).collect(), host)?;
        Ok(found.into_iter().next())
    }

    fn is_there(&self, version: Option<&str>, host: &Host) -> Result<bool, Failure> {
        let found = self.listed(Vec::new(), host)?;
        Ok(version.map_or(!found.is_empty(), |version| found.iter().any(|found| found == version)))
    }

    fn listed(&self, more: Vec<String>, host: &Host) -> Result<Vec<String>, Failure> {
        let arguments = [self.order("list"), more, vec![format!("^{}$", self.name)]].concat();
        let finished = accepted(self.call(&arguments, host)?, "gem", &arguments)?;
        Ok(finished.stdout.lines().flat_map(versions).collect())
    }

    fn installation(&self, version: Option<&str>, user_folder: Option<&str>) -> Vec<String> {
        let mut arguments = self.order("install");
        let folder = user_folder.or(self.install_dir.as_ref().map(HostPath::text));
        let programs = self.bindir.as_ref().map(|path| path.text().to_owned());
        let programs = programs.or_else(|| Some(format!("{}/bin", user_folder?)));
        push_option(&mut arguments, "--version", version);
        push_option(&mut arguments, "--source", self.repository.as_deref());
        arguments.extend((!self.include_dependencies.0).then(|| "--ignore-dependencies".to_owned()));
        let is_for_user = self.user_install.0 && user_folder.is_none();
        arguments.push(if is_for_user { "--user-install" } else { "--no-user-install" }.to_owned());
        push_option(&mut arguments, "--install-dir", folder);
        push_option(&mut arguments, "--bindir", programs.as_deref());
        arguments.extend(self.pre_release.0.then(|| "--pre".to_owned()));
        arguments.extend((!self.include_doc.0).then(|| "--no-document".to_owned()));
        arguments.extend(self.env_shebang.0.then(|| "--env-shebang".to_owned()));
        arguments.extend(self.force.0.then(|| "--force".to_owned()));
        arguments.push(self.file.as_ref().map_or(&*self.name, |file| file.text()).to_owned());
        push_option(&mut arguments, "--", self.build_flags.as_deref());
        arguments
    }

    fn removal(&self, version: Option<&str>, user_folder: Option<&str>) -> Vec<String> {
        let mut arguments = self.order("uninstall");
        push_option(&mut arguments, "--install-dir", user_folder.or(self.install_dir.as_ref().map(HostPath::text)));
        push_option(&mut arguments, "--bindir", self.bindir.as_ref().map(HostPath::text));
        push_option(&mut arguments, "--version", version);
        arguments.extend(version.is_none().then(|| "--all".to_owned()));
        arguments.push("--executable".to_owned());
        arguments.extend(self.force.0.then(|| "--force".to_owned()));
        arguments.push(self.name.clone());
        arguments
    }

    fn order(&self, order: &str) -> Vec<String> {
        [order].into_iter().chain(Some("--norc").filter(|_| self.norc.0)).map(str::to_owned).collect()
    }

    /// Where gems of a user lie, when that is to be said in so many words.
    fn user_folder(&self, host: &Host) -> Result<Option<String>, Failure> {
        if !self.override_platform_install_dir.0 {
            return Ok(None);
        }
        let arguments = ["environment".to_owned()];
        let said = accepted(self.call(&arguments, host)?, "gem", &arguments)?.stdout;
        let folder = said.lines().find_map(|line| line.split_once("USER INSTALLATION DIRECTORY:"));
        Ok(folder.map(|(_, folder)| folder.trim().to_owned()))
    }

    /// The program and words that go before gem's own, for version managers.
    fn program(&self, host: &Host) -> Option<(String, Vec<String>)> {
        let mut words = self.executable.as_deref().unwrap_or("gem").split_whitespace().map(str::to_owned);
        let program = installed(&words.next()?, host)?;
        Some((program.to_string_lossy().into_owned(), words.collect()))
    }

    fn call(&self, arguments: &[String], host: &Host) -> Result<Finished, Failure> {
        let (program, words) = self.program(host).unwrap_or_else(|| ("gem".to_owned(), Vec::new()));
        let process = Process::new(&program, &[words, arguments.to_vec()].concat(), host).untranslated();
        match &self.install_dir {
            Some(folder) => process.env("GEM_HOME", folder.text()),
            None => process,
        }
        .run(host)
    }

    fn described(&self, survey: Survey<Change>, version: Option<&str>) -> Survey<Change> {
        let state = match self.state {
            State::Present => "present",
            State::Absent => "absent",
            State::Latest => "latest",
        };
        let survey = survey.value("name", self.name.as_str()).value("state", state);
        version.into_iter().fold(survey, |survey, version| survey.value("version", version))
    }
}

fn push_option(arguments: &mut Vec<String>, option: &str, value: Option<&str>) {
    arguments.extend(value.into_iter().flat_map(|value| [option.to_owned(), value.to_owned()]));
}

/// Versions in a line `json (2.6.3, default: 2.6.1 ruby)`.
fn versions(line: &str) -> Vec<String> {
    let inner = line.split_once('(').and_then(|(_, rest)| rest.trim_end().strip_suffix(')'));
    let parts = inner.unwrap_or_default().split(", ").map(|part| part.trim_start_matches("default: "));
    parts.filter_map(|part| part.split_whitespace().next()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json};

    use super::*;
    use crate::testing::Ground;

    fn gem(mut params: Value) -> Gem {
        params["name"] = "vagrant".into();
        from_value(params).unwrap()
    }

    #[test]
    fn a_task_becomes_the_arguments_of_gem() {
        for (params, version, wanted) in [
            (json!({}), None, "install --norc --user-install --no-document vagrant"),
            (
                json!({"source": "http://r", "user_install": false, "install_dir": "/g", "norc": false, "include_doc": true,
                    "include_dependencies": "no", "build_flags": "--x"}),
                Some("1.0"),
                "install --version 1.0 --source http://r --ignore-dependencies --no-user-install --install-dir /g vagrant -- --x",
            ),
            (
                json!({"gem_source": "/v.gem", "force": true}),
                None,
                "install --norc --user-install --no-document --force /v.gem",
            ),
        ] {
            assert_eq!(gem(params.clone()).installation(version, None).join(" "), wanted, "{params}");
        }
        let removal = |version| gem(json!({"state": "absent"})).removal(version, None).join(" ");
        assert_eq!(removal(None), "uninstall --norc --all --executable vagrant");
        assert_eq!(removal(Some("1.0")), "uninstall --norc --version 1.0 --executable vagrant");
    }

    #[test]
    fn versions_are_read_from_gems_list() {
        assert_eq!(versions("json (2.6.3, default: 2.6.1 ruby x86)"), ["2.6.3", "2.6.1"]);
        assert_eq!(versions("vagrant (1.0)"), ["1.0"]);
        assert!(versions("*** LOCAL GEMS ***").is_empty());
    }

    #[test]
    fn a_gem_is_looked_for_installed_and_removed_once() {
        use std::os::unix::fs::PermissionsExt;
        let ground = Ground::new();
        let script = format!(
            "#!/bin/sh\ncd {}\ncase $1 in list) [ -f there ] && echo 'vagrant (1.0)' || :;; install) touch there;; \
             uninstall) rm there;; esac\n",
            ground.at("")
        );
        let program = ground.write("gem", script);
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut params = json!({"name": "vagrant", "executable": program, "version": "1.0"});
        assert_eq!(ground.converge("gem", &params).result["version"], "1.0");
        params["state"] = "absent".into();
        ground.converge("gem", &params);
        params["executable"] = "/no/such/gem".into();
        params["state"] = "present".into();
        assert!(ground.survey("gem", &params).unwrap().unpredicted);
        assert_eq!(ground.survey("gem", &json!({"name": "a", "install_dir": "/x"})).unwrap_err().code, "DPP0104");
    }
}
