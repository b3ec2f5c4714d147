//! `apt_key`: a key that apt trusts for every repository, as roles written before `signed-by` have it.
//!
//! The program apt-key is gone from newer systems; a key in `trusted.gpg.d` means the same to every apt since 1.4.

use std::fs;
use std::path::PathBuf;

use dpp_protocol::{Failure, ResultMap};
use serde::Deserialize;

use super::SourceStep;
use super::key;
use super::line::clean_name;
use crate::arguments::{Flag, HostPath};
use crate::files::refusal::refused;
use crate::presence::Presence;
use crate::{Host, Module, Survey};

/// Where apt finds the keys that it trusts for every repository.
const FOLDER: &str = "/etc/apt/trusted.gpg.d";

/// Parameters of `apt_key`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AptKey {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    data: Option<String>,
    #[serde(default)]
    file: Option<HostPath>,
    #[serde(default)]
    keyring: Option<HostPath>,
    #[serde(default)]
    keyserver: Option<String>,
    #[serde(default)]
    state: Presence,
    /// apt's own downloader, which fetches the key, always does.
    #[serde(default, rename = "validate_certs")]
    _validate_certs: Flag,
}

impl Module for AptKey {
    const NAME: &'static str = "apt_key";
    type Step = SourceStep;

    fn survey(&self, _host: &Host) -> Result<Survey<SourceStep>, Failure> {
        let id = self.wanted_id()?;
        let steps: Vec<SourceStep> = match self.state {
            Presence::Present => self.adding(id.as_deref())?.into_iter().collect(),
            Presence::Absent => self.removing(id.as_deref())?,
        };
        let trusted_for_all = self.state == Presence::Present && self.keyring.is_none() && !steps.is_empty();
        let survey = told(Survey::steps(steps), self.id.as_deref(), id.as_deref());
        let advice = "this key is trusted for every repository; `deb822_repository` with `signed_by` trusts it for one";
        Ok(if trusted_for_all { survey.warning(advice) } else { survey })
    }

    fn apply(&self, step: &SourceStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        step.make(host, result)
    }
}

impl AptKey {
    /// The digits of `id`, or else those of the key that is given.
    fn wanted_id(&self) -> Result<Option<String>, Failure> {
        let Some(id) = &self.id else {
            let given = self.given()?;
            return Ok(given.and_then(|key| key::ids(&key).into_iter().next()));
        };
        let digits = id.to_uppercase();
        let digits = digits.trim_start_matches("0X").to_owned();
        if digits.len() < 8 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Failure::new(format!("`id: {id}` is no id of a key"))
                .code("DPP0104")
                .help("eight digits or more, as `gpg --show-keys` prints them"));
        }
        Ok(Some(digits))
    }

    /// The key as it is in the task, or in a file on the host.
    fn given(&self) -> Result<Option<Vec<u8>>, Failure> {
        let (bytes, place) = match (&self.data, &self.file) {
            (Some(data), _) => (format!("{}\n", data.trim_end()).into_bytes(), "`data`".to_owned()),
            (None, Some(file)) => {
                (fs::read(file).map_err(|error| refused("read", file, &error))?, file.text().to_owned())
            }
            (None, None) => return Ok(None),
        };
        key::check(&place, &bytes).map(|()| Some(bytes))
    }

    fn adding(&self, id: Option<&str>) -> Result<Option<SourceStep>, Failure> {
        if id.is_some_and(|id| self.files().any(|file| holds(&file, id))) {
            return Ok(None);
        }
        if let Some(key) = self.given()? {
            let ids = key::ids(&key);
            if let Some(id) = id.filter(|id| !ids.is_empty() && !ids.iter().any(|one| is_same(one, id))) {
                return Err(Failure::new(format!("the key is {} and not {id}", ids.join(", "))).code("DPP0104"));
            }
            return Ok(self.writing(key));
        }
        let Some(url) = &self.url else { return Err(self.unsupported()) };
        let place = self.place("gpg");
        Ok((!place.exists()).then(|| SourceStep::Fetch { url: url.clone(), to: place }))
    }

    /// Files that hold this key and no other, and the one that a task like this makes.
    fn removing(&self, id: Option<&str>) -> Result<Vec<SourceStep>, Failure> {
        let Some(id) = id else {
            return Err(Failure::new("`apt_key` with state=absent needs `id`").code("DPP0104"));
        };
        let is_its = |file: &PathBuf| {
            let ids = fs::read(file).map(|key| key::ids(&key)).unwrap_or_default();
            !ids.is_empty() && ids.iter().all(|one| is_same(one, id))
        };
        let mut files: Vec<PathBuf> = self.files().filter(is_its).collect();
        files.extend(["asc", "gpg"].map(|ending| self.place(ending)));
        files.sort();
        files.dedup();
        Ok(files.into_iter().filter_map(SourceStep::remove).collect())
    }

    /// What apt trusts for every repository, or the one file of the task.
    fn files(&self) -> impl Iterator<Item = PathBuf> {
        let own = self.keyring.as_ref().map(|keyring| keyring.to_path_buf());
        let folder = fs::read_dir(FOLDER).into_iter().flatten().flatten().map(|entry| entry.path());
        let folder = folder.filter(move |_| own.is_none());
        self.keyring.as_ref().map(|keyring| keyring.to_path_buf()).into_iter().chain(folder)
    }

    fn writing(&self, key: Vec<u8>) -> Option<SourceStep> {
        let place = self.place(key::ending(&key));
        let key = key::fitting(key, &place);
        SourceStep::write(place, key, None, "")
    }

    /// Named after the key's id where it is given, else after where it comes from.
    fn place(&self, ending: &str) -> PathBuf {
        if let Some(keyring) = &self.keyring {
            return keyring.to_path_buf();
        }
        let from_file =
            self.file.as_ref().and_then(|file| file.file_stem()).map(|name| name.to_string_lossy().into_owned());
        let name = self.id.clone().or_else(|| self.url.clone()).or(from_file).unwrap_or_else(|| "dppctl".into());
        let name =
            clean_name(name.trim_start_matches("https://").trim_start_matches("http://").trim_start_matches("0x"));
        PathBuf::from(FOLDER).join(format!("{name}.{ending}"))
    }

    fn unsupported(&self) -> Failure {
        let message = match &self.keyserver {
            Some(server) => format!("`apt_key` cannot ask the key server {server}: there is no gpg on the host"),
            None => "`apt_key` needs `url`, `data` or `file`".to_owned(),
        };
        Failure::new(message).code("DPP0104").help("give the key as `data`, or the address of an armoured key as `url`")
    }
}

