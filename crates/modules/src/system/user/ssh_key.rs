//! The ssh key of a user, made by ssh-keygen where there is none: `generate_ssh_key`.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, chown};
use std::path::{Path, PathBuf};

use dpp_protocol::{Change, Failure, ResultMap, Verb};

use crate::Host;
use crate::commands::process::Process;
use crate::files::refusal::refused;
use crate::system::account::Passwd;
use crate::system::tool::{accepted, program_of, words};

/// What a task wishes of the key.
pub(super) struct SshKey<'a> {
    /// `ssh_key_type`
    pub(super) kind: &'a str,
    /// `ssh_key_bits`; none leaves it to ssh-keygen.
    pub(super) bits: Option<i64>,
    /// `ssh_key_file`; a relative one lies in the home.
    pub(super) file: Option<&'a str>,
    /// `ssh_key_comment`
    pub(super) comment: Option<&'a str>,
    /// `ssh_key_passphrase`
    pub(super) passphrase: Option<&'a str>,
    /// Whether a key that is there is replaced.
    pub(super) force: bool,
}

impl SshKey<'_> {
    /// Where the private key lies.
    pub(super) fn path(&self, home: &str) -> PathBuf {
        let standard = format!(".ssh/id_{}", self.kind);
        Path::new(home).join(self.file.unwrap_or(&standard))
    }

    /// What would be made in this home.
    pub(super) fn change(&self, home: &str) -> Option<Change> {
        let path = self.path(home);
        let is_there = path.exists() || public(&path).exists();
        let verb = if is_there { Verb::Change } else { Verb::Create };
        (!is_there || self.force).then(|| Change::new(verb, format!("ssh key {}", path.display())))
    }

    /// Makes it, as the user's own.
    pub(super) fn make(&self, user: &Passwd, host: &Host) -> Result<(), Failure> {
        let path = self.path(&user.home);
        let folder = path.parent().unwrap_or(Path::new("/"));
        if !Path::new(&user.home).exists() && !path.starts_with("/") {
            return Err(Failure::new(format!("user {} has no home for an ssh key", user.name)));
        }
        let owned = |path: &Path| {
            chown(path, Some(user.uid), Some(user.gid)).map_err(|error| refused("give away", path, &error))
        };
        if !folder.exists() {
            DirBuilder::new().mode(0o700).create(folder).map_err(|error| refused("make", folder, &error))?;
            owned(folder)?;
        }
        for old in [path.clone(), public(&path)].iter().filter(|old| old.exists()) {
            fs::remove_file(old).map_err(|error| refused("replace", old, &error))?;
        }
        self.generate(&path, host)?;
        owned(&path)?;
        owned(&public(&path))
    }

    /// A passphrase is asked for and answered: an argument could be read by everybody.
    fn generate(&self, path: &Path, host: &Host) -> Result<(), Failure> {
        let mut arguments = words(["-w", "ssh-keygen", "-q", "-t", self.kind]);
        arguments.extend(self.bits.into_iter().flat_map(|bits| ["-b".to_owned(), bits.to_string()]));
        let comment = self.comment.map_or_else(|| format!("ansible-generated on {}", hostname()), str::to_owned);
        arguments.extend(["-C".to_owned(), comment, "-f".to_owned(), path.to_string_lossy().into_owned()]);
        if self.passphrase.is_none() {
            arguments.extend(words(["-N", ""]));
        }
        let typed = self.passphrase.map(|text| format!("{text}\n{text}\n")).unwrap_or_default();
        // In a session without a terminal it reads the passphrase from its input.
        let process = Process::new(&program_of("setsid", host), &arguments, host).input(typed.into_bytes());
        let finished = process.env("SSH_ASKPASS_REQUIRE", "never").untranslated().run(host)?;
        accepted(finished, "ssh-keygen", &arguments[2..]).map(drop)
    }

    /// What `register` sees of it.
    pub(super) fn tell(&self, home: &str, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let path = self.path(home);
        let arguments = words(["-l", "-f", &path.to_string_lossy()]);
        let fingerprint = if path.exists() {
            let finished = Process::new(&program_of("ssh-keygen", host), &arguments, host).untranslated().run(host)?;
            if finished.succeeded() { finished.stdout } else { finished.stderr }
        } else {
            String::new()
        };
        result.insert("ssh_fingerprint".into(), fingerprint.trim().into());
        result.insert("ssh_key_file".into(), path.to_string_lossy().into());
        let public = fs::read_to_string(public(&path)).ok();
        result.insert("ssh_public_key".into(), public.map(|text| text.trim().to_owned()).into());
        Ok(())
    }
}

fn public(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    PathBuf::from(name)
}

fn hostname() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(file: Option<&str>, force: bool) -> SshKey<'_> {
        SshKey { kind: "ed25519", bits: None, file, comment: None, passphrase: None, force }
    }

    #[test]
    fn a_key_that_is_there_stays_unless_it_is_forced() {
        let home = tempfile::tempdir().unwrap();
        let at = home.path().to_string_lossy().into_owned();
        assert_eq!(key(None, false).path(&at), home.path().join(".ssh/id_ed25519"));
        assert_eq!(key(Some("/etc/key"), false).path(&at), Path::new("/etc/key"));
        assert_eq!(key(Some("mine"), false).change(&at).unwrap().verb, Verb::Create);
        fs::write(home.path().join("mine.pub"), "").unwrap();
        assert!(key(Some("mine"), false).change(&at).is_none());
        assert_eq!(key(Some("mine"), true).change(&at).unwrap().verb, Verb::Change);
    }
}
