//! What the administrator wants of a package (`install`, `hold` …), written through dpkg.

use std::io::{self, Write};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use dpp_protocol::Failure;

use crate::Host;
use crate::packages::dpkg::lock;

/// How dpkg says that another process took the lock after it had been looked at.
const LOCKED: &str = "by another process";

/// Sets the selection of packages; dpkg must know them. Another holder of dpkg's lock is waited for, at most `patience`.
pub fn select(packages: &[&str], selection: &str, patience: Duration, host: &Host) -> Result<(), Failure> {
    let lines: String = packages.iter().map(|package| format!("{package} {selection}\n")).collect();
    let failed = |words: String| {
        Failure::new(format!("cannot set {} to `{selection}`", packages.join(", "))).code("DPP0601").note("dpkg", words)
    };
    let until = Instant::now() + patience;
    loop {
        lock::wait(lock::DATABASE, until.saturating_duration_since(Instant::now()), host)?;
        let output = set(&lines).map_err(|error| failed(error.to_string()))?;
        let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        if output.status.success() && !words.contains("available database") {
            return Ok(());
        }
        if !words.contains(LOCKED) || Instant::now() >= until {
            return Err(failed(words));
        }
    }
}

fn set(lines: &str) -> io::Result<Output> {
    let mut child = Command::new("dpkg")
        .arg("--set-selections")
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    // One that gave up before it read all of it says why itself.
    let written = child.stdin.take().map_or(Ok(()), |mut input| input.write_all(lines.as_bytes()));
    let output = child.wait_with_output()?;
    match written {
        Err(error) if output.status.success() => Err(error),
        _ => Ok(output),
    }
}
