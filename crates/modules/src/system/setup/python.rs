//! `ansible_python`: the interpreter that a role counts on. Nothing here needs one, and a bare host has none; then it is the
//! one that its distribution's package `python3` would bring, for which roles choose names of packages and of folders.

use std::fs;

use dpp_protocol::ResultMap;
use serde_json::json;

use super::names::{assignments, set, text};

const PROGRAM: &str = "/usr/bin/python3";

/// What `python3` is in the releases that have one of their own.
const OF_RELEASES: &[(&str, [u32; 3])] = &[
    ("bullseye", [3, 9, 2]),
    ("bookworm", [3, 11, 2]),
    ("trixie", [3, 13, 5]),
    ("focal", [3, 8, 10]),
    ("jammy", [3, 10, 12]),
    ("noble", [3, 12, 3]),
];

pub(super) fn gather(facts: &mut ResultMap) {
    let installed = || {
        let program = fs::read_link(PROGRAM).ok()?.to_str()?.to_owned();
        in_books(&text("/var/lib/dpkg/status")?, &program)
    };
    let release = || of_release(&text("/etc/os-release")?);
    if let Some(version) = installed().or_else(release) {
        add(version, facts);
    }
}

/// The version that dpkg's books have of the package of this program.
fn in_books(status: &str, program: &str) -> Option<[u32; 3]> {
    let (_, stanza) = status.split_once(&format!("Package: {program}-minimal\n"))?;
    let stanza = stanza.split("\n\n").next()?;
    parsed(stanza.lines().find_map(|line| line.strip_prefix("Version: "))?)
}

fn of_release(os_release: &str) -> Option<[u32; 3]> {
    let pairs = assignments(os_release);
    let (_, codename) = pairs.iter().find(|(key, _)| key == "VERSION_CODENAME")?;
    OF_RELEASES.iter().find(|(name, _)| name == codename).map(|(_, version)| *version)
}

fn parsed(version: &str) -> Option<[u32; 3]> {
    let upstream = version.split(['-', '+', '~']).next()?;
    let mut numbers = upstream.split('.').map(|number| number.parse().ok());
    Some([numbers.next()??, numbers.next()??, numbers.next()??])
}

fn add([major, minor, micro]: [u32; 3], facts: &mut ResultMap) {
    let version = json!({"major": major, "minor": minor, "micro": micro, "releaselevel": "final", "serial": 0});
    let python = json!({
        "version": version,
        "version_info": [major, minor, micro, "final", 0],
        "executable": PROGRAM,
        "has_sslcontext": true,
        "type": "cpython",
    });
    set(facts, "python", python);
    set(facts, "python_version", format!("{major}.{minor}.{micro}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_one_of_the_host_or_else_of_its_release() {
        let status = "Package: python3.11\nVersion: 1.1.1\n\nPackage: python3.11-minimal\nStatus: install ok installed\n\
                      Version: 3.11.2-6+deb12u6\n\nPackage: z\nVersion: 9.9.9\n";
        assert_eq!(in_books(status, "python3.11"), Some([3, 11, 2]));
        assert_eq!(in_books(status, "python3.9"), None);
        assert_eq!(of_release("ID=debian\nVERSION_CODENAME=trixie\n"), Some([3, 13, 5]));
        assert_eq!(of_release("ID=arch\n"), None);
        let mut facts = ResultMap::new();
        add([3, 11, 2], &mut facts);
        assert_eq!((&facts["python"]["version"]["minor"], &facts["python_version"]), (&json!(11), &json!("3.11.2")));
    }
}
