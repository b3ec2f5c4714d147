//! Memory, what the firmware says of the machine, and its disks.

use std::collections::BTreeMap;

use dpp_protocol::ResultMap;
use serde_json::{Map, Value, json};

use super::names::{names, set, text};

pub(super) fn gather(facts: &mut ResultMap) {
    add_memory(&text("/proc/meminfo").unwrap_or_default(), facts);
    for (fact, file) in DMI {
        let value = text(format!("/sys/class/dmi/id/{file}")).filter(|value| !value.is_empty());
        set(facts, fact, value.unwrap_or_else(|| "NA".into()));
    }
    let devices = names("/sys/block").into_iter().map(|name| (name.clone(), device(&name))).collect();
    set(facts, "devices", Value::Object(devices));
}

const DMI: &[(&str, &str)] = &[
    ("bios_date", "bios_date"),
    ("bios_vendor", "bios_vendor"),
    ("bios_version", "bios_version"),
    ("board_name", "board_name"),
    ("board_serial", "board_serial"),
    ("board_vendor", "board_vendor"),
    ("board_version", "board_version"),
    ("chassis_serial", "chassis_serial"),
    ("chassis_vendor", "chassis_vendor"),
    ("chassis_version", "chassis_version"),
    ("product_name", "product_name"),
    ("product_serial", "product_serial"),
    ("product_uuid", "product_uuid"),
    ("product_version", "product_version"),
    ("system_vendor", "sys_vendor"),
];

fn add_memory(meminfo: &str, facts: &mut ResultMap) {
    let lines = meminfo.lines().filter_map(|line| line.split_once(':'));
    let kilobytes: BTreeMap<&str, u64> =
        lines.filter_map(|(name, value)| Some((name, value.split_whitespace().next()?.parse().ok()?))).collect();
    let mb = |name: &str| kilobytes.get(name).copied().unwrap_or_default() / 1024;
    let (total, free, cached, buffers) = (mb("MemTotal"), mb("MemFree"), mb("Cached"), mb("Buffers"));
    let (swap_total, swap_free) = (mb("SwapTotal"), mb("SwapFree"));
    let nocache_free = free + cached + buffers;
    set(facts, "memtotal_mb", total);
    set(facts, "memfree_mb", free);
    set(facts, "swaptotal_mb", swap_total);
    set(facts, "swapfree_mb", swap_free);
    set(
        facts,
        "memory_mb",
        json!({
            "real": {"total": total, "used": total.saturating_sub(free), "free": free},
            "nocache": {"free": nocache_free, "used": total.saturating_sub(nocache_free)},
            "swap": {"total": swap_total, "free": swap_free, "used": swap_total.saturating_sub(swap_free),
                "cached": mb("SwapCached")},
        }),
    );
}

fn device(name: &str) -> Value {
    let read = |file: &str| text(format!("/sys/block/{name}/{file}"));
    let sectors: u64 = read("size").and_then(|size| size.parse().ok()).unwrap_or_default();
    let parts = names(format!("/sys/block/{name}")).into_iter().filter(|part| part.starts_with(name));
    let partitions: Map<String, Value> = parts.map(|part| (part.clone(), partition(name, &part))).collect();
    json!({
        "model": read("device/model"), "vendor": read("device/vendor"), "removable": read("removable"),
        "rotational": read("queue/rotational"), "sectors": sectors, "sectorsize": "512", "size": human(sectors * 512),
        "partitions": partitions, "holders": names(format!("/sys/block/{name}/holders")),
    })
}

fn partition(disk: &str, name: &str) -> Value {
    let read = |file: &str| text(format!("/sys/block/{disk}/{name}/{file}"));
    let sectors: u64 = read("size").and_then(|size| size.parse().ok()).unwrap_or_default();
    json!({"start": read("start"), "sectors": sectors, "sectorsize": 512, "size": human(sectors * 512),
        "holders": names(format!("/sys/block/{disk}/{name}/holders"))})
}

/// As Ansible prints sizes: `20.00 GB`.
#[expect(clippy::cast_precision_loss, reason = "two decimals are shown")]
fn human(bytes: u64) -> String {
    for (unit, name) in [(40, "TB"), (30, "GB"), (20, "MB"), (10, "KB")] {
        if bytes >= 1 << unit {
            return format!("{:.2} {name}", bytes as f64 / (1_u64 << unit) as f64);
        }
    }
    format!("{bytes}.00 Bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_counted_in_megabytes() {
        let mut facts = ResultMap::new();
        add_memory("MemTotal: 2048000 kB\nMemFree: 1024000 kB\nCached: 102400 kB\nBuffers: 10240 kB\n", &mut facts);
        assert_eq!((&facts["memtotal_mb"], &facts["memory_mb"]["nocache"]["free"]), (&json!(2000), &json!(1110)));
    }

    #[test]
    fn sizes_are_read_by_people() {
        assert_eq!(
            (human(21_474_836_480), human(512), human(1536)),
            ("20.00 GB".into(), "512.00 Bytes".into(), "1.50 KB".into())
        );
    }
}
