//! `iptables`: a rule, a chain or a chain's policy is in the kernel or is not, by the host's own `iptables`.
//!
//! Like Ansible's, it changes what is in force now; `iptables-persistent` and its like keep it over a reboot.

mod rule;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use crate::arguments::{Flag, Names, Words};
use crate::presence::Presence;
use crate::system::tool::{accepted, ask_tool, installed, run_tool};
use crate::{Host, Module, Step, Survey};

/// Parameters of `iptables`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Iptables {
    #[serde(default)]
    table: Table,
    #[serde(default)]
    state: Presence,
    #[serde(default)]
    action: Action,
    #[serde(default)]
    ip_version: Family,
    chain: Option<String>,
    rule_num: Option<Words>,
    protocol: Option<Words>,
    wait: Option<Words>,
    source: Option<Words>,
    to_source: Option<Words>,
    destination: Option<Words>,
    to_destination: Option<Words>,
    #[serde(default, rename = "match")]
    matches: Names,
    tcp_flags: Option<TcpFlags>,
    jump: Option<Words>,
    gateway: Option<Words>,
    log_prefix: Option<Words>,
    log_level: Option<Words>,
    goto: Option<Words>,
    in_interface: Option<Words>,
    out_interface: Option<Words>,
    fragment: Option<Words>,
    set_counters: Option<Words>,
    source_port: Option<Words>,
    destination_port: Option<Words>,
    #[serde(default)]
    destination_ports: Names,
    to_ports: Option<Words>,
    set_dscp_mark: Option<Words>,
    set_dscp_mark_class: Option<Words>,
    comment: Option<Words>,
    #[serde(default)]
    ctstate: Names,
    src_range: Option<Words>,
    dst_range: Option<Words>,
    match_set: Option<Words>,
    match_set_flags: Option<Words>,
    limit: Option<Words>,
    limit_burst: Option<Words>,
    uid_owner: Option<Words>,
    gid_owner: Option<Words>,
    reject_with: Option<Words>,
    icmp_type: Option<Words>,
    #[serde(default)]
    syn: Syn,
    #[serde(default)]
    flush: Flag,
    policy: Option<Policy>,
    #[serde(default)]
    chain_management: Flag,
    #[serde(default)]
    numeric: Flag,
}

/// Flags of TCP that are looked at, and those of them that must be set.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TcpFlags {
    #[serde(default)]
    flags: Names,
    #[serde(default)]
    flags_set: Names,
}

/// A word that a task chooses out of some.
macro_rules! chosen {
    ($name:ident $(: $default:ident)?, $($variant:ident $word:literal),+) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
        enum $name {
            $(#[serde(rename = $word)] $variant),+
        }

        impl $name {
            fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }

        $(impl Default for $name {
            fn default() -> Self {
                Self::$default
            }
        })?
    };
}

chosen!(Table: Filter, Filter "filter", Nat "nat", Mangle "mangle", Raw "raw", Security "security");
chosen!(Family: Ipv4, Ipv4 "ipv4", Ipv6 "ipv6");
chosen!(Policy, Accept "ACCEPT", Drop "DROP", Queue "QUEUE", Return "RETURN");

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    #[default]
    Append,
    Insert,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Syn {
    #[default]
    Ignore,
    Match,
    Negate,
}

/// One call of `iptables`.
#[derive(Debug)]
pub struct IptablesStep {
    change: Change,
    arguments: Vec<String>,
}

impl Step for IptablesStep {
    fn change(&self, _diff: bool) -> Change {
        self.change.clone()
    }
}

impl Module for Iptables {
    const NAME: &'static str = "iptables";
    type Step = IptablesStep;

    fn survey(&self, host: &Host) -> Result<Survey<IptablesStep>, Failure> {
        self.check()?;
        let step = self.step();
        if installed(self.program(), host).is_none() {
            // An earlier task may install it.
            let steps = if self.state == Presence::Present { step.into_iter().collect() } else { Vec::new() };
            return Ok(self.described(Survey::steps(steps).unpredicted()));
        }
        let steps = match step {
            Some(step) if self.differs(host)? => vec![step],
            _ => Vec::new(),
        };
        Ok(self.described(Survey::steps(steps)))
    }

    fn apply(&self, step: &IptablesStep, host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        let lacks = installed(self.program(), host).is_none();
        run_tool(self.program(), &step.arguments, host).map_err(|failure| {
            if lacks { failure.help("`apt: {name: iptables}` before this task brings it") } else { failure }
        })
    }
}

