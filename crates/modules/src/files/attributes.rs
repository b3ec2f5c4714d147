//! Mode, owner and group of a path: one type for every module that takes them, looked at and set in one way.

use std::fs::{self, Metadata};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use dpp_protocol::{Change, Failure, Verb};
use rustix::fs::{AtFlags, CWD, Gid, Uid};

use crate::Step;
use crate::arguments::Words;
use crate::files::mode::FileMode;
use crate::files::refusal::{refused, refused_call};
use crate::system::account;

/// What a task wants a path to belong to and to allow.
#[derive(Debug, Clone, Default)]
pub struct Attributes {
    /// The wanted mode.
    pub mode: Option<FileMode>,
    /// The wanted owner.
    pub owner: Option<Account>,
    /// The wanted group.
    pub group: Option<Account>,
}

/// A user or group of a task: known by number, or not there (yet).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// It is there.
    Known(u32),
    /// An earlier task may still make it.
    Unknown(String),
}

/// Attributes of one path that are not as wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeChange {
    path: PathBuf,
    link: bool,
    mode: Option<(u32, u32)>,
    owner: Option<(u32, Account)>,
    group: Option<(u32, Account)>,
}

impl Attributes {
    /// Takes them from a task's parameters.
    pub fn of(mode: Option<&FileMode>, owner: Option<&Words>, group: Option<&Words>) -> Self {
        let known = |name: &Words, number: fn(&str) -> Option<u32>| {
            number(&name.0).map_or_else(|| Account::Unknown(name.0.clone()), Account::Known)
        };
        let named =
            |name: Option<&Words>, number| name.filter(|name| !name.0.is_empty()).map(|name| known(name, number));
        Self {
            mode: mode.cloned().filter(|mode| *mode != FileMode::Preserve),
            owner: named(owner, account::uid_of),
            group: named(group, account::gid_of),
        }
    }

    /// Whether all named accounts are there; where not, only a real run can tell.
    pub fn are_known(&self) -> bool {
        let known = |account: &Option<Account>| !matches!(account, Some(Account::Unknown(_)));
        known(&self.owner) && known(&self.group)
    }

    /// What has to change on a path that has `metadata`.
    pub fn survey(&self, path: &Path, metadata: &Metadata) -> Option<AttributeChange> {
        let link = metadata.is_symlink();
        let now = metadata.mode() & 0o7777;
        let mode = self.mode.as_ref().filter(|_| !link).map(|mode| mode.on(now, metadata.is_dir(), umask()));
        let change = AttributeChange {
            path: path.to_owned(),
            link,
            mode: mode.filter(|wanted| *wanted != now).map(|wanted| (now, wanted)),
            owner: differs(self.owner.as_ref(), metadata.uid()),
            group: differs(self.group.as_ref(), metadata.gid()),
        };
        (change.mode.is_some() || change.owner.is_some() || change.group.is_some()).then_some(change)
    }

    /// The mode of a new file or folder, given what it would have by itself.
    pub fn mode_of_new(&self, by_itself: u32, folder: bool) -> u32 {
        let by_itself = by_itself & !umask();
        self.mode.as_ref().map_or(by_itself, |mode| mode.on(by_itself, folder, umask()))
    }

    /// Whether a new file is not as wanted by itself.
    pub(crate) fn matter_for_new(&self) -> bool {
        let other = |wanted: Option<&Account>, mine: u32| wanted.is_some_and(|wanted| *wanted != Account::Known(mine));
        self.mode_of_new(0o666, false) != 0o666 & !umask()
            || other(self.owner.as_ref(), rustix::process::geteuid().as_raw())
            || other(self.group.as_ref(), rustix::process::getegid().as_raw())
    }

    /// Numbers of owner and group; a name that no one has is the failure.
    pub fn ids(&self) -> Result<(Option<u32>, Option<u32>), Failure> {
        Ok((id(self.owner.as_ref(), "user", account::uid_of)?, id(self.group.as_ref(), "group", account::gid_of)?))
    }
}

