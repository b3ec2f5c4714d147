//! What a container lacks: which settings are others, which image it is of, and whether it runs.

use std::collections::BTreeMap;

use dpp_protocol::{Change, Failure, Verb};
use serde_json::{Value, json};

use super::parameters::{ImageComparison, ImageLabels, ImageName, Pull, PullForeseen, State};
use super::volume::with_mode;
use super::wish::{Rule, Wish};
use super::{ContainerStep, DockerContainer, Work};
use crate::Host;
use crate::docker::image::name::Name;

impl DockerContainer {
    pub(super) fn step(&self, verb: Verb, detail: impl Into<String>, work: Work) -> ContainerStep {
        ContainerStep { change: Change::new(verb, format!("container {}", self.name.0)).detail(detail), work }
    }

    pub(super) fn removal(&self) -> ContainerStep {
        self.step(Verb::Delete, "", Work::Remove)
    }

    pub(super) fn image_name(&self) -> Option<String> {
        self.image.as_ref().filter(|image| !image.0.is_empty()).map(|image| Name::read(&image.0, "latest").whole())
    }

    /// What brings the container to be as wanted; and whether only the work itself can tell.
    pub(super) fn steps(
        &self,
        container: Option<&Value>,
        wishes: &[Wish],
        host: &Host,
    ) -> Result<(Vec<ContainerStep>, bool), Failure> {
        let image = self.image_name().map(|name| self.client().image(&name, host)).transpose()?.flatten();
        let pulls = self.pulls(image.as_ref())?;
        let Some(container) = container else {
            let steps = pulls.then(|| self.pulling()).into_iter().chain(self.new_steps(image.as_ref())?).collect();
            return Ok((steps, false));
        };
        let mut steps: Vec<ContainerStep> = Vec::new();
        let image_of_container = container["Image"].as_str().unwrap_or_default().to_owned();
        let shown = shown(container);
        // One that is there is only perhaps not the newest.
        let is_open = pulls && image.is_some() && self.pull_check_mode_behavior == PullForeseen::ImageNotPresent;
        if pulls {
            steps.push(self.pulling());
            steps.push(self.step(Verb::Change, "made anew if its image is another one", Work::Renew));
        }
        let compared = match self.image_comparison {
            ImageComparison::DesiredImage if self.image.is_some() => image.clone(),
            _ => self.client().image(&image_of_container, host)?,
        };
        let others = self.others(&shown, wishes, compared.as_ref())?;
        let reasons = self.reasons(container, image.as_ref(), &others);
        if !reasons.is_empty() {
            let names = reasons.join(", ");
            steps.push(self.step(Verb::Delete, format!("made anew: {names}"), Work::Remove));
            steps.extend(self.new_steps(image.as_ref())?);
            return Ok((steps, is_open));
        }
        let live: Vec<&Wish> = others.into_iter().filter(|wish| wish.is_live).collect();
        if !live.is_empty() {
            let names: Vec<&str> = live.iter().map(|wish| wish.name).collect();
            steps.push(self.step(Verb::Change, names.join(", "), Work::Update(update(&live))));
        }
        steps.extend(self.network_steps(&shown));
        steps.extend(self.running_steps(&container["State"]));
        Ok((steps, is_open))
    }

    /// A container that is not there comes to be.
    pub(super) fn new_steps(&self, image: Option<&Value>) -> Result<Vec<ContainerStep>, Failure> {
        let Some(name) = self.image_name() else {
            return Err(Failure::new(format!("`image` is needed to make the container {}", self.name.0))
                .code("DPP0104")
                .value("msg", "Cannot create container when image is not specified!"));
        };
        self.check_labels(image)?;
        let mut steps = vec![self.step(Verb::Create, format!("of {name}"), Work::Create)];
        let by_itself = usize::from(self.networks_cli_compatible.0 && self.network_mode.is_none());
        let networks = self.networks.iter().flatten().enumerate().skip(by_itself);
        steps.extend(networks.map(|(at, network)| {
            self.step(Verb::Change, format!("connected to {}", network.name.0), Work::Connect(at))
        }));
        steps.extend(self.running_steps(&json!({"Running": false, "Paused": false})));
        Ok(steps)
    }

