//! What `~/.ssh/config` says about a host: OpenSSH's own client is asked, which knows every token and every `Match`;
//! where it is not installed, the file is read by a library that knows `Host` alone.
//!
//! The client costs some milliseconds a host, so it is asked only if a look at the files finds something that matters.

use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;
use ssh2_config::{ParseRule, SshConfig as ParsedConfig};

use crate::source::Problem;

/// The files in force.
#[derive(Debug, Clone, Default)]
pub struct SshConfig {
    /// Named by the operator: then the system's file does not count, as with `ssh -F`.
    named: Option<PathBuf>,
    home: Option<PathBuf>,
}

/// What the files say about one host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SshHost {
    /// `HostName`.
    pub address: Option<String>,
    /// `User`.
    pub user: Option<String>,
    /// `Port`.
    pub port: Option<u16>,
    /// `IdentityFile`, those that the files name; the client's defaults are not among them.
    pub identity_files: Vec<PathBuf>,
    /// `ProxyJump`.
    pub proxy_jump: Option<String>,
    /// `ProxyCommand`.
    pub proxy_command: Option<String>,
    /// `UserKnownHostsFile`, those that the files name.
    pub known_hosts: Vec<PathBuf>,
    /// `StrictHostKeyChecking`: `yes`, `no`, `ask`, `accept-new`, `off`.
    pub host_key_checking: Option<String>,
    /// `ConnectTimeout` in seconds.
    pub connect_timeout: Option<u64>,
    /// The file that was named instead of the user's and the system's: it holds for hosts on the way, too.
    pub named_file: Option<PathBuf>,
}

/// Keywords that change how a host is reached; `Host *` with anything else need not be asked about.
const MATTERING: [&str; 9] = [
    "hostname",
    "user",
    "port",
    "identityfile",
    "proxyjump",
    "proxycommand",
    "userknownhostsfile",
    "stricthostkeychecking",
    "connecttimeout",
];
const SYSTEM: &str = "/etc/ssh/ssh_config";

impl SshConfig {
    /// The named file, or the user's and the system's.
    pub fn new(named: Option<PathBuf>, home: Option<PathBuf>) -> Result<Self, Problem> {
        match &named {
            Some(file) if !file.is_file() => {
                Err(Problem::error("DPP0211", format!("no ssh configuration `{}`", file.display()))
                    .help("it was named by --ssh-config or [ssh] config"))
            }
            _ => Ok(Self { named, home }),
        }
    }

    /// What is said about a host under the name or address that the inventory has for it; `None` if nothing is and no
    /// file was named.
    pub fn lookup(&self, host: &str, user: Option<&str>, port: Option<u16>) -> Result<Option<SshHost>, Problem> {
        let folder = self.ssh_folder();
        let mentioned: Vec<String> =
            self.files().iter().flat_map(|file| mentions(file, host, folder.as_deref(), 0)).collect();
        let found = if mentioned.is_empty() {
            self.named.is_some().then(SshHost::default)
        } else {
            Some(match self.ask_client(host, user, port)? {
                Some(answer) => parse_answer(&answer, &mentioned),
                None => self.read_by_library(host)?,
            })
        };
        Ok(found.map(|found| SshHost { named_file: self.named.clone(), ..found }))
    }

    /// The hosts that the files name, in their order; patterns are no names.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for file in self.files() {
            named_in(&file, self.ssh_folder().as_deref(), 0, &mut names);
        }
        names
    }

    fn files(&self) -> Vec<PathBuf> {
        match &self.named {
            Some(named) => vec![named.clone()],
            None => self.ssh_folder().map(|folder| folder.join("config")).into_iter().chain([SYSTEM.into()]).collect(),
        }
    }

    fn ssh_folder(&self) -> Option<PathBuf> {
        self.home.as_ref().map(|home| home.join(".ssh"))
    }

    /// The client's answer, or `None` if there is no client.
    fn ask_client(&self, host: &str, user: Option<&str>, port: Option<u16>) -> Result<Option<String>, Problem> {
        let mut command = Command::new("ssh");
        command.arg("-G");
        if let Some(file) = &self.named {
            command.arg("-F").arg(file);
        }
        if let Some(user) = user {
            command.args(["-l", user]);
        }
        if let Some(port) = port {
            command.args(["-p", &port.to_string()]);
        }
        match command.args(["--", host]).output() {
            Ok(output) if output.status.success() => Ok(Some(String::from_utf8_lossy(&output.stdout).into_owned())),
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                Err(Problem::error("DPP0211", format!("ssh refuses its configuration for `{host}`"))
                    .note(said.trim().to_owned())
                    .help(format!("see for yourself: ssh -G {host}")))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Problem::error("DPP0211", format!("cannot run ssh -G {host}: {error}"))),
        }
    }

    fn read_by_library(&self, host: &str) -> Result<SshHost, Problem> {
        let mut found = SshHost::default();
        for file in self.files() {
            let Ok(text) = std::fs::read(&file) else { continue };
            let mut config = ParsedConfig::default();
            if let Some(home) = &self.home {
                config = config.home_dir(home);
            }
            let rules = ParseRule::ALLOW_UNKNOWN_FIELDS | ParseRule::ALLOW_UNSUPPORTED_FIELDS;
            let config = config
                .parse(&mut text.as_slice(), rules)
                .map_err(|error| Problem::error("DPP0211", format!("cannot read `{}`: {error}", file.display())))?;
            let said = config.query(host);
            let other = |name: &str| said.unsupported_fields.get(name).and_then(|words| words.first()).cloned();
            found.address = found.address.or(said.host_name.clone());
            found.user = found.user.or(said.user.clone());
            found.port = found.port.or(said.port);
            found.identity_files.extend(said.identity_file.clone().unwrap_or_default());
            found.proxy_jump = found.proxy_jump.or(said.proxy_jump.as_ref().map(|jumps| jumps.join(",")));
            found.proxy_command = found.proxy_command.or(other("proxycommand"));
            found.host_key_checking = found.host_key_checking.or(other("stricthostkeychecking"));
            found.connect_timeout = found.connect_timeout.or(said.connect_timeout.map(|time| time.as_secs()));
        }
        Ok(found)
    }
}

