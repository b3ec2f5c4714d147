//! Who a run is: a name that no other one has, and in whose words it is told.

use std::time::SystemTime;

/// The name of a run; an older run's comes first in the alphabet.
pub(super) fn ticket() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("{:013}-{}-{}", since.as_millis(), machine(), std::process::id())
}

/// Who runs it, for others to see.
pub(super) fn who() -> String {
    let user = ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    let user = user.filter(|user| !user.is_empty()).unwrap_or_else(|| rustix::process::getuid().as_raw().to_string());
    format!("{user}@{}", machine())
}

fn machine() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn tickets_are_ordered_by_time() {
        let first = ticket();
        std::thread::sleep(Duration::from_millis(2));
        assert!(first < ticket());
    }
}
