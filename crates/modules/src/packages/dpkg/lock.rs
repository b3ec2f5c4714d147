//! Who holds dpkg's and apt's locks, and the wait for them. It takes no lock itself: apt and dpkg do.

use std::fs::{self, File};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use dpp_protocol::Failure;
use rustix::process::{Flock, FlockType, fcntl_getlk};

use crate::Host;

/// The locks that installing or removing takes.
pub const PACKAGES: &[&str] = &["/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/cache/apt/archives/lock"];

/// The locks that dpkg itself takes to write down what it knows.
pub const DATABASE: &[&str] = &["/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock"];

/// How long another holder of the locks is waited for where a task does not say.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// The lock that refreshing the package lists takes.
pub const LISTS: &[&str] = &["/var/lib/apt/lists/lock"];

const LOOK_EVERY: Duration = Duration::from_millis(250);
const SPEAK_EVERY: Duration = Duration::from_secs(2);

/// A process that holds a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The lock's file.
    pub lock: String,
    /// The process, as this host numbers it.
    pub pid: i32,
    /// `apt-get`, `unattended-upgr`; empty when the process is gone by now.
    pub name: String,
    /// Its command line.
    pub command: String,
    /// How long it has been running.
    pub age: Option<Duration>,
}

impl Holder {
    /// `unattended-upgr (pid 4711), running for 42s`.
    pub fn words(&self) -> String {
        let name = if self.name.is_empty() { "a process" } else { &self.name };
        let age = self.age.map(|age| format!(", running for {}s", age.as_secs())).unwrap_or_default();
        format!("{name} (pid {}){age}", self.pid)
    }
}

/// The first of the locks that another process holds; none for a file that is not there or not readable.
pub fn holder(locks: &[&str]) -> Option<Holder> {
    locks.iter().find_map(|lock| holder_of(lock))
}

/// Waits until no other process holds any of the locks, at most `timeout`, with signs of life.
pub fn wait(locks: &[&str], timeout: Duration, host: &Host) -> Result<(), Failure> {
    let started = Instant::now();
    let mut spoken: Option<Instant> = None;
    while let Some(holder) = holder(locks) {
        let waited = started.elapsed();
        if waited >= timeout {
            return Err(refused(&holder, timeout));
        }
        if spoken.is_none_or(|spoken| spoken.elapsed() >= SPEAK_EVERY) {
            spoken = Some(Instant::now());
            host.life(
                &format!("waiting for {} held by {}", holder.lock, holder.words()),
                Some(seconds(waited, timeout)),
            );
        }
        sleep(LOOK_EVERY.min(timeout.saturating_sub(waited)));
    }
    Ok(())
}

fn seconds(waited: Duration, timeout: Duration) -> (u64, u64) {
    (waited.as_secs(), timeout.as_secs())
}

fn refused(holder: &Holder, timeout: Duration) -> Failure {
    Failure::new(format!(
        "{} is held by {} and was not released in {}s",
        holder.lock,
        holder.words(),
        timeout.as_secs()
    ))
    .code("DPP0603")
    .note("holder", format!("{} {}", holder.pid, holder.command))
    .help("let it finish and run again, or raise `lock_timeout`")
}

fn holder_of(lock: &str) -> Option<Holder> {
    let file = File::open(lock).ok()?;
    let found = fcntl_getlk(&file, &Flock::from(FlockType::WriteLock)).ok()??;
    let pid = found.pid?.as_raw_nonzero().get();
    let process = Path::new("/proc").join(pid.to_string());
    let read = |name| fs::read(process.join(name)).unwrap_or_default();
    Some(Holder {
        lock: lock.to_owned(),
        pid,
        name: String::from_utf8_lossy(&read("comm")).trim().to_owned(),
        command: String::from_utf8_lossy(&read("cmdline")).replace('\0', " ").trim().to_owned(),
        age: fs::metadata(&process)
            .and_then(|metadata| metadata.modified())
            .ok()
            .and_then(|since| SystemTime::now().duration_since(since).ok()),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::{BufRead, BufReader};
    use std::process::{Child, Command, Stdio};
    use std::sync::Mutex;

    use rustix::fs::{FlockOperation, fcntl_lock};

    use super::*;

    #[test]
    #[ignore = "is the other process of the test below"]
    fn another_process_holds_a_lock() {
        let file = File::options().write(true).open(std::env::var("LOCK").unwrap()).unwrap();
        fcntl_lock(&file, FlockOperation::LockExclusive).unwrap();
        println!("\nheld");
        sleep(Duration::from_secs(30));
    }

    /// POSIX locks are a process's own: it takes another process to see one.
    fn hold(lock: &Path) -> Child {
        let name = format!("{}::another_process_holds_a_lock", module_path!().split_once("::").unwrap().1);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--nocapture", "--exact", &name])
            .env("LOCK", lock)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap() == "held"));
        child
    }

    #[test]
    fn the_holder_is_named_and_a_bounded_wait_ends_in_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let lock = folder.path().join("lock");
        fs::write(&lock, "").unwrap();
        let lock_name = lock.to_str().unwrap();
        assert_eq!(holder(&[lock_name]), None);

        let mut child = hold(&lock);
        let found = holder(&[lock_name]).unwrap();
        assert_eq!(found.pid, i32::try_from(child.id()).unwrap());
        assert!(found.command.contains("another_process_holds_a_lock"), "{}", found.command);

        let said = Mutex::new(Vec::new());
        let life = |text: &str, _: Option<(u64, u64)>| said.lock().unwrap().push(text.to_owned());
        let host = Host::new(folder.path(), BTreeMap::new(), &life);
        let failure = wait(&[lock_name], Duration::from_millis(300), &host).unwrap_err();
        assert_eq!(failure.code, "DPP0603");
        assert!(failure.message.contains(&format!("(pid {})", child.id())), "{}", failure.message);
        assert!(said.lock().unwrap()[0].starts_with("waiting for"));

        child.kill().unwrap();
        child.wait().unwrap();
        wait(&[lock_name], Duration::from_secs(1), &host).unwrap();
    }
}
