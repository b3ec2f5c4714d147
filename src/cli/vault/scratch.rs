//! Where clear text lies while an editor has it: a folder that only its owner can enter, in memory where there is such a
//! place, gone when the command ends, also by a signal.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};
use signal_hook::low_level;
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::exit::Exit;

/// File systems in memory; a disk remembers what was deleted.
const IN_MEMORY: &str = "/dev/shm";

/// In the place of a reader: a signal ends the command.
const ENDING: i32 = -1;

/// The folder with the one file in it.
pub(super) struct Scratch {
    folder: TempDir,
    path: PathBuf,
    /// Whoever has the file open; 0 for nobody.
    reader: Arc<AtomicI32>,
    listener: Handle,
}

impl Scratch {
    /// Writes a content to a file of this name.
    pub(super) fn with(name: &str, content: &[u8]) -> io::Result<Self> {
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let folder = folder(runtime.into_iter().chain([PathBuf::from(IN_MEMORY), std::env::temp_dir()]))?;
        let path = folder.path().join(name);
        let reader = Arc::new(AtomicI32::new(0));
        let listener = listen(folder.path(), &reader)?;
        let scratch = Self { folder, path, reader, listener };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600).open(&scratch.path)?.write_all(content)?;
        Ok(scratch)
    }

    /// Waits for a programme that is given the file; a signal that ends the command ends it, too.
    pub(super) fn opened_by(&self, programme: &mut Command) -> io::Result<ExitStatus> {
        let mut child = programme.arg(&self.path).spawn()?;
        self.reader.store(i32::try_from(child.id()).unwrap_or_default(), Ordering::SeqCst);
        let ended = child.wait();
        if self.reader.swap(0, Ordering::SeqCst) == ENDING {
            // The signal's own thread ends the command, and says how.
            loop {
                thread::park();
            }
        }
        ended
    }

    /// What it holds now.
    pub(super) fn content(&self) -> io::Result<Zeroizing<Vec<u8>>> {
        fs::read(&self.path).map(Zeroizing::new)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        wipe(self.folder.path());
        self.listener.close();
    }
}

/// The first place that takes a folder.
fn folder(places: impl Iterator<Item = PathBuf>) -> io::Result<TempDir> {
    let mut refusal = io::Error::from(io::ErrorKind::NotFound);
    for place in places {
        let mut builder = tempfile::Builder::new();
        match builder.prefix("dppctl-").permissions(fs::Permissions::from_mode(0o700)).tempdir_in(place) {
            Ok(folder) => return Ok(folder),
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}

/// Ends the command cleanly by a signal. A key that interrupts is the editor's, which reads the same terminal.
fn listen(folder: &Path, reader: &Arc<AtomicI32>) -> io::Result<Handle> {
    let mut signals = Signals::new([SIGINT, SIGQUIT, SIGTERM, SIGHUP])?;
    let (handle, folder, reader) = (signals.handle(), folder.to_owned(), Arc::clone(reader));
    thread::spawn(move || {
        for signal in &mut signals {
            if signal == SIGTERM || signal == SIGHUP {
                wipe(&folder);
                if let Some(reader) = Pid::from_raw(reader.swap(ENDING, Ordering::SeqCst)) {
                    let _ = kill_process(reader, Signal::TERM);
                }
                low_level::exit(i32::from(Exit::Terminated.code()));
            }
        }
    });
    Ok(handle)
}

/// Overwrites what lies there, an editor's own copies too, and removes it.
fn wipe(folder: &Path) {
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let length = fs::metadata(&path).map_or(0, |metadata| metadata.len());
        if let Ok(mut file) = OpenOptions::new().write(true).open(&path) {
            let _ = io::copy(&mut io::Read::take(io::repeat(0), length), &mut file);
        }
    }
    let _ = fs::remove_dir_all(folder);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_else_can_read_it_and_nothing_is_left() {
        let scratch = Scratch::with("vars.yml", b"secret").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let folder = scratch.folder.path().to_owned();
        assert_eq!((mode(&folder), mode(&scratch.path)), (0o700, 0o600));
        fs::write(folder.join(".vars.yml.swp"), "secret").unwrap();
        assert_eq!(scratch.content().unwrap().as_slice(), b"secret");
        drop(scratch);
        assert!(!folder.exists());
    }

    #[test]
    fn a_place_that_cannot_be_used_is_passed_over() {
        let here = tempfile::tempdir().unwrap();
        let places = [PathBuf::from("/none"), here.path().to_owned()];
        assert!(folder(places.into_iter()).unwrap().path().starts_with(here.path()));
        assert!(folder([PathBuf::from("/none")].into_iter()).is_err());
    }
}