/// The keywords that a file may set for a host, in lower case: every one below a `Match`, whose meaning is the client's
/// business.
fn mentions(file: &Path, host: &str, folder: Option<&Path>, depth: usize) -> Vec<String> {
    let Ok(text) = std::fs::read_to_string(file) else { return Vec::new() };
    let mut keywords = Vec::new();
    let mut applies = true;
    for line in text.lines() {
        let line = line.trim();
        let Some((keyword, rest)) = line.split_once([' ', '\t', '=']) else { continue };
        let rest = rest.trim_start_matches([' ', '\t', '=']);
        match keyword.to_ascii_lowercase().as_str() {
            "host" => applies = host_line_matches(rest, host),
            "match" => applies = true,
            "include" if applies && depth < 16 => {
                for included in included(rest, file, folder) {
                    keywords.extend(mentions(&included, host, folder, depth + 1));
                }
            }
            keyword if applies && MATTERING.contains(&keyword) => keywords.push(keyword.to_owned()),
            _ => {}
        }
    }
    keywords
}

fn named_in(file: &Path, folder: Option<&Path>, depth: usize, names: &mut Vec<String>) {
    let Ok(text) = std::fs::read_to_string(file) else { return };
    for line in text.lines() {
        let Some((keyword, rest)) = line.trim().split_once([' ', '\t', '=']) else { continue };
        let rest = rest.trim_start_matches([' ', '\t', '=']);
        if keyword.eq_ignore_ascii_case("host") {
            let words = rest.split_whitespace().map(|word| word.trim_matches('"'));
            for name in words.filter(|name| !name.contains(['*', '?', '!'])) {
                if !names.iter().any(|known| known == name) {
                    names.push(name.to_owned());
                }
            }
        } else if keyword.eq_ignore_ascii_case("include") && depth < 16 {
            included(rest, file, folder).iter().for_each(|file| named_in(file, folder, depth + 1, names));
        }
    }
}

fn host_line_matches(patterns: &str, host: &str) -> bool {
    let mut matched = false;
    for pattern in patterns.split_whitespace().map(|word| word.trim_matches('"')) {
        match pattern.strip_prefix('!') {
            Some(pattern) if wildcard(pattern, host) => return false,
            Some(_) => {}
            None => matched = matched || wildcard(pattern, host),
        }
    }
    matched
}

fn wildcard(pattern: &str, host: &str) -> bool {
    let regex = regex::escape(pattern).replace(r"\*", ".*").replace(r"\?", ".");
    Regex::new(&format!("^(?i:{regex})$")).is_ok_and(|regex| regex.is_match(host))
}

/// The files an `Include` means; relative ones lie in `~/.ssh`, or in `/etc/ssh` for the system's file.
fn included(words: &str, file: &Path, folder: Option<&Path>) -> Vec<PathBuf> {
    let base = if file.starts_with("/etc/ssh") { Some(Path::new("/etc/ssh")) } else { folder };
    let mut files = Vec::new();
    for word in words.split_whitespace().map(|word| word.trim_matches('"')) {
        let path = match (word.strip_prefix("~/"), folder.and_then(Path::parent)) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => base.map_or_else(|| PathBuf::from(word), |base| base.join(word)),
        };
        let pattern = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let siblings = path.parent().and_then(|parent| std::fs::read_dir(parent).ok()).into_iter().flatten();
        let names = siblings.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        files.extend(names.filter(|name| wildcard(&pattern, name)).map(|name| path.with_file_name(name)));
    }
    files
}