impl Iptables {
    fn check(&self) -> Result<(), Failure> {
        let levels = ["emerg", "alert", "crit", "error", "warning", "notice", "info", "debug"];
        let is_level = |word: &str| levels.contains(&word) || matches!(word.parse::<u8>(), Ok(0..=7));
        let sets = ["src", "dst", "src,dst", "dst,src", "src,src", "dst,dst"];
        let logs = self.log_prefix.is_some() || self.log_level.is_some();
        let marks = self.set_dscp_mark.is_some() || self.set_dscp_mark_class.is_some();
        let wrong = match self {
            Self { chain: None, flush: Flag(false), .. } => "`chain` is needed, unless a whole table is flushed",
            Self { policy: Some(_), flush: Flag(true), .. } => "`flush` and `policy` exclude each other",
            Self { set_dscp_mark: Some(_), set_dscp_mark_class: Some(_), .. } => {
                "`set_dscp_mark` and `set_dscp_mark_class` exclude each other"
            }
            Self { jump: None, .. } if marks => "a mark needs `jump`",
            Self { gateway: None, .. } if self.jumps_to("tee") => "`gateway` is needed with jump=TEE",
            Self { jump: Some(jump), .. } if logs && jump.0 != "LOG" => {
                "`log_prefix` and `log_level` are for jump=LOG alone"
            }
            Self { log_level: Some(level), .. } if !is_level(&level.0) => "`log_level` is 0 to 7, or emerg to debug",
            Self { match_set_flags: Some(flags), .. } if !sets.contains(&flags.0.as_str()) => {
                "`match_set_flags` is src, dst or two of them with a comma"
            }
            _ => return Ok(()),
        };
        Err(Failure::new(wrong).code("DPP0104"))
    }

    fn program(&self) -> &'static str {
        match self.ip_version {
            Family::Ipv4 => "iptables",
            Family::Ipv6 => "ip6tables",
        }
    }

    /// What would be done; nothing for a chain that the task must not make or remove.
    fn step(&self) -> Option<IptablesStep> {
        let chain = self.chain.as_deref().unwrap_or("all chains");
        let what = format!("{} {} {chain}", self.program(), self.table.word());
        let is_present = self.state == Presence::Present;
        let rule = self.rule();
        let verb = if is_present { Verb::Create } else { Verb::Delete };
        let (change, order, more) = match self.policy {
            _ if self.flush.0 => (Change::new(Verb::Delete, what).detail("all rules"), "-F", Vec::new()),
            Some(policy) => {
                let change = Change::new(Verb::Change, what).detail(format!("policy {}", policy.word()));
                (change, "-P", vec![policy.word().to_owned()])
            }
            None if rule.is_empty() && !self.chain_management.0 => return None,
            None if rule.is_empty() => {
                (Change::new(verb, what).detail("chain"), if is_present { "-N" } else { "-X" }, Vec::new())
            }
            None => {
                let order = match (is_present, self.action) {
                    (false, _) => "-D",
                    (true, Action::Append) => "-A",
                    (true, Action::Insert) => "-I",
                };
                let number = self.rule_num.iter().map(|number| number.0.clone()).filter(|_| order == "-I");
                (Change::new(verb, what).detail(rule.join(" ")), order, number.chain(rule).collect())
            }
        };
        Some(IptablesStep { change, arguments: self.arguments(order, more) })
    }

    fn arguments(&self, order: &str, more: Vec<String>) -> Vec<String> {
        let wait = self.wait.iter().flat_map(|seconds| ["-w".to_owned(), seconds.0.clone()]);
        let table = ["-t", self.table.word(), order].map(str::to_owned);
        wait.chain(table).chain(self.chain.clone()).chain(more).collect()
    }

    fn differs(&self, host: &Host) -> Result<bool, Failure> {
        if self.flush.0 {
            return Ok(true);
        }
        let numeric = self.numeric.0.then(|| "--numeric".to_owned());
        let list = self.arguments("-L", numeric.into_iter().collect());
        let is_wanted = self.state == Presence::Present;
        if let Some(policy) = self.policy {
            let Some(listed) = ask_tool(self.program(), &list, host)? else { return Ok(true) };
            let listed = accepted(listed, self.program(), &list)?.stdout;
            let now = listed.lines().next().and_then(policy_of);
            let none = || Failure::new(format!("chain {} has no policy", self.chain.as_deref().unwrap_or_default()));
            return Ok(now.ok_or_else(none)? != policy.word());
        }
        let rule = self.rule();
        let asked = if rule.is_empty() { list } else { self.arguments("-C", rule) };
        let is_there = ask_tool(self.program(), &asked, host)?.is_some_and(|answer| answer.succeeded());
        Ok(is_there != is_wanted)
    }

    fn described(&self, survey: Survey<IptablesStep>) -> Survey<IptablesStep> {
        survey
            .value("ip_version", self.ip_version.word())
            .value("table", self.table.word())
            .value("chain", self.chain.clone())
            .value("flush", self.flush.0)
            .value("rule", self.rule().join(" "))
            .value("state", self.state.name())
            .value("chain_management", self.chain_management.0)
    }
}

