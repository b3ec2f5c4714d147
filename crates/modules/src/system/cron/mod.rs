//! `cron`: a job or a variable stands in a crontab, or does not. A job is known by the comment above it.

mod crontab;
mod schedule;
mod tab;

use dpp_protocol::{Failure, ResultMap};
use serde::Deserialize;

use crate::arguments::{Flag, HostPath, Words};
use crate::system::cron::crontab::Crontab;
use crate::system::cron::schedule::SpecialTime;
use crate::system::cron::tab::{Tab, TabStep};
use crate::{Host, Module, Survey};

/// Parameters of `cron`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cron {
    name: Words,
    user: Option<Words>,
    #[serde(alias = "value")]
    job: Option<Words>,
    #[serde(rename = "cron_file")]
    file: Option<HostPath>,
    #[serde(default)]
    state: State,
    #[serde(default)]
    backup: Flag,
    #[serde(default = "always")]
    minute: Words,
    #[serde(default = "always")]
    hour: Words,
    #[serde(default = "always", alias = "dom")]
    day: Words,
    #[serde(default = "always")]
    month: Words,
    #[serde(default = "always", alias = "dow")]
    weekday: Words,
    special_time: Option<SpecialTime>,
    #[serde(default)]
    disabled: Flag,
    #[serde(default)]
    env: Flag,
    insertafter: Option<Words>,
    insertbefore: Option<Words>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    #[default]
    Present,
    Absent,
}

fn always() -> Words {
    Words("*".into())
}

impl Module for Cron {
    const NAME: &'static str = "cron";
    type Step = TabStep;

    fn survey(&self, host: &Host) -> Result<Survey<TabStep>, Failure> {
        self.check()?;
        let tab = self.tab();
        let Some(before) = tab.read(host)? else {
            // An earlier task may install cron.
            return Ok(Survey::steps(vec![TabStep::write(tab, String::new(), String::new(), false)]).unpredicted());
        };
        let mut crontab = Crontab::of(&before);
        let changed = self.edit(&mut crontab)? || !before.is_empty() && !before.ends_with(['\n', '\r']);
        let survey = match (&tab, changed) {
            (_, false) => Survey::unchanged(),
            (Tab::File(path), true) if crontab.is_empty() && self.removes_a_job() => {
                return Ok(self.named(Survey::steps(vec![TabStep::Remove(path.clone())]).value("state", "absent")));
            }
            (_, true) => Survey::steps(vec![TabStep::write(tab, before, crontab.text(), self.backup.0)]),
        };
        let survey = survey.value("jobs", crontab.jobs()).value("envs", crontab.variables());
        Ok(self.warned(self.named(survey)))
    }

    fn apply(&self, step: &TabStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        step.apply(host, result)
    }
}

impl Cron {
    fn check(&self) -> Result<(), Failure> {
        let times = [&self.minute, &self.hour, &self.day, &self.month, &self.weekday];
        let is_present = self.state == State::Present;
        let places = self.insertafter.is_some() || self.insertbefore.is_some();
        let wrong = match self {
            Self { file: Some(file), .. } if file.text() == "/etc/crontab" => {
                "`cron_file` cannot be /etc/crontab, which belongs to the package; name a file in /etc/cron.d"
            }
            Self { special_time: Some(_), .. } if times.iter().any(|time| time.0 != "*") => {
                "`special_time` excludes `minute`, `hour`, `day`, `month` and `weekday`"
            }
            Self { insertafter: Some(_), insertbefore: Some(_), .. } => {
                "`insertafter` and `insertbefore` exclude each other"
            }
            Self { file: Some(_), user: None, .. } if is_present => "`cron_file` needs `user` as well",
            Self { job: None, .. } if is_present => "`job` is needed for a new job or variable",
            Self { env: Flag(false), .. } if is_present && places => {
                "`insertafter` and `insertbefore` are for variables: `env: true`"
            }
            Self { env: Flag(true), name, .. } if name.0.contains(' ') => "the name of a variable has no blanks",
            _ => return Ok(()),
        };
        Err(Failure::new(wrong).code("DPP0104"))
    }

    fn tab(&self) -> Tab {
        match &self.file {
            Some(path) => Tab::File(std::path::Path::new("/etc/cron.d").join(path)),
            None => Tab::of_user(self.user.as_ref().map(|user| user.0.as_str())),
        }
    }

    /// Makes the change; whether there was one to be made.
    fn edit(&self, crontab: &mut Crontab) -> Result<bool, Failure> {
        let (name, job) = (self.name.0.as_str(), self.job.as_ref().map_or("", |job| job.0.as_str()));
        match (self.env.0, self.state) {
            (true, State::Present) => {
                let after = self.insertafter.as_ref().map(|name| (name.0.as_str(), 1));
                let before = self.insertbefore.as_ref().map(|name| (name.0.as_str(), 0));
                crontab.set_variable(name, job, after.or(before))
            }
            (true, State::Absent) => Ok(crontab.remove_variable(name)),
            (false, State::Present) => Ok(crontab.set_job(name, &self.line(job))),
            (false, State::Absent) => Ok(crontab.remove_job(name)),
        }
    }

