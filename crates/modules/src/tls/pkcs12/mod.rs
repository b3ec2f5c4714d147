//! `openssl_pkcs12`: a key and certificates lie in one PKCS #12 file; or what lies in such a file lies in another as PEM.
//!
//! A key reaches openssl as its input and passphrases through its environment; neither is shown in a difference.

mod contents;
mod making;

use std::fs;
use std::os::unix::fs::MetadataExt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use crate::arguments::{Flag, HostPath, HostPaths, Names, Whole, Words};
use crate::files::attributes::{AttributeChange, Attributes};
use crate::files::content::{NewContent, Source, back_up};
use crate::files::mode::FileMode;
use crate::files::refusal::refused;
use crate::files::step::FileStep;
use crate::labels::no_effect;
use crate::presence::Presence;
use crate::tls::backend::Backend;
use crate::tls::found;
use crate::tls::openssl::is_there;
use crate::tls::pkcs12::contents::Contents;
use crate::{Host, Module, Step, Survey};

/// Parameters of `openssl_pkcs12`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpensslPkcs12 {
    path: HostPath,
    #[serde(default)]
    state: Presence,
    #[serde(default)]
    action: Action,
    src: Option<HostPath>,
    #[serde(alias = "name")]
    friendly_name: Option<Words>,
    passphrase: Option<Words>,
    privatekey_path: Option<HostPath>,
    privatekey_content: Option<Words>,
    privatekey_passphrase: Option<Words>,
    certificate_path: Option<HostPath>,
    certificate_content: Option<String>,
    #[serde(alias = "ca_certificates")]
    other_certificates: Option<HostPaths>,
    other_certificates_content: Option<Names>,
    #[serde(default)]
    other_certificates_parse_all: Flag,
    #[serde(default)]
    encryption_level: Encryption,
    iter_size: Option<Whole>,
    maciter_size: Option<Whole>,
    #[serde(default)]
    force: Flag,
    #[serde(default)]
    backup: Flag,
    #[serde(default)]
    return_content: Flag,
    #[serde(rename = "select_crypto_backend")]
    _backend: Option<Backend>,
    mode: Option<FileMode>,
    owner: Option<Words>,
    group: Option<Words>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    #[default]
    Export,
    Parse,
}

/// Whether programs of before 2022 can read the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Encryption {
    #[default]
    Auto,
    Compatibility2022,
}

/// One thing that is done.
#[derive(Debug)]
pub enum Pkcs12Step {
    /// The file is written.
    Make(Change),
    /// Mode, owner or group change.
    Attributes(AttributeChange),
    /// The file goes away.
    Remove(FileStep),
}

impl Step for Pkcs12Step {
    fn change(&self, diff: bool) -> Change {
        match self {
            // A key is in no difference.
            Self::Make(change) => change.clone(),
            Self::Attributes(change) => change.change(diff),
            Self::Remove(step) => step.change(false),
        }
    }
}

impl Module for OpensslPkcs12 {
    const NAME: &'static str = "openssl_pkcs12";
    type Step = Pkcs12Step;

    fn survey(&self, host: &Host) -> Result<Survey<Pkcs12Step>, Failure> {
        self.check()?;
        let old = found(&self.path, fs::read)?;
        if self.state == Presence::Absent {
            let gone = old.map(|_| Pkcs12Step::Remove(FileStep::Remove(self.path.to_path_buf())));
            return Ok(self.described(Survey::steps(gone.into_iter().collect())));
        }
        let making = self.making(old.is_some());
        if self.lacking().is_some() || !is_there(host) {
            // An earlier task may make the key and the certificate, or install openssl.
            return Ok(self.described(Survey::steps(vec![making]).unpredicted()));
        }
        let is_as_wanted = self.is_as_wanted(old.as_deref(), host)? && !self.force.0;
        let steps = if is_as_wanted { self.attribute_steps()? } else { vec![making] };
        if !is_as_wanted && self.action == Action::Export && self.name().is_none() {
            return Err(Failure::new("`friendly_name` is needed to make the file").code("DPP0104"));
        }
        Ok(self.described(Survey::steps(steps)))
    }

    fn apply(&self, step: &Pkcs12Step, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        match step {
            Pkcs12Step::Attributes(change) => change.apply(),
            Pkcs12Step::Remove(step) => {
                if self.backup.0 {
                    result.insert("backup_file".into(), back_up(&self.path)?.to_string_lossy().into());
                }
                step.apply(host, result)
            }
            Pkcs12Step::Make(_) => {
                if let Some(path) = self.lacking() {
                    return Err(Failure::new(format!("there is no {}", path.text()))
                        .help("`openssl_privatekey` makes a key, `x509_certificate` a certificate"));
                }
                let bytes = match self.action {
                    Action::Export => self.exported(host)?,
                    Action::Parse => self.parsed(host)?.into_bytes(),
                };
                let content = NewContent {
                    attributes: self.attributes(),
                    backup: self.backup.0,
                    ..NewContent::new(self.path.to_path_buf(), Source::Bytes(bytes))
                };
                content.apply(host, result)
            }
        }
    }

