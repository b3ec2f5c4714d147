//! Processors, from `/proc/cpuinfo`.

use std::collections::BTreeMap;

use dpp_protocol::ResultMap;

use super::names::{set, text};

pub(super) fn gather(facts: &mut ResultMap) {
    add(&text("/proc/cpuinfo").unwrap_or_default(), facts);
}

fn add(cpuinfo: &str, facts: &mut ResultMap) {
    let mut shown = Vec::new();
    let mut sockets: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let mut threads: u64 = 0;
    for block in cpuinfo.split("\n\n").filter(|block| block.lines().any(|line| line.starts_with("processor"))) {
        let value = |key: &str| {
            let line = block.lines().find(|line| line.split(':').next().unwrap_or_default().trim() == key)?;
            Some(line.split_once(':')?.1.trim().to_owned())
        };
        threads += 1;
        shown.extend([value("processor"), value("vendor_id"), value("model name")].into_iter().flatten());
        let number = |key: &str| value(key).and_then(|number| number.parse().ok()).unwrap_or(1);
        let socket = value("physical id").unwrap_or_else(|| threads.to_string());
        sockets.insert(socket, (number("cpu cores"), number("siblings")));
    }
    let count = sockets.len().max(1) as u64;
    let (cores, siblings) = sockets.values().next().copied().unwrap_or((1, 1));
    set(facts, "processor", shown);
    set(facts, "processor_count", count);
    set(facts, "processor_cores", cores);
    set(facts, "processor_threads_per_core", (siblings / cores.max(1)).max(1));
    set(facts, "processor_vcpus", threads.max(1));
    set(facts, "processor_nproc", usable().unwrap_or(threads));
}

/// Processors that this process may run on.
fn usable() -> Option<u64> {
    std::thread::available_parallelism().ok().map(|count| count.get() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_cores_and_threads_are_told_apart() {
        let block = |n: u32, socket: u32| {
            format!(
                "processor\t: {n}\nvendor_id\t: AMD\nmodel name\t: EPYC\nphysical id\t: {socket}\nsiblings\t: 2\ncpu cores\t: 1\n"
            )
        };
        let mut facts = ResultMap::new();
        add(&[block(0, 0), block(1, 0), block(2, 1), block(3, 1)].join("\n"), &mut facts);
        let numbers = ["processor_count", "processor_cores", "processor_threads_per_core", "processor_vcpus"];
        assert_eq!(numbers.map(|name| facts[name].as_u64().unwrap()), [2, 1, 2, 4]);
        assert_eq!(facts["processor"][2], "EPYC");
    }
}
