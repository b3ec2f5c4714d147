//! `artifact_package`: a version of a product as the .deb that it is, fetched here when a host lacks it.
//!
//! The host decides by the package's version, so that nothing is downloaded, hashed or pushed for one that has it.

use dpp_modules::packages::dpkg::archive::Archive as Deb;
use dpp_protocol::Failure;
use serde_json::json;

use crate::actions::action::{flag, text};
use crate::actions::artifact::artifact;
use crate::actions::{Action, ActionContext, Deed, Remote, Supply};
use crate::artifacts::{Artifact, ArtifactError, Kind, Location, control_of};
use crate::value::Map;

const NAME: &str = "artifact_package";

pub(super) const ACTION: Action = Action {
    name: NAME,
    params: &[
        "product",
        "version",
        "architecture",
        "sources",
        "file",
        "hold",
        "start",
        "conffiles",
        "restore_conffiles",
        "allow_downgrade",
        "lock_timeout",
    ],
    required: &[],
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
        "restore_conffiles": flag(args, "restore_conffiles", true),
        "hold": flag(args, "hold", true),
        "start": flag(args, "start", false),
        "allow_downgrade": flag(args, "allow_downgrade", false),
    });
    if let Some(seconds) = args.get("lock_timeout") {
        params["lock_timeout"] = seconds.into();
    }
    if !artifact.package.is_empty() {
        params["_package"] = artifact.package.as_str().into();
        params["_version"] = artifact.package_version.as_str().into();
        params["_architecture"] = artifact.architecture.as_str().into();
        params["_installed_size"] = installed_size.into();
        params["_upgrades_from"] = artifact.upgrades_from.as_str().into();
        params["_no_return"] = artifact.no_return.as_str().into();
    }
    let supply = Some(Supply { artifact });
    Ok(Deed::Remote(Remote { supply, ..Remote::new("deb", params) }))
}

/// Learns from a .deb what it holds, and returns the KiB it takes once unpacked.
fn described(artifact: &mut Artifact) -> Result<u64, Failure> {
    let [Location::Path(path)] = artifact.locations.as_slice() else { return Ok(0) };
    let control = control_of(path).map_err(|error| error.failure())?;
    let deb = Deb::of_control(&control).ok_or_else(|| {
        let why = "its control file names no package, version or architecture".to_owned();
        ArtifactError::NoPackage { path: path.clone(), why }.failure()
    })?;
    artifact.package = deb.package;
    artifact.package_version = deb.version;
    artifact.architecture = deb.architecture;
    Ok(deb.installed_kib)
}
