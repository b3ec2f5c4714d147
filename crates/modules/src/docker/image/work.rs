//! What is done with an image: each work with the order of docker for it, and whether it changed anything.

use dpp_protocol::{Failure, ResultMap};
use serde_json::{Value, json};

use super::{DockerImage, Source, Work};
use crate::Host;
use crate::arguments::HostPath;
use crate::commands::process::Finished;

impl DockerImage {
    /// Does it; whether it changed something.
    pub(super) fn done(&self, work: Work, host: &Host, result: &mut ResultMap) -> Result<bool, Failure> {
        match work {
            Work::Get => self.get(host, result),
            Work::Archive => {
                let path = self.archive_path.as_ref().map_or("", HostPath::text);
                self.order(&["save", "--output", path, &self.name().whole()], host)?;
                self.told(&self.name().whole(), host, result).map(|_| true)
            }
            Work::Tag => {
                let (name, target) = (self.name().whole(), self.target().whole());
                let before = self.client().image(&target, host)?.map(|image| image["Id"].clone());
                self.order(&["tag", &name, &target], host)?;
                let after = self.told(&target, host, result)?;
                Ok(before != Some(after["Id"].clone()))
            }
            Work::Push => self.pushed(host, result),
            Work::Remove => {
                let name = self.name().whole();
                let force: &[&str] = if self.force_absent.0 { &["--force"] } else { &[] };
                self.order(&[&["image", "rm"], force, &[&name]].concat(), host)?;
                if let Some(Value::Object(image)) = result.get_mut("image") {
                    image.insert("state".into(), "Deleted".into());
                }
                Ok(true)
            }
        }
    }

    fn get(&self, host: &Host, result: &mut ResultMap) -> Result<bool, Failure> {
        let name = self.name().whole();
        let before = self.client().image(&name, host)?.map(|image| image["Id"].clone());
        host.life(&format!("docker: {name}"), None);
        match (self.source, &self.build, &self.load_path) {
            (Some(Source::Local), ..) => {
                return Err(Failure::new(format!("there is no image {name} on this host"))
                    .help("`source: pull` has it fetched")
                    .value("msg", format!("Cannot find the image {name} locally.")));
            }
            (Some(Source::Build), Some(build), _) => {
                if !build.is_remote() && !build.path.is_dir() {
                    return Err(Failure::new(format!("there is no folder {} to build from", build.path.text())));
                }
                let said = self.client().run(&build.words(&name)?, &build.secrets(), host)?;
                result.insert("stdout".into(), said.stdout.trim_end().into());
            }
            (Some(Source::Load), _, Some(path)) => {
                let said = self.order(&["load", "--input", path.text()], host)?;
                self.check_loaded(&said.stdout, result)?;
            }
            _ => {
                let platform = self.pull.platform.iter().flat_map(|platform| ["--platform", &platform.0]);
                let words: Vec<&str> = ["pull", "--quiet"].into_iter().chain(platform).chain([name.as_str()]).collect();
                self.order(&words, host)?;
            }
        }
        let after = self.told(&name, host, result)?;
        Ok(before != Some(after["Id"].clone()))
    }

    /// That the archive held the image; a warning if it held others, too.
    fn check_loaded(&self, said: &str, result: &mut ResultMap) -> Result<(), Failure> {
        let name = self.name().whole();
        let mut loaded: Vec<&str> = said
            .lines()
            .filter_map(|line| line.strip_prefix("Loaded image: ").or_else(|| line.strip_prefix("Loaded image ID: ")))
            .map(str::trim)
            .collect();
        let path = self.load_path.as_ref().map_or("", HostPath::text);
        let Some(at) = loaded.iter().position(|image| image.eq_ignore_ascii_case(&name)) else {
            let found = if loaded.is_empty() { "none".to_owned() } else { loaded.join(", ") };
            return Err(Failure::new(format!("the archive {path} holds no image {name}, but {found}"))
                .value("stdout", said)
                .help("its names are in its manifest: `tar -xOf FILE manifest.json`"));
        };
        loaded.remove(at);
        if !loaded.is_empty() {
            let words = format!("the archive {path} held more images: {}", loaded.join(", "));
            result.insert("_warnings".into(), vec![words].into());
        }
        Ok(())
    }

    fn pushed(&self, host: &Host, result: &mut ResultMap) -> Result<bool, Failure> {
        let target = self.target().whole();
        host.life(&format!("docker: pushing {target}"), None);
        let said = self.order(&["push", &target], host)?;
        let is_new = said.stdout.lines().any(|line| line.ends_with(": Pushed"));
        self.told(&target, host, result)?;
        if let Some(Value::Object(image)) = result.get_mut("image") {
            let status = if is_new { "Pushed" } else { "Layer already exists" };
            image.insert("push_status".into(), status.into());
        }
        Ok(is_new)
    }

    /// The image as the engine has it, also for the result.
    fn told(&self, name: &str, host: &Host, result: &mut ResultMap) -> Result<Value, Failure> {
        let image = self.client().image(name, host)?.unwrap_or_else(|| json!({}));
        result.insert("image".into(), image.clone());
        Ok(image)
    }

    fn order(&self, words: &[&str], host: &Host) -> Result<Finished, Failure> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        self.client().run(&words, &[], host)
    }
}
