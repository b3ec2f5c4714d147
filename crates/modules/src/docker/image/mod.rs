//! `docker_image`: an image is there, pulled, built or loaded; has a further name, is archived or pushed; or is not there.
//!
//! Proxies of the user's docker configuration reach a build in any case, as its command sees to it.

mod archive;
mod build;
pub(super) mod name;
mod work;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::arguments::{Flag, HostPath, Whole, Words};
use crate::docker::client::{Client, is_there};
use crate::docker::image::archive::{Archived, archived};
use crate::docker::image::build::Build;
use crate::docker::image::name::Name;
use crate::labels::no_effect;
use crate::presence::Presence;
use crate::{Host, Module, Step, Survey};

/// Parameters of `docker_image`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DockerImage {
    name: Words,
    #[serde(default = "latest")]
    tag: Words,
    #[serde(default)]
    state: Presence,
    source: Option<Source>,
    build: Option<Build>,
    load_path: Option<HostPath>,
    archive_path: Option<HostPath>,
    #[serde(default)]
    pull: Pull,
    repository: Option<Words>,
    #[serde(default)]
    push: Flag,
    #[serde(default)]
    force_source: Flag,
    #[serde(default)]
    force_absent: Flag,
    #[serde(default)]
    force_tag: Flag,
    #[serde(alias = "docker_url")]
    docker_host: Option<Words>,
    #[serde(alias = "docker_api_version")]
    api_version: Option<Words>,
    #[serde(default)]
    tls: Flag,
    #[serde(default, alias = "tls_verify")]
    validate_certs: Flag,
    #[serde(alias = "ca_cert", alias = "tls_ca_cert", alias = "cacert_path")]
    ca_path: Option<HostPath>,
    #[serde(alias = "tls_client_cert", alias = "cert_path")]
    client_cert: Option<HostPath>,
    #[serde(alias = "tls_client_key", alias = "key_path")]
    client_key: Option<HostPath>,
    tls_hostname: Option<Words>,
    timeout: Option<Whole>,
    #[serde(default)]
    use_ssh_client: Flag,
    #[serde(default)]
    debug: Flag,
}

fn latest() -> Words {
    Words("latest".into())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Source {
    Build,
    Load,
    Local,
    Pull,
}

/// How an image is pulled.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pull {
    platform: Option<Words>,
}

/// One thing that is done.
#[derive(Debug)]
pub struct ImageStep {
    change: Change,
    work: Work,
    /// As Ansible tells it.
    action: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    /// Pulled, built or loaded.
    Get,
    Archive,
    Tag,
    Push,
    Remove,
}

impl Step for ImageStep {
    fn change(&self, _diff: bool) -> Change {
        self.change.clone()
    }
}

impl Module for DockerImage {
    const NAME: &'static str = "docker_image";
    type Step = ImageStep;

    fn survey(&self, host: &Host) -> Result<Survey<ImageStep>, Failure> {
        self.check()?;
        if !is_there(host) {
            // An earlier task may install it; without it there is no image.
            let steps = if self.state == Presence::Absent { Vec::new() } else { self.steps(None, host)? };
            let is_early = !steps.is_empty();
            let survey = self.described(steps, None);
            return Ok(if is_early { survey.unpredicted() } else { survey });
        }
        let image = self.client().image(&self.name().whole(), host)?;
        let steps = match (&image, self.state) {
            (None, Presence::Absent) => Vec::new(),
            (Some(_), Presence::Absent) => vec![self.removal()],
            (_, Presence::Present) => self.steps(image.as_ref(), host)?,
        };
        // What a registry has, or a build makes, may be what is there.
        let is_open = steps
            .iter()
            .any(|step| matches!(step.work, Work::Push | Work::Get) && (image.is_some() || self.is_local()));
        let survey = self.described(steps, image);
        Ok(if is_open { survey.unpredicted() } else { survey })
    }

    fn apply(&self, step: &ImageStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let has_changed = self.done(step.work, host, result)?;
        let before = result.get("_changed").and_then(Value::as_bool).unwrap_or_default();
        result.insert("_changed".into(), (before || has_changed).into());
        Ok(())
    }
}

impl DockerImage {
    fn check(&self) -> Result<(), Failure> {
        let is_present = self.state == Presence::Present;
        let name = self.name();
        let is_identifier = name.is_identifier();
        let wrong = match self.source {
            _ if name.repository.is_empty() => "`name` is empty",
            None if is_present => "`source` is needed: build, load, pull or local",
            Some(Source::Build) if self.build.is_none() => "`build` is needed with source=build",
            Some(Source::Load) if self.load_path.is_none() => "`load_path` is needed with source=load",
            Some(Source::Build | Source::Pull) if is_present && is_identifier => {
                "`name` is an identifier, by which no image is built or pulled"
            }
            _ if self.repository.as_ref().is_some_and(|name| name::is_identifier(&name.0)) => {
                "`repository` is a name and no identifier"
            }
            _ if self.push.0 && self.repository.is_none() && is_identifier => {
                "`repository` is needed to push an image that is given by its identifier"
            }
            _ => {
                return match &self.build {
                    Some(build) => build.words("").map(drop),
                    None => Ok(()),
                };
            }
        };
        Err(Failure::new(wrong).code("DPP0104"))
    }

    fn name(&self) -> Name {
        Name::read(&self.name.0, &self.tag.0)
    }

