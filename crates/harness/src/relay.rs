//! The relay under test: a process that is started, killed, stopped and frozen, and watched from outside all the time.

use std::fs::{self, File, OpenOptions};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::evidence::{Memory, Stop};
use crate::lab::Error;
use crate::process;
use crate::scrape::{Scrape, get};

/// How often the page and the memory are looked at.
const LOOK: Duration = Duration::from_millis(250);

/// Which programme is run, and as what.
#[derive(Debug, Clone)]
pub struct Programme {
    /// The binary.
    pub path: PathBuf,
    /// The mistake that it is to make, when it is one that makes mistakes.
    pub mutant: Option<String>,
}

/// A relay, restarted after every end as systemd would.
#[derive(Debug)]
pub struct Relay {
    programme: Programme,
    folder: PathBuf,
    http: SocketAddr,
    child: Option<Child>,
    watch: Arc<Mutex<Watch>>,
    stops: Vec<Stop>,
}

/// What was seen of all its processes.
#[derive(Debug, Default)]
struct Watch {
    pid: Option<u32>,
    scrapes: Vec<Vec<Scrape>>,
    memory: Memory,
    is_over: bool,
}

impl Relay {
    /// Prepares a relay with a configuration, which `{http}` in it completes; its files lie in a folder of its own.
    pub fn new(programme: Programme, folder: PathBuf, config: &str) -> Result<Self, Error> {
        fs::create_dir_all(&folder)?;
        let http = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        fs::write(folder.join("config.yml"), config.replace("{http}", &http.to_string()))?;
        let watch = Arc::new(Mutex::new(Watch::default()));
        let watched = Arc::clone(&watch);
        thread::spawn(move || while look(&watched, http) {});
        Ok(Self { programme, folder, http, child: None, watch, stops: Vec::new() })
    }

    /// Starts the process.
    pub fn start(&mut self) -> Result<(), Error> {
        let log = OpenOptions::new().create(true).append(true).open(self.log())?;
        let mut command = Command::new(&self.programme.path);
        command.arg("run").arg("--config").arg(self.folder.join("config.yml"));
        if let Some(mutant) = &self.programme.mutant {
            command.env("DPP_RELAY_MUTANT", mutant);
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        let child = child.map_err(|error| format!("{}: {error}", self.programme.path.display()))?;
        let mut watch = self.watch();
        watch.pid = Some(child.id());
        watch.scrapes.push(Vec::new());
        drop(watch);
        self.child = Some(child);
        Ok(())
    }

    /// Kills the process.
    pub fn kill(&mut self) -> Result<(), Error> {
        self.watch().pid = None;
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Stops the process by SIGTERM and notes how it ended.
    pub fn stop(&mut self) -> Result<(), Error> {
        self.signal("TERM")?;
        let Some(mut child) = self.child.take() else { return Ok(()) };
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break Some(status);
            }
            if begun.elapsed() > Duration::from_mins(1) {
                child.kill()?;
                child.wait()?;
                break None;
            }
            thread::sleep(Duration::from_millis(20));
        };
        self.watch().pid = None;
        let clean = status.is_some_and(|status| status.success());
        self.stops.push(Stop { took: begun.elapsed(), clean });
        Ok(())
    }

    /// Lets the process stand still, or go on.
    pub fn signal(&self, signal: &str) -> Result<(), Error> {
        let Some(child) = &self.child else { return Ok(()) };
        Command::new("kill").args([format!("-{signal}"), child.id().to_string()]).status()?;
        Ok(())
    }

    /// Whether messages flow, and why not.
    pub fn readiness(&self) -> Result<(), String> {
        let page = get(self.http, "/ready").map_err(|error| error.to_string())?;
        if page.starts_with("HTTP/1.1 200") { Ok(()) } else { Err(page) }
    }

    /// Returns the latest counts of this process.
    pub fn latest(&self) -> Option<Scrape> {
        self.watch().scrapes.last()?.last().copied()
    }

    /// Returns the processor time that the process has used.
    pub fn processor_time(&self) -> Option<Duration> {
        process::processor_time(self.child.as_ref()?.id())
    }

    /// Returns the memory now as the one before the first message.
    pub fn is_at_rest(&self) {
        let mut watch = self.watch();
        watch.memory =
            watch.pid.and_then(process::resident).map_or(Memory::default(), |base| Memory { base, peak: base });
    }

    /// Returns where the log is.
    pub fn log(&self) -> PathBuf {
        self.folder.join("relay.log")
    }

    /// Returns where the dead letters are.
    pub fn letters(&self) -> PathBuf {
        self.folder.join("letters.jsonl")
    }

    /// Ends the watch and returns what was seen.
    pub fn end(mut self) -> (Vec<Vec<Scrape>>, Memory, Vec<Stop>) {
        let mut watch = self.watch();
        watch.is_over = true;
        let seen = (std::mem::take(&mut watch.scrapes), watch.memory);
        drop(watch);
        (seen.0, seen.1, std::mem::take(&mut self.stops))
    }

    fn watch(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.watch().is_over = true;
        // A process that ended by itself cannot be killed, and nothing is left to be done about it.
        let _ = self.kill();
    }
}

/// Looks once; false when it was the last time.
fn look(watch: &Mutex<Watch>, http: SocketAddr) -> bool {
    thread::sleep(LOOK);
    let lock = || watch.lock().unwrap_or_else(PoisonError::into_inner);
    let (pid, process) = {
        let watch = lock();
        (watch.pid, watch.scrapes.len())
    };
    let scrape = pid.and_then(|_| Scrape::take(http).ok());
    let resident = pid.and_then(process::resident);
    let mut watch = lock();
    if watch.pid == pid && watch.scrapes.len() == process {
        if let (Some(scrape), Some(scrapes)) = (scrape, watch.scrapes.last_mut()) {
            scrapes.push(scrape);
        }
        watch.memory.peak = watch.memory.peak.max(resident.unwrap_or(0));
    }
    !watch.is_over
}

/// Opens a file of the run that may not be there, as one that is empty.
pub(crate) fn text_of(path: &Path) -> String {
    let read = |mut file: File| {
        let mut text = Vec::new();
        std::io::Read::read_to_end(&mut file, &mut text).map(|_| String::from_utf8_lossy(&text).into_owned())
    };
    File::open(path).and_then(read).unwrap_or_default()
}
