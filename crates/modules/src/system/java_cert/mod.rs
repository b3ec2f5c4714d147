//! `java_cert`: a certificate is in a keystore of Java or is not, by the host's own `keytool`.
//!
//! Passwords reach keytool through its environment, which nobody but its user and root can read.

mod pem;

use std::fs;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use crate::arguments::{Flag, HostPath, Whole, Words};
use crate::commands::process::{Finished, Process};
use crate::files::attributes::{AttributeChange, Attributes};
use crate::files::mode::FileMode;
use crate::files::refusal::refused;
use crate::presence::Presence;
use crate::system::java_cert::pem::fingerprint;
use crate::system::tool::{accepted, installed};
use crate::{Host, Module, Step, Survey};

/// Parameters of `java_cert`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JavaCert {
    cert_url: Option<String>,
    #[serde(default = "https")]
    cert_port: Whole,
    cert_path: Option<HostPath>,
    cert_content: Option<String>,
    cert_alias: Option<Words>,
    #[serde(default)]
    trust_cacert: Flag,
    pkcs12_path: Option<HostPath>,
    #[serde(default)]
    pkcs12_password: Words,
    pkcs12_alias: Option<Words>,
    keystore_path: HostPath,
    keystore_pass: Words,
    #[serde(default)]
    keystore_create: Flag,
    keystore_type: Option<String>,
    #[serde(default = "keytool")]
    executable: String,
    #[serde(default)]
    state: Presence,
    mode: Option<FileMode>,
    owner: Option<Words>,
    group: Option<Words>,
}

fn https() -> Whole {
    Whole(443)
}

fn keytool() -> String {
    "keytool".into()
}

/// One thing that is done.
#[derive(Debug)]
pub enum JavaCertStep {
    /// A certificate goes out of the keystore.
    Delete(Change),
    /// One comes into it.
    Import(Change),
    /// The keystore's mode, owner or group change.
    Attributes(AttributeChange),
}

impl Step for JavaCertStep {
    fn change(&self, diff: bool) -> Change {
        match self {
            Self::Delete(change) | Self::Import(change) => change.clone(),
            Self::Attributes(change) => change.change(diff),
        }
    }
}

impl Module for JavaCert {
    const NAME: &'static str = "java_cert";
    type Step = JavaCertStep;

    fn survey(&self, host: &Host) -> Result<Survey<JavaCertStep>, Failure> {
        self.check()?;
        let is_wanted = self.state == Presence::Present;
        let import = || JavaCertStep::Import(self.change(Verb::Create));
        if installed(&self.executable, host).is_none() || self.is_still_to_come() {
            // An earlier task may bring Java, the keystore or the certificate.
            let delete = || JavaCertStep::Delete(self.change(Verb::Delete));
            return Ok(Survey::steps(vec![if is_wanted { import() } else { delete() }]).unpredicted());
        }
        let there = self.in_keystore(host)?;
        let mut steps = Vec::new();
        if is_wanted {
            let wanted = fingerprint(&self.certificate(host)?).map_err(|wrong| self.unreadable(&wrong))?;
            let now = there.as_ref().map(|pem| fingerprint(pem.as_bytes())).transpose();
            if now.map_err(|wrong| self.unreadable(&wrong))?.as_ref() != Some(&wanted) {
                steps.extend(there.map(|_| JavaCertStep::Delete(self.change(Verb::Delete))));
                steps.push(import());
            }
        } else {
            steps.extend(there.map(|_| JavaCertStep::Delete(self.change(Verb::Delete))));
        }
        let attributes = Attributes::of(self.mode.as_ref(), self.owner.as_ref(), self.group.as_ref());
        let found = fs::symlink_metadata(&self.keystore_path).ok();
        let change = found.and_then(|found| attributes.survey(&self.keystore_path, &found));
        steps.extend(change.map(JavaCertStep::Attributes));
        Ok(Survey::steps(steps))
    }