    fn pulling(&self) -> ContainerStep {
        let name = self.image_name().unwrap_or_default();
        ContainerStep { change: Change::new(Verb::Create, format!("image {name}")).detail("pulled"), work: Work::Pull }
    }

    fn pulls(&self, image: Option<&Value>) -> Result<bool, Failure> {
        let Some(name) = self.image_name() else { return Ok(false) };
        let is_identifier = Name::read(&name, "").is_identifier();
        if image.is_none() && (is_identifier || self.pull == Pull::Never) {
            return Err(Failure::new(format!("there is no image {name} on this host"))
                .help("`docker_image` before this task brings it; `pull: missing` has it fetched")
                .value("msg", format!("Cannot find image with name {name}, and pull=never")));
        }
        Ok(!is_identifier && (image.is_none() || self.pull == Pull::Always))
    }

    /// Wishes that are not fulfilled.
    fn others<'a>(&self, shown: &Value, wishes: &'a [Wish], image: Option<&Value>) -> Result<Vec<&'a Wish>, Failure> {
        let mut others = Vec::new();
        for wish in wishes {
            let mut wanted = wish.clone();
            if let Some(image) = image {
                with_those_of_the_image(&mut wanted, image, &self.comparisons);
            }
            if let Some(value) = self.resolved(&wanted.value)? {
                wanted.seen = Some(value);
            }
            if !wanted.is_fulfilled(shown, &self.comparisons) {
                others.push(wish);
            }
        }
        Ok(others)
    }

    /// `container:NAME` as the engine shows it, with an identifier.
    fn resolved(&self, value: &Value) -> Result<Option<Value>, Failure> {
        let Some(name) = value.as_str().and_then(|word| word.strip_prefix("container:")) else { return Ok(None) };
        let other = self.engine()?.get(&format!("/containers/{name}/json"))?;
        Ok(other.and_then(|other| other["Id"].as_str().map(|id| format!("container:{id}").into())))
    }

    /// Why a container that is there has to be made anew.
    fn reasons(&self, container: &Value, image: Option<&Value>, others: &[&Wish]) -> Vec<String> {
        let mut reasons: Vec<String> =
            others.iter().filter(|wish| !wish.is_live).map(|wish| wish.name.to_owned()).collect();
        reasons.dedup();
        let is_compared = self.comparisons.get("image").or_else(|| self.comparisons.get("*")) != Some(&Rule::Ignore);
        if is_compared {
            let is_other = image.is_some_and(|image| image["Id"] != container["Image"]);
            let is_renamed = self.image.as_ref().is_some_and(|image| container["Config"]["Image"] != image.0.as_str());
            if is_other || (is_renamed && self.image_name_mismatch == ImageName::Recreate) {
                reasons.push("image".to_owned());
            }
        }
        if self.recreate.0 {
            reasons.push("`recreate`".to_owned());
        }
        reasons
    }

    fn check_labels(&self, image: Option<&Value>) -> Result<(), Failure> {
        let is_strict = self.comparisons.get("labels") == Some(&Rule::Strict);
        let (Some(labels), true) = (&self.labels, is_strict && self.image_label_mismatch == ImageLabels::Fail) else {
            return Ok(());
        };
        let own = image.and_then(|image| image["Config"]["Labels"].as_object().cloned()).unwrap_or_default();
        let lacking: Vec<&str> = own.keys().filter(|name| !labels.contains_key(*name)).map(String::as_str).collect();
        if lacking.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!("the image has labels that `labels` lacks: {}", lacking.join(", ")))
            .help("`image_label_mismatch: ignore` takes them as they are"))
    }

    fn network_steps(&self, shown: &Value) -> Vec<ContainerStep> {
        let rule = self.comparisons.get("networks").or_else(|| self.comparisons.get("*"));
        let Some(networks) = self.networks.as_ref().filter(|_| rule != Some(&Rule::Ignore)) else { return Vec::new() };
        let now = &shown["NetworkSettings"]["Networks"];
        let mut steps = Vec::new();
        for (at, network) in networks.iter().enumerate() {
            let found = now.get(&network.name.0);
            if !network.is_as_wanted(found) {
                let detail = format!("connected to {}", network.name.0);
                steps.push(self.step(Verb::Change, detail, Work::Connect(at)));
            }
        }
        let is_wanted = |name: &&String| networks.iter().any(|network| network.name.0 == **name);
        let extra = now.as_object().into_iter().flat_map(serde_json::Map::keys).filter(|name| !is_wanted(name));
        for name in extra.filter(|_| rule == Some(&Rule::Strict)) {
            steps.push(self.step(Verb::Change, format!("disconnected from {name}"), Work::Disconnect(name.clone())));
        }
        steps
    }

    /// It runs, or not, as wanted.
    fn running_steps(&self, state: &Value) -> Vec<ContainerStep> {
        let (runs, is_paused) = (state["Running"] == true, state["Paused"] == true);
        let wants = matches!(self.state, State::Started | State::Healthy);
        let mut steps = Vec::new();
        match (wants, runs) {
            (true, false) => steps.push(self.step(Verb::Change, "started", Work::Start)),
            (true, true) if self.restart.0 => steps.push(self.step(Verb::Restart, "", Work::Restart)),
            (_, true) if self.state == State::Stopped => steps.push(self.step(Verb::Change, "stopped", Work::Stop)),
            _ => {}
        }
        let default = (self.container_default_behavior == super::parameters::Defaults::Compatibility).then_some(false);
        let pauses = self.paused.map(|flag| flag.0).or(default).filter(|pauses| wants && *pauses != is_paused);
        if let Some(pauses) = pauses {
            let detail = if pauses { "paused" } else { "runs on after its pause" };
            steps.push(self.step(Verb::Change, detail, Work::Pause(pauses)));
        }
        let is_well = runs && matches!(state["Health"]["Status"].as_str(), None | Some("healthy"));
        if self.state == State::Healthy && (!is_well || !steps.is_empty()) {
            steps.push(self.step(Verb::Run, "waited until it is healthy", Work::Heal));
        }
        steps
    }
}

