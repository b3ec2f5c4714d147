//! The .debs that are installed and those that were before them: what a run that is undone goes back to, without a network.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use dpp_protocol::Failure;

use crate::Host;
use crate::packages::dpkg::archive::Archive;

const FOLDER: &str = "packages";

/// Keeps a .deb that was installed, and the one of the version before it; older ones go.
pub(crate) fn keep(file: &Path, archive: &Archive, before: Option<&str>, host: &Host) -> Result<(), Failure> {
    let cannot = |error: io::Error| {
        Failure::new(format!("cannot keep {} for a return to it: {error}", file.display()))
            .help(format!("`df {}` on the host tells of a full disk", host.state().display()))
    };
    let folder = host.state().join(FOLDER);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(cannot)?;
    let place = folder.join(name(&archive.package, &archive.version));
    if !place.exists() {
        // The same disk, as a rule; a second name costs nothing.
        fs::hard_link(file, &place).or_else(|_| fs::copy(file, &place).map(drop)).map_err(cannot)?;
    }
    let stays = [Some(archive.version.as_str()), before].map(|version| version.map(|of| name(&archive.package, of)));
    for entry in fs::read_dir(&folder).map_err(cannot)?.flatten() {
        let found = entry.file_name().to_string_lossy().into_owned();
        let is_of_it = found.split_once('_').is_some_and(|(package, _)| package == archive.package);
        if is_of_it && !stays.iter().flatten().any(|stays| *stays == found) {
            fs::remove_file(entry.path()).map_err(cannot)?;
        }
    }
    Ok(())
}

/// The .deb of a package and version, when it is kept.
pub(crate) fn find(package: &str, version: &str, host: &Host) -> Option<PathBuf> {
    Some(host.state().join(FOLDER).join(name(package, version))).filter(|path| path.exists())
}

fn name(package: &str, version: &str) -> String {
    format!("{package}_{}.deb", version.replace(':', "%3a"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn this_version_and_the_one_before_are_kept() {
        let state = tempfile::tempdir().unwrap();
        let host = Host::new(state.path(), BTreeMap::new(), &|_, _| ());
        let file = state.path().join("blob");
        fs::write(&file, "deb").unwrap();
        let mut before = None;
        for version in ["1:5.6.2", "6.2.1", "6.8.23"] {
            let archive =
                Archive { package: "es".into(), version: version.into(), architecture: "all".into(), installed_kib: 1 };
            keep(&file, &archive, before, &host).unwrap();
            keep(&file, &archive, before, &host).unwrap();
            before = Some(version);
        }
        let is_kept = |version: &str| find("es", version, &host).is_some();
        assert_eq!(["1:5.6.2", "6.2.1", "6.8.23"].map(is_kept), [false, true, true]);
        assert_eq!(fs::read(find("es", "6.8.23", &host).unwrap()).unwrap(), b"deb");
    }
}
