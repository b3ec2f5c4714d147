//! `setup`: the facts of a host, read natively, with the names and values that ansible-core gives on Debian.
//!
//! No process is started but for executable facts of `/etc/ansible/facts.d`, and nothing is changed.

mod date_time;
mod distribution;
mod hardware;
mod local;
mod mounts;
mod names;
mod network;
mod platform;
mod processor;
mod python;
mod virtualization;

use dpp_protocol::{Change, Failure, ResultMap};
use serde::Deserialize;
use serde_json::Value;

use crate::arguments::{HostPath, Names, Whole};
use crate::files::glob;
pub(crate) use crate::system::setup::platform::fully_qualified;
use crate::{Host, Module, Survey};

/// Parameters of `setup`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    #[serde(default = "everything")]
    gather_subset: Names,
    #[serde(default)]
    filter: Names,
    #[serde(default = "facts_d")]
    fact_path: HostPath,
    /// Bounds Ansible's mount facts; ours ask no network file system that could hang.
    #[serde(rename = "gather_timeout")]
    _gather_timeout: Option<Whole>,
}

fn everything() -> Names {
    Names(vec!["all".into()])
}

fn facts_d() -> HostPath {
    "/etc/ansible/facts.d".into()
}

/// A group of facts: the names by which it is asked for, whether it belongs to `min`, and who gathers it.
struct Subset {
    names: &'static [&'static str],
    minimal: bool,
    gather: fn(&Setup, &Host, &mut ResultMap),
}

/// Every group, in the order its facts are shown.
const SUBSETS: &[Subset] = &[
    Subset { names: &["platform", "system"], minimal: true, gather: |_, _, facts| platform::gather(facts) },
    Subset { names: &["distribution"], minimal: true, gather: |_, _, facts| distribution::gather(facts) },
    Subset { names: &["user"], minimal: true, gather: |_, _, facts| platform::gather_user(facts) },
    Subset { names: &["env"], minimal: true, gather: |_, host, facts| platform::gather_env(host, facts) },
    Subset {
        names: &["service_mgr", "pkg_mgr"],
        minimal: true,
        gather: |_, _, facts| platform::gather_managers(facts),
    },
    Subset { names: &["date_time"], minimal: true, gather: |_, _, facts| date_time::gather(facts) },
    Subset {
        names: &["cmdline", "selinux", "apparmor", "lsb"],
        minimal: true,
        gather: |_, _, facts| platform::gather_rest(facts),
    },
    Subset { names: &["python"], minimal: true, gather: |_, _, facts| python::gather(facts) },
    Subset {
        names: &["local"],
        minimal: true,
        gather: |setup, host, facts| local::gather(&setup.fact_path, host, facts),
    },
    Subset { names: &["hardware", "processor"], minimal: false, gather: |_, _, facts| processor::gather(facts) },
    Subset {
        names: &["hardware", "memory", "dmi", "devices"],
        minimal: false,
        gather: |_, _, facts| hardware::gather(facts),
    },
    Subset { names: &["hardware", "mounts"], minimal: false, gather: |_, _, facts| mounts::gather(facts) },
    Subset {
        names: &["network", "interfaces", "default_ipv4", "default_ipv6", "all_ipv4_addresses", "all_ipv6_addresses"],
        minimal: false,
        gather: |_, _, facts| network::gather(facts),
    },
    Subset {
        names: &["virtual", "virtualization_type", "virtualization_role"],
        minimal: false,
        gather: |_, _, facts| virtualization::gather(facts),
    },
];

impl Module for Setup {
    const NAME: &'static str = "setup";
    type Step = Change;

    fn survey(&self, host: &Host) -> Result<Survey<Change>, Failure> {
        self.refuse_unknown_subsets()?;
        let mut facts = ResultMap::new();
        for subset in SUBSETS.iter().filter(|subset| self.wants(subset)) {
            (subset.gather)(self, host, &mut facts);
        }
        let mut facts: ResultMap = facts.into_iter().map(|(name, value)| (format!("ansible_{name}"), value)).collect();
        facts.insert("gather_subset".into(), self.gather_subset.0.clone().into());
        facts.insert("module_setup".into(), true.into());
        facts.retain(|name, _| self.passes(name));
        Ok(Survey::unchanged().value("ansible_facts", Value::Object(facts)))
    }

