//! What the kinds of file systems have programs for, and how those say how large one is.

use dpp_protocol::Failure;
use serde::Deserialize;

use crate::Host;
use crate::system::tool::{accepted, ask_tool};

/// A kind of file system, by the name a task gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Bcachefs,
    Btrfs,
    Ext2,
    Ext3,
    Ext4,
    Ext4dev,
    F2fs,
    Lvm,
    Ocfs2,
    Reiserfs,
    Swap,
    Vfat,
    Xfs,
}

/// How one grows: the program, its words, and whether it wants the mount point instead of the device.
pub(super) struct Growth {
    pub(super) program: &'static str,
    pub(super) words: &'static [&'static str],
    pub(super) is_mounted: bool,
}

impl Kind {
    /// What `blkid` calls it.
    pub(super) fn found_as(self) -> &'static str {
        match self {
            Self::Lvm => "LVM2_member",
            Self::Ext4dev => "ext4",
            other => other.word(),
        }
    }

    /// What Ansible's sentences call it.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Bcachefs => "Bcachefs",
            Self::Btrfs => "Btrfs",
            Self::Ext2 => "Ext2",
            Self::Ext3 => "Ext3",
            Self::Ext4 | Self::Ext4dev => "Ext4",
            Self::F2fs => "F2fs",
            Self::Lvm => "LVM",
            Self::Ocfs2 => "Ocfs2",
            Self::Reiserfs => "Reiserfs",
            Self::Swap => "Swap",
            Self::Vfat => "VFAT",
            Self::Xfs => "XFS",
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Bcachefs => "bcachefs",
            Self::Btrfs => "btrfs",
            Self::Ext2 => "ext2",
            Self::Ext3 => "ext3",
            Self::Ext4 => "ext4",
            Self::Ext4dev => "ext4dev",
            Self::F2fs => "f2fs",
            Self::Lvm => "lvm",
            Self::Ocfs2 => "ocfs2",
            Self::Reiserfs => "reiserfs",
            Self::Swap => "swap",
            Self::Vfat => "vfat",
            Self::Xfs => "xfs",
        }
    }

    fn is_ext(self) -> bool {
        matches!(self, Self::Ext2 | Self::Ext3 | Self::Ext4 | Self::Ext4dev)
    }

    /// The program that makes one, and what has it ask nothing.
    pub(super) fn maker(self) -> (String, &'static [&'static str]) {
        let name = if self == Self::Ext4dev { "ext4" } else { self.word() };
        let words: &[&str] = match self {
            Self::Ext2 | Self::Ext3 | Self::Ext4 | Self::Ext4dev => &["-F"],
            Self::Bcachefs => &["--force"],
            Self::Ocfs2 => &["-Fx"],
            Self::Reiserfs => &["-q"],
            Self::Vfat => &[],
            _ => &["-f"],
        };
        match self {
            Self::Lvm => ("pvcreate".to_owned(), words),
            Self::Swap => ("mkswap".to_owned(), words),
            _ => (format!("mkfs.{name}"), words),
        }
    }

    /// The package of Debian that brings its programs.
    pub(super) fn package(self) -> &'static str {
        match self {
            Self::Bcachefs => "bcachefs-tools",
            Self::Btrfs => "btrfs-progs",
            Self::F2fs => "f2fs-tools",
            Self::Lvm => "lvm2",
            Self::Ocfs2 => "ocfs2-tools",
            Self::Reiserfs => "reiserfsprogs",
            Self::Swap => "util-linux",
            Self::Vfat => "dosfstools",
            Self::Xfs => "xfsprogs",
            _ => "e2fsprogs",
        }
    }

    /// Options of the maker that set a UUID, and what goes with them.
    pub(super) fn uuid_options(self) -> Option<(&'static [&'static str], &'static [&'static str])> {
        match self {
            _ if self.is_ext() => Some((&["-U"], &[])),
            Self::Bcachefs => Some((&["-U", "--uuid"], &[])),
            Self::Lvm => Some((&["-u", "--uuid"], &["--norestorefile"])),
            _ => None,
        }
    }

    /// The call that changes the UUID of one that is there.
    pub(super) fn new_uuid(self, uuid: &str, device: &str) -> Option<(&'static str, Vec<String>)> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        match self {
            _ if self.is_ext() => Some(("tune2fs", words(&["-U", uuid, device]))),
            Self::Xfs => Some(("xfs_admin", words(&["-U", uuid, device]))),
            Self::Lvm => Some(("pvchange", words(&["-u", device]))),
            _ => None,
        }
    }

    pub(super) fn growth(self) -> Option<Growth> {
        let growth = |program, words, is_mounted| Some(Growth { program, words, is_mounted });
        match self {
            _ if self.is_ext() => growth("resize2fs", &[], false),
            Self::Bcachefs => growth("bcachefs", &["device", "resize"], false),
            Self::Btrfs => growth("btrfs", &["filesystem", "resize", "max"], true),
            Self::F2fs => growth("resize.f2fs", &[], false),
            Self::Lvm => growth("pvresize", &[], false),
            Self::Vfat => growth("fatresize", &["-s", "max"], false),
            Self::Xfs => growth("xfs_growfs", &[], true),
            _ => None,
        }
    }

    /// Its size in bytes, as its own program has it.
    pub(super) fn size(self, device: &str, mounted: Option<&str>, host: &Host) -> Result<u64, Failure> {
        let (program, words): (&str, Vec<&str>) = match self {
            Self::Bcachefs => ("bcachefs", vec!["show-super", device]),
            Self::Btrfs => ("btrfs", vec!["filesystem", "usage", "-b", mounted.unwrap_or(device)]),
            Self::F2fs => ("dump.f2fs", vec![device]),
            Self::Lvm => ("pvs", vec!["--noheadings", "-o", "pv_size", "--units", "b", "--nosuffix", device]),
            Self::Vfat => ("fatresize", vec!["--info", device]),
            Self::Xfs => ("xfs_info", vec![mounted.unwrap_or(device)]),
            _ => ("tune2fs", vec!["-l", device]),
        };
        let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        let said = ask_tool(program, &words, host)?.ok_or_else(|| self.lacking(program))?;
        let said = accepted(said, program, &words)?.stdout;
        self.size_in(&said).ok_or_else(|| {
            Failure::new(format!("cannot tell the size of the {} on {device} from what `{program}` says", self.word()))
                .note(program, said.lines().take(8).collect::<Vec<_>>().join("\n"))
        })
    }

    fn size_in(self, said: &str) -> Option<u64> {
        let after = |label: &str| {
            let rest = said.lines().find_map(|line| line.split_once(label)).map(|(_, rest)| rest.trim_start())?;
            rest.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u64>().ok()
        };
        match self {
            Self::Bcachefs => bcachefs_size(said),
            Self::Btrfs => after("Device size:"),
            Self::F2fs => Some(after("Info: sector size = ")? * after("Info: total FS sectors = ")?),
            Self::Lvm => said.trim().parse().ok(),
            Self::Vfat => after("Cur size:").or_else(|| after("Size:")),
            Self::Xfs => {
                let data = said.lines().find(|line| line.starts_with("data"))?;
                let number = |label: &str| {
                    data.split_once(label)?.1.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u64>().ok()
                };
                Some(number("bsize=")? * number("blocks=")?)
            }
            _ => Some(after("Block count:")? * after("Block size:")?),
        }
    }

    /// That a program of it is not there, and what brings it.
    pub(super) fn lacking(self, program: &str) -> Failure {
        let package = if program == "fatresize" { "fatresize" } else { self.package() };
        Failure::new(format!("there is no `{program}` on this host"))
            .help(format!("`apt: {{name: {package}}}` before this task brings it"))
    }
}

