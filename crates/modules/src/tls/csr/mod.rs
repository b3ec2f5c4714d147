//! `openssl_csr`: a request for a certificate lies in a file, as its parameters and its key have it.
//!
//! Whether one that lies there is as wanted is seen by making one: all but the signature must be the same bytes.

mod config;
mod names;

use std::fs;

use dpp_protocol::{Failure, ResultMap};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::arguments::{Flag, HostPath, Names, Whole, Words};
use crate::files::attributes::Attributes;
use crate::files::content::{NewContent, Source, back_up};
use crate::files::mode::FileMode;
use crate::files::refusal::refused;
use crate::files::step::FileStep;
use crate::presence::Presence;
use crate::tls::backend::Backend;
use crate::tls::csr::names::{pairs, wrong};
use crate::tls::der::asked;
use crate::tls::found;
use crate::tls::openssl::{der, is_there, openssl};
use crate::{Host, Module, Survey};

/// Parameters of `openssl_csr`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpensslCsr {
    path: HostPath,
    #[serde(default)]
    state: Presence,
    #[serde(default = "sha256")]
    digest: String,
    privatekey_path: Option<HostPath>,
    privatekey_content: Option<Words>,
    privatekey_passphrase: Option<Words>,
    #[serde(default = "one")]
    version: Whole,
    #[serde(default)]
    force: Flag,
    #[serde(default)]
    backup: Flag,
    #[serde(default)]
    return_content: Flag,
    subject: Option<Map<String, Value>>,
    subject_ordered: Option<Vec<Map<String, Value>>>,
    #[serde(alias = "C", alias = "countryName")]
    country_name: Option<Words>,
    #[serde(alias = "ST", alias = "stateOrProvinceName")]
    state_or_province_name: Option<Words>,
    #[serde(alias = "L", alias = "localityName")]
    locality_name: Option<Words>,
    #[serde(alias = "O", alias = "organizationName")]
    organization_name: Option<Words>,
    #[serde(alias = "OU", alias = "organizationalUnitName")]
    organizational_unit_name: Option<Words>,
    #[serde(alias = "CN", alias = "commonName")]
    common_name: Option<Words>,
    #[serde(alias = "E", alias = "emailAddress")]
    email_address: Option<Words>,
    #[serde(alias = "subjectAltName")]
    subject_alt_name: Option<Names>,
    #[serde(default, alias = "subjectAltName_critical")]
    subject_alt_name_critical: Flag,
    #[serde(default = "yes", alias = "useCommonNameForSAN")]
    use_common_name_for_san: Flag,
    #[serde(alias = "keyUsage")]
    key_usage: Option<Names>,
    #[serde(default, alias = "keyUsage_critical")]
    key_usage_critical: Flag,
    #[serde(alias = "extKeyUsage", alias = "extendedKeyUsage")]
    extended_key_usage: Option<Names>,
    #[serde(default, alias = "extKeyUsage_critical", alias = "extendedKeyUsage_critical")]
    extended_key_usage_critical: Flag,
    #[serde(alias = "basicConstraints")]
    basic_constraints: Option<Names>,
    #[serde(default, alias = "basicConstraints_critical")]
    basic_constraints_critical: Flag,
    #[serde(default, alias = "ocspMustStaple")]
    ocsp_must_staple: Flag,
    #[serde(default, alias = "ocspMustStaple_critical")]
    ocsp_must_staple_critical: Flag,
    name_constraints_permitted: Option<Names>,
    name_constraints_excluded: Option<Names>,
    #[serde(default)]
    name_constraints_critical: Flag,
    #[serde(default)]
    create_subject_key_identifier: Flag,
    subject_key_identifier: Option<Words>,
    authority_key_identifier: Option<Words>,
    authority_cert_issuer: Option<Names>,
    authority_cert_serial_number: Option<Words>,
    crl_distribution_points: Option<Vec<RevocationPoint>>,
    #[serde(rename = "select_crypto_backend")]
    _backend: Option<Backend>,
    mode: Option<FileMode>,
    owner: Option<Words>,
    group: Option<Words>,
}

/// Where revoked certificates are listed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RevocationPoint {
    full_name: Option<Names>,
    relative_name: Option<Names>,
    crl_issuer: Option<Names>,
    reasons: Option<Names>,
}

fn sha256() -> String {
    "sha256".into()
}

