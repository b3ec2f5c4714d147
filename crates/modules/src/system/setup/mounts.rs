//! Mounted file systems and the room on them.

use dpp_protocol::ResultMap;
use serde_json::{Value, json};

use super::names::{names, set, text};

pub(super) fn gather(facts: &mut ResultMap) {
    let table = text("/proc/self/mounts").unwrap_or_default();
    let mounts: Vec<Value> = table.lines().filter_map(mount).collect();
    set(facts, "mounts", mounts);
}

/// One line of the table; like Ansible, only what lies on a device, a network share or an overlay.
fn mount(line: &str) -> Option<Value> {
    let fields: Vec<String> = line.split(' ').map(unescape).collect();
    let [device, path, kind, options, dump, pass] = fields.as_slice() else { return None };
    let shown = device.starts_with('/') || device.contains(":/") || kind == "zfs" || kind == "overlay";
    if !shown || kind == "none" {
        return None;
    }
    let mut mount = json!({"mount": path, "device": device, "fstype": kind, "options": options,
        "dump": dump.parse::<u64>().unwrap_or_default(), "passno": pass.parse::<u64>().unwrap_or_default(),
        "uuid": uuid_of(device).unwrap_or_else(|| "N/A".into())});
    // A network share whose server is away would hang the whole gathering.
    if !matches!(kind.as_str(), "nfs" | "nfs4" | "cifs" | "glusterfs") {
        add_room(path, &mut mount);
    }
    Some(mount)
}

fn add_room(path: &str, mount: &mut Value) {
    let Ok(room) = rustix::fs::statvfs(path) else { return };
    for (name, value) in [
        ("size_total", room.f_frsize * room.f_blocks),
        ("size_available", room.f_frsize * room.f_bavail),
        ("block_size", room.f_bsize),
        ("block_total", room.f_blocks),
        ("block_available", room.f_bavail),
        ("block_used", room.f_blocks.saturating_sub(room.f_bavail)),
        ("inode_total", room.f_files),
        ("inode_available", room.f_favail),
        ("inode_used", room.f_files.saturating_sub(room.f_favail)),
    ] {
        mount[name] = value.into();
    }
}

fn uuid_of(device: &str) -> Option<String> {
    let folder = "/dev/disk/by-uuid";
    let wanted = std::fs::canonicalize(device).ok()?;
    names(folder)
        .into_iter()
        .find(|uuid| std::fs::canonicalize(format!("{folder}/{uuid}")).is_ok_and(|found| found == wanted))
}

/// The table writes blanks and the like as three octal digits.
fn unescape(field: &str) -> String {
    ["\\040", "\\011", "\\012", "\\134"]
        .iter()
        .zip([" ", "\t", "\n", "\\"])
        .fold(field.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_shown_and_pseudo_file_systems_are_not() {
        let root = mount("/dev/vda1 / ext4 rw,relatime 0 0").unwrap();
        assert_eq!((&root["mount"], &root["fstype"]), (&json!("/"), &json!("ext4")));
        assert!(root["size_total"].as_u64().unwrap() > 0);
        assert_eq!(mount("proc /proc proc rw 0 0"), None);
        assert_eq!(mount("/dev/sdb1 /mnt/my\\040disk xfs rw 0 0").unwrap()["mount"], "/mnt/my disk");
    }
}