    fn apply(&self, step: &JavaCertStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        self.check_keystore()?;
        let (arguments, input) = match step {
            JavaCertStep::Attributes(change) => return change.apply(),
            JavaCertStep::Delete(_) => (self.on_keystore(&["-delete", "-noprompt", "-alias", &self.alias()]), None),
            JavaCertStep::Import(_) => self.import(host)?,
        };
        let finished = self.call(&arguments, input, host)?;
        let cmd = [vec![self.executable.clone()], arguments.clone()].concat();
        let finished = accepted(finished, &self.executable, &arguments)
            .map_err(|failure| failure.value("cmd", cmd.clone()).value("rc", 1))?;
        result.insert("cmd".into(), cmd.into());
        result.insert("rc".into(), finished.code().into());
        for (name, text) in [("msg", &finished.stdout), ("stdout", &finished.stdout), ("error", &finished.stderr)] {
            result.insert(name.into(), text.as_str().into());
        }
        Ok(())
    }

    fn conclude(&self, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        // A keystore that was only made now.
        let attributes = Attributes::of(self.mode.as_ref(), self.owner.as_ref(), self.group.as_ref());
        let found = fs::symlink_metadata(&self.keystore_path).ok();
        found.and_then(|found| attributes.survey(&self.keystore_path, &found)).map_or(Ok(()), |change| change.apply())
    }
}

impl JavaCert {
    fn check(&self) -> Result<(), Failure> {
        let sources = [
            self.cert_url.is_some(),
            self.cert_path.is_some(),
            self.cert_content.is_some(),
            self.pkcs12_path.is_some(),
        ];
        let given = sources.iter().filter(|given| **given).count();
        let wrong = match self.state {
            _ if given > 1 => "`cert_url`, `cert_path`, `cert_content` and `pkcs12_path` exclude each other",
            Presence::Present if given == 0 => {
                "one of `cert_url`, `cert_path`, `cert_content`, `pkcs12_path` is needed"
            }
            _ if self.alias().is_empty() => "`cert_alias` is needed, unless with `cert_url`",
            _ => return Ok(()),
        };
        Err(Failure::new(wrong).code("DPP0104"))
    }

    fn alias(&self) -> String {
        let alias = self.cert_alias.as_ref().map(|alias| alias.0.clone()).filter(|alias| !alias.is_empty());
        alias.or_else(|| self.cert_url.clone()).unwrap_or_default()
    }

    fn is_still_to_come(&self) -> bool {
        let lacks = |path: &Option<HostPath>| path.as_ref().is_some_and(|path| !path.exists());
        let lacks_source = self.state == Presence::Present && (lacks(&self.cert_path) || lacks(&self.pkcs12_path));
        lacks_source || (!self.keystore_create.0 && !self.keystore_path.exists())
    }

    fn change(&self, verb: Verb) -> Change {
        let (alias, keystore) = (self.alias(), self.keystore_path.text());
        Change::new(verb, format!("certificate {alias}")).detail(format!("in {keystore}"))
    }

    /// The certificate under the alias, as PEM.
    fn in_keystore(&self, host: &Host) -> Result<Option<String>, Failure> {
        if !self.keystore_path.exists() {
            return Ok(None);
        }
        let arguments = self.on_keystore(&["-list", "-rfc", "-alias", &self.alias()]);
        let finished = self.call(&arguments, None, host)?;
        if finished.succeeded() {
            return Ok(Some(finished.stdout));
        }
        if finished.stdout.contains("does not exist") {
            return Ok(None);
        }
        // A wrong password is no missing alias.
        accepted(finished, &self.executable, &arguments).map(|_| None)
    }

    /// The certificate of the task.
    fn certificate(&self, host: &Host) -> Result<Vec<u8>, Failure> {
        if let Some(path) = &self.cert_path {
            return fs::read(path).map_err(|error| refused("read", path, &error));
        }
        if let Some(content) = &self.cert_content {
            return Ok(content.clone().into_bytes());
        }
        let arguments: Vec<String> = match (&self.pkcs12_path, &self.cert_url) {
            (Some(path), _) => {
                let alias = self.pkcs12_alias.iter().flat_map(|alias| ["-alias", &alias.0]);
                let list = ["-list", "-rfc", "-noprompt", "-keystore", path.text(), "-storetype", "pkcs12"];
                let list = list.into_iter().chain(["-storepass:env", "DPP_PKCS12_PASSWORD"]);
                list.chain(alias).map(str::to_owned).collect()
            }
            (None, url) => {
                let server = format!("{}:{}", url.as_deref().unwrap_or_default(), self.cert_port.0);
                let order = ["-printcert", "-rfc", "-sslserver"].map(str::to_owned);
                order.into_iter().chain(proxy(host)).chain([server]).collect()
            }
        };
        let finished = self.call(&arguments, None, host)?;
        accepted(finished, &self.executable, &arguments).map(|finished| finished.stdout.into_bytes())
    }

