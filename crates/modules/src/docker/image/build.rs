//! How an image is built: the words of `docker build`.

use std::collections::BTreeMap;
use std::path::Path;

use dpp_protocol::Failure;
use serde::Deserialize;
use serde_json::Value;

use crate::arguments::{Flag, HostPath, Names, Whole, Words};
use crate::docker::size::{bytes, bytes_or_unlimited};

/// `build` of a task.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Build {
    pub(super) path: HostPath,
    dockerfile: Option<Words>,
    #[serde(default)]
    cache_from: Names,
    #[serde(default)]
    pull: Flag,
    #[serde(default = "yes")]
    rm: Flag,
    network: Option<Words>,
    #[serde(default)]
    nocache: Flag,
    #[serde(default)]
    etc_hosts: BTreeMap<String, Words>,
    #[serde(default)]
    args: BTreeMap<String, Words>,
    #[serde(default)]
    container_limits: Limits,
    pub(super) use_config_proxy: Option<Flag>,
    pub(super) http_timeout: Option<Whole>,
    target: Option<Words>,
    platform: Option<Words>,
    shm_size: Option<Words>,
    #[serde(default)]
    labels: BTreeMap<String, Value>,
}

fn yes() -> Flag {
    Flag(true)
}

/// What the containers of a build may take.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    memory: Option<Words>,
    memswap: Option<Words>,
    cpushares: Option<Whole>,
    cpusetcpus: Option<Words>,
}

impl Build {
    /// The order; values of arguments are not in it, as docker takes them from its environment.
    pub(super) fn words(&self, name: &str) -> Result<Vec<String>, Failure> {
        let mut words: Vec<String> = ["build", "-t", name].map(str::to_owned).to_vec();
        let mut add = |option: &str, value: Option<String>| {
            words.extend(value.into_iter().flat_map(|value| [option.to_owned(), value]));
        };
        let plain = |words: &Option<Words>| words.as_ref().map(|words| words.0.clone());
        let size = |name: &str, words: &Option<Words>| {
            words.as_ref().map(|words| bytes(name, &words.0).map(|bytes| bytes.to_string())).transpose()
        };
        add("--file", self.dockerfile());
        self.cache_from.0.iter().for_each(|image| add("--cache-from", Some(image.clone())));
        add("--network", plain(&self.network));
        self.etc_hosts.iter().for_each(|(host, address)| add("--add-host", Some(format!("{host}:{}", address.0))));
        self.args.keys().for_each(|name| add("--build-arg", Some(name.clone())));
        add("--memory", size("memory", &self.container_limits.memory)?);
        let swap =
            self.container_limits.memswap.as_ref().map(|limit| bytes_or_unlimited("memswap", &limit.0)).transpose()?;
        add("--memory-swap", swap.map(|limit| limit.to_string()));
        add("--cpu-shares", self.container_limits.cpushares.map(|shares| shares.0.to_string()));
        add("--cpuset-cpus", plain(&self.container_limits.cpusetcpus));
        add("--target", plain(&self.target));
        add("--platform", plain(&self.platform));
        add("--shm-size", size("shm_size", &self.shm_size)?);
        self.labels.iter().for_each(|(name, value)| add("--label", Some(format!("{name}={}", text(value)))));
        words.extend([format!("--rm={}", self.rm.0), format!("--force-rm={}", self.rm.0)]);
        words.extend(self.pull.0.then(|| "--pull".to_owned()));
        words.extend(self.nocache.0.then(|| "--no-cache".to_owned()));
        words.push(self.path.text().to_owned());
        Ok(words)
    }

    /// Values of arguments, for docker's environment.
    pub(super) fn secrets(&self) -> Vec<(String, String)> {
        self.args.iter().map(|(name, value)| (name.clone(), value.0.clone())).collect()
    }

    /// Whether the context lies elsewhere than on the host.
    pub(super) fn is_remote(&self) -> bool {
        let places = ["http://", "https://", "git://", "github.com/", "git@"];
        places.iter().any(|place| self.path.text().starts_with(place))
    }

    /// Its path; a task writes it as the folder has it.
    fn dockerfile(&self) -> Option<String> {
        let file = self.dockerfile.as_ref()?;
        if self.is_remote() {
            return Some(file.0.clone());
        }
        Some(Path::new(self.path.text()).join(&file.0).to_string_lossy().into_owned())
    }
}

/// As docker writes a value; a boolean is in small letters.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_task_becomes_the_words_of_a_build_without_its_secrets() {
        for (params, wanted) in [
            (json!({"path": "/src"}), "--rm=true --force-rm=true /src"),
            (json!({"path": "/src", "dockerfile": "sub/File"}), "--file /src/sub/File --rm=true --force-rm=true /src"),
            (
                json!({"path": "https://a/b.git", "dockerfile": "F", "rm": false, "pull": true, "nocache": "yes"}),
                "--file F --rm=false --force-rm=false --pull --no-cache https://a/b.git",
            ),
            (
                json!({"path": "/s", "args": {"PASSWORD": "sesame", "N": 5}, "etc_hosts": {"a": "1.2.3.4"}, "cache_from": "x,y"}),
                "--cache-from x --cache-from y --add-host a:1.2.3.4 --build-arg N --build-arg PASSWORD --rm=true \
                 --force-rm=true /s",
            ),
            (
                json!({"path": "/s", "container_limits": {"memory": "64M", "memswap": "unlimited", "cpushares": 2,
                    "cpusetcpus": "0-1"}, "shm_size": "1.5K", "target": "t", "platform": "linux/arm64", "network": "host",
                    "labels": {"a": true}}),
                "--network host --memory 67108864 --memory-swap -1 --cpu-shares 2 --cpuset-cpus 0-1 --target t --platform \
                 linux/arm64 --shm-size 1536 --label a=true --rm=true --force-rm=true /s",
            ),
        ] {
            let build: Build = serde_json::from_value(params.clone()).unwrap();
            assert_eq!(build.words("n:1").unwrap()[3..].join(" "), wanted, "{params}");
        }
        let build: Build = serde_json::from_value(json!({"path": "/s", "args": {"PASSWORD": "sesame"}})).unwrap();
        assert_eq!(build.secrets(), [("PASSWORD".to_owned(), "sesame".to_owned())]);
    }
}
