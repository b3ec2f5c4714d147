//! `artifact_package`: a version of a product as the .deb that it is, fetched here when a host lacks it.
//!
//! The host decides by the package's version, so that nothing is downloaded, hashed or pushed for one that has it.

use std::path::Path;
use std::process::{Command, Stdio};

use dpp_protocol::Failure;
use serde_json::json;

use crate::actions::action::{flag, text};
use crate::actions::artifact::artifact;
use crate::actions::{Action, ActionContext, Deed, Remote, Supply};
use crate::artifacts::{Artifact, Kind, Location};
use crate::value::Map;

const NAME: &str = "artifact_package";

pub(super) const ACTION: Action = Action {
    name: NAME,
    params: &["product", "version", "architecture", "sources", "file", "hold", "start", "conffiles", "allow_downgrade"],
    run,
};

fn run(context: &ActionContext, args: &Map) -> Result<Deed, Failure> {
    let mut artifact = artifact(context, NAME, args, Kind::Deb)?;
    let installed_size = match text(args, "file") {
        Some(_) => described(&mut artifact)?,
        None => 0,
    };
    let mut params = json!({
        "conffiles": text(args, "conffiles").unwrap_or("keep"),
        "hold": flag(args, "hold", true),
        "start": flag(args, "start", false),
        "allow_downgrade": flag(args, "allow_downgrade", false),
    });
    if !artifact.package.is_empty() {
        params["_package"] = artifact.package.as_str().into();
        params["_version"] = artifact.package_version.as_str().into();
        params["_architecture"] = artifact.architecture.as_str().into();
        params["_installed_size"] = installed_size.into();
    }
    let supply = Some(Supply { artifact });
    Ok(Deed::Remote(Remote { module: "deb".into(), params, lean: None, blobs: Vec::new(), supply }))
}

/// Learns from a .deb what it holds, and returns the KiB it takes once unpacked. Where this machine has no `dpkg-deb`
/// the host finds out when it has the file.
fn described(artifact: &mut Artifact) -> Result<u64, Failure> {
    let [Location::Path(path)] = artifact.locations.as_slice() else { return Ok(0) };
    let Some(fields) = fields(path)? else { return Ok(0) };
    let mut lines = fields.lines().map(str::to_owned);
    artifact.package = lines.next().unwrap_or_default();
    artifact.package_version = lines.next().unwrap_or_default();
    artifact.architecture = lines.next().unwrap_or_default();
    Ok(lines.next().and_then(|size| size.parse().ok()).unwrap_or(0))
}

fn fields(path: &Path) -> Result<Option<String>, Failure> {
    let asked = Command::new("dpkg-deb")
        .args(["--show", "--showformat=${Package}\\n${Version}\\n${Architecture}\\n${Installed-Size}\\n"])
        .arg(path)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output();
    let Ok(output) = asked else { return Ok(None) };
    if output.status.success() {
        return Ok(Some(String::from_utf8_lossy(&output.stdout).into_owned()));
    }
    Err(Failure::new(format!("{} is not a readable .deb", path.display()))
        .code("DPP0609")
        .note("dpkg-deb", String::from_utf8_lossy(&output.stderr).trim())
        .help("fetch it again: it may be cut short or be an error page saved under this name"))
}
