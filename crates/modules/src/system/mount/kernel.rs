//! What the kernel is told of a mount point, through `mount` and `umount`, and how a mount that fails is taken back.

use std::fs;
use std::path::PathBuf;

use dpp_protocol::{Failure, ResultMap};

use super::{Mount, State};
use crate::Host;
use crate::files::content::{NewContent, Source};
use crate::files::refusal::refused;
use crate::system::tool::{accepted, ask_tool};

/// What is to be told.
#[derive(Debug)]
pub enum Order {
    /// To mount; what was prepared for it is put back if that fails.
    Mount(Undo),
    /// To mount anew with other options.
    Remount(Undo),
    /// To let go.
    Unmount,
    /// Nothing: the folder goes away that was the mount point.
    RemoveFolder,
}

/// What was there before a mount was prepared.
#[derive(Debug, Default)]
pub struct Undo {
    /// Of fstab.
    pub(super) fstab: OldFstab,
    /// Folders that are made for the mount point, the upper one first.
    pub(super) folders: Vec<PathBuf>,
}

/// fstab before a mount.
#[derive(Debug, Default)]
pub(super) enum OldFstab {
    /// It does not change.
    #[default]
    Untouched,
    /// There was no file.
    Lacking,
    /// It had this text.
    Text(String),
}

impl Mount {
    pub(super) fn obey(&self, order: &Order, host: &Host) -> Result<(), Failure> {
        match order {
            Order::Mount(undo) => self.mount(host).map_err(|failure| self.undone(undo, failure, host)),
            Order::Remount(undo) => self.remount(host).map_err(|failure| self.undone(undo, failure, host)),
            Order::Unmount => self.tell("umount", Vec::new(), host),
            Order::RemoveFolder => {
                fs::remove_dir(&self.path).map_err(|error| refused("remove the folder", &self.path, &error))
            }
        }
    }

    fn mount(&self, host: &Host) -> Result<(), Failure> {
        self.tell("mount", self.manner(), host)
    }

    /// A file system that cannot change its options while it is mounted is let go and mounted again.
    fn remount(&self, host: &Host) -> Result<(), Failure> {
        let options = self.options();
        let is_told = self.state == State::Remounted && options != "defaults";
        let how = if is_told { format!("remount,{options}") } else { "remount".to_owned() };
        let remounted = self.tell("mount", [vec!["-o".to_owned(), how], self.manner()].concat(), host);
        match remounted {
            Err(failure) if is_told => {
                Err(failure.help("`state: unmounted` and then `state: mounted` with all options mounts it anew"))
            }
            Err(_) => self.tell("umount", Vec::new(), host).and_then(|()| self.mount(host)),
            Ok(()) => Ok(()),
        }
    }

    /// What `mount` is told beside the mount point.
    fn manner(&self) -> Vec<String> {
        if self.state == State::Ephemeral {
            let options = self.options();
            let options = (options != "defaults").then(|| ["-o".to_owned(), options]);
            let kind = ["-t".to_owned(), self.entry().fstype];
            return kind.into_iter().chain(options.into_iter().flatten()).chain([self.src().to_owned()]).collect();
        }
        let other = self.fstab.as_ref().filter(|path| path.text() != "/etc/fstab");
        other.map(|path| vec!["-T".to_owned(), path.text().to_owned()]).unwrap_or_default()
    }

    fn tell(&self, program: &str, more: Vec<String>, host: &Host) -> Result<(), Failure> {
        let arguments = [more, vec![self.path.text().to_owned()]].concat();
        let finished = ask_tool(program, &arguments, host)?.ok_or_else(|| {
            Failure::new(format!("there is no `{program}` on this host")).help("`apt-get install mount` brings it")
        })?;
        let secret = self.opts.as_ref().filter(|_| self.opts_no_log.0).map(|opts| opts.0.as_str());
        let Some(secret) = secret.filter(|secret| !secret.is_empty()) else {
            return accepted(finished, program, &arguments).map(drop);
        };
        let shown: Vec<String> = arguments.iter().map(|word| word.replace(secret, "****")).collect();
        accepted(finished.without(secret, "****"), program, &shown).map(drop)
    }

    /// A line that cannot be mounted may keep the host from starting: all is put back as it was.
    fn undone(&self, undo: &Undo, failure: Failure, host: &Host) -> Failure {
        for folder in undo.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
        let back = match &undo.fstab {
            OldFstab::Untouched => return failure,
            OldFstab::Lacking => fs::remove_file(self.fstab()).map_err(|error| refused("remove", self.fstab(), &error)),
            OldFstab::Text(text) => NewContent::new(self.fstab(), Source::Bytes(text.clone().into_bytes()))
                .apply(host, &mut ResultMap::new()),
        };
        let words = back.map_or_else(|error| format!("not put back: {error}"), |()| "put back as it was".to_owned());
        failure.note("fstab", words)
    }
}
