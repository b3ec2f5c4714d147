//! `authorized_key`: a public key may log in as a user, or may not.

use std::fs;
use std::path::{Path, PathBuf};

use dpp_protocol::{Failure, ResultMap};
use serde::Deserialize;
use serde_json::Value;

use crate::arguments::{Flag, HostPath, Words};
use crate::files::attributes::Attributes;
use crate::files::content::{NewContent, Source};
use crate::files::edit::{TextFile, lines};
use crate::files::facts::add_facts;
use crate::files::mode::FileMode;
use crate::files::step::{FileStep, NewFolder};
use crate::system::account;
use crate::{Host, Module, Survey};

/// Parameters of `authorized_key`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorizedKey {
    user: String,
    key: String,
    path: Option<HostPath>,
    #[serde(default)]
    state: State,
    #[serde(default = "yes")]
    manage_dir: Flag,
    key_options: Option<String>,
    comment: Option<String>,
    #[serde(default)]
    exclusive: Flag,
    /// Whether a link is edited where it leads, rather than replaced by a file.
    #[serde(default)]
    follow: Flag,
    /// Of a URL as `key`, which is refused.
    #[serde(default = "yes")]
    validate_certs: Flag,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    #[default]
    Present,
    Absent,
}

fn yes() -> Flag {
    Flag(true)
}

impl Module for AuthorizedKey {
    const NAME: &'static str = "authorized_key";
    type Step = FileStep;

    fn survey(&self, _host: &Host) -> Result<Survey<FileStep>, Failure> {
        let keys = self.keys()?;
        let home = account::user(&self.user).map(|user| PathBuf::from(user.home));
        let Some(path) = self.path.as_deref().map(Path::to_owned).or_else(|| Some(home?.join(".ssh/authorized_keys")))
        else {
            // An earlier task may still make the user; a real run then finds it.
            return Ok(Survey::steps(vec![FileStep::Expect(format!("home of {}", self.user).into())]).unpredicted());
        };
        let file = if self.follow.0 { TextFile::read(&path)? } else { TextFile::at(path.clone())? };
        let new = self.edited(file.text(), &keys);
        let mut steps = Vec::new();
        if file.text() != new {
            steps.extend(self.folder(&path));
            let target = Some(&path).filter(|_| self.follow.0).and_then(|path| fs::canonicalize(path).ok());
            let content = NewContent::new(target.unwrap_or_else(|| path.clone()), Source::Bytes(new.into_bytes()));
            let attributes = self.attributes(0o600);
            steps.push(FileStep::content(NewContent { attributes, ..content }));
        }
        Ok(self.told(Survey::steps(steps), &path))
    }

    fn apply(&self, step: &FileStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        step.apply(host, &mut ResultMap::new())?;
        self.add_facts_of_path(result);
        Ok(())
    }
}

impl AuthorizedKey {
    /// Ansible answers with the parameters, and with what lies at a path that the task names.
    fn told(&self, survey: Survey<FileStep>, keyfile: &Path) -> Survey<FileStep> {
        let given = |text: Option<&str>| text.map_or(Value::Null, Value::from);
        let mut survey = survey
            .value("user", self.user.as_str())
            .value("key", self.key.as_str())
            .value("keyfile", keyfile.to_string_lossy())
            .value("path", given(self.path.as_ref().map(HostPath::text)))
            .value("manage_dir", self.manage_dir.0)
            .value("state", if self.state == State::Present { "present" } else { "absent" })
            .value("key_options", given(self.key_options.as_deref()))
            .value("comment", given(self.comment.as_deref()))
            .value("exclusive", self.exclusive.0)
            .value("validate_certs", self.validate_certs.0)
            .value("follow", self.follow.0);
        self.add_facts_of_path(&mut survey.result);
        survey
    }

    fn add_facts_of_path(&self, result: &mut ResultMap) {
        if let Some(path) = &self.path {
            add_facts(path, result);
        }
    }

    /// The keys of the task, one a line, with the options and the comment it wants.
    fn keys(&self) -> Result<Vec<String>, Failure> {
        if self.key.starts_with("http:") || self.key.starts_with("https:") {
            return Err(Failure::new(format!("`authorized_key` does not download {}", self.key))
                .help("give the key itself: `key: \"{{ lookup('url', …) }}\"`"));
        }
        let lines = self.key.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(|line| self.line(line)).collect()
    }

