//! A role that somebody wants, and the kinds of places it can come from.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::galaxy::names::{is_folder_name, role_name};

/// How the URL of a repository ends.
const REPOSITORIES: &[&str] = &[".git"];

/// A role that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The folder it gets, and the name by which playbooks know it.
    pub name: String,
    /// Where it comes from.
    pub source: RoleSource,
    /// A tag, a branch, a commit or a release; the newest where nothing is said.
    pub version: Option<String>,
}

/// Where a role comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleSource {
    /// A repository.
    Git(String),
    /// An archive on a server.
    Url(String),
    /// An archive of this machine.
    File(PathBuf),
    /// A Galaxy: `owner.role`, or `namespace.collection.role`.
    Galaxy(String),
}

impl RoleSource {
    /// Reads `src` as Ansible does; `scm` says that it is a repository. Files are seen from a folder.
    pub(super) fn parse(src: &str, scm: Option<&str>, folder: &Path) -> Result<Self, String> {
        match scm {
            None | Some("git") => {}
            Some(other) => return Err(format!("a repository of `{other}` cannot be read: git can")),
        }
        if let Some(url) = src.strip_prefix("git+") {
            return Ok(Self::Git(url.to_owned()));
        }
        if src.starts_with("hg+") {
            return Err("a repository of `hg` cannot be read: git can".to_owned());
        }
        let is_archive = [".tar.gz", ".tgz", ".tar.xz", ".tar"].iter().any(|ending| src.ends_with(ending));
        let is_url = src.contains("://");
        let is_git = scm.is_some()
            || REPOSITORIES.iter().any(|ending| src.ends_with(ending))
            || src.starts_with("git@")
            || ["git://", "ssh://", "file://"].iter().any(|scheme| src.starts_with(scheme))
            // A page of these is never an archive.
            || (is_url && !is_archive && ["github.com/", "gitlab.com/"].iter().any(|host| src.contains(host)));
        Ok(match () {
            () if is_git => Self::Git(src.to_owned()),
            () if is_url => Self::Url(src.to_owned()),
            () if is_archive || src.contains('/') => Self::File(folder.join(src)),
            () if is_of_galaxy(src) => Self::Galaxy(src.to_owned()),
            () => return Err(format!("`{src}` is neither a URL, nor a file, nor a name as owner.role")),
        })
    }
}

/// `owner.role` or `namespace.collection.role`.
pub(super) fn is_of_galaxy(name: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty() && word.chars().all(|character| character.is_alphanumeric() || "_-".contains(character))
    };
    matches!(name.split('.').count(), 2 | 3) && name.split('.').all(is_word)
}

impl fmt::Display for RoleSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Git(url) => write!(f, "git+{}", without_login(url)),
            Self::Url(url) => f.write_str(&without_login(url)),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Galaxy(name) => write!(f, "galaxy:{name}"),
        }
    }
}

/// A password in a URL stays out of every message and out of the lock; a user's name alone is no secret.
fn without_login(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((login, host)) if login.contains(':') => format!("{scheme}://{host}{path}"),
        _ => url.to_owned(),
    }
}

impl Wanted {
    /// Reads `SRC`, `SRC,VERSION` or `SRC,VERSION,NAME`.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, String> {
        let mut words = text.split(',').map(str::trim);
        let src = words.next().unwrap_or_default();
        let version = words.next().filter(|version| !version.is_empty());
        let name = words.next().filter(|name| !name.is_empty());
        if words.next().is_some() {
            return Err(format!("`{text}` has more than SRC,VERSION,NAME"));
        }
        Self::of(src, None, version, name, folder)
    }

    /// Puts it together from its parts.
    pub(super) fn of(
        src: &str,
        scm: Option<&str>,
        version: Option<&str>,
        name: Option<&str>,
        folder: &Path,
    ) -> Result<Self, String> {
        let source = RoleSource::parse(src, scm, folder)?;
        let name = name.map_or_else(|| role_name(src), str::to_owned);
        if !is_folder_name(&name) {
            return Err(format!("`{name}` cannot be the name of a role"));
        }
        Ok(Self { name, source, version: version.map(str::to_owned) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_told_apart_as_ansible_does() {
        let told = |text: &str| match Wanted::parse(text, Path::new("/p")) {
            Ok(wanted) => format!("{} {} {}", wanted.name, wanted.source, wanted.version.unwrap_or_default()),
            Err(why) => why,
        };
        for (text, expected) in [
            ("geerlingguy.java", "geerlingguy.java galaxy:geerlingguy.java "),
            ("geerlingguy.java,1.9.7,java", "java galaxy:geerlingguy.java 1.9.7"),
            ("git+file:///srv/git/java.git,main", "java git+file:///srv/git/java.git main"),
            ("https://github.com/me/ansible-role-x,v1", "ansible-role-x git+https://github.com/me/ansible-role-x v1"),
            ("https://github.com/me/x/archive/1.tar.gz,,x", "x https://github.com/me/x/archive/1.tar.gz "),
            ("git@host:me/x.git", "x git+git@host:me/x.git "),
            ("https://me:token@git.example/x.git", "x git+https://git.example/x.git "),
            ("dist/x.tar.gz", "x /p/dist/x.tar.gz "),
            ("java", "`java` is neither a URL, nor a file, nor a name as owner.role"),
            ("a.b,1,../x", "`../x` cannot be the name of a role"),
            ("hg+https://h/x", "a repository of `hg` cannot be read: git can"),
        ] {
            assert_eq!(told(text), expected);
        }
    }
}
