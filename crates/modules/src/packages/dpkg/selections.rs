//! What the administrator wants of a package (`install`, `hold` …), written through dpkg.

use std::io::Write;
use std::process::{Command, Stdio};

use dpp_protocol::Failure;

/// Sets the selection of packages; dpkg must know them.
pub fn select(packages: &[&str], selection: &str) -> Result<(), Failure> {
    let lines: String = packages.iter().map(|package| format!("{package} {selection}\n")).collect();
    let failed = |words: String| {
        Failure::new(format!("cannot set {} to `{selection}`", packages.join(", "))).code("DPP0601").note("dpkg", words)
    };
    let mut child = Command::new("dpkg")
        .arg("--set-selections")
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(lines.as_bytes()).map_err(|error| failed(error.to_string()))?;
    }
    let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
    let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if output.status.success() && !words.contains("available database") { Ok(()) } else { Err(failed(words)) }
}
