//! Whether the host is a guest, of what, or holds guests itself.

use std::path::Path;

use dpp_protocol::ResultMap;

use super::names::{set, text};

pub(super) fn gather(facts: &mut ResultMap) {
    let (kind, role) = container().or_else(guest).or_else(holder).unwrap_or(("NA", "NA"));
    set(facts, "virtualization_type", kind);
    set(facts, "virtualization_role", role);
    let list = |wanted: &str| if role == wanted { vec![kind] } else { Vec::new() };
    set(facts, "virtualization_tech_guest", list("guest"));
    set(facts, "virtualization_tech_host", list("host"));
}

fn container() -> Option<(&'static str, &'static str)> {
    if Path::new("/.dockerenv").exists() {
        return Some(("docker", "guest"));
    }
    if Path::new("/run/.containerenv").exists() {
        return Some(("podman", "guest"));
    }
    let environment = std::fs::read("/proc/1/environ").unwrap_or_default();
    let environment = String::from_utf8_lossy(&environment).into_owned();
    let named = environment
        .split('\0')
        .find_map(|variable| variable.strip_prefix("container="))
        .map(str::to_owned)
        .or_else(|| text("/run/systemd/container"));
    match named.as_deref() {
        Some("lxc") => Some(("lxc", "guest")),
        Some("docker") => Some(("docker", "guest")),
        Some("podman") => Some(("podman", "guest")),
        Some("systemd-nspawn") => Some(("systemd-nspawn", "guest")),
        Some(_) => Some(("container", "guest")),
        None => None,
    }
}

fn guest() -> Option<(&'static str, &'static str)> {
    let dmi = |file: &str| text(format!("/sys/class/dmi/id/{file}")).unwrap_or_default();
    let (product, vendor, bios) = (dmi("product_name"), dmi("sys_vendor"), dmi("bios_vendor"));
    named(&product, &vendor, &bios).map(|kind| (kind, "guest")).or_else(|| {
        let flagged = text("/proc/cpuinfo").is_some_and(|info| info.contains(" hypervisor"));
        flagged.then_some(("kvm", "guest")).filter(|_| vendor.is_empty())
    })
}

fn named(product: &str, vendor: &str, bios: &str) -> Option<&'static str> {
    Some(match (product, vendor) {
        ("KVM" | "KVM Server" | "Bochs" | "AHV", _) => "kvm",
        (name, _) if name.starts_with("Standard PC") => "kvm",
        ("RHEV Hypervisor", _) => "RHEV",
        ("oVirt Node", _) => "oVirt",
        ("OpenStack Compute" | "OpenStack Nova", _) | (_, "OpenStack Foundation") => "openstack",
        (name, _) if name.starts_with("VMware") => "VMware",
        ("VirtualBox", _) => "virtualbox",
        ("HVM domU", _) => "xen",
        ("Virtual Machine", "Microsoft Corporation") => "VirtualPC",
        ("Parallels Virtual Platform", _) => "parallels",
        (_, "QEMU" | "Amazon EC2" | "DigitalOcean" | "Hetzner" | "Google" | "Linode" | "Scaleway") => "kvm",
        _ if bios == "Xen" => "xen",
        _ if bios == "Amazon EC2" => "kvm",
        _ => return None,
    })
}

fn holder() -> Option<(&'static str, &'static str)> {
    let modules = text("/proc/modules").unwrap_or_default();
    let loaded = |name: &str| modules.lines().any(|line| line.split(' ').next() == Some(name));
    if loaded("kvm") {
        return Some(("kvm", "host"));
    }
    loaded("vboxdrv").then_some(("virtualbox", "host"))
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn firmware_names_are_known() {
        for (product, vendor, wanted) in [
            ("Standard PC (Q35 + ICH9, 2009)", "QEMU", Some("kvm")),
            ("VMware Virtual Platform", "VMware, Inc.", Some("VMware")),
            ("VirtualBox", "innotek GmbH", Some("virtualbox")),
            ("vServer", "Hetzner", Some("kvm")),
            ("PowerEdge R640", "Dell Inc.", None),
        ] {
            assert_eq!(named(product, vendor, ""), wanted, "{product}");
        }
    }
}