    /// The further name, or else the first.
    fn target(&self) -> Name {
        let tag = &self.name().tag;
        let tag = if tag.is_empty() { "latest" } else { tag };
        self.repository.as_ref().map_or_else(|| self.name(), |name| Name::read(&name.0, tag))
    }

    fn is_local(&self) -> bool {
        self.source == Some(Source::Local)
    }

    fn client(&self) -> Client {
        let mut options: Vec<String> = Vec::new();
        let mut add = |name: &str, value: &str| options.extend([name.to_owned(), value.to_owned()]);
        if let Some(place) = self.docker_host.as_ref().filter(|place| !place.0.is_empty()) {
            add("--host", &place.0);
        }
        for (name, path) in
            [("--tlscacert", &self.ca_path), ("--tlscert", &self.client_cert), ("--tlskey", &self.client_key)]
        {
            path.iter().for_each(|path| add(name, path.text()));
        }
        options.extend(self.tls.0.then(|| "--tls".to_owned()));
        options.extend(self.validate_certs.0.then(|| "--tlsverify".to_owned()));
        let version = self.api_version.as_ref().map(|version| version.0.clone());
        Client { options, api_version: version.filter(|version| version != "auto") }
    }

    fn removal(&self) -> ImageStep {
        let name = self.name();
        step(Verb::Delete, &name, "", Work::Remove, format!("Removed image {}", name.whole()))
    }

    /// What an image that is there, or is not, lacks.
    fn steps(&self, image: Option<&Value>, host: &Host) -> Result<Vec<ImageStep>, Failure> {
        let name = self.name();
        let mut steps = Vec::new();
        if image.is_none() || (self.force_source.0 && !self.is_local()) {
            steps.push(self.getting(&name, image.is_some()));
        }
        if let Some(path) = &self.archive_path
            && let Some(why) = self.archive_reason(image, archived(path, host)?)
        {
            let action = format!("Archived image {} to {}, {why}", name.whole(), path.text());
            steps.push(step(Verb::Create, &name, &format!("archive {}", path.text()), Work::Archive, action));
        }
        let target = self.target();
        if self.repository.is_some() {
            let is_named = is_there(host) && self.client().image(&target.whole(), host)?.is_some();
            if !is_named || self.force_tag.0 {
                let action = format!("Tagged image {} to {}", name.whole(), target.whole());
                steps.push(step(Verb::Create, &target, &format!("tag of {}", name.whole()), Work::Tag, action));
            }
        }
        if self.push.0 {
            let action = format!("Pushed image {} to {}", name.repository, target.place());
            steps.push(step(Verb::Run, &target, "pushed", Work::Push, action));
        }
        Ok(steps)
    }

    fn getting(&self, name: &Name, again: bool) -> ImageStep {
        let verb = if again { Verb::Change } else { Verb::Create };
        let whole = name.whole();
        let (detail, action) = match (self.source, &self.build, &self.load_path) {
            (Some(Source::Build), Some(build), _) => {
                (format!("built from {}", build.path.text()), format!("Built image {whole} from {}", build.path.text()))
            }
            (Some(Source::Load), _, Some(path)) => {
                (format!("loaded from {}", path.text()), format!("Loaded image {whole} from {}", path.text()))
            }
            (Some(Source::Local), ..) => ("made by an earlier task".to_owned(), String::new()),
            _ => ("pulled".to_owned(), format!("Pulled image {whole}")),
        };
        step(verb, name, &detail, Work::Get, action)
    }

    /// Why the archive is written, if it has to be.
    fn archive_reason(&self, image: Option<&Value>, now: Archived) -> Option<String> {
        let own = image.and_then(|image| image["Id"].as_str()).unwrap_or_default();
        match now {
            Archived::Missing => Some("since none present".to_owned()),
            Archived::Unreadable => Some("overwriting an unreadable archive file".to_owned()),
            Archived::Image { id, tags } if id == own && tags == [self.name().whole()] => None,
            Archived::Image { id, tags } => Some(format!(
                "overwriting archive with image {} named {}",
                id.trim_start_matches("sha256:"),
                tags.join(", ")
            )),
        }
    }

    fn described(&self, steps: Vec<ImageStep>, image: Option<Value>) -> Survey<ImageStep> {
        let actions: Vec<&str> =
            steps.iter().map(|step| step.action.as_str()).filter(|action| !action.is_empty()).collect();
        let actions = json!(actions);
        let mut survey =
            Survey::steps(steps).value("actions", actions).value("image", image.unwrap_or_else(|| json!({})));
        let build = self.build.as_ref();
        survey.warnings.extend(no_effect(&[
            ("tls_hostname", self.tls_hostname.is_some()),
            ("timeout", self.timeout.is_some()),
            ("use_ssh_client", self.use_ssh_client.0),
            ("debug", self.debug.0),
            ("build.http_timeout", build.is_some_and(|build| build.http_timeout.is_some())),
            ("build.use_config_proxy", build.is_some_and(|build| build.use_config_proxy.is_some_and(|flag| !flag.0))),
        ]));
        survey
    }
}

fn step(verb: Verb, what: &Name, detail: &str, work: Work, action: String) -> ImageStep {
    let change = Change::new(verb, format!("image {}", what.whole())).detail(detail);
    ImageStep { change, work, action }
}

#[cfg(test)]
mod tests;
