//! What `register` sees of a path after a file module: owner, group, mode, size and kind, as Ansible names them.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use dpp_protocol::ResultMap;

use crate::files::attributes::{group_name, user_name};

/// Adds `uid`, `gid`, `owner`, `group`, `mode`, `size` and `state` of `path` to a result, if the path is there.
pub(crate) fn add_facts(path: &Path, result: &mut ResultMap) {
    let Ok(found) = fs::symlink_metadata(path) else { return };
    result.insert("uid".into(), found.uid().into());
    result.insert("gid".into(), found.gid().into());
    result.insert("owner".into(), user_name(found.uid()).into());
    result.insert("group".into(), group_name(found.gid()).into());
    result.insert("mode".into(), format!("{:04o}", found.mode() & 0o7777).into());
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
