//! What apt-get would do, asked of apt-get itself: for questions whose answer only its solver knows.

use std::process::{Command, Stdio};

use dpp_protocol::Failure;

use crate::packages::apt_get::process::Finished;
use crate::packages::apt_get::refusal;

/// Names of the packages that `apt-get --simulate ARGUMENTS` would install, upgrade or remove.
pub(super) fn touched(arguments: &[&str], options: &[String]) -> Result<Vec<String>, Failure> {
    let output = Command::new("apt-get")
        .args(["--simulate", "-q", "-oDebug::NoLocking=true"])
        .args(options)
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Failure::new(format!("cannot run apt-get: {error}")).code("DPP0601"))?;
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    if output.status.success() {
        return Ok(names(&text));
    }
    let finished = Finished { success: false, code: output.status.code().unwrap_or(-1), output: text };
    Err(refusal::explain(&format!("foresee `apt-get {}`", arguments.join(" ")), &finished))
}

/// `Inst jq [1.6-1] (1.6-2 …)`, `Remv jq [1.6-1]`, and `Del jq 1.6-2 [53 kB]` of autoclean.
fn names(output: &str) -> Vec<String> {
    let name = |line: &str| {
        let mut words = line.split_whitespace();
        matches!(words.next()?, "Inst" | "Remv" | "Purg" | "Del").then(|| words.next().map(str::to_owned))?
    };
    output.lines().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_off_a_simulation() {
        let output = "Reading package lists...\nRemv oniguruma [6.9]\nInst jq [1.6-1] (1.6-2 Debian:12 [amd64])\nConf jq (1.6-2)\n";
        assert_eq!(names(output), ["oniguruma", "jq"]);
    }
}