fn one() -> Whole {
    Whole(1)
}

fn yes() -> Flag {
    Flag(true)
}

impl Module for OpensslCsr {
    const NAME: &'static str = "openssl_csr";
    type Step = FileStep;

    fn survey(&self, host: &Host) -> Result<Survey<FileStep>, Failure> {
        self.check()?;
        let old = found(&self.path, fs::read_to_string)?;
        if self.state == Presence::Absent {
            let gone = old.map(|_| FileStep::Remove(self.path.to_path_buf()));
            return self.described(Survey::steps(gone.into_iter().collect()));
        }
        let config = self.config()?;
        if self.lacks_key() || !is_there(host) {
            // An earlier task may make the key, or install openssl.
            return self.described(Survey::steps(vec![self.content(String::new())]).unpredicted());
        }
        let new = self.request(&config, host)?;
        let steps = match old {
            Some(old) if !self.force.0 && is_same(&old, &new) => {
                let found = fs::symlink_metadata(&self.path).map_err(|error| refused("read", &self.path, &error))?;
                self.attributes().survey(&self.path, &found).map(FileStep::Attributes).into_iter().collect()
            }
            _ => vec![self.content(new)],
        };
        self.described(Survey::steps(steps))
    }

    fn apply(&self, step: &FileStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        match step {
            FileStep::Remove(_) if self.backup.0 => {
                result.insert("backup_file".into(), back_up(&self.path)?.to_string_lossy().into());
                step.apply(host, result)
            }
            FileStep::Content(_) if self.lacks_key() => {
                let key = self.privatekey_path.as_ref().map_or("", HostPath::text);
                Err(Failure::new(format!("there is no private key {key}")).help("`openssl_privatekey` makes one"))
            }
            // What was not there when it was looked may be now.
            FileStep::Content(content) if matches!(&content.source, Source::Bytes(bytes) if bytes.is_empty()) => {
                self.content(self.request(&self.config()?, host)?).apply(host, result)
            }
            _ => step.apply(host, result),
        }
    }

    fn conclude(&self, _host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        result.extend(self.returned());
        Ok(())
    }
}

impl OpensslCsr {
    fn check(&self) -> Result<(), Failure> {
        let is_wanted = self.state == Presence::Present;
        let keys = [self.privatekey_path.is_some(), self.privatekey_content.is_some()];
        let keys = keys.iter().filter(|given| **given).count();
        let has_issuer = self.authority_cert_issuer.is_some();
        let is_digest = self.digest.chars().all(|c| c.is_ascii_alphanumeric() || "-_/".contains(c));
        let message = match self {
            _ if is_wanted && keys != 1 => "either `privatekey_path` or `privatekey_content` is needed",
            Self { version: Whole(version), .. } if *version != 1 => "a request is of `version: 1`",
            Self { subject: Some(_), subject_ordered: Some(_), .. } => {
                "`subject` and `subject_ordered` exclude each other"
            }
            Self { subject_ordered: Some(_), .. } if !self.own_names().is_empty() => {
                "`subject_ordered` excludes the other fields of the subject"
            }
            Self { create_subject_key_identifier: Flag(true), subject_key_identifier: Some(_), .. } => {
                "`subject_key_identifier` is nothing with `create_subject_key_identifier`"
            }
            _ if has_issuer != self.authority_cert_serial_number.is_some() => {
                "`authority_cert_issuer` and `authority_cert_serial_number` go together"
            }
            _ if !is_digest => "`digest` is no name of a digest",
            _ => return Ok(()),
        };
        Err(wrong(message))
    }

    fn own_names(&self) -> Vec<(String, String)> {
        let names = [
            ("C", &self.country_name),
            ("ST", &self.state_or_province_name),
            ("L", &self.locality_name),
            ("O", &self.organization_name),
            ("OU", &self.organizational_unit_name),
            ("CN", &self.common_name),
            ("emailAddress", &self.email_address),
        ];
        let given = names.into_iter().filter_map(|(kind, name)| Some((kind, name.as_ref()?)));
        given.filter(|(_, name)| !name.0.is_empty()).map(|(kind, name)| (kind.to_owned(), name.0.clone())).collect()
    }

    fn subject_pairs(&self) -> Result<Vec<(String, String)>, Failure> {
        let mut all = self.own_names();
        all.extend(self.subject.as_ref().map(pairs).transpose()?.unwrap_or_default());
        for one in self.subject_ordered.iter().flatten() {
            all.extend(pairs(one)?);
        }
        Ok(all)
    }

