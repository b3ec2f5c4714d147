//! A rule of iptables as its arguments, in the order in which Ansible writes them.

use super::{Family, Iptables, Syn};
use crate::arguments::{Names, Words};

impl Iptables {
    /// The rule; nothing when the task is about a chain.
    pub(super) fn rule(&self) -> Vec<String> {
        let mut rule = Rule::default();
        self.what_passes(&mut rule);
        self.where_it_passes(&mut rule);
        self.what_is_marked(&mut rule);
        self.what_matches(&mut rule);
        self.what_becomes_of_it(&mut rule);
        rule.words
    }

    /// Where a packet goes that the rule meets.
    fn jump(&self) -> Option<Words> {
        let logs = self.log_prefix.is_some() || self.log_level.is_some();
        self.jump.clone().or_else(|| logs.then(|| Words("LOG".into())))
    }

    pub(super) fn jumps_to(&self, target: &str) -> bool {
        self.jump().is_some_and(|jump| jump.0.eq_ignore_ascii_case(target))
    }

    fn what_passes(&self, rule: &mut Rule) {
        rule.option("-p", self.protocol.as_ref());
        rule.option("-s", self.source.as_ref());
        rule.option("-d", self.destination.as_ref());
        self.matches.0.iter().for_each(|name| rule.option("-m", Some(&Words(name.clone()))));
        if let Some(flags) = &self.tcp_flags {
            rule.push(&["--tcp-flags", &flags.flags.0.join(","), &flags.flags_set.0.join(",")]);
        }
        rule.option("-j", self.jump().as_ref());
        rule.option("--gateway", self.gateway.as_ref().filter(|_| self.jumps_to("tee")));
        rule.option("--log-prefix", self.log_prefix.as_ref());
        rule.option("--log-level", self.log_level.as_ref());
    }

    fn where_it_passes(&self, rule: &mut Rule) {
        rule.option("--to-destination", self.to_destination.as_ref());
        rule.with("multiport", !self.destination_ports.0.is_empty());
        rule.list("--dports", &self.destination_ports);
        rule.option("--to-source", self.to_source.as_ref());
        rule.option("-g", self.goto.as_ref());
        rule.option("-i", self.in_interface.as_ref());
        rule.option("-o", self.out_interface.as_ref());
        rule.option("-f", self.fragment.as_ref());
        rule.option("-c", self.set_counters.as_ref());
        rule.option("--source-port", self.source_port.as_ref());
        rule.option("--destination-port", self.destination_port.as_ref());
        rule.option("--to-ports", self.to_ports.as_ref());
    }

    fn what_is_marked(&self, rule: &mut Rule) {
        for (option, mark) in [("--set-dscp", &self.set_dscp_mark), ("--set-dscp-class", &self.set_dscp_mark_class)] {
            rule.option(option, mark.as_ref());
            if mark.is_some() && !self.jumps_to("dscp") {
                rule.push(&["-j", "DSCP"]);
            }
        }
    }

    fn what_matches(&self, rule: &mut Rule) {
        let has = |name: &str| self.matches.0.iter().any(|one| one == name);
        match self.syn {
            Syn::Ignore => {}
            Syn::Match => rule.push(&["--syn"]),
            Syn::Negate => rule.push(&["!", "--syn"]),
        }
        let is_state = has("state") && !has("conntrack");
        rule.with("conntrack", !self.ctstate.0.is_empty() && !has("conntrack") && !is_state);
        rule.list(if is_state { "--state" } else { "--ctstate" }, &self.ctstate);
        rule.with("iprange", (self.src_range.is_some() || self.dst_range.is_some()) && !has("iprange"));
        rule.option("--src-range", self.src_range.as_ref());
        rule.option("--dst-range", self.dst_range.as_ref());
        rule.with("set", self.match_set.is_some() && !has("set"));
        rule.option("--match-set", self.match_set.as_ref());
        if let (Some(flags), true) = (&self.match_set_flags, self.match_set.is_some() || has("set")) {
            rule.push(&[&flags.0]);
        }
        rule.with("limit", self.limit.is_some() || self.limit_burst.is_some());
        rule.option("--limit", self.limit.as_ref());
        rule.option("--limit-burst", self.limit_burst.as_ref());
        for (option, owner) in [("--uid-owner", &self.uid_owner), ("--gid-owner", &self.gid_owner)] {
            rule.with("owner", owner.is_some());
            rule.option(option, owner.as_ref());
        }
    }

    fn what_becomes_of_it(&self, rule: &mut Rule) {
        if self.reject_with.is_some() && self.jump().is_none() {
            rule.push(&["-j", "REJECT"]);
        }
        rule.option("--reject-with", self.reject_with.as_ref());
        let icmp = if self.ip_version == Family::Ipv6 { "--icmpv6-type" } else { "--icmp-type" };
        rule.option(icmp, self.icmp_type.as_ref());
        rule.with("comment", self.comment.is_some());
        rule.option("--comment", self.comment.as_ref());
    }
}

#[derive(Default)]
struct Rule {
    words: Vec<String>,
}

impl Rule {
    fn push(&mut self, words: &[&str]) {
        self.words.extend(words.iter().map(|word| (*word).to_owned()));
    }

    /// An option with its value; `!` before the value turns the option round.
    fn option(&mut self, option: &str, value: Option<&Words>) {
        match value.map(|value| (value.0.strip_prefix('!'), value.0.as_str())) {
            Some((Some(value), _)) => self.push(&["!", option, value.trim_start()]),
            Some((None, value)) => self.push(&[option, value]),
            None => {}
        }
    }

    fn list(&mut self, option: &str, values: &Names) {
        if !values.0.is_empty() {
            self.push(&[option, &values.0.join(",")]);
        }
    }

    /// Brings the extension that knows the options to come.
    fn with(&mut self, extension: &str, is_wanted: bool) {
        if is_wanted {
            self.push(&["-m", extension]);
        }
    }
}