    fn conclude(&self, _host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        result.extend(self.returned());
        Ok(())
    }
}

impl OpensslPkcs12 {
    fn check(&self) -> Result<(), Failure> {
        let message = match self {
            _ if self.state == Presence::Absent => return Ok(()),
            Self { privatekey_path: Some(_), privatekey_content: Some(_), .. } => {
                "`privatekey_path` and `privatekey_content` exclude each other"
            }
            Self { certificate_path: Some(_), certificate_content: Some(_), .. } => {
                "`certificate_path` and `certificate_content` exclude each other"
            }
            Self { other_certificates: Some(_), other_certificates_content: Some(_), .. } => {
                "`other_certificates` and `other_certificates_content` exclude each other"
            }
            Self { action: Action::Parse, src: None, .. } => "`src` is needed with action=parse",
            Self { iter_size: Some(Whole(size)), .. } if *size < 1 => "`iter_size` is a number above zero",
            _ => return Ok(()),
        };
        Err(Failure::new(message).code("DPP0104"))
    }

    fn name(&self) -> Option<&str> {
        self.friendly_name.as_ref().map(|name| name.0.as_str()).filter(|name| !name.is_empty())
    }

    /// The one of the PKCS #12 file; empty for none.
    fn passphrase(&self) -> &str {
        self.passphrase.as_ref().map_or("", |passphrase| &passphrase.0)
    }

    /// A file of the task that is not there.
    fn lacking(&self) -> Option<&HostPath> {
        if self.action == Action::Parse {
            return self.src.iter().find(|path| !path.exists());
        }
        let others = self.other_certificates.iter().flat_map(|paths| &paths.0);
        let own = [&self.privatekey_path, &self.certificate_path].into_iter().flatten();
        own.chain(others).find(|path| !path.exists())
    }

    /// Whether the file is as wanted. What it is made of is opened in any case, so that a check tells what is wrong with it.
    fn is_as_wanted(&self, old: Option<&[u8]>, host: &Host) -> Result<bool, Failure> {
        if self.action == Action::Parse {
            return Ok(Some(self.parsed(host)?.as_bytes()) == old);
        }
        let wanted = self.wanted(host)?;
        let now = old.map(|_| Contents::read(self.path.text(), self.passphrase(), host));
        match now {
            Some(Ok(now)) => now.is_like(&wanted, host),
            // It is not there, is no such file, or has another passphrase.
            _ => Ok(false),
        }
    }

    fn making(&self, again: bool) -> Pkcs12Step {
        let verb = if again { Verb::Change } else { Verb::Create };
        let detail = match (self.action, &self.src) {
            (Action::Parse, Some(src)) => format!("PEM of {}", src.text()),
            _ => "PKCS #12".to_owned(),
        };
        Pkcs12Step::Make(Change::new(verb, self.path.text()).detail(detail))
    }

    fn attributes(&self) -> Attributes {
        let mode = self.mode.clone().unwrap_or(FileMode::Bits(0o400));
        Attributes::of(Some(&mode), self.owner.as_ref(), self.group.as_ref())
    }

    fn attribute_steps(&self) -> Result<Vec<Pkcs12Step>, Failure> {
        let found = fs::symlink_metadata(&self.path).map_err(|error| refused("read", &self.path, &error))?;
        Ok(self.attributes().survey(&self.path, &found).map(Pkcs12Step::Attributes).into_iter().collect())
    }

    fn described(&self, survey: Survey<Pkcs12Step>) -> Survey<Pkcs12Step> {
        let mut survey = survey.value("filename", self.path.text());
        if let Some(path) = &self.privatekey_path {
            survey = survey.value("privatekey_path", path.text());
        }
        survey.warnings.extend(no_effect(&[
            ("iter_size", self.iter_size.is_some() && self.encryption_level == Encryption::Auto),
            ("maciter_size", self.maciter_size.is_some()),
        ]));
        if survey.steps.is_empty() {
            survey.result.extend(self.returned());
        }
        survey
    }

    fn returned(&self) -> ResultMap {
        let mut told = ResultMap::new();
        let Ok(found) = fs::metadata(&self.path) else { return told };
        told.insert("mode".into(), format!("{:04o}", found.mode() & 0o7777).into());
        if self.return_content.0 {
            told.insert("pkcs12".into(), fs::read(&self.path).ok().map(|bytes| BASE64_STANDARD.encode(bytes)).into());
        }
        told
    }
}

#[cfg(test)]
mod tests;
