//! `acl`: rights of single users and groups on a path, by the host's `setfacl` and `getfacl`.

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use crate::arguments::{Flag, HostPath, Words};
use crate::system::tool::{accepted, ask_tool, run_tool};
use crate::{Host, Module, Survey};

/// Parameters of `acl`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acl {
    #[serde(alias = "name")]
    path: HostPath,
    entry: Option<String>,
    #[serde(default)]
    entity: Words,
    etype: Option<Kind>,
    permissions: Option<Words>,
    #[serde(default)]
    state: State,
    #[serde(default = "yes")]
    follow: Flag,
    #[serde(default)]
    default: Flag,
    #[serde(default, alias = "recurse")]
    recursive: Flag,
    #[serde(default)]
    recalculate_mask: Recalculation,
    #[serde(default)]
    use_nfsv4_acls: Flag,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Group,
    Mask,
    Other,
    User,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Absent,
    Present,
    #[default]
    Query,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Recalculation {
    #[default]
    Default,
    Mask,
    NoMask,
}

fn yes() -> Flag {
    Flag(true)
}

impl Kind {
    fn of(word: &str) -> Option<Self> {
        Some(match word.to_lowercase().chars().next()? {
            'u' => Self::User,
            'g' => Self::Group,
            'm' => Self::Mask,
            'o' => Self::Other,
            _ => return None,
        })
    }

    fn word(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::Mask => "mask",
            Self::Other => "other",
            Self::User => "user",
        }
    }
}

/// An entry as a task means it.
struct Entry {
    text: String,
    is_default: bool,
}

impl Module for Acl {
    const NAME: &'static str = "acl";
    type Step = Change;

    fn survey(&self, host: &Host) -> Result<Survey<Change>, Failure> {
        self.check()?;
        let entry = self.entry()?;
        if !self.path.exists() {
            return match entry {
                // An earlier task may make it.
                Some(entry) => Ok(Survey::steps(vec![self.change(&entry)]).unpredicted()),
                None => Err(self.not_there()),
            };
        }
        let Some(entry) = entry else {
            return Ok(Survey::unchanged().value("msg", "current acl").value("acl", self.listed(host)?));
        };
        let arguments = [vec!["--test".to_owned()], self.arguments(&entry)].concat();
        let Some(answer) = ask_tool(self.program(), &arguments, host)? else {
            return Ok(Survey::steps(vec![self.change(&entry)]).unpredicted());
        };
        let answer = accepted(answer, self.program(), &arguments).map_err(explained)?;
        let changes = self.is_changed(&answer.stdout, &entry.text);
        let survey = Survey::steps(changes.then(|| self.change(&entry)).into_iter().collect());
        Ok(survey.value("msg", self.message(&entry)).value("acl", self.listed(host)?))
    }

    fn apply(&self, _step: &Change, host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        if !self.path.exists() {
            return Err(self.not_there());
        }
        let Some(entry) = self.entry()? else { return Ok(()) };
        run_tool(self.program(), &self.arguments(&entry), host).map_err(explained)
    }

    fn conclude(&self, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        if let Some(entry) = self.entry()? {
            result.insert("msg".into(), self.message(&entry).into());
        }
        result.insert("acl".into(), self.listed(host)?.into());
        Ok(())
    }
}

impl Acl {
    fn check(&self) -> Result<(), Failure> {
        let is_query = self.state == State::Query;
        let entry = self.entry.as_deref().filter(|entry| !entry.is_empty());
        let colons = entry.map_or(0, |entry| entry.matches(':').count());
        let wrong = match (entry, self.state) {
            _ if is_query && self.recursive.0 => "`recursive` is nothing for state=query",
            _ if is_query && self.recalculate_mask != Recalculation::Default => {
                "`recalculate_mask` is nothing for state=query"
            }
            (Some(_), State::Query) => "`entry` is nothing for state=query",
            (Some(_), _) if self.etype.is_some() || !self.entity.0.is_empty() || self.permissions.is_some() => {
                "`entry` excludes `entity`, `etype` and `permissions`"
            }
            (Some(_), State::Present) if ![2, 3].contains(&colons) => "`entry` has 3 or 4 parts with state=present",
            (Some(_), State::Absent) if ![1, 2].contains(&colons) => "`entry` has 2 or 3 parts with state=absent",
            (None, State::Present | State::Absent) if self.etype.is_none() => {
                "`etype` is needed to set or remove an entry"
            }
            (None, State::Absent) if self.entity.0.is_empty() => "`entity` is needed with state=absent",
            (None, State::Absent) if self.permissions.is_some() && !self.use_nfsv4_acls.0 => {
                "`permissions` is nothing for state=absent"
            }
            _ => return Ok(()),
        };
        Err(Failure::new(wrong).code("DPP0104"))
    }

