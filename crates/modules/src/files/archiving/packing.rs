//! How an archive is written and compared: by the host's own `tar` and compressors, and zip by a library.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use dpp_protocol::Failure;
use serde::Deserialize;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::members::Member;
use crate::Host;
use crate::commands::process::{Finished, Process};
use crate::files::attributes::Attributes;
use crate::files::checksum::crc32_of;
use crate::files::content::{NewContent, Source};
use crate::files::refusal::refused;
use crate::files::replace::beside;
use crate::system::tool::accepted;

/// How it is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    Bz2,
    #[default]
    Gz,
    Tar,
    Xz,
    Zip,
    Zstd,
}

impl Format {
    /// As a task names it, and as names of files end.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bz2 => "bz2",
            Self::Gz => "gz",
            Self::Tar => "tar",
            Self::Xz => "xz",
            Self::Zip => "zip",
            Self::Zstd => "zstd",
        }
    }

    /// The program that compresses, for `tar` and by itself.
    fn compressor(self) -> Option<&'static str> {
        match self {
            Self::Bz2 => Some("bzip2"),
            Self::Gz => Some("gzip"),
            Self::Xz => Some("xz"),
            Self::Zstd => Some("zstd"),
            Self::Tar | Self::Zip => None,
        }
    }
}

/// An archive that is to be, or is already.
pub(super) struct Packing {
    pub(super) dest: PathBuf,
    pub(super) format: Format,
    /// Whether it holds members with names; else it is one compressed file.
    pub(super) is_tree: bool,
    pub(super) root: String,
}

impl Packing {
    /// Whether the archive holds exactly these members as they are now.
    pub(super) fn is_current(&self, members: &[Member], host: &Host) -> Result<bool, Failure> {
        if !self.dest.is_file() {
            return Ok(false);
        }
        if self.format == Format::Zip {
            return Ok(self.zip_is_current(members).unwrap_or(false));
        }
        if !self.is_tree {
            return self.file_is_current(members, host);
        }
        let listed = self.tar(&["--list", "--quoting-style=literal"], None, host)?;
        let mut names: Vec<&str> = listed.stdout.lines().map(|name| name.trim_end_matches('/')).collect();
        names.sort_unstable();
        let mut wanted: Vec<&str> = packed(members).map(|member| member.name.as_str()).collect();
        wanted.sort_unstable();
        Ok(listed.succeeded() && names == wanted && self.tar(&["--diff"], None, host)?.succeeded())
    }

    /// Writes the archive; nobody sees half of it.
    pub(super) fn pack(&self, members: &[Member], attributes: &Attributes, host: &Host) -> Result<(), Failure> {
        let half = beside(&self.dest).with_extension("half");
        let written = match () {
            () if self.format == Format::Zip => self.write_zip(&half, members),
            () if self.is_tree => self.write_tar(&half, members, host),
            () => self.compress(&half, members, host),
        };
        let content =
            NewContent { attributes: attributes.clone(), ..NewContent::new(&self.dest, Source::File(half.clone())) };
        let placed = written.and_then(|()| content.apply(host, &mut dpp_protocol::ResultMap::new()));
        let _ = fs::remove_file(&half);
        placed
    }

    fn write_tar(&self, to: &Path, members: &[Member], host: &Host) -> Result<(), Failure> {
        let names: Vec<u8> = packed(members).flat_map(|member| [member.name.as_bytes(), b"\0"].concat()).collect();
        let create = ["--create", "--format=gnu", "--no-recursion", "--null", "--files-from=-"];
        let finished = self.tar_at(to, &create, Some(names), host)?;
        accepted(finished, "tar", &["--create".to_owned(), self.dest.to_string_lossy().into_owned()]).map(drop)
    }

    fn tar(&self, what: &[&str], input: Option<Vec<u8>>, host: &Host) -> Result<Finished, Failure> {
        self.tar_at(&self.dest, what, input, host)
    }