    fn removes_a_job(&self) -> bool {
        !self.env.0 && self.state == State::Absent
    }

    /// The job as cron reads it; a file in `/etc/cron.d` names the user as well.
    fn line(&self, job: &str) -> String {
        let time = match self.special_time {
            Some(special) => special.word().to_owned(),
            None => [&self.minute, &self.hour, &self.day, &self.month, &self.weekday].map(|time| &*time.0).join(" "),
        };
        let user = self.user.as_ref().filter(|_| self.file.is_some()).map(|user| format!("{} ", user.0));
        let disabled = if self.disabled.0 { "#" } else { "" };
        format!("{disabled}{time} {}{}", user.unwrap_or_default(), job.trim_matches(['\r', '\n']))
    }

    fn named(&self, survey: Survey<TabStep>) -> Survey<TabStep> {
        match &self.file {
            Some(path) => survey.value("cron_file", path.text()),
            None => survey,
        }
    }

    /// What cron would silently pass over.
    fn warned(&self, mut survey: Survey<TabStep>) -> Survey<TabStep> {
        if let Some(path) = &self.file {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)) {
                survey = survey.warning(format!(
                    "cron passes over the file `{name}`: its name may have letters, digits, underscores and hyphens only"
                ));
            }
        }
        let job = self.job.as_ref().filter(|_| self.state == State::Present && !self.env.0);
        if job.is_some_and(|job| job.0.trim_matches(['\r', '\n']).contains(['\r', '\n'])) {
            survey = survey.warning("a job is one line for cron; this one has several");
        }
        survey
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Ground;

    #[test]
    fn a_file_of_cron_is_made_changed_and_removed_when_nothing_is_left() {
        let ground = Ground::new();
        let file = ground.at("es-backup");
        let mut params = json!({"name": "backup", "minute": 0, "hour": "2", "user": "root", "job": "/bin/x >/dev/null",
            "cron_file": file});
        let result = ground.converge("cron", &params).result;
        assert_eq!(ground.read("es-backup"), "#Ansible: backup\n0 2 * * * root /bin/x >/dev/null\n");
        assert_eq!((&result["jobs"], &result["cron_file"]), (&json!(["backup"]), &json!(file)));
        assert_eq!(ground.mode("es-backup"), 0o644);
        params["special_time"] = "daily".into();
        params["minute"] = "*".into();
        params["hour"] = "*".into();
        params["disabled"] = true.into();
        ground.converge("cron", &params);
        assert_eq!(ground.read("es-backup"), "#Ansible: backup\n#@daily root /bin/x >/dev/null\n");
        ground.converge("cron", &json!({"name": "backup", "cron_file": file, "state": "absent"}));
        assert!(!ground.path("es-backup").exists());
    }

    #[test]
    fn the_old_crontab_is_kept_only_when_it_changed() {
        let ground = Ground::new();
        let file = ground.write("tab", "PATH=\"/bin\"\n");
        let params =
            json!({"name": "PATH", "env": true, "job": "/bin", "user": "root", "cron_file": file, "backup": true});
        assert_eq!(ground.converge("cron", &params).result.get("backup_file"), None);
        let params = json!({"name": "A", "env": true, "job": "b", "user": "root", "cron_file": file, "backup": true});
        let result = ground.converge("cron", &params).result;
        let backup = result["backup_file"].as_str().unwrap();
        assert_eq!(std::fs::read_to_string(backup).unwrap(), "PATH=\"/bin\"\n");
        std::fs::remove_file(backup).unwrap();
        assert_eq!((ground.read("tab").as_str(), &result["envs"]), ("A=\"b\"\nPATH=\"/bin\"\n", &json!(["A", "PATH"])));
    }

    #[test]
    fn what_cron_cannot_do_is_refused_and_what_it_passes_over_is_told() {
        let ground = Ground::new();
        for wrong in [
            json!({"name": "a"}),
            json!({"name": "a", "job": "b", "cron_file": "x"}),
            json!({"name": "a", "job": "b", "special_time": "daily", "hour": 2}),
            json!({"name": "a", "job": "b", "special_time": "sometimes"}),
            json!({"name": "a", "job": "b", "insertafter": "C"}),
            json!({"name": "a b", "job": "b", "env": true}),
            json!({"name": "a", "job": "b", "cron_file": "/etc/crontab", "user": "root"}),
        ] {
            assert_eq!(ground.survey("cron", &wrong).unwrap_err().code, "DPP0104", "{wrong}");
        }
        let params = json!({"name": "a", "job": "b", "user": "root", "cron_file": ground.at("x.cron")});
        assert!(ground.survey("cron", &params).unwrap().warnings[0].contains("`x.cron`"));
    }
}