fn bcachefs_size(said: &str) -> Option<u64> {
    let mut words = said.lines().find_map(|line| line.split_once("Size: "))?.1.split_whitespace();
    let (number, unit) = (words.next()?.parse::<f64>().ok()?, words.next()?);
    let power = "BKMGTPEZY".find(unit.chars().next()?.to_ascii_uppercase())?;
    let base: f64 = if unit.contains("iB") { 1024.0 } else { 1000.0 };
    Some((number * base.powi(i32::try_from(power).ok()?)) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_the_words_of_each_program() {
        for (kind, said, wanted) in [
            (
                Kind::Ext4,
                "Block count:              1024\nReserved block count:     5\nBlock size:               4096\n",
                4_194_304,
            ),
            (
                Kind::Xfs,
                "meta-data=/dev/a isize=512\n         =  sectsz=512\ndata     =                       bsize=4096   blocks=1000, imaxpct=25\n",
                4_096_000,
            ),
            (Kind::Btrfs, "Overall:\n    Device size:\t\t   1073741824\n", 1_073_741_824),
            (Kind::F2fs, "Info: sector size = 512\nInfo: total FS sectors = 102400 (50 MB)\n", 52_428_800),
            (Kind::Lvm, "  10737418240\n", 10_737_418_240),
            (Kind::Vfat, "FAT: fat32\nSize: 1000\nMin size: 5\n", 1000),
            (Kind::Bcachefs, "Device: x\nSize:  1.50 GiB\n", 1_610_612_736),
        ] {
            assert_eq!(kind.size_in(said), Some(wanted), "{kind:?}");
        }
        assert_eq!(Kind::Ext4.size_in("nothing"), None);
    }
}