impl AttributeChange {
    /// Sets what differs; the owner first, because changing it clears set-id bits.
    pub fn apply(&self) -> Result<(), Failure> {
        let owner = id(self.owner.as_ref().map(|(_, wanted)| wanted), "user", account::uid_of)?;
        let group = id(self.group.as_ref().map(|(_, wanted)| wanted), "group", account::gid_of)?;
        if owner.is_some() || group.is_some() {
            let flags = if self.link { AtFlags::SYMLINK_NOFOLLOW } else { AtFlags::empty() };
            rustix::fs::chownat(CWD, &self.path, owner.map(Uid::from_raw), group.map(Gid::from_raw), flags)
                .map_err(|error| refused_call("change the owner of", &self.path, error))?;
        }
        let Some(mode) = self.mode.map(|(_, wanted)| wanted).or_else(|| self.mode_lost_by_chown()) else {
            return Ok(());
        };
        fs::set_permissions(&self.path, fs::Permissions::from_mode(mode))
            .map_err(|error| refused("change the mode of", &self.path, &error))
    }

    /// Says it in words: `mode 0640 -> 0600, owner root -> kafka`.
    pub fn words(&self) -> String {
        let mode = self.mode.map(|(now, wanted)| format!("mode {now:04o} -> {wanted:04o}"));
        let owner = self.owner.as_ref().map(|(now, wanted)| format!("owner {} -> {}", user_name(*now), wanted.user()));
        let group =
            self.group.as_ref().map(|(now, wanted)| format!("group {} -> {}", group_name(*now), wanted.group()));
        [mode, owner, group].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// A set-id bit that was wanted and there already goes away with the chown.
    fn mode_lost_by_chown(&self) -> Option<u32> {
        let now = fs::symlink_metadata(&self.path).ok()?.mode() & 0o7777;
        (!self.link && self.owner.is_some() && now & 0o6000 != 0).then_some(now)
    }
}

impl Step for AttributeChange {
    fn change(&self, _diff: bool) -> Change {
        Change::new(Verb::Change, self.path.to_string_lossy()).detail(self.words())
    }
}

impl Account {
    fn user(&self) -> String {
        match self {
            Self::Known(uid) => user_name(*uid),
            Self::Unknown(name) => name.clone(),
        }
    }

    fn group(&self) -> String {
        match self {
            Self::Known(gid) => group_name(*gid),
            Self::Unknown(name) => name.clone(),
        }
    }
}

/// The name of a user, or the number where none has it.
pub fn user_name(uid: u32) -> String {
    account::user_of(uid).map_or_else(|| uid.to_string(), |user| user.name)
}

/// The name of a group, or the number where none has it.
pub fn group_name(gid: u32) -> String {
    account::group_of(gid).map_or_else(|| gid.to_string(), |group| group.name)
}

/// The umask of this process; read, because asking the kernel for it means setting it.
pub fn umask() -> u32 {
    fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| {
            let line = status.lines().find_map(|line| line.strip_prefix("Umask:"))?;
            u32::from_str_radix(line.trim(), 8).ok()
        })
        .unwrap_or(0o022)
}

fn differs(wanted: Option<&Account>, now: u32) -> Option<(u32, Account)> {
    wanted.filter(|wanted| **wanted != Account::Known(now)).map(|wanted| (now, wanted.clone()))
}

fn id(account: Option<&Account>, kind: &str, number: fn(&str) -> Option<u32>) -> Result<Option<u32>, Failure> {
    match account {
        None => Ok(None),
        Some(Account::Known(id)) => Ok(Some(*id)),
        Some(Account::Unknown(name)) => number(name).map(Some).ok_or_else(|| {
            Failure::new(format!("there is no {kind} `{name}` on this host"))
                .value(
                    "msg",
                    format!("ch{} failed: failed to look up {kind} {name}", if kind == "user" { "own" } else { "grp" }),
                )
                .help(format!("make it first, with the module `{kind}` or the package that brings it"))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Words {
        Words(text.into())
    }

    #[test]
    fn only_what_differs_is_changed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let wanted = Attributes::of(Some(&FileMode::Bits(0o600)), None, None);
        let change = wanted.survey(&path, &fs::metadata(&path).unwrap()).unwrap();
        assert_eq!(change.words(), "mode 0640 -> 0600");
        change.apply().unwrap();
        assert_eq!(wanted.survey(&path, &fs::metadata(&path).unwrap()), None);
    }

    #[test]
    fn an_owner_that_is_not_there_yet_is_a_change_and_fails_only_when_made() {
        let dir = tempfile::tempdir().unwrap();
        let wanted = Attributes::of(None, Some(&words("nobody-yet")), None);
        assert!(!wanted.are_known());
        let change = wanted.survey(dir.path(), &fs::metadata(dir.path()).unwrap()).unwrap();
        assert!(change.words().ends_with("-> nobody-yet"));
        assert_eq!(change.apply().unwrap_err().message, "there is no user `nobody-yet` on this host");
    }
}