/// A container with its binds in one form.
fn shown(container: &Value) -> Value {
    let mut shown = container.clone();
    if let Some(Value::Array(binds)) = shown["HostConfig"].get_mut("Binds") {
        for bind in binds.iter_mut() {
            *bind = bind.as_str().map(with_mode).unwrap_or_default().into();
        }
    }
    shown
}

/// Where a strict comparison would take what the image brings for too much.
fn with_those_of_the_image(wish: &mut Wish, image: &Value, rules: &BTreeMap<String, Rule>) {
    let is_strict = rules.get(wish.name).or_else(|| rules.get("*")) == Some(&Rule::Strict);
    if !is_strict || wish.at[0] != "Config" {
        return;
    }
    let own = wish.at.iter().try_fold(image, |inner, name| inner.get(name)).cloned().unwrap_or_default();
    let wanted = wish.value.clone();
    wish.seen = match (wanted, own) {
        (Value::Object(wanted), Value::Object(mut own)) => {
            own.extend(wanted);
            Some(own.into())
        }
        (Value::Array(wanted), Value::Array(own)) if wish.name == "env" => {
            let name = |one: &Value| one.as_str().and_then(|one| one.split('=').next()).unwrap_or_default().to_owned();
            let more = own.into_iter().filter(|one| wanted.iter().all(|other| name(one) != name(other)));
            Some(wanted.iter().cloned().chain(more).collect::<Vec<Value>>().into())
        }
        _ => None,
    };
}

/// Limits as the engine takes them of a container that runs.
fn update(live: &[&Wish]) -> Value {
    let fields = live.iter().filter_map(|wish| Some(((*wish.at.last()?).to_owned(), wish.value.clone())));
    Value::Object(fields.collect())
}
