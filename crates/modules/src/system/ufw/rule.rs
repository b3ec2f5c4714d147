//! A rule of the firewall: how ufw is told of it, and whether it is there already.

use dpp_protocol::{Change, Verb};

use super::settings::{Rule, TUPLE};
use super::{Anchor, Direction, Protocol, Ufw, UfwStep, Verdict};

impl Ufw {
    /// The order that adds or deletes the rule, in ufw's long form.
    pub(super) fn rule_order(&self, place: Option<i64>) -> Option<UfwStep> {
        let verdict = self.rule.map(Verdict::word)?;
        let mut arguments: Vec<String> = Vec::new();
        let mut add = |words: &[&str]| arguments.extend(words.iter().map(|word| (*word).to_owned()));
        if self.route.0 {
            add(&["route"]);
        }
        if self.delete.0 {
            add(&["delete"]);
        }
        if let Some(place) = place.filter(|_| !self.delete.0) {
            add(&["insert", &place.to_string()]);
        }
        add(&[verdict]);
        add(&self.direction.map(Direction::word).into_iter().collect::<Vec<_>>());
        for (words, interface) in
            [(&["on"][..], &self.interface), (&["in", "on"], &self.interface_in), (&["out", "on"], &self.interface_out)]
        {
            if let Some(interface) = interface {
                add(words);
                add(&[interface]);
            }
        }
        if self.log.0 {
            add(&["log"]);
        }
        let port = |port: &Option<crate::arguments::Words>| port.as_ref().map(|port| port.0.clone());
        for (word, value) in [
            ("from", Some(self.from_ip.clone())),
            ("port", port(&self.from_port)),
            ("to", Some(self.to_ip.clone())),
            ("port", port(&self.to_port)),
            ("proto", self.proto.map(|proto| Protocol::word(proto).to_owned())),
            ("app", self.name.clone()),
            ("comment", port(&self.comment)),
        ] {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                add(&[word, &value]);
            }
        }
        let verb = if self.delete.0 { Verb::Delete } else { Verb::Create };
        Some(UfwStep { change: Change::new(verb, "firewall rule").detail(arguments.join(" ")), arguments })
    }
}

/// Whether a dry run says that the rules would be others. It prints all rules of a family whose file it would write, and
/// for a deletion also where there is nothing to delete.
pub(super) fn changes_rules(said: &str, rules: &[Rule], deletes: bool) -> bool {
    let printed: Vec<&str> = said.lines().map(str::trim_end).filter(|line| line.starts_with(TUPLE)).collect();
    if !deletes {
        return printed.iter().any(|line| !rules.iter().any(|rule| rule.line == *line));
    }
    let is_written = |is_ipv6: bool| said.contains(if is_ipv6 { ":ufw6-user-input" } else { ":ufw-user-input" });
    rules.iter().any(|rule| is_written(rule.is_ipv6) && !printed.contains(&rule.line.as_str()))
}

/// The number of a new rule, counted from another one; none where it would come after the last.
pub(super) fn position(listed: &str, anchor: Anchor, insert: i64) -> Option<i64> {
    let number = |line: &str| {
        let (number, rest) = line.strip_prefix('[')?.split_once(']')?;
        let is_ipv6 = rest.contains("(v6)") || rest.split_whitespace().any(|word| word.matches(':').count() > 1);
        Some((number.trim().parse::<i64>().ok()?, is_ipv6))
    };
    let rules: Vec<(i64, bool)> = listed.lines().filter_map(number).collect();
    let of = |is_ipv6: bool| rules.iter().filter(move |rule| rule.1 == is_ipv6).map(|rule| rule.0);
    let last = rules.iter().map(|rule| rule.0).max().unwrap_or(0);
    let base = match anchor {
        Anchor::Zero => 0,
        Anchor::FirstIpv4 => 1,
        Anchor::LastIpv4 => of(false).max().unwrap_or(1),
        Anchor::FirstIpv6 => of(true).min().unwrap_or_else(|| of(false).max().map_or(1, |last| last + 1)),
        Anchor::LastIpv6 => of(true).max().unwrap_or(last + 1),
    };
    Some(base + insert).filter(|place| *place <= last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dry_run_tells_whether_rules_change() {
        let tuple = "### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in";
        let six = "### tuple ### allow tcp 22 ::/0 any ::/0 in";
        let rule = |line: &str, is_ipv6| Rule { line: line.to_owned(), is_ipv6 };
        let rules = [rule(tuple, false), rule(six, true)];
        let other = "### tuple ### allow tcp 80 0.0.0.0/0 any 0.0.0.0/0 in";
        let four = ":ufw-user-input - [0:0]";
        for (said, deletes, changes) in [
            ("Skipping adding existing rule\nSkipping adding existing rule (v6)\n".to_owned(), false, false),
            ("Could not delete non-existent rule\n".to_owned(), true, false),
            (format!("{four}\n{tuple}\n-A x\n"), false, false),
            (format!("{four}\n{tuple}\n{other}\n"), false, true),
            (format!("{four}\n{tuple}\nRules updated\n"), true, false),
            (format!("{four}\nRules updated\n"), true, true),
            (format!("{four}\n{tuple}\n:ufw6-user-input - [0:0]\n"), true, true),
        ] {
            assert_eq!(changes_rules(&said, &rules, deletes), changes, "{said}");
        }
    }

    #[test]
    fn a_place_is_counted_from_the_rules_of_a_family() {
        let listed = "Status: active\n\n     To\n[ 1] 22/tcp  ALLOW IN  Anywhere\n[ 2] 80  ALLOW IN  Anywhere\n\
                      [ 3] 22/tcp (v6)  ALLOW IN  Anywhere (v6)\n";
        for (anchor, insert, place) in [
            (Anchor::FirstIpv4, 0, Some(1)),
            (Anchor::LastIpv4, 0, Some(2)),
            (Anchor::FirstIpv6, 0, Some(3)),
            (Anchor::LastIpv6, 1, None),
        ] {
            assert_eq!(position(listed, anchor, insert), place, "{anchor:?}");
        }
        assert_eq!(position("", Anchor::LastIpv4, 0), None);
    }
}
