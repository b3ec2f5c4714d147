//! What is done with a container: each work with the engine's order for it, and whether it changed anything.

use std::thread;
use std::time::{Duration, Instant};

use dpp_protocol::{Failure, ResultMap};
use serde_json::{Map, Value, json};

use super::{DockerContainer, Work};
use crate::Host;

/// How often an engine is asked what became of a container.
const PAUSE: Duration = Duration::from_millis(250);

impl DockerContainer {
    /// Does it; whether it changed something.
    pub(super) fn done(&self, work: &Work, host: &Host, result: &mut ResultMap) -> Result<bool, Failure> {
        let engine = self.engine()?;
        match work {
            Work::Pull => return self.pull(host),
            Work::Renew => return self.renew(host, result),
            Work::Remove => self.remove()?,
            Work::Create => self.create()?,
            Work::Update(limits) => drop(engine.order("POST", &self.path("update"), Some(limits))?),
            Work::Connect(at) => self.connect(*at)?,
            Work::Disconnect(network) => self.disconnect(network)?,
            Work::Start => {
                engine.order("POST", &self.path("start"), None)?;
                if self.detach.is_some_and(|detach| !detach.0) {
                    self.run_to_its_end(result)?;
                }
            }
            Work::Restart => {
                let path = self.path(&format!("restart{}", self.grace()));
                drop(engine.patient(self.seconds_to_stop()).order("POST", &path, None)?);
            }
            Work::Stop => self.stop()?,
            Work::Pause(pauses) => {
                let what = if *pauses { "pause" } else { "unpause" };
                engine.order("POST", &self.path(what), None)?;
            }
            Work::Heal => {
                self.heal()?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn pull(&self, host: &Host) -> Result<bool, Failure> {
        let name = self.image_name().unwrap_or_default();
        let id = |image: Option<Value>| image.map(|image| image["Id"].clone());
        let before = id(self.client().image(&name, host)?);
        host.life(&format!("docker: {name}"), None);
        let platform = self.platform.iter().flat_map(|platform| ["--platform".to_owned(), platform.0.clone()]);
        let words: Vec<String> =
            ["pull".to_owned(), "--quiet".to_owned()].into_iter().chain(platform).chain([name.clone()]).collect();
        self.client().run(&words, &[], host)?;
        Ok(before != id(self.client().image(&name, host)?))
    }

    /// After an image was pulled: a container of another one goes, and comes again.
    fn renew(&self, host: &Host, result: &mut ResultMap) -> Result<bool, Failure> {
        let Some(container) = self.found()? else { return Ok(false) };
        let image = self.image_name().map(|name| self.client().image(&name, host)).transpose()?.flatten();
        if image.as_ref().is_none_or(|image| image["Id"] == container["Image"]) {
            return Ok(false);
        }
        self.remove()?;
        for step in self.new_steps(image.as_ref())? {
            self.done(&step.work, host, result)?;
        }
        Ok(true)
    }

    fn create(&self) -> Result<(), Failure> {
        let mut body = Map::new();
        for wish in self.wishes()? {
            wish.tell(&mut body);
        }
        body.insert("Image".into(), self.image.as_ref().map_or("", |image| &image.0).into());
        let (stays, talks) = (self.detach.is_none_or(|detach| detach.0), self.interactive.is_some_and(|flag| flag.0));
        for (name, is) in [
            ("AttachStdout", !stays),
            ("AttachStderr", !stays),
            ("AttachStdin", !stays && talks),
            ("StdinOnce", !stays && talks),
        ] {
            body.insert(name.into(), is.into());
        }
        let first = self.networks.iter().flatten().next();
        if let Some(first) = first.filter(|_| self.networks_cli_compatible.0 && self.network_mode.is_none()) {
            body.insert("NetworkingConfig".into(), json!({"EndpointsConfig": {&first.name.0: first.told()}}));
        }
        let encode =
            |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let platform = self.platform.as_ref().map(|platform| format!("&platform={}", encode(&platform.0)));
        let path = format!("/containers/create?name={}{}", encode(&self.name.0), platform.unwrap_or_default());
        self.engine()?.order("POST", &path, Some(&Value::Object(body))).map(drop)
    }

    fn connect(&self, at: usize) -> Result<(), Failure> {
        let Some(network) = self.networks.iter().flatten().nth(at) else { return Ok(()) };
        let found = self.found()?.unwrap_or_default();
        let now = found["NetworkSettings"]["Networks"].get(&network.name.0);
        if network.is_as_wanted(now) {
            return Ok(());
        }
        if now.is_some() {
            self.disconnect(&network.name.0)?;
        }
        let body = json!({"Container": self.name.0, "EndpointConfig": network.told()});
        self.engine()?.order("POST", &format!("/networks/{}/connect", network.name.0), Some(&body)).map(drop)
    }

    fn disconnect(&self, network: &str) -> Result<(), Failure> {
        let body = json!({"Container": self.name.0});
        self.engine()?.order("POST", &format!("/networks/{network}/disconnect"), Some(&body)).map(drop)
    }

    fn seconds_to_stop(&self) -> u64 {
        self.stop_timeout.map_or(10, |seconds| u64::try_from(seconds.0).unwrap_or(10))
    }

    fn grace(&self) -> String {
        self.stop_timeout.map(|seconds| format!("?t={}", seconds.0)).unwrap_or_default()
    }

    fn stop(&self) -> Result<(), Failure> {
        let engine = self.engine()?;
        if self.force_kill.0 {
            let signal = self.kill_signal.as_ref().map(|signal| format!("?signal={}", signal.0)).unwrap_or_default();
            return engine.order("POST", &self.path(&format!("kill{signal}")), None).map(drop);
        }
        engine.patient(self.seconds_to_stop()).order_if_there("POST", &self.path(&format!("stop{}", self.grace())))
    }

    /// Stops it and takes it away; one that takes itself away is waited for.
    fn remove(&self) -> Result<(), Failure> {
        let Some(container) = self.found()? else { return Ok(()) };
        if container["State"]["Paused"] == true {
            self.engine()?.order("POST", &self.path("unpause"), None)?;
        }
        if container["State"]["Running"] == true {
            self.stop()?;
        }
        let goes_by_itself = container["HostConfig"]["AutoRemove"] == true;
        if !goes_by_itself {
            let path = self.path("");
            let path = path.trim_end_matches('/');
            let volumes = if self.keep_volumes.0 { "" } else { "&v=true" };
            self.engine()?.order_if_there("DELETE", &format!("{path}?force=true{volumes}"))?;
        }
        let bound = self.removal_wait_timeout.map_or(60.0, |seconds| seconds.0);
        self.awaited(bound, "is still being removed", || Ok(self.found()?.is_none()))
    }

    /// Waits for its end, and tells what it printed.
    fn run_to_its_end(&self, result: &mut ResultMap) -> Result<(), Failure> {
        let engine = self.engine()?.patient(u64::from(u32::MAX));
        let ended = engine.order("POST", &self.path("wait"), None)?;
        let status = ended["StatusCode"].as_i64().unwrap_or_default();
        let mut container = self.found()?.unwrap_or_default();
        let said = engine.ask("GET", &self.path("logs?stdout=1&stderr=1"), None)?;
        let printed = if container["Config"]["Tty"] == true { said.body.clone() } else { unframed(&said.body) };
        let printed = String::from_utf8_lossy(&printed).into_owned();
        container["Output"] = printed.as_str().into();
        if self.cleanup.0 {
            self.remove()?;
        }
        result.insert("status".into(), status.into());
        result.insert("container".into(), container.clone());
        if status == 0 {
            return Ok(());
        }
        let last: Vec<&str> = printed.lines().rev().take(8).collect();
        let last = last.into_iter().rev().collect::<Vec<_>>().join("\n");
        Err(Failure::new(format!("the container {} ended with exit code {status}", self.name.0))
            .note("output", last)
            .value("status", status)
            .value("msg", printed)
            .value("container", container)
            .help(format!("`docker logs {}` on the host has all of it", self.name.0)))
    }

    fn heal(&self) -> Result<(), Failure> {
        let bound = self.healthy_wait_timeout.map_or(f64::INFINITY, |seconds| seconds.0);
        self.awaited(bound, "is not healthy", || {
            let container = self.found()?.unwrap_or_default();
            if container["State"]["Running"] != true {
                let code = &container["State"]["ExitCode"];
                return Err(Failure::new(format!("the container {} ended with exit code {code}", self.name.0))
                    .help(format!("`docker logs {}` on the host says why", self.name.0)));
            }
            Ok(matches!(container["State"]["Health"]["Status"].as_str(), None | Some("healthy" | "none")))
        })
    }

    fn awaited(&self, seconds: f64, what: &str, is_so: impl Fn() -> Result<bool, Failure>) -> Result<(), Failure> {
        let begun = Instant::now();
        while !is_so()? {
            if begun.elapsed().as_secs_f64() > seconds {
                return Err(Failure::new(format!("the container {} {what} after {seconds} s", self.name.0))
                    .help(format!("`docker inspect {}` on the host tells its state", self.name.0)));
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }
}

/// What a container printed, without the eight bytes before each piece.
fn unframed(stream: &[u8]) -> Vec<u8> {
    let mut rest = stream;
    let mut text = Vec::new();
    while let [_, _, _, _, a, b, c, d, more @ ..] = rest {
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        let (piece, after) = more.split_at(length.min(more.len()));
        text.extend_from_slice(piece);
        rest = after;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::unframed;

    #[test]
    fn what_was_printed_is_put_together() {
        let stream =
            [&[1, 0, 0, 0, 0, 0, 0, 2][..], b"ab", &[2, 0, 0, 0, 0, 0, 0, 1], b"c", &[1, 0, 0, 0, 0, 0, 0, 9], b"de"];
        assert_eq!(unframed(&stream.concat()), b"abcde");
        assert!(unframed(b"short").is_empty());
    }
}
