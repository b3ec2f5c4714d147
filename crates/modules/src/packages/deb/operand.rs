//! What apt-get is told of a .deb that was pushed: a name that it takes for a package's.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use dpp_protocol::Failure;

use crate::Host;
use crate::packages::dpkg::archive::Archive;

/// apt takes a file for a package only when its name ends in `.deb`; a pushed one is named by its hash.
pub(super) fn operand(file: Option<&Path>, archive: &Archive, host: &Host) -> PathBuf {
    let is_taken = |file: &&Path| file.is_absolute() && file.extension().is_some_and(|extension| extension == "deb");
    if let Some(file) = file.filter(is_taken) {
        return file.to_owned();
    }
    let name = format!("{}_{}_{}.deb", archive.package, archive.version.replace(':', "%3a"), archive.architecture);
    host.state().join("debs").join(name)
}

/// Lays the file under the name that apt takes.
pub(super) fn provide(file: &Path, operand: &Path) -> Result<(), Failure> {
    if operand == file {
        return Ok(());
    }
    let mut private = fs::DirBuilder::new();
    private.recursive(true).mode(0o700);
    let linked = operand.parent().map_or(Ok(()), |folder| private.create(folder)).and_then(|()| {
        let _ = fs::remove_file(operand);
        std::os::unix::fs::symlink(fs::canonicalize(file)?, operand)
    });
    linked.map_err(|error| Failure::new(format!("cannot link {} as {}: {error}", file.display(), operand.display())))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_pushed_deb_gets_a_name_that_apt_takes() {
        let host = Host::new("/state", BTreeMap::new(), &|_, _| ());
        assert_eq!(
            operand(Some(Path::new("/state/blobs/0af")), &archive("1:6.2.1-1"), &host),
            Path::new("/state/debs/es_1%3a6.2.1-1_all.deb")
        );
        assert_eq!(operand(Some(Path::new("/tmp/x.deb")), &archive("1"), &host), Path::new("/tmp/x.deb"));
    }

    fn archive(version: &str) -> Archive {
        Archive { package: "es".into(), version: version.into(), architecture: "all".into(), installed_kib: 10 }
    }
}
