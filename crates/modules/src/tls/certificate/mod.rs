//! `x509_certificate`: a certificate lies in a file, signed by its own key or by an authority of one's own.
//!
//! Certificates of ACME and Entrust are not made here: Ansible has other Python programs do that.

pub(super) mod form;
pub(super) mod moment;
mod signing;

use std::fs;

use dpp_protocol::{Failure, ResultMap};
use serde::Deserialize;

use crate::arguments::{Flag, HostPath, Whole, Words};
use crate::files::attributes::Attributes;
use crate::files::content::{NewContent, Source, back_up};
use crate::files::mode::FileMode;
use crate::files::refusal::refused;
use crate::files::step::FileStep;
use crate::presence::Presence;
use crate::tls::backend::Backend;
use crate::tls::certificate::form::{AUTHORITY_KEY, Form, SUBJECT_KEY, is_of};
use crate::tls::found;
use crate::tls::openssl::{der, is_there};
use crate::{Host, Module, Survey};

/// Parameters of `x509_certificate`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct X509Certificate {
    path: HostPath,
    #[serde(default)]
    state: Presence,
    provider: Option<Provider>,
    #[serde(default)]
    force: Flag,
    #[serde(default)]
    backup: Flag,
    #[serde(default)]
    return_content: Flag,
    csr_path: Option<HostPath>,
    csr_content: Option<String>,
    privatekey_path: Option<HostPath>,
    privatekey_content: Option<Words>,
    privatekey_passphrase: Option<Words>,
    #[serde(default = "yes")]
    ignore_timestamps: Flag,
    #[serde(rename = "select_crypto_backend")]
    _backend: Option<Backend>,
    #[serde(default = "three")]
    selfsigned_version: Whole,
    #[serde(default = "sha256")]
    selfsigned_digest: String,
    #[serde(default = "now", alias = "selfsigned_notBefore")]
    selfsigned_not_before: String,
    #[serde(default = "ten_years", alias = "selfsigned_notAfter")]
    selfsigned_not_after: String,
    #[serde(default)]
    selfsigned_create_subject_key_identifier: KeyIdentifier,
    ownca_path: Option<HostPath>,
    ownca_content: Option<String>,
    ownca_privatekey_path: Option<HostPath>,
    ownca_privatekey_content: Option<Words>,
    ownca_privatekey_passphrase: Option<Words>,
    #[serde(default = "sha256")]
    ownca_digest: String,
    #[serde(default = "three")]
    ownca_version: Whole,
    #[serde(default = "now")]
    ownca_not_before: String,
    #[serde(default = "ten_years")]
    ownca_not_after: String,
    #[serde(default)]
    ownca_create_subject_key_identifier: KeyIdentifier,
    #[serde(default = "yes")]
    ownca_create_authority_key_identifier: Flag,
    mode: Option<FileMode>,
    owner: Option<Words>,
    group: Option<Words>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Provider {
    Acme,
    Entrust,
    Ownca,
    Selfsigned,
}

/// Whether the certificate names its key by a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KeyIdentifier {
    AlwaysCreate,
    #[default]
    CreateIfNotProvided,
    NeverCreate,
}

fn yes() -> Flag {
    Flag(true)
}

fn three() -> Whole {
    Whole(3)
}

fn sha256() -> String {
    "sha256".into()
}

fn now() -> String {
    "+0s".into()
}

fn ten_years() -> String {
    "+3650d".into()
}

impl Module for X509Certificate {
    const NAME: &'static str = "x509_certificate";
    type Step = FileStep;

    fn survey(&self, host: &Host) -> Result<Survey<FileStep>, Failure> {
        self.check()?;
        let old = found(&self.path, fs::read_to_string)?;
        if self.state == Presence::Absent {
            let gone = old.map(|_| FileStep::Remove(self.path.to_path_buf()));
            return Ok(self.described(Survey::steps(gone.into_iter().collect())));
        }
        let making = || vec![self.content(String::new())];
        if self.lacking().is_some() || !is_there(host) {
            // An earlier task may make the key and the request, or install openssl.
            return Ok(self.described(Survey::steps(making()).unpredicted()));
        }
        let steps = match old {
            Some(old) if !self.force.0 && self.is_as_wanted(&old, host)? => {
                let found = fs::symlink_metadata(&self.path).map_err(|error| refused("read", &self.path, &error))?;
                self.attributes().survey(&self.path, &found).map(FileStep::Attributes).into_iter().collect()
            }
            _ => making(),
        };
        Ok(self.described(Survey::steps(steps)))
    }

    fn apply(&self, step: &FileStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        match step {
            FileStep::Remove(_) if self.backup.0 => {
                result.insert("backup_file".into(), back_up(&self.path)?.to_string_lossy().into());
                step.apply(host, result)
            }
            FileStep::Content(_) => {
                if let Some(path) = self.lacking() {
                    return Err(Failure::new(format!("there is no {}", path.text()))
                        .help("`openssl_privatekey` makes a key, `openssl_csr` a request"));
                }
                self.content(self.signed(host)?).apply(host, result)
            }
            _ => step.apply(host, result),
        }
    }

    fn conclude(&self, _host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        result.extend(self.returned());
        Ok(())
    }
}

