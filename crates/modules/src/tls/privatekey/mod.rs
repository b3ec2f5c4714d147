//! `openssl_privatekey`: a private key of a kind and size lies in a file that its owner alone can read.

mod key;

use std::fs;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use crate::arguments::{Flag, HostPath, Whole, Words};
use crate::files::attributes::{AttributeChange, Attributes};
use crate::files::content::{NewContent, Source, back_up};
use crate::files::mode::FileMode;
use crate::files::refusal::refused;
use crate::files::step::FileStep;
use crate::presence::Presence;
use crate::tls::backend::Backend;
use crate::tls::found;
use crate::tls::openssl::{fingerprints, is_there};
use crate::tls::privatekey::key::{Key, Traits, made};
use crate::{Host, Module, Step, Survey};

/// Parameters of `openssl_privatekey`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpensslPrivatekey {
    path: HostPath,
    #[serde(default)]
    state: Presence,
    #[serde(default = "usual_size")]
    size: Whole,
    #[serde(default, rename = "type")]
    kind: Kind,
    curve: Option<String>,
    passphrase: Option<Words>,
    #[serde(rename = "cipher")]
    _cipher: Option<Cipher>,
    #[serde(default)]
    format: Format,
    #[serde(default)]
    format_mismatch: Mismatch,
    #[serde(default)]
    regenerate: Regenerate,
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

fn usual_size() -> Whole {
    Whole(4096)
}

/// What kind of key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum Kind {
    /// By DSA.
    #[serde(rename = "DSA")]
    Dsa,
    /// On an elliptic curve.
    #[serde(rename = "ECC")]
    Ecc,
    /// For signatures.
    Ed25519,
    /// For signatures.
    Ed448,
    /// By RSA.
    #[default]
    #[serde(rename = "RSA")]
    Rsa,
    /// For an exchange of keys.
    X25519,
    /// For an exchange of keys.
    X448,
}

impl Kind {
    /// Ansible's name of it.
    fn word(self) -> &'static str {
        match self {
            Self::Dsa => "DSA",
            Self::Ecc => "ECC",
            Self::Ed25519 => "Ed25519",
            Self::Ed448 => "Ed448",
            Self::Rsa => "RSA",
            Self::X25519 => "X25519",
            Self::X448 => "X448",
        }
    }

    /// openssl's name of it, where the kind says all.
    fn algorithm(self) -> &'static str {
        match self {
            Self::Ed25519 => "ED25519",
            Self::Ed448 => "ED448",
            other => other.word(),
        }
    }

    /// What stands before a raw key of this kind in PKCS #8.
    fn prefix(self) -> Option<&'static [u8]> {
        match self {
            Self::X25519 => Some(&[0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20]),
            Self::X448 => Some(&[0x30, 0x46, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6f, 4, 0x3a, 4, 0x38]),
            Self::Ed25519 => Some(&[0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20]),
            Self::Ed448 => Some(&[0x30, 0x47, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x71, 4, 0x3b, 4, 0x39]),
            Self::Dsa | Self::Ecc | Self::Rsa => None,
        }
    }
}

/// How a key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Pkcs1,
    Pkcs8,
    Raw,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    Auto,
    #[default]
    AutoIgnore,
    Pkcs1,
    Pkcs8,
    Raw,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mismatch {
    Convert,
    #[default]
    Regenerate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Regenerate {
    Always,
    Fail,
    #[default]
    FullIdempotence,
    Never,
    PartialIdempotence,
}

/// Ansible knows one of them, too.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Cipher {
    Auto,
}

/// One thing that is done.
#[derive(Debug)]
pub enum KeyStep {
    /// A new key is made.
    Make(Change),
    /// The key that is there gets another form.
    Convert(Change),
    /// Mode, owner or group change.
    Attributes(AttributeChange),
    /// The key goes away.
    Remove(FileStep),
}

impl Step for KeyStep {
    fn change(&self, diff: bool) -> Change {
        match self {
            // A key is in no difference.
            Self::Make(change) | Self::Convert(change) => change.clone(),
            Self::Attributes(change) => change.change(diff),
            Self::Remove(step) => step.change(false),
        }
    }
}