    /// The entry to be set or removed; none for a query.
    fn entry(&self) -> Result<Option<Entry>, Failure> {
        if self.state == State::Query {
            return Ok(None);
        }
        let (kind, entity, permissions, is_default) = match self.entry.as_deref().filter(|entry| !entry.is_empty()) {
            Some(entry) => split(entry).ok_or_else(|| {
                Failure::new(format!("`{entry}` is no entry of an ACL"))
                    .code("DPP0104")
                    .help("`user:joe:rw`, `default:group:adm:r`")
            })?,
            None => {
                let permissions = self.permissions.as_ref().map(|permissions| permissions.0.clone());
                let Some(kind) = self.etype else { return Ok(None) };
                (kind, self.entity.0.clone(), permissions, self.default.0)
            }
        };
        let permissions = permissions.filter(|text| !text.is_empty());
        let text = if self.use_nfsv4_acls.0 {
            let group = if kind == Kind::Group { "g" } else { "" };
            format!("A:{group}:{entity}:{}tcy", permissions.unwrap_or_default())
        } else {
            let permissions = permissions.filter(|_| self.state == State::Present);
            let permissions = permissions.map(|permissions| format!(":{permissions}")).unwrap_or_default();
            format!("{}:{entity}{permissions}", kind.word())
        };
        Ok(Some(Entry { text, is_default: is_default || self.default.0 }))
    }

    fn program(&self) -> &'static str {
        if self.use_nfsv4_acls.0 { "nfs4_setfacl" } else { "setfacl" }
    }

    fn arguments(&self, entry: &Entry) -> Vec<String> {
        let order = match (self.state, self.use_nfsv4_acls.0) {
            (State::Absent, _) => "-x",
            (_, true) => "-a",
            (_, false) => "-m",
        };
        let mut arguments = self.options(entry.is_default);
        arguments.extend(match self.recalculate_mask {
            Recalculation::Default => None,
            Recalculation::Mask => Some("--mask".to_owned()),
            Recalculation::NoMask => Some("--no-mask".to_owned()),
        });
        arguments.extend([order.to_owned(), entry.text.clone(), self.path.text().to_owned()]);
        arguments
    }

    /// Options that both programs have.
    fn options(&self, is_default: bool) -> Vec<String> {
        let options = [
            ("-d", is_default),
            ("--recursive", self.recursive.0 && !self.use_nfsv4_acls.0),
            ("--physical", !self.follow.0 && !self.use_nfsv4_acls.0),
        ];
        options.iter().filter(|(_, wanted)| *wanted).map(|(option, _)| (*option).to_owned()).collect()
    }

    /// Whether the test of the program says that something would change: it writes `*` for what stays.
    fn is_changed(&self, tested: &str, entry: &str) -> bool {
        let mut lines = tested.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        if self.use_nfsv4_acls.0 {
            return lines.filter(|line| *line == entry).count() != 2;
        }
        lines.any(|line| !line.ends_with("*,*"))
    }

    fn listed(&self, host: &Host) -> Result<Vec<String>, Failure> {
        let program = if self.use_nfsv4_acls.0 { "nfs4_getfacl" } else { "getfacl" };
        let is_default = self.entry()?.map_or(self.default.0, |entry| entry.is_default);
        let mut arguments = self.options(is_default);
        if !self.use_nfsv4_acls.0 {
            arguments.extend(["--absolute-names".to_owned(), "--omit-header".to_owned()]);
        }
        arguments.push(self.path.text().to_owned());
        let answer = ask_tool(program, &arguments, host)?.ok_or_else(|| {
            Failure::new(format!("cannot read the ACL of {}: there is no {program}", self.path.display()))
                .help("the package acl brings it: `apt: name=acl`")
        })?;
        let answer = accepted(answer, program, &arguments)?;
        let lines = answer.stdout.lines().filter(|line| !line.starts_with('#')).map(|line| line.trim().to_owned());
        let mut lines: Vec<String> = lines.collect();
        lines.pop_if(|last| last.is_empty());
        Ok(lines)
    }

    fn change(&self, entry: &Entry) -> Change {
        let verb = if self.state == State::Absent { Verb::Delete } else { Verb::Change };
        Change::new(verb, self.path.to_string_lossy()).detail(format!("ACL {}", entry.text))
    }

    fn message(&self, entry: &Entry) -> String {
        format!("{} is {}", entry.text, if self.state == State::Absent { "absent" } else { "present" })
    }

    fn not_there(&self) -> Failure {
        Failure::new(format!("cannot set or read the ACL of {}: it is not there", self.path.display()))
    }
}