    fn tar_at(&self, at: &Path, what: &[&str], input: Option<Vec<u8>>, host: &Host) -> Result<Finished, Failure> {
        let root = if self.root.is_empty() { "." } else { &self.root };
        let mut arguments = vec![format!("--file={}", at.display()), format!("--directory={root}")];
        arguments.extend(self.format.compressor().map(|program| format!("--use-compress-program={program}")));
        arguments.extend(what.iter().map(|word| (*word).to_owned()));
        let process = Process::new("tar", &arguments, host).untranslated();
        match input {
            Some(input) => process.input(input),
            None => process,
        }
        .run(host)
    }

    /// A compressed file is compared with what it was made of, without writing it out.
    fn file_is_current(&self, members: &[Member], host: &Host) -> Result<bool, Failure> {
        let (Some(member), Some(program)) = (members.first(), self.format.compressor()) else { return Ok(true) };
        let script = format!("{program} -dcq -- \"$1\" | cmp -s - \"$2\"");
        Ok(Self::shell(&script, [&self.dest.to_string_lossy(), &member.path], host)?.succeeded())
    }

    fn compress(&self, to: &Path, members: &[Member], host: &Host) -> Result<(), Failure> {
        let (Some(member), Some(program)) = (members.first(), self.format.compressor()) else { return Ok(()) };
        let script = format!("umask 077; {program} -c <\"$1\" >\"$2\"");
        let finished = Self::shell(&script, [&member.path, &to.to_string_lossy()], host)?;
        accepted(finished, program, &["-c".to_owned(), member.path.clone()]).map(drop)
    }

    fn shell(script: &str, arguments: [&str; 2], host: &Host) -> Result<Finished, Failure> {
        let [one, other] = arguments.map(str::to_owned);
        Process::new("sh", &["-c".to_owned(), script.to_owned(), "sh".to_owned(), one, other], host).run(host)
    }

    /// Names and checksums, which the archive lists without being unpacked.
    fn zip_is_current(&self, members: &[Member]) -> Option<bool> {
        let mut archive = ZipArchive::new(File::open(&self.dest).ok()?).ok()?;
        let mut found = BTreeMap::new();
        for at in 0..archive.len() {
            let file = archive.by_index_raw(at).ok()?;
            let name = String::from_utf8_lossy(file.name_raw()).trim_end_matches('/').to_owned();
            found.insert(name, file.crc32());
        }
        let crc = |member: &Member| if member.is_folder { Some(0) } else { crc32_of(Path::new(&member.path)).ok() };
        let wanted: Option<BTreeMap<String, u32>> =
            packed(members).map(|member| Some((member.name.clone(), crc(member)?))).collect();
        Some(wanted? == found)
    }

    fn write_zip(&self, to: &Path, members: &[Member]) -> Result<(), Failure> {
        let written = File::create(to).map_err(zip::result::ZipError::from).and_then(|file| {
            let mut archive = ZipWriter::new(file);
            for member in packed(members) {
                add_to_zip(&mut archive, member)?;
            }
            archive.finish().map(drop)
        });
        written.map_err(|error| refused("pack", &self.dest, &io::Error::other(error.to_string())))
    }
}

/// Members that no pattern keeps out.
fn packed(members: &[Member]) -> impl Iterator<Item = &Member> {
    members.iter().filter(|member| !member.is_excluded)
}

fn add_to_zip(archive: &mut ZipWriter<File>, member: &Member) -> zip::result::ZipResult<()> {
    use std::os::unix::fs::MetadataExt;
    let found = fs::metadata(&member.path)?;
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .unix_permissions(found.mode() & 0o7777)
        .large_file(found.len() >= u64::from(u32::MAX));
    if member.is_folder {
        return archive.add_directory(member.name.as_str(), options);
    }
    archive.start_file(member.name.as_str(), options)?;
    io::copy(&mut File::open(&member.path)?, archive)?;
    Ok(())
}

/// Whether a file's name is one of an archive rather than of one compressed file.
pub(super) fn is_archive_name(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    [".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".tgz", ".tbz2", ".tzst", ".zip"]
        .iter()
        .any(|end| name.ends_with(end))
}