    fn check_keystore(&self) -> Result<(), Failure> {
        if self.keystore_create.0 || self.keystore_path.exists() {
            return Ok(());
        }
        Err(Failure::new(format!("there is no keystore {}", self.keystore_path.text()))
            .help("`keystore_create: true` has it made"))
    }

    fn import(&self, host: &Host) -> Result<(Vec<String>, Option<Vec<u8>>), Failure> {
        let Some(path) = &self.pkcs12_path else {
            let alias = self.alias();
            let trust = self.trust_cacert.0.then_some("-trustcacerts");
            let words: Vec<&str> = ["-importcert", "-noprompt", "-alias", &alias].into_iter().chain(trust).collect();
            return Ok((self.on_keystore(&words), Some(self.certificate(host)?)));
        };
        let mut words: Vec<String> = ["-importkeystore", "-noprompt", "-srcstoretype", "pkcs12", "-srckeystore"]
            .into_iter()
            .chain([path.text(), "-srcstorepass:env", "DPP_PKCS12_PASSWORD"])
            .chain(["-destkeystore", self.keystore_path.text(), "-deststorepass:env", "DPP_KEYSTORE_PASSWORD"])
            .map(str::to_owned)
            .collect();
        words.extend(["-destalias".to_owned(), self.alias()]);
        // keytool takes one entry to a new name only if it is told which.
        let source = self.pkcs12_alias.as_ref().map_or("1", |alias| &alias.0);
        words.extend(["-srcalias".to_owned(), source.to_owned()]);
        words.extend(self.keystore_type.iter().flat_map(|kind| ["-deststoretype".to_owned(), kind.clone()]));
        Ok((words, None))
    }

    fn on_keystore(&self, words: &[&str]) -> Vec<String> {
        let kind = self.keystore_type.iter().flat_map(|kind| ["-storetype", kind]);
        let place = ["-keystore", self.keystore_path.text(), "-storepass:env", "DPP_KEYSTORE_PASSWORD"];
        words.iter().copied().chain(place).chain(kind).map(str::to_owned).collect()
    }

    fn call(&self, arguments: &[String], input: Option<Vec<u8>>, host: &Host) -> Result<Finished, Failure> {
        let Some(program) = installed(&self.executable, host) else {
            return Err(Failure::new(format!("there is no `{}` on this host", self.executable))
                .help("`apt: {name: default-jre-headless}` before this task brings keytool"));
        };
        let process = Process::new(&program.to_string_lossy(), arguments, host).untranslated();
        let process = process.env("DPP_KEYSTORE_PASSWORD", &self.keystore_pass.0);
        let process = process.env("DPP_PKCS12_PASSWORD", &self.pkcs12_password.0);
        match input {
            Some(bytes) => process.input(bytes),
            None => process,
        }
        .run(host)
    }

    fn unreadable(&self, wrong: &str) -> Failure {
        Failure::new(format!("cannot read the certificate for {}: {wrong}", self.alias()))
    }
}

/// What keytool has to be told of the proxy that the task's environment names.
fn proxy(host: &Host) -> Vec<String> {
    let variable = |name: &str| host.environment().get(name).cloned().or_else(|| std::env::var(name).ok());
    let Some(url) = variable("https_proxy").filter(|url| !url.is_empty()) else { return Vec::new() };
    let plain = url.split("://").last().unwrap_or_default().trim_end_matches('/').to_owned();
    let (server, port) = plain.rsplit_once(':').unwrap_or((&plain, "443"));
    let mut words = vec![format!("-J-Dhttps.proxyHost={server}"), format!("-J-Dhttps.proxyPort={port}")];
    if let Some(without) = variable("no_proxy") {
        let hosts =
            without.split(',').map(|host| if host.starts_with('.') { format!("*{host}") } else { host.to_owned() });
        words.push(format!("-J-Dhttp.nonProxyHosts={}", hosts.collect::<Vec<_>>().join("|")));
    }
    words
}

#[cfg(test)]
mod tests;
