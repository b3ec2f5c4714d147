//! Users and groups as the host knows them: `/etc/passwd` and `/etc/group` read natively, `getent` for those elsewhere.

use std::fs;
use std::process::{Command, Stdio};

/// A line of `/etc/passwd`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passwd {
    /// Login name.
    pub name: String,
    /// Number.
    pub uid: u32,
    /// Number of the primary group.
    pub gid: u32,
    /// Comment field.
    pub gecos: String,
    /// Home folder.
    pub home: String,
    /// Login shell.
    pub shell: String,
}

/// A line of `/etc/group`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupLine {
    /// Name.
    pub name: String,
    /// Number.
    pub gid: u32,
    /// Members beside those whose primary group it is.
    pub members: Vec<String>,
}

/// Reads one line of `/etc/passwd`.
pub fn passwd_line(line: &str) -> Option<Passwd> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, _, uid, gid, gecos, home, shell] = fields[..] else { return None };
    Some(Passwd {
        name: name.to_owned(),
        uid: uid.parse().ok()?,
        gid: gid.parse().ok()?,
        gecos: gecos.to_owned(),
        home: home.to_owned(),
        shell: shell.to_owned(),
    })
}

/// Reads one line of `/etc/group`.
pub fn group_line(line: &str) -> Option<GroupLine> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, _, gid, members] = fields[..] else { return None };
    let members = members.split(',').filter(|member| !member.is_empty()).map(str::to_owned).collect();
    Some(GroupLine { name: name.to_owned(), gid: gid.parse().ok()?, members })
}

/// All users of `/etc/passwd`.
pub fn users() -> Vec<Passwd> {
    lines("/etc/passwd").iter().filter_map(|line| passwd_line(line)).collect()
}

/// All groups of `/etc/group`.
pub fn groups() -> Vec<GroupLine> {
    lines("/etc/group").iter().filter_map(|line| group_line(line)).collect()
}

/// The user of this name, also one that a directory service knows.
pub fn user(name: &str) -> Option<Passwd> {
    users().into_iter().find(|user| user.name == name).or_else(|| passwd_line(&elsewhere("passwd", name)?))
}

/// The user of this number.
pub fn user_of(uid: u32) -> Option<Passwd> {
    users().into_iter().find(|user| user.uid == uid).or_else(|| passwd_line(&elsewhere("passwd", &uid.to_string())?))
}

/// The group of this name, also one that a directory service knows.
pub fn group(name: &str) -> Option<GroupLine> {
    groups().into_iter().find(|group| group.name == name).or_else(|| group_line(&elsewhere("group", name)?))
}

/// The group of this number.
pub fn group_of(gid: u32) -> Option<GroupLine> {
    groups().into_iter().find(|group| group.gid == gid).or_else(|| group_line(&elsewhere("group", &gid.to_string())?))
}

/// The number of a user given by name or number.
pub fn uid_of(name: &str) -> Option<u32> {
    name.parse().ok().or_else(|| user(name).map(|user| user.uid))
}

/// The number of a group given by name or number.
pub fn gid_of(name: &str) -> Option<u32> {
    name.parse().ok().or_else(|| group(name).map(|group| group.gid))
}

fn lines(path: &str) -> Vec<String> {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()).unwrap_or_default()
}

/// Asks `getent` where another source than the files is configured; a process is started in that case alone.
fn elsewhere(database: &str, key: &str) -> Option<String> {
    let sources = lines("/etc/nsswitch.conf").into_iter().find(|line| line.starts_with(&format!("{database}:")))?;
    let foreign = sources.split_whitespace().skip(1).any(|source| !matches!(source, "files" | "compat" | "systemd"));
    if !foreign {
        return None;
    }
    let answer = Command::new("getent").args([database, key]).stdin(Stdio::null()).output().ok()?;
    String::from_utf8_lossy(&answer.stdout).lines().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_both_files_are_read() {
        let root = passwd_line("root:x:0:0:root:/root:/bin/bash").unwrap();
        assert_eq!((root.uid, root.home.as_str()), (0, "/root"));
        assert_eq!(group_line("adm:x:4:syslog,kafka").unwrap().members, ["syslog", "kafka"]);
        assert_eq!(passwd_line("+::::::"), None);
    }

    #[test]
    fn the_superuser_is_known_by_name_and_number() {
        assert_eq!(uid_of("root"), Some(0));
        assert_eq!(uid_of("4711"), Some(4711));
        assert_eq!(user_of(0).unwrap().name, "root");
        assert_eq!(gid_of("no-such-group"), None);
    }
}
