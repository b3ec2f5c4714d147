//! What apt-get is told of a .deb that was pushed: a name that it takes for a package's.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use dpp_protocol::Failure;

use crate::Host;
use crate::packages::dpkg::archive::Archive;

/// apt takes a file for a package only when its name ends in `.deb`; a pushed one is named by its hash. The folder is this
/// process's own: another run may be at the same package, and takes its name away when it is done.
pub(super) fn operand(file: Option<&Path>, archive: &Archive, host: &Host) -> PathBuf {
    let is_taken = |file: &&Path| file.is_absolute() && file.extension().is_some_and(|extension| extension == "deb");
    if let Some(file) = file.filter(is_taken) {
        return file.to_owned();
    }
    let name = format!("{}_{}_{}.deb", archive.package, archive.version.replace(':', "%3a"), archive.architecture);
    host.state().join(FOLDER).join(std::process::id().to_string()).join(name)
}

const FOLDER: &str = "debs";

/// Lays the file under the name that apt takes.
pub(super) fn provide(file: &Path, operand: &Path) -> Result<(), Failure> {
    if operand == file {
        return Ok(());
    }
    let mut private = fs::DirBuilder::new();
    private.recursive(true).mode(0o700);
    let own = operand.parent().unwrap_or(operand);
    forget_the_dead(own);
    let linked = private.create(own).and_then(|()| {
        let _ = fs::remove_file(operand);
        std::os::unix::fs::symlink(fs::canonicalize(file)?, operand)
    });
    linked.map_err(|error| Failure::new(format!("cannot link {} as {}: {error}", file.display(), operand.display())))
}

/// Takes the name away again.
pub(super) fn withdraw(operand: &Path) {
    let _ = fs::remove_file(operand);
    let _ = operand.parent().map(fs::remove_dir);
}

/// Folders of processes that were killed before they could take them away.
fn forget_the_dead(own: &Path) {
    for folder in own.parent().and_then(|all| fs::read_dir(all).ok()).into_iter().flatten().flatten() {
        if !Path::new("/proc").join(folder.file_name()).exists() {
            let _ = fs::remove_dir_all(folder.path());
        }
    }
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
            Path::new("/state/debs").join(std::process::id().to_string()).join("es_1%3a6.2.1-1_all.deb")
        );
        assert_eq!(operand(Some(Path::new("/tmp/x.deb")), &archive("1"), &host), Path::new("/tmp/x.deb"));
    }

    #[test]
    fn a_name_is_there_as_long_as_it_is_needed_and_those_of_the_dead_go() {
        let state = tempfile::tempdir().unwrap();
        let host = Host::new(state.path(), BTreeMap::new(), &|_, _| ());
        let blob = state.path().join("0af");
        fs::write(&blob, "deb").unwrap();
        let dead = state.path().join("debs/999999999");
        fs::create_dir_all(&dead).unwrap();
        let operand = operand(Some(&blob), &archive("1"), &host);
        provide(&blob, &operand).unwrap();
        assert_eq!((fs::read(&operand).unwrap(), dead.exists()), (b"deb".to_vec(), false));
        withdraw(&operand);
        assert_eq!(fs::read_dir(state.path().join("debs")).unwrap().count(), 0);
    }

    fn archive(version: &str) -> Archive {
        Archive { package: "es".into(), version: version.into(), architecture: "all".into(), installed_kib: 10 }
    }
}
