//! Which distribution this is, from `/etc/os-release` and `/etc/debian_version`.

use dpp_protocol::ResultMap;

use super::names::{assignments, set, text};

pub(super) fn gather(facts: &mut ResultMap) {
    let release = text("/etc/os-release").unwrap_or_default();
    add(&release, text("/etc/debian_version").as_deref(), facts);
}

fn add(release: &str, debian_version: Option<&str>, facts: &mut ResultMap) {
    let pairs = assignments(release);
    let value = |key: &str| pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
    let id = value("ID").unwrap_or_default();
    let debian = id == "debian";
    let version_id = value("VERSION_ID").unwrap_or_default();
    let version = debian_version.filter(|version| debian && is_number(version)).unwrap_or(version_id);
    let codename = value("VERSION_CODENAME").or_else(|| in_parentheses(value("VERSION")?));
    set(facts, "distribution", name(id, value("NAME")));
    set(facts, "distribution_release", codename.unwrap_or("NA"));
    set(facts, "distribution_version", if debian { major(version_id, version) } else { version_id });
    set(facts, "distribution_major_version", version_id.split('.').next().unwrap_or_default());
    if debian {
        set(facts, "distribution_minor_version", version.split_once('.').map_or("", |(_, minor)| minor));
    }
    set(facts, "distribution_file_path", "/etc/os-release");
    set(facts, "distribution_file_variety", "Debian");
    set(facts, "distribution_file_parsed", true);
    set(facts, "os_family", family(id, value("ID_LIKE").unwrap_or_default()));
}

/// `12.5` where `debian_version` knows the point release; Ansible shows it so since 2.10.
fn major<'a>(id: &'a str, version: &'a str) -> &'a str {
    if version.is_empty() { id } else { version }
}

fn is_number(version: &str) -> bool {
    version.starts_with(|first: char| first.is_ascii_digit())
}

fn in_parentheses(version: &str) -> Option<&str> {
    Some(version.split_once('(')?.1.split(')').next()?.trim())
}

fn name(id: &str, long: Option<&str>) -> String {
    match id {
        "debian" => "Debian".into(),
        "ubuntu" => "Ubuntu".into(),
        _ => long.unwrap_or(id).to_owned(),
    }
}

fn family(id: &str, like: &str) -> String {
    let debian = [id, like].iter().any(|ids| ids.split_whitespace().any(|id| matches!(id, "debian" | "ubuntu")));
    if debian { "Debian".into() } else { name(id, None) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debian_and_ubuntu_are_named_as_ansible_names_them() {
        let bookworm = "NAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nVERSION=\"12 (bookworm)\"\nVERSION_CODENAME=bookworm\nID=debian\n";
        let jammy = "NAME=\"Ubuntu\"\nVERSION_ID=\"22.04\"\nVERSION_CODENAME=jammy\nID=ubuntu\nID_LIKE=debian\n";
        for (release, debian, wanted) in [
            (bookworm, Some("12.5"), ["Debian", "bookworm", "12.5", "12", "Debian"]),
            (jammy, Some("bookworm/sid"), ["Ubuntu", "jammy", "22.04", "22", "Debian"]),
        ] {
            let mut facts = ResultMap::new();
            add(release, debian, &mut facts);
            let keys = [
                "distribution",
                "distribution_release",
                "distribution_version",
                "distribution_major_version",
                "os_family",
            ];
            assert_eq!(keys.map(|key| facts[key].as_str().unwrap()), wanted);
        }
    }
}