impl Module for OpensslPrivatekey {
    const NAME: &'static str = "openssl_privatekey";
    type Step = KeyStep;

    fn survey(&self, host: &Host) -> Result<Survey<KeyStep>, Failure> {
        self.check()?;
        let old = found(&self.path, fs::read)?;
        if self.state == Presence::Absent {
            let gone = old.map(|_| KeyStep::Remove(FileStep::Remove(self.path.to_path_buf())));
            return Ok(self.described(Survey::steps(gone.into_iter().collect()), host));
        }
        if !is_there(host) {
            // An earlier task may install it.
            return Ok(self.described(Survey::steps(vec![self.making(old.is_some())]).unpredicted(), host));
        }
        let steps = match old {
            None => vec![self.making(false)],
            Some(bytes) => self.steps_for(&bytes, host)?,
        };
        Ok(self.described(Survey::steps(steps), host))
    }

    fn apply(&self, step: &KeyStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let form = self.wanted_form();
        let bytes = match step {
            KeyStep::Attributes(change) => return change.apply(),
            KeyStep::Remove(step) => {
                if self.backup.0 {
                    result.insert("backup_file".into(), back_up(&self.path)?.to_string_lossy().into());
                }
                return step.apply(host, result);
            }
            KeyStep::Make(_) => {
                let key = made(self.kind, self.size.0, self.openssl_curve(), host)?;
                key.in_form(form, self.passphrase(), host)?
            }
            KeyStep::Convert(_) => {
                let bytes = fs::read(&self.path).map_err(|error| refused("read", &self.path, &error))?;
                let key = Key::read(&bytes, self.kind).ok_or_else(|| self.unreadable())?;
                key.in_form(form, self.passphrase(), host)?
            }
        };
        let content = NewContent {
            attributes: self.attributes(),
            backup: self.backup.0,
            ..NewContent::new(self.path.to_path_buf(), Source::Bytes(bytes))
        };
        content.apply(host, result)
    }

    fn conclude(&self, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        result.extend(self.of_file(host));
        Ok(())
    }
}

impl OpensslPrivatekey {
    fn check(&self) -> Result<(), Failure> {
        let is_raw = self.format == Format::Raw;
        let wrong = match self {
            Self { kind: Kind::Ecc, curve: None, .. } => "`curve` is needed with type=ECC",
            Self { passphrase: Some(_), .. } if is_raw => "a key in `format: raw` cannot have a `passphrase`",
            Self { kind, .. } if is_raw && kind.prefix().is_none() => {
                "only keys of X25519, X448, Ed25519 and Ed448 can be written as `format: raw`"
            }
            Self { kind, format: Format::Pkcs1, .. } if kind.prefix().is_some() => {
                "keys of X25519, X448, Ed25519 and Ed448 cannot be written as `format: pkcs1`"
            }
            _ => return Ok(()),
        };
        Err(Failure::new(wrong).code("DPP0104"))
    }

    fn passphrase(&self) -> Option<&str> {
        self.passphrase.as_ref().map(|passphrase| passphrase.0.as_str())
    }

    fn openssl_curve(&self) -> Option<&str> {
        match self.curve.as_deref().filter(|_| self.kind == Kind::Ecc)? {
            "secp256r1" => Some("prime256v1"),
            "secp192r1" => Some("prime192v1"),
            other => Some(other),
        }
    }

    fn attributes(&self) -> Attributes {
        let mode = self.mode.clone().unwrap_or(FileMode::Bits(0o600));
        Attributes::of(Some(&mode), self.owner.as_ref(), self.group.as_ref())
    }

    fn wanted_form(&self) -> Form {
        match self.format {
            Format::Pkcs8 => Form::Pkcs8,
            Format::Raw => Form::Raw,
            Format::Auto | Format::AutoIgnore if self.kind.prefix().is_some() => Form::Pkcs8,
            Format::Pkcs1 | Format::Auto | Format::AutoIgnore => Form::Pkcs1,
        }
    }

