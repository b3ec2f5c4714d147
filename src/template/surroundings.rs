//! What templates may learn of the world: files, the environment, the time, chance. It is handed in; this room reads
//! nothing by itself.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use crate::files::{Disk, Files};

/// The surroundings of a run.
#[derive(Clone)]
pub struct Surroundings {
    /// The controller's files.
    pub files: Arc<dyn Files>,
    /// What `lookup('env')` sees.
    pub environment: BTreeMap<String, String>,
    /// What time it is.
    pub now: Arc<dyn Fn() -> SystemTime + Send + Sync>,
    /// Seconds that local time is ahead of UTC.
    pub utc_offset: i32,
    /// Whence chance comes where a template names no seed of its own.
    pub seed: u64,
    /// How `lookup('url')` and `lookup('pipe')` reach out; without it they are refused.
    pub reach: Option<Arc<dyn Reach>>,
}

/// Lookups that reach out of the process.
pub trait Reach: Send + Sync {
    /// The body at a URL.
    ///
    /// # Errors
    /// Why it could not be fetched, in one line.
    fn fetch(&self, url: &str) -> Result<String, String>;

    /// What a shell command prints.
    ///
    /// # Errors
    /// Why it failed, in one line.
    fn run(&self, command: &str) -> Result<String, String>;
}

impl Surroundings {
    /// Real files and time, this process's environment, a fresh seed; reaching out is refused.
    pub fn of_this_process() -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        Self {
            files: Arc::new(Disk),
            environment: std::env::vars_os().map(|(name, value)| (lossy(name), lossy(value))).collect(),
            now: Arc::new(SystemTime::now),
            utc_offset: 0,
            seed: u64::from(since.subsec_nanos()) ^ (u64::from(std::process::id()) << 32) ^ since.as_secs(),
            reach: None,
        }
    }
}
