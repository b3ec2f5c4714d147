//! The file of dead letters: whole lines that survive a crash, none of them half-written, and taken out only when settled.
//!
//! Who writes holds the file's lock, so that a replay that takes letters out and a relay that adds some do not meet.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Take, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Appends lines and syncs them; on failure the file is as long as it was.
pub(super) fn append(path: &Path, lines: &str) -> io::Result<()> {
    let is_new = !path.exists();
    let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o640).open(path)?;
    file.lock()?;
    let length = file.metadata()?.len();
    if let Err(error) = write(&mut file, length, lines) {
        // The disk that took no line may still give one back; if not, the next append begins a new line.
        let _ = file.set_len(length);
        return Err(error);
    }
    if is_new { sync_folder(path) } else { Ok(()) }
}

/// Takes out the lines that begin at these offsets; what was appended meanwhile stays.
///
/// What stays is written beside the file first, so that a crash on the way loses none of it.
pub(super) fn take_out(path: &Path, offsets: &BTreeSet<u64>) -> io::Result<()> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    file.lock()?;
    let beside = beside(path);
    let mut rest = OpenOptions::new().write(true).create(true).truncate(true).mode(0o640).open(&beside)?;
    for line in Lines::of(file.try_clone()?)? {
        let (offset, line) = line?;
        if !offsets.contains(&offset) {
            rest.write_all(&line)?;
        }
    }
    rest.sync_all()?;
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    io::copy(&mut File::open(&beside)?, &mut file)?;
    file.sync_all()?;
    fs::remove_file(&beside)
}

/// The lines of a file as long as it is now, their ends included, each with the offset where it begins.
pub(super) struct Lines {
    reader: BufReader<Take<File>>,
    offset: u64,
}

impl Lines {
    pub(super) fn of(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self { reader: BufReader::new(file.take(length)), offset: 0 })
    }
}

impl Iterator for Lines {
    type Item = io::Result<(u64, Vec<u8>)>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut line = Vec::new();
        match self.reader.read_until(b'\n', &mut line) {
            Ok(0) => None,
            Ok(length) => {
                let begin = self.offset;
                self.offset += length as u64;
                Some(Ok((begin, line)))
            }
            Err(error) => Some(Err(error)),
        }
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".rest");
    name.into()
}

fn write(file: &mut File, length: u64, lines: &str) -> io::Result<()> {
    if length > 0 && last_byte(file)? != b'\n' {
        file.write_all(b"\n")?;
    }
    file.write_all(lines.as_bytes())?;
    file.sync_data()
}

fn last_byte(file: &mut File) -> io::Result<u8> {
    let mut byte = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut byte)?;
    Ok(byte[0])
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(test: &str) -> PathBuf {
        std::env::temp_dir().join(format!("dpp-relay-{test}-{}", std::process::id()))
    }

    #[test]
    fn a_torn_line_of_a_crash_does_not_spoil_the_next() {
        let path = path("torn");
        fs::write(&path, "{\"torn").unwrap();
        append(&path, "one\n").unwrap();
        append(&path, "two\nthree\n").unwrap();
        let text = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(text, "{\"torn\none\ntwo\nthree\n");
    }

    #[test]
    fn a_full_disk_is_an_error() {
        assert!(append(Path::new("/dev/full"), "line\n").is_err());
    }

    #[test]
    fn what_is_taken_out_is_gone_and_the_rest_stays() {
        let path = path("taken");
        append(&path, "one\ntwo\nthree\n").unwrap();
        let lines = Lines::of(File::open(&path).unwrap()).unwrap();
        let offsets: Vec<u64> = lines.map(|line| line.unwrap().0).collect();
        append(&path, "later\n").unwrap();
        take_out(&path, &BTreeSet::from([offsets[0], offsets[2]])).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!((offsets, text.as_str(), beside(&path).exists()), (vec![0, 4, 8], "two\nlater\n", false));
    }
}
