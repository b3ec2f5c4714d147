//! How parameters of a task become settings of a container.

use dpp_protocol::Failure;
use serde_json::{Map, Value, json};

use super::parameters::{
    CgroupNamespace, CommandHandling, Defaults, DeviceRate, DockerContainer, Health, RestartPolicy,
};
use super::port::{bindings, exposed};
use super::volume::{binds, text, texts};
use super::wish::{Kind, Wish};
use crate::arguments::{Flag, Names, Whole, Words};
use crate::docker::size::{bytes, bytes_or_unlimited, nanoseconds};

/// Settings as they are gathered.
struct Wishes(Vec<Wish>);

impl Wishes {
    fn add(&mut self, name: &'static str, at: &'static [&'static str], kind: Kind, value: Option<Value>) {
        self.0.extend(value.map(|value| Wish { name, at, value, seen: None, kind, is_live: false }));
    }

    /// One that changes while the container runs.
    fn live(&mut self, name: &'static str, at: &'static [&'static str], kind: Kind, value: Option<Value>) {
        self.0.extend(value.map(|value| Wish { name, at, value, seen: None, kind, is_live: true }));
    }

    /// One that the engine shows otherwise than it is told.
    fn seen(&mut self, name: &'static str, at: &'static [&'static str], kind: Kind, value: Value, seen: Value) {
        self.0.push(Wish { name, at, value, seen: Some(seen), kind, is_live: false });
    }
}

fn word(words: Option<&Words>) -> Option<Value> {
    words.map(|words| words.0.as_str().into())
}

fn whole(number: Option<Whole>) -> Option<Value> {
    number.map(|number| number.0.into())
}

fn names(names: Option<&Names>) -> Option<Value> {
    names.map(|names| names.0.clone().into())
}

fn mapping(map: Option<&Map<String, Value>>) -> Option<Value> {
    map.map(|map| texts(map).into())
}

fn size(name: &str, words: Option<&Words>) -> Result<Option<Value>, Failure> {
    words.map(|words| bytes(name, &words.0).map(Value::from)).transpose()
}

fn wrong(message: String) -> Failure {
    Failure::new(message).code("DPP0104")
}

impl DockerContainer {
    /// All settings of the task.
    pub(super) fn wishes(&self) -> Result<Vec<Wish>, Failure> {
        let mut all = Wishes(Vec::new());
        self.process(&mut all)?;
        self.limits(&mut all)?;
        self.namespaces(&mut all);
        self.devices(&mut all)?;
        self.storage(&mut all)?;
        self.ports(&mut all)?;
        Ok(all.0)
    }

    fn flag(&self, flag: Option<Flag>) -> Option<Value> {
        let by_itself = (self.container_default_behavior == Defaults::Compatibility).then_some(Flag(false));
        flag.or(by_itself).map(|flag| flag.0.into())
    }

    fn process(&self, all: &mut Wishes) -> Result<(), Failure> {
        all.add("command", &["Config", "Cmd"], Kind::List, self.command()?);
        all.add("entrypoint", &["Config", "Entrypoint"], Kind::List, self.entrypoint()?);
        all.add("env", &["Config", "Env"], Kind::Set, self.environment()?);
        all.add("labels", &["Config", "Labels"], Kind::Dict, mapping(self.labels.as_ref()));
        all.add("user", &["Config", "User"], Kind::One, word(self.user.as_ref()));
        all.add("working_dir", &["Config", "WorkingDir"], Kind::One, word(self.working_dir.as_ref()));
        all.add("hostname", &["Config", "Hostname"], Kind::One, word(self.hostname.as_ref()));
        all.add("domainname", &["Config", "Domainname"], Kind::One, word(self.domainname.as_ref()));
        all.add("stop_signal", &["Config", "StopSignal"], Kind::One, word(self.stop_signal.as_ref()));
        all.add("stop_timeout", &["Config", "StopTimeout"], Kind::One, whole(self.stop_timeout));
        all.add("tty", &["Config", "Tty"], Kind::One, self.flag(self.tty));
        all.add("interactive", &["Config", "OpenStdin"], Kind::One, self.flag(self.interactive));
        let detach = self.detach.map(|detach| Value::from(!detach.0));
        all.add("detach", &["Config", "AttachStdout"], Kind::One, detach.clone());
        all.add("detach", &["Config", "AttachStderr"], Kind::One, detach);
        let health = self.healthcheck.as_ref().map(Health::told).transpose()?;
        all.add("healthcheck", &["Config", "Healthcheck"], Kind::Dict, health);
        all.add("init", &["HostConfig", "Init"], Kind::One, self.flag(self.init));
        all.add("auto_remove", &["HostConfig", "AutoRemove"], Kind::One, self.flag(self.auto_remove));
        all.add("privileged", &["HostConfig", "Privileged"], Kind::One, self.flag(self.privileged));
        all.add("capabilities", &["HostConfig", "CapAdd"], Kind::Set, names(self.capabilities.as_ref()));
        all.add("cap_drop", &["HostConfig", "CapDrop"], Kind::Set, names(self.cap_drop.as_ref()));
        all.add("groups", &["HostConfig", "GroupAdd"], Kind::Set, names(self.groups.as_ref()));
        all.add("security_opts", &["HostConfig", "SecurityOpt"], Kind::Set, names(self.security_opts.as_ref()));
        all.add("runtime", &["HostConfig", "Runtime"], Kind::One, word(self.runtime.as_ref()));
        all.add("log_driver", &["HostConfig", "LogConfig", "Type"], Kind::One, word(self.log_driver.as_ref()));
        all.add("log_options", &["HostConfig", "LogConfig", "Config"], Kind::Dict, mapping(self.log_options.as_ref()));
        let restart = self.restart_policy.map(|policy| policy.told(self.restart_retries));
        all.live("restart_policy", &["HostConfig", "RestartPolicy"], Kind::Dict, restart);
        Ok(())
    }

    fn limits(&self, all: &mut Wishes) -> Result<(), Failure> {
        all.live("blkio_weight", &["HostConfig", "BlkioWeight"], Kind::One, whole(self.blkio_weight));
        all.live("cpu_period", &["HostConfig", "CpuPeriod"], Kind::One, whole(self.cpu_period));
        all.live("cpu_quota", &["HostConfig", "CpuQuota"], Kind::One, whole(self.cpu_quota));
        all.live("cpuset_cpus", &["HostConfig", "CpusetCpus"], Kind::One, word(self.cpuset_cpus.as_ref()));
        all.live("cpuset_mems", &["HostConfig", "CpusetMems"], Kind::One, word(self.cpuset_mems.as_ref()));
        all.live("cpu_shares", &["HostConfig", "CpuShares"], Kind::One, whole(self.cpu_shares));
        let cpus = self.cpus.map(|cpus| Value::from((cpus.0 * 1e9).round() as i64));
        all.add("cpus", &["HostConfig", "NanoCpus"], Kind::One, cpus);
        let kernel = size("kernel_memory", self.kernel_memory.as_ref())?;
        all.live("kernel_memory", &["HostConfig", "KernelMemory"], Kind::One, kernel);
        let is_compatible = self.container_default_behavior == Defaults::Compatibility;
        let memory = size("memory", self.memory.as_ref())?.or_else(|| is_compatible.then(|| json!(0)));
        all.live("memory", &["HostConfig", "Memory"], Kind::One, memory);
        let reserved = size("memory_reservation", self.memory_reservation.as_ref())?;
        all.live("memory_reservation", &["HostConfig", "MemoryReservation"], Kind::One, reserved);
        let swap = self.memory_swap.as_ref().map(|words| bytes_or_unlimited("memory_swap", &words.0)).transpose()?;
        all.live("memory_swap", &["HostConfig", "MemorySwap"], Kind::One, swap.map(Value::from));
        all.add("memory_swappiness", &["HostConfig", "MemorySwappiness"], Kind::One, whole(self.memory_swappiness));
        all.add("oom_killer", &["HostConfig", "OomKillDisable"], Kind::One, self.oom_killer.map(|flag| flag.0.into()));
        all.add("oom_score_adj", &["HostConfig", "OomScoreAdj"], Kind::One, whole(self.oom_score_adj));
        all.add("pids_limit", &["HostConfig", "PidsLimit"], Kind::One, whole(self.pids_limit));
        all.add("shm_size", &["HostConfig", "ShmSize"], Kind::One, size("shm_size", self.shm_size.as_ref())?);
        all.add("sysctls", &["HostConfig", "Sysctls"], Kind::Dict, mapping(self.sysctls.as_ref()));
        let limits = self.ulimits.iter().flat_map(|limits| &limits.0).map(|limit| ulimit(limit));
        let limits: Vec<Value> = limits.collect::<Result<_, _>>()?;
        all.add("ulimits", &["HostConfig", "Ulimits"], Kind::Set, self.ulimits.as_ref().map(|_| limits.into()));
        all.add("cgroup_parent", &["HostConfig", "CgroupParent"], Kind::One, word(self.cgroup_parent.as_ref()));
        Ok(())
    }

    fn namespaces(&self, all: &mut Wishes) {
        let cgroups = self.cgroupns_mode.map(|mode| match mode {
            CgroupNamespace::Host => "host".into(),
            CgroupNamespace::Private => "private".into(),
        });
        all.add("cgroupns_mode", &["HostConfig", "CgroupnsMode"], Kind::One, cgroups);
        all.add("ipc_mode", &["HostConfig", "IpcMode"], Kind::One, word(self.ipc_mode.as_ref()));
        all.add("pid_mode", &["HostConfig", "PidMode"], Kind::One, word(self.pid_mode.as_ref()));
        all.add("userns_mode", &["HostConfig", "UsernsMode"], Kind::One, word(self.userns_mode.as_ref()));
        all.add("uts", &["HostConfig", "UTSMode"], Kind::One, word(self.uts.as_ref()));
        let first = self.networks.iter().flatten().next().filter(|_| self.networks_cli_compatible.0);
        let mode = word(self.network_mode.as_ref()).or_else(|| first.map(|network| network.name.0.as_str().into()));
        all.add("network_mode", &["HostConfig", "NetworkMode"], Kind::One, mode);
        all.add("dns_opts", &["HostConfig", "DnsOptions"], Kind::Set, names(self.dns_opts.as_ref()));
        all.add("dns_servers", &["HostConfig", "Dns"], Kind::List, names(self.dns_servers.as_ref()));
        all.add(
            "dns_search_domains",
            &["HostConfig", "DnsSearch"],
            Kind::List,
            names(self.dns_search_domains.as_ref()),
        );
        let hosts = self.etc_hosts.as_ref().map(|hosts| {
            hosts.iter().map(|(host, address)| format!("{host}:{}", text(address)).into()).collect::<Vec<Value>>()
        });
        all.add("etc_hosts", &["HostConfig", "ExtraHosts"], Kind::Set, hosts.map(Value::from));
        let mac = self.mac_address.as_ref().map(|mac| mac.0.replace('-', ":").to_lowercase().into());
        all.add("mac_address", &["Config", "MacAddress"], Kind::One, mac);
        if let Some(Names(links)) = &self.links {
            let pair = |link: &String| {
                link.split_once(':').map_or((link.clone(), link.clone()), |(a, b)| (a.into(), b.into()))
            };
            let told: Vec<Value> =
                links.iter().map(pair).map(|(other, alias)| format!("{other}:{alias}").into()).collect();
            let own = &self.name.0;
            let seen: Vec<Value> =
                links.iter().map(pair).map(|(other, alias)| format!("/{other}:/{own}/{alias}").into()).collect();
            all.seen("links", &["HostConfig", "Links"], Kind::Set, told.into(), seen.into());
        }
    }

    fn devices(&self, all: &mut Wishes) -> Result<(), Failure> {
        let devices: Vec<Value> =
            self.devices.iter().flat_map(|devices| &devices.0).map(|text| device(text)).collect::<Result<_, _>>()?;
        all.add("devices", &["HostConfig", "Devices"], Kind::Set, self.devices.as_ref().map(|_| devices.into()));
        let bps = |name: &str, rates: &Option<Vec<DeviceRate>>| rated(rates.as_deref(), |rate| bytes(name, rate));
        let iops = |name: &str, rates: &Option<Vec<DeviceRate>>| {
            rated(rates.as_deref(), |rate| {
                rate.parse().map_err(|_| wrong(format!("`rate: {rate}` of `{name}` is no whole number")))
            })
        };
        let value = bps("device_read_bps", &self.device_read_bps)?;
        all.add("device_read_bps", &["HostConfig", "BlkioDeviceReadBps"], Kind::Set, value);
        let value = bps("device_write_bps", &self.device_write_bps)?;
        all.add("device_write_bps", &["HostConfig", "BlkioDeviceWriteBps"], Kind::Set, value);
        let value = iops("device_read_iops", &self.device_read_iops)?;
        all.add("device_read_iops", &["HostConfig", "BlkioDeviceReadIOps"], Kind::Set, value);
        let value = iops("device_write_iops", &self.device_write_iops)?;
        all.add("device_write_iops", &["HostConfig", "BlkioDeviceWriteIOps"], Kind::Set, value);
        let rules = self.device_cgroup_rules.clone().map(Value::from);
        all.add("device_cgroup_rules", &["HostConfig", "DeviceCgroupRules"], Kind::List, rules);
        let requests = self.device_requests.as_ref().map(|requests| {
            let told = requests.iter().map(|request| {
                let driver = request.driver.as_ref().map_or("", |driver| &driver.0);
                json!({"Driver": driver, "Count": request.count.map_or(0, |count| count.0), "DeviceIDs": request.device_ids,
                    "Capabilities": request.capabilities, "Options": texts(&request.options)})
            });
            told.collect::<Vec<Value>>().into()
        });
        all.add("device_requests", &["HostConfig", "DeviceRequests"], Kind::Set, requests);
        Ok(())
    }

    fn storage(&self, all: &mut Wishes) -> Result<(), Failure> {
        all.add("read_only", &["HostConfig", "ReadonlyRootfs"], Kind::One, self.flag(self.read_only));
        all.add("storage_opts", &["HostConfig", "StorageOpt"], Kind::Dict, mapping(self.storage_opts.as_ref()));
        all.add("volume_driver", &["HostConfig", "VolumeDriver"], Kind::One, word(self.volume_driver.as_ref()));
        all.add("volumes_from", &["HostConfig", "VolumesFrom"], Kind::Set, names(self.volumes_from.as_ref()));
        let tmpfs = self.tmpfs.as_ref().map(|places| {
            let pair = |place: &String| {
                let (path, options) = place.split_once(':').unwrap_or((place, ""));
                (path.to_owned(), Value::from(options))
            };
            Value::from(places.iter().map(pair).collect::<Map<String, Value>>())
        });
        all.add("tmpfs", &["HostConfig", "Tmpfs"], Kind::Dict, tmpfs);
        if let Some(volumes) = &self.volumes {
            let (bound, own) = binds(volumes)?;
            all.add("volumes", &["HostConfig", "Binds"], Kind::Set, Some(bound.into()));
            let own: Map<String, Value> = own.into_iter().map(|place| (place, json!({}))).collect();
            all.add("volumes", &["Config", "Volumes"], Kind::Dict, (!own.is_empty()).then(|| own.into()));
        }
        let mounts = self.mounts.iter().flatten().map(super::volume::Mount::told).collect::<Result<Vec<Value>, _>>()?;
        all.add("mounts", &["HostConfig", "Mounts"], Kind::Set, self.mounts.as_ref().map(|_| mounts.into()));
        Ok(())
    }

    fn ports(&self, all: &mut Wishes) -> Result<(), Failure> {
        let ip = self.default_host_ip.as_ref().map_or("0.0.0.0", |ip| &ip.0);
        let published = self.published_ports.as_ref().map(|ports| bindings(&ports.0, ip)).transpose()?;
        let mut open: Vec<String> = published.iter().flat_map(Map::keys).cloned().collect();
        for port in self.exposed_ports.iter().flat_map(|ports| &ports.0) {
            open.extend(exposed(port)?);
        }
        let is_said = self.exposed_ports.is_some() || published.is_some();
        let open: Map<String, Value> = open.into_iter().map(|port| (port, json!({}))).collect();
        all.add("exposed_ports", &["Config", "ExposedPorts"], Kind::Dict, is_said.then(|| open.into()));
        all.add("published_ports", &["HostConfig", "PortBindings"], Kind::Dict, published.map(Value::from));
        let every = self.publish_all_ports.map(|flag| flag.0.into());
        all.add("publish_all_ports", &["HostConfig", "PublishAllPorts"], Kind::One, every);
        Ok(())
    }

    fn command(&self) -> Result<Option<Value>, Failure> {
        let words = match &self.command {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(words)) => words.iter().map(text).collect(),
            Some(Value::String(line)) => split("command", line)?,
            Some(_) => return Err(wrong("`command` is a text or a list".to_owned())),
        };
        self.as_handled("command", words)
    }

    fn entrypoint(&self) -> Result<Option<Value>, Failure> {
        let Some(words) = &self.entrypoint else { return Ok(None) };
        self.as_handled("entrypoint", words.iter().map(|word| word.0.clone()).collect())
    }

    fn as_handled(&self, name: &str, words: Vec<String>) -> Result<Option<Value>, Failure> {
        if self.command_handling == CommandHandling::Correct {
            return Ok(Some(words.into()));
        }
        let words = split(name, &words.join(" "))?;
        Ok((!words.is_empty()).then(|| words.into()))
    }

    /// Variables; those of the task go before those of its file.
    fn environment(&self) -> Result<Option<Value>, Failure> {
        if self.env.is_none() && self.env_file.is_none() {
            return Ok(None);
        }
        let mut all: Map<String, Value> = Map::new();
        if let Some(path) = &self.env_file {
            let file =
                std::fs::read_to_string(path).map_err(|error| crate::files::refusal::refused("read", path, &error))?;
            let lines = file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
            all.extend(lines.filter_map(|line| line.split_once('=')).map(|(name, value)| (name.into(), value.into())));
        }
        for (name, value) in self.env.iter().flatten() {
            if !value.is_string() {
                return Err(wrong(format!("`{name}` of `env` is no text: it is to stand in quotation marks")));
            }
            all.insert(name.clone(), value.clone());
        }
        Ok(Some(
            all.iter().map(|(name, value)| format!("{name}={}", text(value)).into()).collect::<Vec<Value>>().into(),
        ))
    }
}

impl RestartPolicy {
    fn told(self, retries: Option<Whole>) -> Value {
        let name = match self {
            Self::Always => "always",
            Self::No => "no",
            Self::OnFailure => "on-failure",
            Self::UnlessStopped => "unless-stopped",
        };
        let mut told = json!({"Name": name});
        if let Some(retries) = retries {
            told["MaximumRetryCount"] = retries.0.into();
        }
        told
    }
}

impl Health {
    fn told(&self) -> Result<Value, Failure> {
        let mut told = Map::new();
        let test = match &self.test {
            Some(Value::Array(words)) => Some(words.iter().map(text).collect::<Vec<_>>()),
            Some(Value::Null) | None => None,
            Some(line) => Some(vec!["CMD-SHELL".to_owned(), text(line)]),
        };
        if let Some(test) = test {
            let is_none = test.len() == 1 && test[0].eq_ignore_ascii_case("none") && !self.test_cli_compatible.0;
            told.insert("Test".into(), if is_none { json!(["NONE"]) } else { test.into() });
        }
        for (name, key, span) in [
            ("interval", "Interval", &self.interval),
            ("timeout", "Timeout", &self.timeout),
            ("start_period", "StartPeriod", &self.start_period),
            ("start_interval", "StartInterval", &self.start_interval),
        ] {
            if let Some(span) = span {
                told.insert(key.into(), nanoseconds(name, &span.0)?.into());
            }
        }
        if let Some(retries) = self.retries {
            told.insert("Retries".into(), retries.0.into());
        }
        Ok(told.into())
    }
}

fn split(name: &str, line: &str) -> Result<Vec<String>, Failure> {
    shlex::split(line).ok_or_else(|| wrong(format!("`{name}` has a quotation mark without its counterpart: {line}")))
}

/// `/dev/a:/dev/b:rwm`.
fn device(text: &str) -> Result<Value, Failure> {
    let (outer, inner, rights) = match text.split(':').collect::<Vec<_>>().as_slice() {
        [outer] => (*outer, *outer, "rwm"),
        [outer, inner] if inner.starts_with('/') => (*outer, *inner, "rwm"),
        [outer, rights] => (*outer, *outer, *rights),
        [outer, inner, rights] => (*outer, *inner, *rights),
        _ => return Err(wrong(format!("`devices: {text}` is not like /dev/a:/dev/b:rwm"))),
    };
    Ok(json!({"PathOnHost": outer, "PathInContainer": inner, "CgroupPermissions": rights}))
}

/// `nofile:262144:262144`.
fn ulimit(text: &str) -> Result<Value, Failure> {
    let mut parts = text.split(':');
    let (name, soft, hard) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    let number = |part: Option<&str>| part.and_then(|part| part.parse::<i64>().ok());
    let soft = number(soft).ok_or_else(|| wrong(format!("`ulimits: {text}` is not like nofile:1024:2048")))?;
    Ok(json!({"Name": name, "Soft": soft, "Hard": number(hard).unwrap_or(soft)}))
}

fn rated(
    rates: Option<&[DeviceRate]>,
    number: impl Fn(&str) -> Result<i64, Failure>,
) -> Result<Option<Value>, Failure> {
    let Some(rates) = rates else { return Ok(None) };
    let told = rates.iter().map(|one| Ok(json!({"Path": one.path.0, "Rate": number(&one.rate.0)?})));
    told.collect::<Result<Vec<Value>, Failure>>().map(|told| Some(told.into()))
}