/// Takes from `ssh -G` what the files set; the rest of what it prints are its defaults.
fn parse_answer(answer: &str, mentioned: &[String]) -> SshHost {
    let mut host = SshHost::default();
    for (keyword, value) in answer.lines().filter_map(|line| line.split_once(' ')) {
        if !mentioned.iter().any(|mention| mention == keyword) {
            continue;
        }
        match keyword {
            "hostname" => host.address = Some(value.to_owned()),
            "user" => host.user = Some(value.to_owned()),
            "port" => host.port = value.parse().ok(),
            "identityfile" => host.identity_files.push(value.into()),
            "proxyjump" if value != "none" => host.proxy_jump = Some(value.to_owned()),
            "proxycommand" if value != "none" => host.proxy_command = Some(value.to_owned()),
            "userknownhostsfile" => host.known_hosts = value.split_whitespace().map(PathBuf::from).collect(),
            "stricthostkeychecking" => host.host_key_checking = Some(value.to_owned()),
            "connecttimeout" => host.connect_timeout = value.parse().ok(),
            _ => {}
        }
    }
    host
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> (tempfile::TempDir, SshConfig) {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".ssh")).unwrap();
        let file = home.path().join(".ssh/config");
        std::fs::write(&file, text).unwrap();
        let config = SshConfig::new(Some(file), Some(home.path().to_owned())).unwrap();
        (home, config)
    }

    #[test]
    fn what_the_file_says_about_a_host_is_found_with_its_tokens() {
        let (_home, config) = config(
            "Host es*\n  HostName %h.example\n  User deploy\n  Port 2222\n  IdentityFile /keys/%r\n  ProxyJump gate\n\
             Match host es2.example\n  StrictHostKeyChecking accept-new\n",
        );
        let found = config.lookup("es2", None, None).unwrap().unwrap();
        assert_eq!(found.address.as_deref(), Some("es2.example"));
        assert_eq!((found.user.as_deref(), found.port), (Some("deploy"), Some(2222)));
        assert_eq!(found.proxy_jump.as_deref(), Some("gate"));
        assert!(found.known_hosts.is_empty(), "only what the file names: {found:?}");
    }

    #[test]
    fn a_host_that_nothing_is_said_about_costs_no_client() {
        let (_home, config) = config("Host gate\n  User jump\nHost *\n  Compression yes\n");
        assert_eq!(
            config.lookup("es1", None, None).unwrap(),
            Some(SshHost { named_file: config.named.clone(), ..SshHost::default() })
        );
        assert_eq!(SshConfig::default().lookup("nowhere.invalid", None, None).unwrap(), None);
        assert!(config.lookup("gate", None, None).unwrap().is_some());
    }

    #[test]
    fn hosts_are_named_without_the_patterns_and_those_of_included_files_too() {
        let (home, config) = config("Host gate es1\n  User a\nHost *.lab !bad\nInclude more\nhost=es1 es2\n");
        std::fs::write(home.path().join(".ssh/more"), "Host db\n").unwrap();
        assert_eq!(config.names(), ["gate", "es1", "db", "es2"]);
    }

    #[test]
    fn included_files_count() {
        let (home, config) = config("Include conf.d/*\n");
        std::fs::create_dir(home.path().join(".ssh/conf.d")).unwrap();
        std::fs::write(home.path().join(".ssh/conf.d/lab"), "Host db !db9\n  Port 2200\n").unwrap();
        assert_eq!(mentions(&home.path().join(".ssh/config"), "db", config.ssh_folder().as_deref(), 0), ["port"]);
        assert!(mentions(&home.path().join(".ssh/config"), "db9", config.ssh_folder().as_deref(), 0).is_empty());
    }

    #[test]
    fn without_a_client_the_library_reads_the_file() {
        let (_home, config) = config("Host es1\n  HostName 10.0.0.7\n  Port 2222\n  User deploy\n  ProxyJump gate\n");
        let found = config.read_by_library("es1").unwrap();
        assert_eq!((found.address.as_deref(), found.port), (Some("10.0.0.7"), Some(2222)));
        assert_eq!((found.user.as_deref(), found.proxy_jump.as_deref()), (Some("deploy"), Some("gate")));
    }

    #[test]
    fn a_mistake_in_the_file_is_told_in_the_clients_words() {
        let (_home, config) = config("Host es1\n  Port many\n");
        let problem = config.lookup("es1", None, None).unwrap_err();
        assert!(problem.notes[0].contains("line 2"), "{problem:?}");
    }
}
