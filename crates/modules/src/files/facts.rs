//! What `register` sees of a path after a file module: owner, group, mode, size and kind, as Ansible names them.

use std::fs::{self, Metadata};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use dpp_protocol::ResultMap;
use serde_json::{Value, json};

use crate::files::attributes::{group_name, user_name};

/// What [`add_facts`] adds.
pub(crate) const FACTS: [&str; 7] = ["uid", "gid", "owner", "group", "mode", "size", "state"];

/// Adds `uid`, `gid`, `owner`, `group`, `mode`, `size` and `state` of `path` to a result, if the path is there and, being
/// a link, leads somewhere.
pub(crate) fn add_facts(path: &Path, result: &mut ResultMap) {
    let Some(found) = fs::symlink_metadata(path).ok().filter(|_| path.exists()) else { return };
    result.insert("uid".into(), found.uid().into());
    result.insert("gid".into(), found.gid().into());
    result.insert("owner".into(), user_name(found.uid()).into());
    result.insert("group".into(), group_name(found.gid()).into());
    // As Ansible has it: a zero before whatever digits there are, so that 1777 is 01777.
    result.insert("mode".into(), format!("0{:03o}", found.mode() & 0o7777).into());
    result.insert("size".into(), found.size().into());
    result.insert("state".into(), state_of(&found).into());
}

/// The word that `file` would use for what is there.
pub(crate) fn state_of(found: &Metadata) -> &'static str {
    match found {
        _ if found.is_symlink() => "link",
        _ if found.is_dir() => "directory",
        _ if found.nlink() > 1 => "hard",
        _ => "file",
    }
}

#[expect(clippy::cast_precision_loss, reason = "Ansible gives times as floats, and so do we")]
fn seconds(whole: i64, nanoseconds: i64) -> f64 {
    whole as f64 + nanoseconds as f64 / 1e9
}

/// All that `stat` and `find` say of a path without opening it.
pub(crate) fn stat_facts(found: &Metadata) -> ResultMap {
    let kind = found.file_type();
    let values = json!({
        "exists": true,
        "mode": format!("{:04o}", found.mode() & 0o7777),
        "isdir": kind.is_dir(), "ischr": kind.is_char_device(), "isblk": kind.is_block_device(), "isreg": kind.is_file(),
        "isfifo": kind.is_fifo(), "islnk": kind.is_symlink(), "issock": kind.is_socket(),
        "uid": found.uid(), "gid": found.gid(), "pw_name": user_name(found.uid()), "gr_name": group_name(found.gid()),
        "size": found.size(), "inode": found.ino(), "dev": found.dev(), "nlink": found.nlink(),
        "blocks": found.blocks(), "block_size": found.blksize(), "device_type": found.rdev(),
        "atime": seconds(found.atime(), found.atime_nsec()),
        "mtime": seconds(found.mtime(), found.mtime_nsec()),
        "ctime": seconds(found.ctime(), found.ctime_nsec()),
    });
    let mut facts = match values {
        Value::Object(map) => map,
        _ => ResultMap::new(),
    };
    add_bits(found, &mut facts);
    facts
}

fn add_bits(found: &Metadata, facts: &mut ResultMap) {
    for (name, bit) in [
        ("rusr", 0o400),
        ("wusr", 0o200),
        ("xusr", 0o100),
        ("rgrp", 0o040),
        ("wgrp", 0o020),
        ("xgrp", 0o010),
        ("roth", 0o004),
        ("woth", 0o002),
        ("xoth", 0o001),
        ("isuid", 0o4000),
        ("isgid", 0o2000),
    ] {
        facts.insert(name.into(), (found.mode() & bit != 0).into());
    }
}