    fn line(&self, line: &str) -> Result<String, Failure> {
        let (options, kind, blob, comment) =
            parts(line).ok_or_else(|| Failure::new(format!("`{line}` is no public key")).code("DPP0104"))?;
        let options = self.key_options.as_deref().unwrap_or(options);
        let comment = self.comment.as_deref().unwrap_or(comment);
        let words = [options, kind, blob, comment];
        Ok(words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "))
    }

    fn edited(&self, text: &str, keys: &[String]) -> String {
        let blob = |line: &str| parts(line.trim()).map(|(_, _, blob, _)| blob.to_owned());
        let wanted = |line: &str| keys.iter().find(|key| blob(key).is_some() && blob(key) == blob(line));
        let mut new: Vec<String> = Vec::new();
        let mut there = Vec::new();
        for line in lines(text) {
            match (self.state, wanted(&line)) {
                (State::Present, Some(key)) if !there.contains(key) => {
                    new.push(key.clone());
                    there.push(key.clone());
                }
                (_, Some(_)) => {}
                (State::Present, None) if self.exclusive.0 && blob(&line).is_some() => {}
                (_, None) => new.push(line.trim_end_matches('\n').to_owned()),
            }
        }
        if self.state == State::Present {
            new.extend(keys.iter().filter(|key| !there.contains(key)).cloned());
        }
        let new: String = new.into_iter().map(|line| line + "\n").collect();
        if self.state == State::Absent && new.trim_end() == text.trim_end() { text.to_owned() } else { new }
    }

    /// The user's own, wherever the file lies: sshd takes no keys from a file of somebody else.
    fn attributes(&self, mode: u32) -> Attributes {
        let group = account::user(&self.user).map(|user| Words(user.gid.to_string()));
        let owner = Words(self.user.clone());
        Attributes::of(Some(&FileMode::Bits(mode)), Some(&owner), group.as_ref())
    }

    fn folder(&self, file: &std::path::Path) -> Option<FileStep> {
        let path = file.parent().filter(|folder| !folder.exists())?.to_owned();
        let attributes = if self.manage_dir.0 { self.attributes(0o700) } else { Attributes::default() };
        Some(FileStep::Folder(NewFolder { path, attributes }))
    }
}

/// Options, kind, key and comment of a line of `authorized_keys`; options may hold blanks in quotes.
fn parts(line: &str) -> Option<(&str, &str, &str, &str)> {
    let start = kind_at(line)?;
    let (options, rest) = line.split_at(start);
    let mut words = rest.splitn(3, char::is_whitespace);
    let (kind, blob) = (words.next()?, words.next()?);
    Some((options.trim_end(), kind, blob, words.next().unwrap_or_default().trim()))
}

fn kind_at(line: &str) -> Option<usize> {
    let (mut quoted, mut fresh) = (false, true);
    for (at, character) in line.char_indices() {
        let rest = &line[at..];
        if fresh && !quoted && ["ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-"].iter().any(|kind| rest.starts_with(kind)) {
            return Some(at);
        }
        quoted ^= character == '"';
        fresh = character.is_whitespace();
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Ground;

    const KEY: &str = "ssh-ed25519 AAAAkey me@home";

    #[test]
    fn a_key_is_there_once_with_its_options() {
        let ground = Ground::new();
        let path = ground.write("keys", "# ours\nssh-rsa AAAAother you\nssh-ed25519 AAAAkey old comment");
        let params =
            json!({"user": "root", "path": path, "key": KEY, "key_options": "no-pty,from=\"10.0.0.0/8, ::1\""});
        let result = ground.converge("authorized_key", &params).result;
        assert_eq!([&result["key"], &result["state"], &result["mode"]], [&json!(KEY), &json!("file"), &json!("0600")]);
        let wanted = "# ours\nssh-rsa AAAAother you\nno-pty,from=\"10.0.0.0/8, ::1\" ssh-ed25519 AAAAkey me@home\n";
        assert_eq!((ground.read("keys").as_str(), ground.mode("keys")), (wanted, 0o600));
        ground.converge("authorized_key", &json!({"user": "root", "path": path, "key": KEY, "state": "absent"}));
        assert_eq!(ground.read("keys"), "# ours\nssh-rsa AAAAother you\n");
    }

    #[test]
    fn a_file_elsewhere_is_the_users_too() {
        let key =
            serde_json::from_value::<super::AuthorizedKey>(json!({"user": "daemon", "path": "/srv/keys", "key": KEY}))
                .unwrap();
        let owned = super::Attributes::of(
            Some(&super::FileMode::Bits(0o600)),
            Some(&super::Words("daemon".into())),
            Some(&super::Words(super::account::user("daemon").unwrap().gid.to_string())),
        );
        assert_eq!(format!("{:?}", key.attributes(0o600)), format!("{owned:?}"));
    }

    #[test]
    fn exclusive_takes_the_others_away_and_nonsense_is_refused() {
        let ground = Ground::new();
        let path = ground.write("keys", "ssh-rsa AAAAother you\n");
        ground.converge("authorized_key", &json!({"user": "root", "path": path, "key": KEY, "exclusive": true}));
        assert_eq!(ground.read("keys"), format!("{KEY}\n"));
        assert!(ground.survey("authorized_key", &json!({"user": "root", "key": "hello"})).is_err());
    }

    #[test]
    fn a_folder_that_is_not_managed_is_made_all_the_same() {
        let ground = Ground::new();
        let params = json!({"user": "root", "path": ground.at("d/keys"), "key": KEY, "manage_dir": false});
        ground.converge("authorized_key", &params);
        assert_eq!((ground.read("d/keys"), ground.mode("d")), (format!("{KEY}\n"), 0o755));
    }
}
