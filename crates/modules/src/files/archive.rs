//! An archive on the host, and what `tar` or `unzip` say of it.

use std::path::{Path, PathBuf};

use dpp_protocol::Failure;

use crate::Host;
use crate::commands::process::{Finished, Process};
use crate::files::checksum::crc32_of;

/// How an archive is packed, as its name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Tar,
    Gzip,
    Bzip2,
    Xz,
    Zstd,
    Zip,
}

/// An archive and which of its files are meant.
pub(super) struct Archive {
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
    pub(super) include: Vec<String>,
    pub(super) exclude: Vec<String>,
    pub(super) options: Vec<String>,
    pub(super) keep_newer: bool,
}

/// What `tar --diff` says of a file that another task gave another owner, mode or time: not the archive's business.
const OF_NO_CONCERN: &[&str] = &["Uid differs", "Gid differs", "Mode differs", "Mod time differs"];

impl Kind {
    pub(super) fn of(path: &Path) -> Result<Self, Failure> {
        let name = path.to_string_lossy().to_lowercase();
        let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        Ok(match () {
            () if ends(&[".tar.gz", ".tgz"]) => Self::Gzip,
            () if ends(&[".tar.bz2", ".tbz", ".tbz2"]) => Self::Bzip2,
            () if ends(&[".tar.xz", ".txz"]) => Self::Xz,
            () if ends(&[".tar.zst", ".tar.zstd"]) => Self::Zstd,
            () if ends(&[".tar"]) => Self::Tar,
            () if ends(&[".zip", ".jar", ".war"]) => Self::Zip,
            () => {
                return Err(Failure::new(format!("{} is no archive that is known by its name", path.display()))
                    .help("known are .tar, .tar.gz, .tgz, .tar.bz2, .tar.xz, .tar.zst and .zip"));
            }
        })
    }

    /// What Ansible calls the class that handles it.
    pub(super) fn handler(self) -> &'static str {
        match self {
            Self::Tar => "TarArchive",
            Self::Gzip => "TgzArchive",
            Self::Bzip2 => "TarBzipArchive",
            Self::Xz => "TarXzArchive",
            Self::Zstd => "TarZstdArchive",
            Self::Zip => "ZipArchive",
        }
    }

    /// The option that has tar call the right unpacker, and the program it calls.
    fn tar_option(self) -> Option<&'static str> {
        match self {
            Self::Gzip => Some("--gzip"),
            Self::Bzip2 => Some("--bzip2"),
            Self::Xz => Some("--xz"),
            Self::Zstd => Some("--zstd"),
            Self::Tar | Self::Zip => None,
        }
    }
}

impl Archive {
    /// Names of all that is meant, folders included.
    pub(super) fn names(&self, host: &Host) -> Result<Vec<String>, Failure> {
        let finished = match self.kind {
            Kind::Zip => self.unzip("-Z1", None, host)?,
            _ => self.tar(&["--list"], None, host)?,
        };
        Ok(self.accepted(finished)?.stdout.lines().map(str::to_owned).collect())
    }

    /// Whether the folder holds all of it with the same bytes.
    pub(super) fn lies_in(&self, folder: &Path, host: &Host) -> Result<bool, Failure> {
        if self.kind == Kind::Zip {
            return self.zip_lies_in(folder, host);
        }
        let finished = self.tar(&["--diff"], Some(folder), host)?;
        if finished.code() > 1 && !finished.stderr.contains("No such file") {
            self.accepted(finished)?;
            return Ok(false);
        }
        let said = finished.stdout.lines().chain(finished.stderr.lines());
        Ok(said.filter(|line| !line.is_empty()).all(|line| OF_NO_CONCERN.iter().any(|known| line.ends_with(known))))
    }

    /// `unzip -v` lists length and CRC; a file of the same length and CRC is the same.
    fn zip_lies_in(&self, folder: &Path, host: &Host) -> Result<bool, Failure> {
        let listing = self.accepted(self.unzip("-v", None, host)?)?.stdout;
        Ok(listing.lines().filter_map(zip_row).all(|row| {
            let path = folder.join(&row.name);
            path.metadata().is_ok_and(|found| found.is_dir() || found.len() == row.length)
                && (path.is_dir() || crc32_of(&path).is_ok_and(|crc| crc == row.crc))
        }))
    }

