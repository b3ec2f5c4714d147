//! The package lists: how old they are, whether they know of every source, and refreshing them.

use std::path::Path;
use std::time::{Duration, SystemTime};
use std::{fs, io, thread};

use dpp_protocol::Failure;
use rustix::fs::{CWD, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};

use crate::Host;
use crate::packages::apt_get::process::Process;
use crate::packages::apt_get::refusal;
use crate::packages::dpkg::lock;

const LISTS: &str = "/var/lib/apt/lists";
const STAMP: &str = "/var/lib/apt/periodic/update-success-stamp";
const SOURCES: &[&str] =
    &["/etc/apt/sources.list", "/etc/apt/sources.list.d", "/etc/apt/preferences.d", "/etc/apt/keyrings"];

/// When the lists were refreshed last; none when there are none.
pub fn refreshed() -> Option<SystemTime> {
    let filled = fs::read_dir(LISTS)
        .is_ok_and(|entries| entries.flatten().any(|entry| entry.file_name().to_string_lossy().contains("_Packages")));
    filled.then(|| [STAMP, LISTS].iter().filter_map(|path| modified(Path::new(path))).max()).flatten()
}

/// True when the lists are missing, or a source was added or changed since they were read.
pub fn lack_a_source() -> bool {
    refreshed().is_none_or(|refreshed| SOURCES.iter().any(|path| newest(Path::new(path)) > Some(refreshed)))
}

/// True when the lists are older than `valid`.
pub fn older_than(valid: Duration) -> bool {
    refreshed().is_none_or(|refreshed| refreshed + valid <= SystemTime::now())
}

/// Refreshes the lists; tries again when a mirror does not answer.
pub fn refresh(host: &Host, wait: Duration, retries: u32, max_delay: Duration) -> Result<(), Failure> {
    lock::wait(lock::LISTS, wait, host)?;
    let mut tried = 0;
    loop {
        host.life("apt-get update", None);
        let finished = Process::new("apt-get").args(["update", "-q", "-o", "APT::Update::Error-Mode=any"]).run(host)?;
        if finished.success {
            return touch_lists()
                .map_err(|error| Failure::new(format!("cannot touch {LISTS}: {error}")).code("DPP0601"));
        }
        let failure = refusal::explain("refresh the package lists", &finished);
        if tried == retries || !matches!(failure.code.as_str(), "DPP0611" | "DPP0603") {
            return Err(failure);
        }
        tried += 1;
        host.life(&format!("trying again: {}", failure.message), Some((tried.into(), retries.into())));
        thread::sleep(Duration::from_secs(1 << tried.min(6)).min(max_delay));
    }
}

/// apt leaves the folder's time alone when no list has changed, and its age is what tells when to refresh again.
fn touch_lists() -> io::Result<()> {
    let times = Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: Timespec { tv_sec: 0, tv_nsec: UTIME_NOW },
    };
    Ok(rustix::fs::utimensat(CWD, LISTS, &times, rustix::fs::AtFlags::empty())?)
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

/// Newest time of a file, or of a folder and what lies in it.
fn newest(path: &Path) -> Option<SystemTime> {
    let inside = fs::read_dir(path).into_iter().flatten().flatten().filter_map(|entry| modified(&entry.path())).max();
    inside.max(modified(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_time_of_a_folder_is_that_of_its_newest_file() {
        let folder = tempfile::tempdir().unwrap();
        let old = fs::File::create(folder.path().join("old")).unwrap();
        old.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        let later = SystemTime::now() + Duration::from_secs(100);
        fs::File::create(folder.path().join("new")).unwrap().set_modified(later).unwrap();
        assert_eq!(newest(folder.path()), Some(later));
        assert_eq!(newest(&folder.path().join("none")), None);
    }
}
