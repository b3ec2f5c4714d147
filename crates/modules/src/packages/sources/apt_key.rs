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
        let steps: Vec<SourceStep> = match self.state {
            Presence::Present => self.adding()?.into_iter().collect(),
            Presence::Absent => {
                ["asc", "gpg"].map(|ending| self.place(ending)).into_iter().filter_map(SourceStep::remove).collect()
            }
        };
        let trusted_for_all = self.state == Presence::Present && self.keyring.is_none() && !steps.is_empty();
        let survey = Survey::steps(steps);
        let advice = "this key is trusted for every repository; `deb822_repository` with `signed_by` trusts it for one";
        Ok(if trusted_for_all { survey.warning(advice) } else { survey })
    }

    fn apply(&self, step: &SourceStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        step.make(host, result)
    }
}

impl AptKey {
    fn adding(&self) -> Result<Option<SourceStep>, Failure> {
        if let Some(data) = &self.data {
            let bytes = format!("{}\n", data.trim_end()).into_bytes();
            return Ok(self.writing(bytes));
        }
        if let Some(file) = &self.file {
            let bytes = fs::read(file).map_err(|error| refused("read", file, &error))?;
            return Ok(self.writing(bytes));
        }
        let Some(url) = &self.url else { return Err(self.unsupported()) };
        let place = self.place("gpg");
        Ok((!place.exists()).then(|| SourceStep::Fetch { url: url.clone(), to: place }))
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
        PathBuf::from("/etc/apt/trusted.gpg.d").join(format!("{name}.{ending}"))
    }

    fn unsupported(&self) -> Failure {
        let message = match &self.keyserver {
            Some(server) => format!("`apt_key` cannot ask the key server {server}: there is no gpg on the host"),
            None => "`apt_key` needs `url`, `data` or `file`".to_owned(),
        };
        Failure::new(message).code("DPP0104").help("give the key as `data`, or the address of an armoured key as `url`")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn a_key_gets_a_name_of_its_own() {
        let place = |parameters| from_value::<AptKey>(parameters).unwrap().place("asc").display().to_string();
        let folder = "/etc/apt/trusted.gpg.d";
        assert_eq!(place(json!({"url": "https://x.co/GPG-KEY"})), format!("{folder}/x_co_GPG_KEY.asc"));
        assert_eq!(place(json!({"url": "https://x.co/k", "id": "0xD88E42B4"})), format!("{folder}/D88E42B4.asc"));
        assert_eq!(place(json!({"data": "k", "keyring": "/etc/apt/keyrings/x.gpg"})), "/etc/apt/keyrings/x.gpg");
    }

    #[test]
    fn a_key_server_is_refused_with_what_to_do_instead() {
        let key: AptKey = from_value(json!({"keyserver": "keys.example.org", "id": "D88E42B4"})).unwrap();
        assert!(key.adding().unwrap_err().message.contains("keys.example.org"));
    }
}
