//! What is free where the products put their files, from what `df` prints.

/// Where packages, data, logs and what is being unpacked lie.
pub(super) const PATHS: [&str; 6] = ["/", "/usr", "/var/lib", "/var/cache", "/var/log", "/tmp"];

/// The least that is needed on a file system of packages or data, in MiB.
const LEAST: u64 = 1024;
/// On any other.
const LEAST_BESIDE: u64 = 100;

/// One file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Disk {
    pub(super) at: String,
    pub(super) free_mb: u64,
    no_inodes: bool,
}

/// The file systems, each once, the fullest first.
pub(super) fn parse(printed: &str) -> Vec<Disk> {
    let mut disks: Vec<Disk> = Vec::new();
    for line in printed.lines().skip(1) {
        let mut columns = line.split_whitespace();
        let Some(at) = columns.next() else { continue };
        let mut number = || columns.next().and_then(|number| number.parse::<u64>().ok());
        let (Some(free), inodes, all_inodes) = (number(), number(), number()) else { continue };
        let no_inodes = inodes == Some(0) && all_inodes.is_some_and(|all| all > 0);
        if disks.iter().all(|disk| disk.at != at) {
            disks.push(Disk { at: at.to_owned(), free_mb: free >> 20, no_inodes });
        }
    }
    disks.sort_by_key(|disk| disk.free_mb);
    disks
}

impl Disk {
    /// What is wrong with it, and what to do.
    pub(super) fn finding(&self) -> Option<(String, String)> {
        let least = if ["/var/log", "/tmp"].contains(&self.at.as_str()) { LEAST_BESIDE } else { LEAST };
        let look = format!("see what takes it: du -xh {} | sort -h | tail", self.at);
        if self.no_inodes {
            return Some((format!("no inode is free on {}", self.at), look));
        }
        let room = if self.at == "/var/log" { "journalctl --vacuum-size=50M" } else { "apt-get clean" };
        (self.free_mb < least).then(|| {
            (
                format!("only {} MiB are free on {}, {least} are needed", self.free_mb, self.at),
                format!("make room: {room}; {look}"),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "Mounted on Avail IFree Inodes\n/ 53687091200 100 200\n/ 53687091200 100 200\n\
        /var/log 8388608 50 60\n/tmp 209715200 0 0\n/var/lib 2147483648 0 500\n";

    #[test]
    fn each_file_system_is_told_of_once_and_by_what_it_is_for() {
        let disks = parse(PRINTED);
        let names: Vec<&str> = disks.iter().map(|disk| disk.at.as_str()).collect();
        assert_eq!(names, ["/var/log", "/tmp", "/var/lib", "/"]);
        let found: Vec<String> = disks.iter().filter_map(Disk::finding).map(|(what, _)| what).collect();
        assert_eq!(found, ["only 8 MiB are free on /var/log, 100 are needed", "no inode is free on /var/lib"]);
    }
}
