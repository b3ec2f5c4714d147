//! Appending whole lines to a file so that they survive a crash, and leaving none half-written.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Appends lines and syncs them; on failure the file is as long as it was.
pub(super) fn append(path: &Path, lines: &str) -> io::Result<()> {
    let is_new = !path.exists();
    let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o640).open(path)?;
    let length = file.metadata()?.len();
    if let Err(error) = write(&mut file, length, lines) {
        // The disk that took no line may still give one back; if not, the next append begins a new line.
        let _ = file.set_len(length);
        return Err(error);
    }
    if is_new { sync_folder(path) } else { Ok(()) }
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

    #[test]
    fn a_torn_line_of_a_crash_does_not_spoil_the_next() {
        let path = std::env::temp_dir().join(format!("dpp-relay-dead-{}", std::process::id()));
        std::fs::write(&path, "{\"torn").unwrap();
        append(&path, "one\n").unwrap();
        append(&path, "two\nthree\n").unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(text, "{\"torn\none\ntwo\nthree\n");
    }

    #[test]
    fn a_full_disk_is_an_error() {
        assert!(append(Path::new("/dev/full"), "line\n").is_err());
    }
}
