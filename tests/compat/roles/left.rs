//! What is left on a host: files, packages, units, rules of its firewall.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::noise::is_noise;
use crate::host::Host;

/// Compared with the hashes of their files.
const FOLDERS: &str = "/etc /srv /opt /usr/local /home /root /usr/lib/systemd/system /var/www /var/spool/cron";

/// Compared by kind, mode and owner alone: what a server writes there is its own.
const STATES: &str = "/var/lib /var/log /var/cache /var/spool";

/// Longer files are not shown, and neither are more of them.
const SHOWN: usize = 200;

/// Everything by its name: `file /etc/x` → `f 644 root:root HASH`.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Left {
    pub(crate) things: BTreeMap<String, String>,
    /// What changed files hold, so that a difference can be shown.
    pub(crate) texts: BTreeMap<String, String>,
}

impl Left {
    /// Looks at a host; `before` tells which files changed.
    pub(crate) fn on(host: &Host, before: Option<&Self>) -> Self {
        let mut left = Self::default();
        left.files(host);
        left.take(&host.on("dpkg-query -W -f 'package ${Package}\\t${Version} ${db:Status-Abbrev}\\n'"));
        left.take(
            &host.on("systemctl list-unit-files --no-legend --no-pager | awk '{print \"unit-file \" $1 \"\\t\" $2}'"),
        );
        left.take(
            &host.on("systemctl list-units --all --no-legend --no-pager --plain --type=service,socket,timer,path | \
             awk '$2 == \"loaded\" && ($3 == \"active\" || $3 == \"failed\") {print \"unit \" $1 \"\\t\" $3}'"),
        );
        left.take(
            &host.on(
                "if command -v iptables >/dev/null; then iptables -S | awk '{print \"rule \" $0 \"\\tthere\"}'; fi; \
             awk '$3 == \"swap\" || $1 ~ \"swap\" {print \"swap \" $1 \"\\tthere\"}' /proc/swaps",
            ),
        );
        left.things.retain(|name, _| !is_noise(name));
        if let Some(before) = before {
            left.texts(host, before);
        }
        left
    }

    fn take(&mut self, said: &str) {
        let named = said.lines().filter_map(|line| line.split_once('\t'));
        self.things.extend(named.map(|(name, value)| (name.to_owned(), value.trim().to_owned())));
    }

    fn files(&mut self, host: &Host) {
        let look = "-printf 'file %p\\t%y %m %u:%g %l\\n'";
        self.take(&host.on(&format!("find {FOLDERS} {look} 2>/dev/null; find {STATES} -maxdepth 3 {look}; true")));
        let net = host.net();
        // The address of a host differs from lab to lab, and with it what a template made of it; crontab(1) writes the hour.
        let hashes = host.on(&format!(
            "find {FOLDERS} -type f -exec sha256sum {{}} + 2>/dev/null; \
             grep --recursive --files-with-matches --fixed-strings --exclude-dir=apt -e {net} {FOLDERS} 2>/dev/null | while read -r f; \
             do echo \"$(sed 's/{net}/NET./g' \"$f\" | sha256sum | cut -d ' ' -f 1)  $f\"; done; \
             find /var/spool/cron -type f 2>/dev/null | while read -r f; \
             do echo \"$(sed '/^# (.* installed on /d' \"$f\" | sha256sum | cut -d ' ' -f 1)  $f\"; done"
        ));
        for (hash, path) in hashes.lines().filter_map(|line| line.split_once("  ")) {
            let line = self.things.entry(format!("file {path}")).or_default();
            let kind = line.split(' ').take(3).collect::<Vec<_>>().join(" ");
            *line = format!("{kind} {}", &hash[..hash.len().min(16)]);
        }
    }

    fn texts(&mut self, host: &Host, before: &Self) {
        let changed = self
            .things
            .iter()
            .filter(|(name, value)| value.starts_with("f ") && before.things.get(*name) != Some(value));
        let paths: Vec<&str> = changed.filter_map(|(name, _)| name.strip_prefix("file ")).take(SHOWN).collect();
        for path in paths.iter().filter(|path| FOLDERS.split(' ').any(|folder| path.starts_with(folder))) {
            let text = host.on(&format!("head --bytes 20000 '{path}'")).replace(&host.net(), "NET.");
            self.texts.insert((*path).to_owned(), text);
        }
    }
}
