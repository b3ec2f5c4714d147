//! Parameters of `docker_container`.

use std::collections::BTreeMap;

use dpp_protocol::Failure;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::network::Network;
use super::volume::Mount;
use super::wish::Rule;
use crate::arguments::{Flag, HostPath, Names, Number, Whole, Words};

/// Parameters of `docker_container`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DockerContainer {
    pub(super) name: Words,
    #[serde(default)]
    pub(super) state: State,
    pub(super) image: Option<Words>,
    #[serde(default)]
    pub(super) image_comparison: ImageComparison,
    #[serde(default)]
    pub(super) image_label_mismatch: ImageLabels,
    #[serde(default)]
    pub(super) image_name_mismatch: ImageName,
    #[serde(default)]
    pub(super) pull: Pull,
    #[serde(default)]
    pub(super) pull_check_mode_behavior: PullForeseen,
    #[serde(default)]
    pub(super) comparisons: BTreeMap<String, Rule>,
    #[serde(default)]
    pub(super) recreate: Flag,
    #[serde(default)]
    pub(super) restart: Flag,
    pub(super) paused: Option<Flag>,
    #[serde(default, alias = "forcekill")]
    pub(super) force_kill: Flag,
    pub(super) kill_signal: Option<Words>,
    #[serde(default = "yes")]
    pub(super) keep_volumes: Flag,
    #[serde(default)]
    pub(super) cleanup: Flag,
    #[serde(default)]
    pub(super) output_logs: Flag,
    pub(super) removal_wait_timeout: Option<Number>,
    #[serde(default = "five_minutes")]
    pub(super) healthy_wait_timeout: Option<Number>,
    #[serde(default)]
    pub(super) container_default_behavior: Defaults,
    #[serde(default)]
    pub(super) command_handling: CommandHandling,
    pub(super) auto_remove: Option<Flag>,
    pub(super) blkio_weight: Option<Whole>,
    pub(super) capabilities: Option<Names>,
    pub(super) cap_drop: Option<Names>,
    pub(super) cgroupns_mode: Option<CgroupNamespace>,
    pub(super) cgroup_parent: Option<Words>,
    pub(super) command: Option<Value>,
    pub(super) cpu_period: Option<Whole>,
    pub(super) cpu_quota: Option<Whole>,
    pub(super) cpus: Option<Number>,
    pub(super) cpuset_cpus: Option<Words>,
    pub(super) cpuset_mems: Option<Words>,
    pub(super) cpu_shares: Option<Whole>,
    pub(super) default_host_ip: Option<Words>,
    pub(super) detach: Option<Flag>,
    pub(super) devices: Option<Names>,
    pub(super) device_read_bps: Option<Vec<DeviceRate>>,
    pub(super) device_write_bps: Option<Vec<DeviceRate>>,
    pub(super) device_read_iops: Option<Vec<DeviceRate>>,
    pub(super) device_write_iops: Option<Vec<DeviceRate>>,
    pub(super) device_requests: Option<Vec<DeviceRequest>>,
    pub(super) device_cgroup_rules: Option<Vec<String>>,
    pub(super) dns_opts: Option<Names>,
    pub(super) dns_servers: Option<Names>,
    pub(super) dns_search_domains: Option<Names>,
    pub(super) domainname: Option<Words>,
    pub(super) entrypoint: Option<Vec<Words>>,
    pub(super) env: Option<Map<String, Value>>,
    pub(super) env_file: Option<HostPath>,
    pub(super) etc_hosts: Option<Map<String, Value>>,
    #[serde(alias = "exposed", alias = "expose")]
    pub(super) exposed_ports: Option<Names>,
    pub(super) groups: Option<Names>,
    pub(super) healthcheck: Option<Health>,
    pub(super) hostname: Option<Words>,
    pub(super) init: Option<Flag>,
    pub(super) interactive: Option<Flag>,
    pub(super) ipc_mode: Option<Words>,
    pub(super) kernel_memory: Option<Words>,
    pub(super) labels: Option<Map<String, Value>>,
    pub(super) links: Option<Names>,
    pub(super) log_driver: Option<Words>,
    #[serde(alias = "log_opt")]
    pub(super) log_options: Option<Map<String, Value>>,
    pub(super) mac_address: Option<Words>,
    pub(super) memory: Option<Words>,
    pub(super) memory_reservation: Option<Words>,
    pub(super) memory_swap: Option<Words>,
    pub(super) memory_swappiness: Option<Whole>,
    pub(super) mounts: Option<Vec<Mount>>,
    pub(super) network_mode: Option<Words>,
    pub(super) networks: Option<Vec<Network>>,
    #[serde(default = "yes")]
    pub(super) networks_cli_compatible: Flag,
    pub(super) oom_killer: Option<Flag>,
    pub(super) oom_score_adj: Option<Whole>,
    pub(super) pid_mode: Option<Words>,
    pub(super) pids_limit: Option<Whole>,
    pub(super) platform: Option<Words>,
    pub(super) privileged: Option<Flag>,
    pub(super) publish_all_ports: Option<Flag>,
    #[serde(alias = "ports")]
    pub(super) published_ports: Option<Names>,
    pub(super) read_only: Option<Flag>,
    pub(super) restart_policy: Option<RestartPolicy>,
    pub(super) restart_retries: Option<Whole>,
    pub(super) runtime: Option<Words>,
    pub(super) security_opts: Option<Names>,
    pub(super) shm_size: Option<Words>,
    pub(super) stop_signal: Option<Words>,
    pub(super) stop_timeout: Option<Whole>,
    pub(super) storage_opts: Option<Map<String, Value>>,
    pub(super) sysctls: Option<Map<String, Value>>,
    pub(super) tmpfs: Option<Vec<String>>,
    pub(super) tty: Option<Flag>,
    pub(super) ulimits: Option<Names>,
    pub(super) user: Option<Words>,
    pub(super) userns_mode: Option<Words>,
    pub(super) uts: Option<Words>,
    pub(super) volume_driver: Option<Words>,
    pub(super) volumes: Option<Vec<String>>,
    pub(super) volumes_from: Option<Names>,
    pub(super) working_dir: Option<Words>,
    #[serde(alias = "docker_url")]
    pub(super) docker_host: Option<Words>,
    #[serde(alias = "docker_api_version")]
    pub(super) api_version: Option<Words>,
    pub(super) timeout: Option<Whole>,
    #[serde(default)]
    pub(super) tls: Flag,
    #[serde(default, alias = "tls_verify")]
    pub(super) validate_certs: Flag,
    #[serde(alias = "ca_cert", alias = "tls_ca_cert", alias = "cacert_path")]
    pub(super) ca_path: Option<HostPath>,
    #[serde(alias = "tls_client_cert", alias = "cert_path")]
    pub(super) client_cert: Option<HostPath>,
    #[serde(alias = "tls_client_key", alias = "key_path")]
    pub(super) client_key: Option<HostPath>,
    pub(super) tls_hostname: Option<Words>,
    #[serde(default)]
    pub(super) use_ssh_client: Flag,
    #[serde(default)]
    pub(super) debug: Flag,
}