    /// Unpacks it, and tells what the unpacker said.
    pub(super) fn unpack(&self, folder: &Path, host: &Host) -> Result<Finished, Failure> {
        let newer = if self.keep_newer { ["--extract", "--keep-newer-files"].as_slice() } else { &["--extract"] };
        let finished = match self.kind {
            Kind::Zip => self.unzip("-oq", Some(folder), host)?,
            _ => self.tar(newer, Some(folder), host)?,
        };
        self.accepted_as("unpack", finished)
    }

    fn tar(&self, what: &[&str], folder: Option<&Path>, host: &Host) -> Result<Finished, Failure> {
        let mut arguments: Vec<String> = what.iter().map(|option| (*option).to_owned()).collect();
        arguments.extend(self.kind.tar_option().map(str::to_owned));
        arguments.extend(folder.map(|folder| format!("--directory={}", folder.display())));
        arguments.extend(self.exclude.iter().map(|pattern| format!("--exclude={pattern}")));
        arguments.extend(self.options.iter().cloned());
        arguments.push(format!("--file={}", self.path.display()));
        arguments.extend(self.include.iter().cloned());
        Process::new("tar", &arguments, host).untranslated().run(host)
    }

    fn unzip(&self, what: &str, folder: Option<&Path>, host: &Host) -> Result<Finished, Failure> {
        let mut arguments = vec![what.to_owned()];
        arguments.extend(self.options.iter().cloned());
        arguments.push(self.path.to_string_lossy().into_owned());
        arguments.extend(self.include.iter().cloned());
        if !self.exclude.is_empty() {
            arguments.push("-x".into());
            arguments.extend(self.exclude.iter().cloned());
        }
        arguments.extend(folder.iter().flat_map(|folder| ["-d".to_owned(), folder.to_string_lossy().into_owned()]));
        Process::new("unzip", &arguments, host)
            .untranslated()
            .run(host)
            .map_err(|failure| failure.help("zip archives need the package `unzip` on the host"))
    }

    fn accepted(&self, finished: Finished) -> Result<Finished, Failure> {
        self.accepted_as("read", finished)
    }

    fn accepted_as(&self, attempt: &str, finished: Finished) -> Result<Finished, Failure> {
        if finished.succeeded() {
            return Ok(finished);
        }
        let said = finished.stderr.lines().map(|line| line.trim_start_matches("tar: ")).find(|line| !line.is_empty());
        let cause = said.map_or_else(|| format!("the unpacker {}", finished.ending()), str::to_owned);
        let text = format!("cannot {attempt} the archive {}: {cause}", self.path.display());
        Err(finished.describe(Failure::new(text)))
    }
}

/// A row of `unzip -v`: `Length Method Size Cmpr Date Time CRC-32 Name`.
#[derive(Debug, PartialEq, Eq)]
struct ZipRow {
    length: u64,
    crc: u32,
    name: String,
}

fn zip_row(line: &str) -> Option<ZipRow> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let crc = words.get(6).filter(|word| words.len() >= 8 && word.len() == 8)?;
    let crc = u32::from_str_radix(crc, 16).ok()?;
    Some(ZipRow { length: words[0].parse().ok()?, crc, name: words[7..].join(" ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_name() {
        assert_eq!(Kind::of(Path::new("/a/kafka_2.13-3.9.2.TGZ")).unwrap(), Kind::Gzip);
        assert_eq!(Kind::of(Path::new("x.tar.zst")).unwrap(), Kind::Zstd);
        assert!(Kind::of(Path::new("x.rar")).unwrap_err().message.contains("x.rar"));
    }

    #[test]
    fn rows_of_a_zip_listing_are_read() {
        let row = "     120  Defl:N       80  33% 2024-01-01 10:00 0a1b2c3d  dir/a file.txt";
        let wanted = ZipRow { length: 120, crc: 0x0a1b_2c3d, name: "dir/a file.txt".into() };
        assert_eq!(zip_row(row), Some(wanted));
        assert_eq!(zip_row("--------          -------  ---                            -------"), None);
    }
}