impl X509Certificate {
    fn check(&self) -> Result<(), Failure> {
        let is_absent = self.state == Presence::Absent;
        let has_key = self.privatekey_path.is_some() != self.privatekey_content.is_some();
        let has_csr = self.csr_path.is_some() || self.csr_content.is_some();
        let has_ca = self.ownca_path.is_some() != self.ownca_content.is_some();
        let has_ca_key = self.ownca_privatekey_path.is_some() != self.ownca_privatekey_content.is_some();
        let digest = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || "-_/".contains(c));
        let message = match self.provider {
            _ if is_absent => return Ok(()),
            None => "`provider` is needed: selfsigned or ownca",
            Some(Provider::Acme | Provider::Entrust) => {
                "certificates of `acme` and `entrust` are not made here: `command` can call certbot or lego"
            }
            _ if self.csr_path.is_some() && self.csr_content.is_some() => {
                "`csr_path` and `csr_content` exclude each other"
            }
            _ if self.selfsigned_version.0 != 3 || self.ownca_version.0 != 3 => "a certificate is of version 3",
            _ if !digest(&self.selfsigned_digest) || !digest(&self.ownca_digest) => "that is no name of a digest",
            Some(Provider::Selfsigned) if !has_key => "either `privatekey_path` or `privatekey_content` is needed",
            Some(Provider::Ownca) if !has_csr => "`csr_path` or `csr_content` is needed with provider=ownca",
            Some(Provider::Ownca) if !has_ca => "either `ownca_path` or `ownca_content` is needed with provider=ownca",
            Some(Provider::Ownca) if !has_ca_key => {
                "either `ownca_privatekey_path` or `ownca_privatekey_content` is needed with provider=ownca"
            }
            _ => return self.validity().map(drop),
        };
        Err(Failure::new(message).code("DPP0104"))
    }

    fn is_of_authority(&self) -> bool {
        self.provider == Some(Provider::Ownca)
    }

    /// A file of the task that is not there.
    fn lacking(&self) -> Option<&HostPath> {
        let authority = [&self.ownca_path, &self.ownca_privatekey_path];
        let own = [&self.csr_path, &self.privatekey_path];
        let wanted = own.into_iter().chain(authority.into_iter().filter(|_| self.is_of_authority()));
        wanted.flatten().find(|path| !path.exists())
    }

    fn key_identifier(&self) -> KeyIdentifier {
        if self.is_of_authority() {
            self.ownca_create_subject_key_identifier
        } else {
            self.selfsigned_create_subject_key_identifier
        }
    }

    /// Whether the certificate says what its request, its key and its authority want.
    fn is_as_wanted(&self, old: &str, host: &Host) -> Result<bool, Failure> {
        let Some(now) = Form::of_certificate(&der(old)) else { return Ok(false) };
        let wanted = Form::of_request(&der(&self.request(host)?));
        let wanted = wanted.ok_or_else(|| Failure::new("the request for the certificate cannot be read"))?;
        let authority = self.authority()?.and_then(|pem| Form::of_certificate(&der(&pem)));
        let issuer = authority.as_ref().map_or(&now.subject, |authority| &authority.subject);
        let is_timely = self.ignore_timestamps.0 || now.validity == self.validity()?;
        Ok(now.subject == wanted.subject
            && now.key == wanted.key
            && now.issuer == *issuer
            && is_timely
            && self.has_extensions(&now, &wanted)
            && self.key_of(host)?.is_none_or(|key| key == now.key)
            && self.is_signed_well(old, host)?)
    }

    fn has_extensions(&self, now: &Form, wanted: &Form) -> bool {
        let (makes, adds_authority) =
            (self.key_identifier(), self.is_of_authority() && self.ownca_create_authority_key_identifier.0);
        let is_made = |extension: &[u8]| {
            let is_new_key = is_of(extension, SUBJECT_KEY)
                && (makes == KeyIdentifier::AlwaysCreate || wanted.extension(SUBJECT_KEY).is_none());
            (is_new_key && makes != KeyIdentifier::NeverCreate) || (adds_authority && is_of(extension, AUTHORITY_KEY))
        };
        let names_key = makes == KeyIdentifier::NeverCreate || now.extension(SUBJECT_KEY).is_some();
        let names_authority = !adds_authority || now.extension(AUTHORITY_KEY).is_some();
        let own = |form: &Form| {
            let kept = form.extensions.iter().filter(|extension| !is_made(extension)).cloned();
            kept.collect::<std::collections::BTreeSet<_>>()
        };
        names_key && names_authority && own(now) == own(wanted)
    }

    fn content(&self, text: String) -> FileStep {
        FileStep::content(NewContent {
            attributes: self.attributes(),
            backup: self.backup.0,
            detail: "certificate".to_owned(),
            ..NewContent::new(self.path.to_path_buf(), Source::Bytes(text.into_bytes()))
        })
    }

    fn attributes(&self) -> Attributes {
        Attributes::of(self.mode.as_ref(), self.owner.as_ref(), self.group.as_ref())
    }

    fn described(&self, survey: Survey<FileStep>) -> Survey<FileStep> {
        let mut survey = survey
            .value("filename", self.path.text())
            .value("privatekey", self.privatekey_path.as_ref().map(HostPath::text))
            .value("csr", self.csr_path.as_ref().map(HostPath::text));
        if self.provider == Some(Provider::Ownca) {
            survey = survey
                .value("ca_cert", self.ownca_path.as_ref().map(HostPath::text))
                .value("ca_privatekey", self.ownca_privatekey_path.as_ref().map(HostPath::text));
        }
        if survey.steps.is_empty() {
            survey.result.extend(self.returned());
        }
        survey
    }

    fn returned(&self) -> Option<(String, serde_json::Value)> {
        let is_wanted = self.return_content.0 && self.state == Presence::Present;
        let text = fs::read_to_string(&self.path).ok().filter(|_| is_wanted)?;
        Some(("certificate".to_owned(), text.into()))
    }
}

#[cfg(test)]
mod tests;
