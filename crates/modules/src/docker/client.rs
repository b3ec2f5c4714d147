//! Calls of `docker`: which engine they are for, and what the engine answers.

use dpp_protocol::Failure;
use serde_json::Value;

use crate::Host;
use crate::commands::process::{Finished, Process};
use crate::system::tool::{accepted, installed};

/// The command, with what leads it to an engine.
#[derive(Debug, Clone, Default)]
pub(super) struct Client {
    /// Words before the order, like `--host`.
    pub(super) options: Vec<String>,
    /// The version of the engine's language, if it is fixed.
    pub(super) api_version: Option<String>,
}

/// Whether there is a `docker` on the host.
pub(super) fn is_there(host: &Host) -> bool {
    installed("docker", host).is_some()
}

impl Client {
    /// Runs an order; the engine's own words are the failure's.
    pub(super) fn run(&self, words: &[String], secrets: &[(String, String)], host: &Host) -> Result<Finished, Failure> {
        let finished = self.tried(words, secrets, host)?;
        let is_silent = finished.stderr.contains("Cannot connect to the Docker daemon");
        accepted(finished, "docker", words).map_err(|failure| {
            let help = "`systemctl status docker` on the host says why its engine does not answer";
            if is_silent { failure.help(help) } else { failure }
        })
    }

    /// Runs an order, whatever comes of it. Secrets reach it through its environment.
    fn tried(&self, words: &[String], secrets: &[(String, String)], host: &Host) -> Result<Finished, Failure> {
        let Some(program) = installed("docker", host) else {
            return Err(Failure::new("there is no `docker` on this host")
                .help("`apt: {name: docker.io}` before this task brings it (and `docker-cli` from Debian 13 on)"));
        };
        let arguments: Vec<String> = self.options.iter().chain(words).cloned().collect();
        let process = Process::new(&program.to_string_lossy(), &arguments, host).untranslated();
        // Builds are the engine's own, as with Ansible, whichever plugins the command has.
        let process = process.env("DOCKER_BUILDKIT", "0").env("DOCKER_CLI_HINTS", "false");
        let process =
            self.api_version.iter().fold(process, |process, version| process.env("DOCKER_API_VERSION", version));
        secrets.iter().fold(process, |process, (name, value)| process.env(name, value)).run(host)
    }

    /// What the engine knows of an image; nothing where it has none of that name.
    pub(super) fn image(&self, name: &str, host: &Host) -> Result<Option<Value>, Failure> {
        let words = ["image", "inspect", name].map(str::to_owned);
        let finished = self.tried(&words, &[], host)?;
        if !finished.succeeded() && finished.stderr.to_lowercase().contains("no such image") {
            return Ok(None);
        }
        if !finished.succeeded() {
            return self.run(&words, &[], host).map(|_| None);
        }
        first(&finished.stdout).map(Some).ok_or_else(|| {
            finished.describe(Failure::new(format!("cannot understand what docker says of the image {name}")))
        })
    }
}

/// The first of the things in a list of JSON.
fn first(text: &str) -> Option<Value> {
    serde_json::from_str::<Vec<Value>>(text).ok()?.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_a_list_is_taken() {
        assert_eq!(first("[{\"Id\": \"a\"}, {}]\n"), Some(serde_json::json!({"Id": "a"})));
        assert!(first("[]").is_none() && first("Error").is_none());
    }
}
