//! What a host says of its units and packages, asked for in one shell command.

use crate::pipeline::Stage;

/// Prints the state of all units and packages the pipeline may have; what is not there is left out by the reader.
const UNITS: &str = "Id,LoadState,ActiveState,SubState,NRestarts";

/// Units and packages of a host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostLook {
    units: Vec<Unit>,
    packages: Vec<(String, String)>,
}

/// One unit that is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Its name, without `.service`.
    pub name: String,
    /// `active`, `activating`, `failed` …
    pub active: String,
    /// `running`, `auto-restart`, `dead` …
    pub sub: String,
    /// How often systemd started it again.
    pub restarts: u64,
}

impl HostLook {
    /// The command that asks.
    pub fn command() -> String {
        let all = |names: fn(Stage) -> &'static [&'static str]| {
            let mut all: Vec<&str> = Stage::ALL.into_iter().flat_map(names).copied().collect();
            all.sort_unstable();
            all.dedup();
            all.join(" ")
        };
        format!(
            "systemctl show --property={UNITS} {}; echo; \
             dpkg-query -W -f='package ${{db:Status-Abbrev}} ${{Package}} ${{Version}}\\n' {} 2>/dev/null; true",
            all(Stage::units),
            all(Stage::packages),
        )
    }

    /// Reads what it printed.
    pub fn read(printed: &str) -> Self {
        let packages = printed.lines().filter_map(|line| {
            let mut words = line.strip_prefix("package ")?.split_whitespace();
            let (status, name, version) = (words.next()?, words.next()?, words.next()?);
            // `ii`, and `hi` for a package that is held.
            (status.chars().nth(1) == Some('i')).then(|| (name.to_owned(), version.to_owned()))
        });
        Self { units: printed.split("\n\n").filter_map(unit).collect(), packages: packages.collect() }
    }

    /// The unit that does the work of a stage here.
    pub fn unit(&self, stage: Stage) -> Option<&Unit> {
        let known = |name: &&str| self.units.iter().find(|unit| unit.name == **name);
        let mut there = stage.units().iter().filter_map(known);
        let first = there.clone().next();
        there.find(|unit| unit.active == "active").or(first)
    }

    /// The version of the stage's package here, without Debian's epoch and revision.
    pub fn version(&self, stage: Stage) -> Option<&str> {
        let unit = self.unit(stage).map(|unit| unit.name.as_str());
        let of =
            |name: &str| self.packages.iter().find(|(known, _)| known == name).map(|(_, version)| version.as_str());
        let version = unit.and_then(of).or_else(|| stage.packages().iter().find_map(|name| of(name)))?;
        let version = version.split_once(':').map_or(version, |(_, rest)| rest);
        Some(version.rsplit_once('-').map_or(version, |(version, _)| version))
    }
}

impl Unit {
    /// Whether it runs.
    pub fn runs(&self) -> bool {
        self.active == "active"
    }
}

fn unit(block: &str) -> Option<Unit> {
    let of = |key: &str| block.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    if of("LoadState")? != "loaded" {
        return None;
    }
    Some(Unit {
        name: of("Id")?.trim_end_matches(".service").to_owned(),
        active: of("ActiveState")?.to_owned(),
        sub: of("SubState")?.to_owned(),
        restarts: of("NRestarts").and_then(|count| count.parse().ok()).unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "Id=logstash.service\nLoadState=loaded\nActiveState=inactive\nSubState=dead\nNRestarts=0\n\n\
        NRestarts=4\nId=dpp-relay.service\nLoadState=loaded\nActiveState=active\nSubState=running\n\n\
        Id=kibana.service\nLoadState=not-found\nActiveState=inactive\nSubState=dead\n\n\
        package hi  dpp-relay 0.1.0\npackage rc  kibana 7.17.29\npackage ii  rabbitmq-server 1:3.10.8-1.1\n";

    #[test]
    fn the_unit_that_runs_stands_for_the_stage() {
        let look = HostLook::read(PRINTED);
        let relay = look.unit(Stage::Relay).unwrap();
        assert_eq!((relay.name.as_str(), relay.runs(), relay.restarts), ("dpp-relay", true, 4));
        assert_eq!(look.unit(Stage::Kibana), None, "not found is not installed");
    }

    #[test]
    fn versions_come_from_installed_packages() {
        let look = HostLook::read(PRINTED);
        assert_eq!(look.version(Stage::Relay), Some("0.1.0"));
        assert_eq!(look.version(Stage::Rabbitmq), Some("3.10.8"));
        assert_eq!(look.version(Stage::Kibana), None, "removed, its configuration left");
    }

    #[test]
    fn one_command_asks_for_all() {
        let command = HostLook::command();
        assert!(command.contains("dpp-relay") && command.contains("confluent-kafka-connect"), "{command}");
    }
}
