//! Brings a file onto the disk while more of it arrives, so that forcing it out at the end has little left to wait for.

use std::fs::File;
use std::io;
use std::sync::mpsc::{self, SyncSender};
use std::thread;

/// Bytes that may be in memory alone before the disk is asked to take them.
const STRIDE: u64 = 16 << 20;

/// A file that is written back while it grows.
pub(crate) struct WriteBack {
    ask: SyncSender<()>,
    since: u64,
}

impl WriteBack {
    /// Begins; the thread ends with this.
    pub(crate) fn of(file: &File) -> io::Result<Self> {
        let file = file.try_clone()?;
        let (ask, asked) = mpsc::sync_channel(1);
        thread::Builder::new().name("write back".into()).spawn(move || {
            // Whoever needs the file on the disk forces it there and hears of a failure; this only saves it the time.
            asked.into_iter().for_each(|()| drop(file.sync_data()));
        })?;
        Ok(Self { ask, since: 0 })
    }

    /// So many more bytes were written.
    pub(crate) fn grew(&mut self, bytes: usize) {
        self.since += bytes as u64;
        if self.since >= STRIDE && self.ask.try_send(()).is_ok() {
            self.since = 0;
        }
    }
}