/// Whether two ids are of one key: the shorter is the end of the longer.
fn is_same(one: &str, other: &str) -> bool {
    one.ends_with(other) || other.ends_with(one)
}

fn holds(file: &std::path::Path, id: &str) -> bool {
    fs::read(file).is_ok_and(|key| key::ids(&key).iter().any(|one| is_same(one, id)))
}

/// The id in the forms that Ansible tells.
fn told(survey: Survey<SourceStep>, given: Option<&str>, id: Option<&str>) -> Survey<SourceStep> {
    let Some(id) = id else { return survey };
    let last = |count: usize| id[id.len().saturating_sub(count)..].to_owned();
    survey.value("id", given.unwrap_or(id)).value("short_id", last(8)).value("fp", id).value("key_id", last(16))
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    const KEY: &str = include_str!("fixtures/archive.asc");

    #[test]
    fn a_key_gets_a_name_of_its_own() {
        let place = |parameters| from_value::<AptKey>(parameters).unwrap().place("asc").display().to_string();
        let folder = "/etc/apt/trusted.gpg.d";
        assert_eq!(place(json!({"url": "https://x.co/GPG-KEY"})), format!("{folder}/x_co_GPG_KEY.asc"));
        assert_eq!(place(json!({"url": "https://x.co/k", "id": "0xD88E42B4"})), format!("{folder}/D88E42B4.asc"));
        assert_eq!(place(json!({"data": "k", "keyring": "/etc/apt/keyrings/x.gpg"})), "/etc/apt/keyrings/x.gpg");
    }

    #[test]
    fn what_is_no_key_or_another_one_is_refused() {
        let survey = |params| from_value::<AptKey>(params).unwrap().wanted_id().err().map(|failure| failure.code);
        assert_eq!(survey(json!({"data": "no key"})).as_deref(), Some("DPP0607"));
        assert_eq!(survey(json!({"id": "not hex", "data": KEY})).as_deref(), Some("DPP0104"));
        let key: AptKey = from_value(json!({"data": KEY, "keyring": "/no/such.gpg"})).unwrap();
        assert_eq!(key.wanted_id().unwrap().as_deref(), Some("08B6F90D39D19E54"));
        assert!(key.adding(Some("AAAABBBBCCCCDDDD")).unwrap_err().message.contains("08B6F90D39D19E54"));
        assert!(key.adding(Some("39D19E54")).unwrap().is_some());
    }

    #[test]
    fn a_keyring_that_holds_the_key_alone_goes_once() {
        let folder = tempfile::tempdir().unwrap();
        let keyring = folder.path().join("x.gpg");
        fs::write(&keyring, KEY).unwrap();
        let key: AptKey = from_value(json!({"id": "0x39d19e54", "keyring": keyring, "state": "absent"})).unwrap();
        let id = key.wanted_id().unwrap();
        assert_eq!(key.removing(id.as_deref()).unwrap().len(), 1);
        assert!(key.removing(None).is_err());
    }

    #[test]
    fn a_key_server_is_refused_with_what_to_do_instead() {
        let key: AptKey = from_value(json!({"keyserver": "keys.example.org", "id": "D88E42B4"})).unwrap();
        assert!(key.adding(None).unwrap_err().message.contains("keys.example.org"));
    }
}