fn explained(failure: Failure) -> Failure {
    if failure.help.is_some() {
        return failure;
    }
    failure.help("the package acl brings setfacl, and the file system must be mounted with ACLs")
}

/// Parts of `[d[efault]:]kind:who[:permissions]`.
fn split(entry: &str) -> Option<(Kind, String, Option<String>, bool)> {
    let mut parts: Vec<&str> = entry.split(':').collect();
    let is_default = entry.to_lowercase().starts_with('d');
    if is_default {
        parts.remove(0);
    }
    let (kind, entity) = (Kind::of(parts.first()?)?, (*parts.get(1)?).to_owned());
    Some((kind, entity, parts.get(2).map(|permissions| (*permissions).to_owned()), is_default))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json};

    use super::*;

    fn arguments(mut params: Value) -> Result<String, String> {
        params["path"] = "/f".into();
        let acl: Acl = from_value(params).unwrap();
        acl.check().map_err(|failure| failure.message)?;
        let entry = acl.entry().map_err(|failure| failure.message)?.ok_or("query")?;
        Ok(format!("{} {}", acl.program(), acl.arguments(&entry).join(" ")))
    }

    #[test]
    fn entries_become_the_arguments_of_the_programs() {
        for (params, wanted) in [
            (
                json!({"entity": "joe", "etype": "user", "permissions": "r", "state": "present"}),
                "setfacl -m user:joe:r /f",
            ),
            (json!({"entity": "joe", "etype": "user", "state": "absent"}), "setfacl -x user:joe /f"),
            (
                json!({"entity": "adm", "etype": "group", "permissions": "rX", "state": "present", "default": true,
                    "recurse": true, "follow": false, "recalculate_mask": "no_mask"}),
                "setfacl -d --recursive --physical --no-mask -m group:adm:rX /f",
            ),
            (json!({"entry": "default:user:joe:rw-", "state": "present"}), "setfacl -d -m user:joe:rw- /f"),
            (json!({"entry": "u:joe", "state": "absent"}), "setfacl -x user:joe /f"),
            (
                json!({"entity": "joe", "etype": "user", "permissions": "r", "state": "present", "use_nfsv4_acls": true}),
                "nfs4_setfacl -a A::joe:rtcy /f",
            ),
        ] {
            assert_eq!(arguments(params.clone()).unwrap(), wanted, "{params}");
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        for params in [
            json!({"recursive": true}),
            json!({"entry": "u:joe:r", "state": "present", "etype": "user"}),
            json!({"entry": "u:joe", "state": "present"}),
            json!({"entry": "x:joe:r", "state": "present"}),
            json!({"entity": "joe", "state": "present"}),
            json!({"etype": "user", "state": "absent"}),
            json!({"etype": "user", "entity": "joe", "permissions": "r", "state": "absent"}),
        ] {
            assert_ne!(arguments(params.clone()).unwrap_err(), "query", "{params}");
        }
        assert_eq!(arguments(json!({})).unwrap_err(), "query");
    }

    #[test]
    fn a_test_that_shows_stars_changes_nothing() {
        let acl: Acl = from_value(json!({"path": "/f"})).unwrap();
        assert!(!acl.is_changed("/f: *,*\n/f/a: *,*\n", ""));
        assert!(acl.is_changed("/f: *,*\n/f/a: u::rw-,u:joe:r--,g::r--,m::r--,o::r--,*\n", ""));
    }
}