    fn making(&self, again: bool) -> KeyStep {
        let verb = if again { Verb::Change } else { Verb::Create };
        let size = match self.kind {
            Kind::Rsa | Kind::Dsa => format!(" of {} bits", self.size.0),
            Kind::Ecc => format!(" on {}", self.curve.as_deref().unwrap_or_default()),
            _ => String::new(),
        };
        let detail = format!("{} key{size}", self.kind.word());
        KeyStep::Make(Change::new(verb, self.path.text()).detail(detail))
    }

    /// What a key that lies there lacks.
    fn steps_for(&self, bytes: &[u8], host: &Host) -> Result<Vec<KeyStep>, Failure> {
        if self.force.0 || self.regenerate == Regenerate::Always {
            return Ok(vec![self.making(true)]);
        }
        let key = Key::read(bytes, self.kind);
        let traits = key.as_ref().map(|key| key.traits(self.passphrase(), host)).transpose()?.flatten();
        let (Some(key), Some(traits)) = (key, traits) else {
            return match self.regenerate {
                Regenerate::FullIdempotence => Ok(vec![self.making(true)]),
                _ => Err(self.unreadable()),
            };
        };
        if self.regenerate != Regenerate::Never && !self.is_like(&traits) {
            return self.again("another type or size");
        }
        let is_in_form = self.format == Format::AutoIgnore || key.form == self.wanted_form();
        let regenerates = self.format_mismatch == Mismatch::Regenerate;
        if !is_in_form && regenerates && self.regenerate != Regenerate::Never {
            return self.again("another format");
        }
        if !is_in_form && !regenerates {
            let change = Change::new(Verb::Change, self.path.text()).detail("written in another format");
            return Ok(vec![KeyStep::Convert(change)]);
        }
        let found = fs::symlink_metadata(&self.path).map_err(|error| refused("read", &self.path, &error))?;
        Ok(self.attributes().survey(&self.path, &found).map(KeyStep::Attributes).into_iter().collect())
    }

    fn is_like(&self, traits: &Traits) -> bool {
        let is_of_size = !matches!(self.kind, Kind::Rsa | Kind::Dsa) || traits.size == Some(self.size.0);
        let is_on_curve = self.kind != Kind::Ecc || traits.curve.as_deref() == self.openssl_curve();
        traits.kind == Some(self.kind) && is_of_size && is_on_curve
    }

    fn again(&self, how: &str) -> Result<Vec<KeyStep>, Failure> {
        match self.regenerate {
            Regenerate::Fail => Err(Failure::new(format!("the key in {} is of {how}", self.path.text()))
                .help("`regenerate: full_idempotence` or `force: true` has another one made")),
            _ => Ok(vec![self.making(true)]),
        }
    }

    fn unreadable(&self) -> Failure {
        Failure::new(format!(
            "cannot open the key in {}: it is broken, or has another passphrase or none",
            self.path.text()
        ))
        .help("`regenerate: full_idempotence` or `force: true` has another one made")
    }

    fn described(&self, survey: Survey<KeyStep>, host: &Host) -> Survey<KeyStep> {
        let mut survey =
            survey.value("size", self.size.0).value("type", self.kind.word()).value("filename", self.path.text());
        if let Some(curve) = self.curve.as_deref().filter(|_| self.kind == Kind::Ecc) {
            survey = survey.value("curve", curve);
        }
        if survey.steps.is_empty() {
            survey.result.extend(self.of_file(host));
        }
        survey
    }

    /// What the key in the file tells of itself.
    fn of_file(&self, host: &Host) -> ResultMap {
        let mut told = ResultMap::new();
        let Ok(bytes) = fs::read(&self.path) else { return told };
        let key = Key::read(&bytes, self.kind).filter(|_| self.state == Presence::Present);
        if let Some(public) = key.and_then(|key| key.public(self.passphrase(), host).ok()) {
            told.insert("fingerprint".into(), fingerprints(&public).into());
        }
        if self.return_content.0 && self.state == Presence::Present {
            let text = String::from_utf8(bytes).unwrap_or_else(|raw| {
                base64::Engine::encode(&base64::engine::general_purpose::STANDARD, raw.as_bytes())
            });
            told.insert("privatekey".into(), text.into());
        }
        told
    }
}

#[cfg(test)]
mod tests;