/// The policy in `Chain INPUT (policy ACCEPT)`.
fn policy_of(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("(policy ")?;
    rest.split([')', ' ']).next()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json};

    use super::*;
    use crate::testing::Ground;

    fn order(params: Value) -> String {
        let task: Iptables = match from_value(params) {
            Ok(task) => task,
            Err(error) => return error.to_string(),
        };
        match task.check() {
            Ok(()) => task.step().map(|step| step.arguments.join(" ")).unwrap_or_default(),
            Err(failure) => failure.message,
        }
    }

    #[test]
    fn a_task_becomes_the_arguments_of_iptables() {
        for (params, wanted) in [
            (
                json!({"chain": "INPUT", "protocol": "tcp", "destination_port": 8080, "jump": "ACCEPT", "comment": "web"}),
                "-t filter -A INPUT -p tcp -j ACCEPT --destination-port 8080 -m comment --comment web",
            ),
            (
                json!({"chain": "INPUT", "source": "!8.8.8.8", "jump": "DROP", "action": "insert", "rule_num": 5, "wait": 3}),
                "-w 3 -t filter -I INPUT 5 ! -s 8.8.8.8 -j DROP",
            ),
            (
                json!({"table": "nat", "chain": "PREROUTING", "in_interface": "eth0", "protocol": "tcp", "match": "tcp",
                    "destination_port": "80", "jump": "REDIRECT", "to_ports": "8600", "state": "absent"}),
                "-t nat -D PREROUTING -p tcp -m tcp -j REDIRECT -i eth0 --destination-port 80 --to-ports 8600",
            ),
            (
                json!({"chain": "INPUT", "ctstate": "ESTABLISHED,RELATED", "jump": "ACCEPT"}),
                "-t filter -A INPUT -j ACCEPT -m conntrack --ctstate ESTABLISHED,RELATED",
            ),
            (json!({"chain": "A", "match": ["state"], "ctstate": ["NEW"]}), "-t filter -A A -m state --state NEW"),
            (
                json!({"chain": "A", "protocol": "tcp", "tcp_flags": {"flags": "ALL", "flags_set": ["ACK", "RST"]}}),
                "-t filter -A A -p tcp --tcp-flags ALL ACK,RST",
            ),
            (json!({"chain": "A", "log_prefix": "IN: "}), "-t filter -A A -j LOG --log-prefix IN: "),
            (
                json!({"chain": "A", "reject_with": "tcp-reset", "ip_version": "ipv6", "icmp_type": "any", "syn": "negate"}),
                "-t filter -A A ! --syn -j REJECT --reject-with tcp-reset --icmpv6-type any",
            ),
            (json!({"chain": "A", "jump": "DSCP", "set_dscp_mark": 8}), "-t filter -A A -j DSCP --set-dscp 8"),
            (
                json!({"chain": "A", "destination_ports": ["80", "8081:8083"], "src_range": "a-b"}),
                "-t filter -A A -m multiport --dports 80,8081:8083 -m iprange --src-range a-b",
            ),
            (
                json!({"chain": "A", "match_set": "admins", "match_set_flags": "src", "limit": "2/s", "limit_burst": 20}),
                "-t filter -A A -m set --match-set admins src -m limit --limit 2/s --limit-burst 20",
            ),
            (json!({"chain": "INPUT", "policy": "DROP"}), "-t filter -P INPUT DROP"),
            (json!({"flush": true, "table": "nat"}), "-t nat -F"),
            (json!({"chain": "OWN", "chain_management": true}), "-t filter -N OWN"),
            (json!({"chain": "OWN", "chain_management": true, "state": "absent"}), "-t filter -X OWN"),
            (json!({"chain": "OWN"}), ""),
            (json!({"policy": "DROP"}), "`chain` is needed, unless a whole table is flushed"),
            (json!({"chain": "A", "jump": "TEE"}), "`gateway` is needed with jump=TEE"),
            (
                json!({"chain": "A", "jump": "DROP", "log_level": "info"}),
                "`log_prefix` and `log_level` are for jump=LOG alone",
            ),
        ] {
            assert_eq!(order(params.clone()), wanted, "{params}");
        }
    }

    #[test]
    fn a_policy_is_read_and_a_host_without_iptables_may_get_it() {
        assert_eq!(policy_of("Chain INPUT (policy ACCEPT 3 packets, 4 bytes)"), Some("ACCEPT"));
        assert_eq!(policy_of("Chain OWN (0 references)"), None);
        let ground = Ground::new();
        let outcome = ground.survey("iptables", &json!({"chain": "A", "jump": "DROP"})).unwrap();
        assert_eq!((&outcome.result["rule"], &outcome.result["state"]), (&json!("-j DROP"), &json!("present")));
    }
}
