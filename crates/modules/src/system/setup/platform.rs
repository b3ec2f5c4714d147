//! Kernel, names of the host, the user the agent runs as, its environment, and who manages services and packages.

use std::net::IpAddr;
use std::path::Path;

use dpp_protocol::ResultMap;
use serde_json::{Map, Value, json};

use super::names::{assignments, set, text};
use crate::Host;
use crate::system::account;

pub(super) fn gather(facts: &mut ResultMap) {
    let kernel = rustix::system::uname();
    let node = kernel.nodename().to_string_lossy().into_owned();
    let machine = kernel.machine().to_string_lossy().into_owned();
    let fqdn = fully_qualified(&node, &text("/etc/hosts").unwrap_or_default());
    set(facts, "system", "Linux");
    set(facts, "kernel", kernel.release().to_string_lossy());
    set(facts, "kernel_version", kernel.version().to_string_lossy());
    set(facts, "machine", machine.clone());
    set(facts, "architecture", if machine == "i686" { "i386".into() } else { machine });
    set(facts, "userspace_bits", usize::BITS.to_string());
    set(facts, "userspace_architecture", std::env::consts::ARCH);
    set(facts, "hostname", node.split('.').next().unwrap_or_default());
    set(facts, "nodename", node);
    set(facts, "domain", fqdn.split_once('.').map_or("", |(_, domain)| domain));
    set(facts, "fqdn", fqdn);
    set(facts, "machine_id", text("/var/lib/dbus/machine-id").or_else(|| text("/etc/machine-id")).unwrap_or_default());
}

/// What `socket.getfqdn` finds in `/etc/hosts`: the first name with a dot on the line of the host's address.
pub(crate) fn fully_qualified(node: &str, hosts: &str) -> String {
    let lines: Vec<Vec<&str>> = hosts
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().split_whitespace().collect())
        .filter(|fields: &Vec<&str>| fields.first().is_some_and(|first| first.parse::<IpAddr>().is_ok()))
        .collect();
    let address = lines.iter().find(|fields| fields[1..].contains(&node)).map(|fields| fields[0]);
    let Some(names) = address.and_then(|address| lines.iter().find(|fields| fields[0] == address)) else {
        return node.to_owned();
    };
    let dotted = names[1..].iter().find(|name| name.contains('.'));
    dotted.or(names.get(1)).map_or_else(|| node.to_owned(), |name| (*name).to_owned())
}

pub(super) fn gather_user(facts: &mut ResultMap) {
    let (real, effective) = (rustix::process::getuid().as_raw(), rustix::process::geteuid().as_raw());
    if let Some(user) = account::user_of(real) {
        set(facts, "user_id", user.name);
        set(facts, "user_dir", user.home);
        set(facts, "user_shell", user.shell);
        set(facts, "user_gecos", user.gecos);
    }
    set(facts, "user_uid", real);
    set(facts, "user_gid", rustix::process::getgid().as_raw());
    set(facts, "real_user_id", real);
    set(facts, "effective_user_id", effective);
    set(facts, "real_group_id", rustix::process::getgid().as_raw());
    set(facts, "effective_group_id", rustix::process::getegid().as_raw());
}

pub(super) fn gather_env(host: &Host, facts: &mut ResultMap) {
    let mut env: Map<String, Value> = std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into()))
        .collect();
    env.extend(host.environment().iter().map(|(name, value)| (name.clone(), value.as_str().into())));
    set(facts, "env", Value::Object(env));
}

pub(super) fn gather_managers(facts: &mut ResultMap) {
    let init = text("/proc/1/comm").unwrap_or_default();
    let manager = if init == "systemd" || Path::new("/run/systemd/system").exists() {
        "systemd"
    } else if Path::new("/etc/init.d").exists() {
        "sysvinit"
    } else {
        "service"
    };
    set(facts, "service_mgr", manager);
    set(facts, "pkg_mgr", if Path::new("/usr/bin/apt-get").exists() { "apt" } else { "unknown" });
}

pub(super) fn gather_rest(facts: &mut ResultMap) {
    let line = text("/proc/cmdline").unwrap_or_default();
    let mut cmdline = Map::new();
    for word in line.split_whitespace() {
        match word.split_once('=') {
            Some((key, value)) => cmdline.insert(key.into(), value.into()),
            None => cmdline.insert(word.into(), true.into()),
        };
    }
    set(facts, "cmdline", Value::Object(cmdline));
    set(
        facts,
        "apparmor",
        json!({"status": if Path::new("/sys/kernel/security/apparmor").exists() { "enabled" } else { "disabled" }}),
    );
    set(facts, "selinux", json!({"status": "disabled"}));
    set(facts, "selinux_python_present", false);
    set(facts, "fips", text("/proc/sys/crypto/fips_enabled").as_deref() == Some("1"));
    set(facts, "lsb", lsb(&text("/etc/os-release").unwrap_or_default()));
}

/// What `lsb_release -a` would say, without it.
fn lsb(release: &str) -> Value {
    let pairs = assignments(release);
    let value = |key: &str| pairs.iter().find(|(name, _)| name == key).map_or("", |(_, value)| value);
    let id = match value("ID") {
        "debian" => "Debian",
        "ubuntu" => "Ubuntu",
        other => other,
    };
    let release = value("VERSION_ID");
    json!({"id": id, "codename": value("VERSION_CODENAME"), "description": value("PRETTY_NAME"), "release": release,
        "major_release": release.split('.').next().unwrap_or_default()})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_full_name_comes_from_the_hosts_file() {
        let hosts = "127.0.0.1 localhost\n127.0.1.1 es1.example.org es1 # us\n10.0.0.2 kafka1 kafka1.example.org\n";
        for (node, wanted) in [
            ("es1", "es1.example.org"),
            ("kafka1", "kafka1.example.org"),
            ("other", "other"),
            ("localhost", "localhost"),
        ] {
            assert_eq!(fully_qualified(node, hosts), wanted);
        }
    }
}