fn yes() -> Flag {
    Flag(true)
}

fn five_minutes() -> Option<Number> {
    Some(Number(300.0))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Absent,
    Healthy,
    Present,
    #[default]
    Started,
    Stopped,
}

/// With which image's own settings a container's are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ImageComparison {
    CurrentImage,
    #[default]
    DesiredImage,
}

/// What becomes of labels that only the image has, when labels are compared strictly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ImageLabels {
    Fail,
    #[default]
    Ignore,
}

/// What becomes of a container whose image has another name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ImageName {
    Ignore,
    #[default]
    Recreate,
}

/// When an image is pulled; `true` and `false` are older words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Pull {
    Always,
    #[default]
    Missing,
    Never,
}

impl<'de> Deserialize<'de> for Pull {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Words(word) = Words::deserialize(from)?;
        match word.to_ascii_lowercase().as_str() {
            "always" | "true" | "yes" => Ok(Self::Always),
            "missing" | "false" | "no" => Ok(Self::Missing),
            "never" => Ok(Self::Never),
            _ => Err(serde::de::Error::unknown_variant(&word, &["never", "missing", "always"])),
        }
    }
}

/// Whether a check foresees a change of an image that is there and pulled always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PullForeseen {
    Always,
    #[default]
    ImageNotPresent,
}

/// Whether what is not said is asked for all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Defaults {
    Compatibility,
    #[default]
    NoDefaults,
}

/// Whether a command's list is taken as words, or as one text that is taken apart again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum CommandHandling {
    Compatibility,
    #[default]
    Correct,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum CgroupNamespace {
    Host,
    Private,
}

/// When the engine starts a container again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RestartPolicy {
    Always,
    No,
    OnFailure,
    UnlessStopped,
}

impl<'de> Deserialize<'de> for RestartPolicy {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Words(word) = Words::deserialize(from)?;
        match word.as_str() {
            "always" => Ok(Self::Always),
            // Without quotation marks YAML takes it for a boolean.
            "no" | "False" => Ok(Self::No),
            "on-failure" => Ok(Self::OnFailure),
            "unless-stopped" => Ok(Self::UnlessStopped),
            _ => Err(serde::de::Error::unknown_variant(&word, &["no", "on-failure", "always", "unless-stopped"])),
        }
    }
}

/// How much of a device a container may use.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviceRate {
    pub(super) path: Words,
    pub(super) rate: Words,
}

/// Devices that a driver finds, like graphics cards.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviceRequest {
    #[serde(default)]
    pub(super) capabilities: Vec<Vec<String>>,
    pub(super) count: Option<Whole>,
    #[serde(default)]
    pub(super) device_ids: Vec<String>,
    pub(super) driver: Option<Words>,
    #[serde(default)]
    pub(super) options: Map<String, Value>,
}

/// How the engine sees whether a container is well.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Health {
    pub(super) test: Option<Value>,
    #[serde(default)]
    pub(super) test_cli_compatible: Flag,
    pub(super) interval: Option<Words>,
    pub(super) timeout: Option<Words>,
    pub(super) start_period: Option<Words>,
    pub(super) start_interval: Option<Words>,
    pub(super) retries: Option<Whole>,
}

impl DockerContainer {
    /// What contradicts itself.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let has_tls = self.tls.0 || self.validate_certs.0 || self.ca_path.is_some() || self.client_cert.is_some();
        let wrong = match self.state {
            _ if self.name.0.is_empty() => "`name` is empty",
            _ if has_tls || self.client_key.is_some() => {
                "containers of an engine behind TLS are not managed from here: let the task run on the engine's own host"
            }
            State::Absent => return Ok(()),
            _ if self.restart_retries.is_some() && self.restart_policy.is_none() => {
                "`restart_policy` is needed with `restart_retries`"
            }
            _ if self.log_options.is_some() && self.log_driver.is_none() => "`log_driver` is needed with `log_options`",
            _ if self.auto_remove.is_some_and(|flag| flag.0) && self.cleanup.0 && self.detach == Some(Flag(false)) => {
                "`auto_remove` and `cleanup` exclude each other"
            }
            _ => return Ok(()),
        };
        Err(Failure::new(wrong).code("DPP0104"))
    }
}
