//! Versions that apt could install, asked of `apt-cache` once and kept until lists or packages change.

use std::collections::HashMap;
use std::fs;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use dpp_protocol::Failure;

/// What apt knows of a package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Candidate {
    /// The version it would install; none for a purely virtual or unknown package.
    pub version: Option<String>,
    /// All versions it could install, newest first, the installed one among them.
    pub versions: Vec<String>,
}

impl Candidate {
    /// Whether only other packages provide this name.
    pub fn is_virtual(&self) -> bool {
        self.version.is_none()
    }
}

type Known = HashMap<(String, String), Candidate>;
type Stamp = [Option<SystemTime>; 3];

/// What apt knows of these packages; a name that it does not know is left out.
///
/// `release` is the default release the installation would use, or empty.
pub fn of(names: &[&str], release: &str) -> Result<HashMap<String, Candidate>, Failure> {
    static KEPT: Mutex<Option<(Stamp, Known)>> = Mutex::new(None);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let stamp = stamp();
    let mut known = kept.take().filter(|(of, _)| *of == stamp).map(|(_, known)| known).unwrap_or_default();
    let asked = |name: &str| (name.to_owned(), release.to_owned());
    let new: Vec<_> = names.iter().filter(|name| !known.contains_key(&asked(name))).copied().collect();
    if !new.is_empty() {
        let mut answers = ask(&new, release)?;
        known.extend(new.iter().map(|name| (asked(name), answers.remove(*name).unwrap_or_default())));
    }
    let found = names.iter().map(|name| ((*name).to_owned(), known[&asked(name)].clone()));
    let found = found.filter(|(_, candidate)| *candidate != Candidate::default()).collect();
    *kept = Some((stamp, known));
    Ok(found)
}

/// Names of all packages that apt knows.
pub fn names() -> Result<Vec<String>, Failure> {
    Ok(apt_cache(&["pkgnames"])?.lines().map(str::to_owned).collect())
}

fn stamp() -> Stamp {
    ["/var/lib/apt/lists", "/var/lib/dpkg/status", "/etc/apt/preferences.d"]
        .map(|path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok())
}

fn ask(names: &[&str], release: &str) -> Result<HashMap<String, Candidate>, Failure> {
    let release = format!("APT::Default-Release={release}");
    let mut arguments = vec!["policy"];
    if !release.ends_with('=') {
        arguments.extend(["-o", &release]);
    }
    arguments.push("--");
    arguments.extend(names);
    Ok(parse(&apt_cache(&arguments)?))
}

fn apt_cache(arguments: &[&str]) -> Result<String, Failure> {
    let failed = |words: &str| Failure::new(format!("cannot ask apt-cache: {words}")).code("DPP0601");
    let output = Command::new("apt-cache")
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(&error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn parse(policy: &str) -> HashMap<String, Candidate> {
    let mut found: HashMap<String, Candidate> = HashMap::new();
    let mut name = "";
    for line in policy.lines() {
        let indent = line.len() - line.trim_start().len();
        let words = line.trim();
        if indent == 0 {
            name = words.trim_end_matches(':');
            found.insert(name.to_owned(), Candidate::default());
        } else if let Some(candidate) = found.get_mut(name) {
            note(candidate, indent, words);
        }
    }
    found
}

/// Versions stand behind five columns, the installed one behind ` *** `; their sources stand deeper.
fn note(candidate: &mut Candidate, indent: usize, words: &str) {
    if let Some(version) = words.strip_prefix("Candidate: ") {
        candidate.version = Some(version.to_owned()).filter(|version| version != "(none)");
    } else if indent == 5 || words.starts_with("*** ") {
        let version = words.trim_start_matches("*** ").split_whitespace().next().unwrap_or_default();
        candidate.versions.push(version.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = "jq:
  Installed: 1.6-2.1+deb12u1
  Candidate: 1.6-2.1+deb12u3
  Version table:
     1.6-2.1+deb12u3 500
        500 http://mirror/debian-security bookworm-security/main amd64 Packages
 *** 1.6-2.1+deb12u1 100
        100 /var/lib/dpkg/status
mail-transport-agent:
  Installed: (none)
  Candidate: (none)
  Version table:
";

    #[test]
    fn candidates_and_versions_are_read() {
        let found = parse(POLICY);
        assert_eq!(found["jq"].version.as_deref(), Some("1.6-2.1+deb12u3"));
        assert_eq!(found["jq"].versions, ["1.6-2.1+deb12u3", "1.6-2.1+deb12u1"]);
        assert_eq!(found["mail-transport-agent"], Candidate::default());
        assert!(found["mail-transport-agent"].is_virtual() && !found["jq"].is_virtual());
    }
}