    /// The alternative names; the common name is one when no other is given.
    fn alternative_names(&self) -> Result<Vec<String>, Failure> {
        let given = self.subject_alt_name.as_ref().map(|names| names.0.clone()).unwrap_or_default();
        if !given.is_empty() || !self.use_common_name_for_san.0 {
            return Ok(given);
        }
        let subject = self.subject_pairs()?;
        let common = subject.iter().find(|(kind, _)| matches!(kind.as_str(), "CN" | "commonName"));
        Ok(common.map(|(_, name)| format!("DNS:{name}")).into_iter().collect())
    }

    fn lacks_key(&self) -> bool {
        self.privatekey_path.as_ref().is_some_and(|path| !path.exists())
    }

    /// A new request, in PEM.
    fn request(&self, config: &str, host: &Host) -> Result<String, Failure> {
        let digest = format!("-{}", self.digest);
        let mut words = vec!["req", "-new", "-batch", &digest, "-passin", "env:DPP_PASSPHRASE"];
        if self.subject_pairs()?.is_empty() {
            words.extend(["-subj", "/"]);
        }
        let passphrase = self.privatekey_passphrase.as_ref().map(|passphrase| passphrase.0.as_str());
        if let Some(key) = &self.privatekey_path {
            words.extend(["-config", "/dev/stdin", "-key", key.text()]);
            return openssl(&words, config.as_bytes(), passphrase, host);
        }
        // The key is the input, so that it lies in no file; the configuration, which is no secret, does for a moment.
        let file = tempfile::NamedTempFile::new().and_then(|file| fs::write(file.path(), config).map(|()| file));
        let file = file.map_err(|error| Failure::new(format!("cannot write openssl's configuration: {error}")))?;
        let path = file.path().to_string_lossy().into_owned();
        words.extend(["-config", &path, "-key", "/dev/stdin"]);
        let key = self.privatekey_content.as_ref().map(|key| key.0.as_str()).unwrap_or_default();
        openssl(&words, key.as_bytes(), passphrase, host)
    }

    fn content(&self, text: String) -> FileStep {
        FileStep::content(NewContent {
            attributes: self.attributes(),
            backup: self.backup.0,
            ..NewContent::new(self.path.to_path_buf(), Source::Bytes(text.into_bytes()))
        })
    }

    fn attributes(&self) -> Attributes {
        Attributes::of(self.mode.as_ref(), self.owner.as_ref(), self.group.as_ref())
    }

    fn described(&self, survey: Survey<FileStep>) -> Result<Survey<FileStep>, Failure> {
        let names = |names: &Option<Names>| names.as_ref().map(|names| names.0.clone());
        let listed = |names: &Option<Names>| names.as_ref().map(|names| names.0.clone()).unwrap_or_default();
        let subject: Vec<Vec<String>> =
            self.subject_pairs()?.into_iter().map(|(kind, name)| vec![kind, name]).collect();
        let alternative = self.alternative_names()?;
        let mut survey = survey
            .value("privatekey", self.privatekey_path.as_ref().map(HostPath::text))
            .value("filename", self.path.text())
            .value("subject", subject)
            .value("subjectAltName", (!alternative.is_empty()).then_some(alternative))
            .value("keyUsage", names(&self.key_usage))
            .value("extendedKeyUsage", names(&self.extended_key_usage))
            .value("basicConstraints", names(&self.basic_constraints))
            .value("ocspMustStaple", self.ocsp_must_staple.0)
            .value("name_constraints_permitted", listed(&self.name_constraints_permitted))
            .value("name_constraints_excluded", listed(&self.name_constraints_excluded));
        if survey.steps.is_empty() {
            survey.result.extend(self.returned());
        }
        Ok(survey)
    }

    fn returned(&self) -> Option<(String, Value)> {
        let is_wanted = self.return_content.0 && self.state == Presence::Present;
        let text = fs::read_to_string(&self.path).ok().filter(|_| is_wanted)?;
        Some(("csr".to_owned(), text.into()))
    }
}

/// Whether two requests ask for the same, whoever signed them when.
fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (der(one), der(other));
    let (one, other) = (asked(&one), asked(&other));
    one.is_some() && one == other
}

#[cfg(test)]
mod tests;
