//! What the kernel tells of a process: how long it had a processor, and how much memory it has.

use std::fs;
use std::time::Duration;

/// Returns the processor time that a process has used.
pub fn processor_time(pid: u32) -> Option<Duration> {
    const TICK: Duration = Duration::from_millis(10);
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let after_name = stat.rsplit_once(')')?.1;
    let field = |at: usize| after_name.split_whitespace().nth(at)?.parse::<u32>().ok();
    Some(TICK * (field(11)? + field(12)?))
}

/// Returns the bytes that are resident now.
pub fn resident(pid: u32) -> Option<u64> {
    memory(pid, "VmRSS:")
}

/// Returns the most bytes that were resident so far.
pub fn most_resident(pid: u32) -> Option<u64> {
    memory(pid, "VmHWM:")
}

fn memory(pid: u32, name: &str) -> Option<u64> {
    const KIB: u64 = 1_024;
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * KIB)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_known_and_one_that_is_not_there_is_not() {
        let me = std::process::id();
        assert!(resident(me).is_some_and(|now| now > 0 && most_resident(me).is_some_and(|most| most >= now)));
        assert!(processor_time(me).is_some());
        assert_eq!((processor_time(u32::MAX), resident(u32::MAX)), (None, None));
    }
}