    fn apply(&self, _step: &Change, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        Ok(())
    }
}

impl Setup {
    /// `!x` takes away, `min` is there unless `!min`, and a list of exclusions alone means all but these.
    fn wants(&self, subset: &Subset) -> bool {
        let asked = |wanted: &str| self.gather_subset.0.iter().any(|name| name == wanted);
        let named = |prefix: &str| subset.names.iter().any(|name| asked(&format!("{prefix}{name}")));
        let only_exclusions = self.gather_subset.0.iter().all(|name| name.starts_with('!'));
        if named("") {
            return true;
        }
        if named("!") || (subset.minimal && asked("!min")) {
            return false;
        }
        subset.minimal || (!asked("!all") && (asked("all") || only_exclusions))
    }

    fn refuse_unknown_subsets(&self) -> Result<(), Failure> {
        for asked in &self.gather_subset.0 {
            let name = asked.trim_start_matches('!');
            let known = SUBSETS.iter().any(|subset| subset.names.contains(&name));
            if !known && !matches!(name, "all" | "min") && !NOT_OF_DEBIAN_HOSTS.contains(&name) {
                return Err(Failure::new(format!("`setup` knows no gather_subset `{asked}`")).code("DPP0104"));
            }
        }
        Ok(())
    }

    /// Filters are shell patterns on names with or without `ansible_`; none lets everything pass.
    fn passes(&self, name: &str) -> bool {
        let bare = name.trim_start_matches("ansible_");
        self.filter.0.is_empty()
            || self.filter.0.iter().any(|pattern| glob::matches(pattern, name) || glob::matches(pattern, bare))
    }
}

/// Subsets of Ansible's whose facts are empty on the hosts we know, and may be asked for all the same.
const NOT_OF_DEBIAN_HOSTS: &[&str] =
    &["facter", "ohai", "chroot", "fibre_channel_wwn", "caps", "fips", "iscsi", "nvme", "ssh_pub_keys", "loadavg"];

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use serde_json::{Value, json};

    use crate::testing::Ground;

    fn facts(params: &Value) -> Value {
        Ground::new().converge("setup", params).result["ansible_facts"].clone()
    }

    #[test]
    fn the_facts_that_roles_use_are_there() {
        let facts = facts(&json!({}));
        for name in [
            "os_family",
            "distribution",
            "distribution_major_version",
            "distribution_release",
            "distribution_version",
            "hostname",
            "nodename",
            "fqdn",
            "architecture",
            "machine",
            "kernel",
            "system",
            "memtotal_mb",
            "memory_mb",
            "swaptotal_mb",
            "processor_vcpus",
            "processor_count",
            "processor_cores",
            "service_mgr",
            "pkg_mgr",
            "virtualization_type",
            "virtualization_role",
            "selinux",
            "date_time",
            "mounts",
            "env",
            "user_id",
            "user_dir",
            "devices",
            "interfaces",
            "all_ipv4_addresses",
            "all_ipv6_addresses",
            "local",
            "lsb",
            "default_ipv4",
            "default_ipv6",
            "distribution_file_variety",
        ] {
            assert!(facts.get(format!("ansible_{name}")).is_some(), "{name} is missing");
        }
    }

    #[test]
    fn subsets_and_filters_are_honoured() {
        let minimal = facts(&json!({"gather_subset": "!all"}));
        assert!(minimal.get("ansible_distribution").is_some() && minimal.get("ansible_mounts").is_none());
        let network = facts(&json!({"gather_subset": ["!all", "!min", "network"]}));
        assert!(network.get("ansible_interfaces").is_some() && network.get("ansible_distribution").is_none());
        let filtered = facts(&json!({"filter": "ansible_mem*"}));
        assert!(filtered.get("ansible_memtotal_mb").is_some() && filtered.get("ansible_hostname").is_none());
        let without = facts(&json!({"gather_subset": "!hardware"}));
        assert!(without.get("ansible_interfaces").is_some() && without.get("ansible_memtotal_mb").is_none());
        assert!(Ground::new().survey("setup", &json!({"gather_subset": "netwrok"})).is_err());
    }

    #[test]
    fn they_are_read_without_processes_and_so_in_no_time() {
        let before = Instant::now();
        facts(&json!({}));
        assert!(before.elapsed() < Duration::from_secs(1), "{:?}", before.elapsed());
    }
}
