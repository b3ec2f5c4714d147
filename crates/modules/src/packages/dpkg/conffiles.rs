//! Configuration files of a package that its administrator edited, and the versions dpkg laid beside them.

use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

use md5::Md5;

use crate::files::checksum::digest;
use crate::packages::dpkg::status::{ADMIN, Package};

/// Suffixes under which dpkg keeps the version it did not put in place.
const BESIDE: &[&str] = &["dpkg-dist", "dpkg-new", "dpkg-old"];

/// Conffiles whose bytes are not those the package shipped; an unreadable one counts, a deleted one does not.
pub fn edited(package: &Package) -> Vec<&str> {
    let differs = |path: &str, shipped: &str| match fs::File::open(path) {
        Ok(file) => digest::<Md5>(file).map_or(true, |sum| sum != shipped),
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    };
    package.conffiles.iter().filter(|(path, sum)| differs(path, sum)).map(|(path, _)| path.as_str()).collect()
}

/// Conffiles that are gone from where the package put them; one that was diverted elsewhere is not.
pub fn missing(package: &Package) -> Vec<&str> {
    let is_gone = |path: &str| fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    let mut gone: Vec<_> =
        package.conffiles.iter().map(|(path, _)| path.as_str()).filter(|path| is_gone(path)).collect();
    if !gone.is_empty() {
        let diversions = fs::read_to_string(Path::new(ADMIN).join("diversions")).unwrap_or_default();
        gone.retain(|path| !diversions.lines().any(|line| line == *path));
    }
    gone
}

/// Versions that dpkg laid beside the package's conffiles since `start`.
pub fn laid_beside(package: &Package, start: SystemTime) -> Vec<String> {
    let paths =
        package.conffiles.iter().flat_map(|(path, _)| BESIDE.iter().map(move |suffix| format!("{path}.{suffix}")));
    paths.filter(|path| appeared_since(&PathBuf::from(path), start)).collect()
}

/// dpkg gives such a file the time of its archive, so the inode's own time is what tells.
fn appeared_since(path: &std::path::Path, start: SystemTime) -> bool {
    use std::os::unix::fs::MetadataExt;
    let start = start.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    fs::symlink_metadata(path)
        .is_ok_and(|metadata| u64::try_from(metadata.ctime()).is_ok_and(|changed| changed >= start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packages::dpkg::status::Installed;

    #[test]
    fn an_edited_conffile_is_told_from_a_shipped_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        fs::write(path("kept"), "").unwrap();
        fs::write(path("edited"), "x").unwrap();
        let empty = "d41d8cd98f00b204e9800998ecf8427e";
        let status = format!(
            "Package: a\nStatus: install ok installed\nConffiles:\n {} {empty}\n {} {empty}\n {} {empty}\n",
            path("kept"),
            path("edited"),
            path("deleted")
        );
        let installed = Installed::parse(&status);
        let package = installed.find("a").unwrap();
        assert_eq!(edited(package), [path("edited")]);
        assert_eq!(missing(package), [path("deleted")]);

        fs::write(path("edited.dpkg-dist"), "y").unwrap();
        assert_eq!(
            laid_beside(package, SystemTime::now() - std::time::Duration::from_secs(5)),
            [path("edited.dpkg-dist")]
        );
        assert!(laid_beside(package, SystemTime::now() + std::time::Duration::from_mins(1)).is_empty());
    }
}
