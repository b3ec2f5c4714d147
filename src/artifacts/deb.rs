//! The control file of a .deb, read without dpkg: the machine that deploys need not be a Debian.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::GzDecoder;
use lzma_rust2::XzReader;
use ruzstd::decoding::StreamingDecoder;

use crate::artifacts::ArtifactError;

/// Longest control file that is read.
const LIMIT: u64 = 1 << 20;

/// Reads the control file of a .deb.
pub fn control_of(path: &Path) -> Result<String, ArtifactError> {
    let deb = File::open(path).map_err(ArtifactError::local("read", path))?;
    control(BufReader::new(deb))
        .map_err(|error| ArtifactError::NoPackage { path: path.to_owned(), why: error.to_string() })
}

/// A .deb is an `ar` of which one member is the packed folder of control files.
fn control(deb: impl Read) -> io::Result<String> {
    let mut members = ar::Archive::new(deb);
    while let Some(member) = members.next_entry() {
        let member = member?;
        let name = String::from_utf8_lossy(member.header().identifier()).into_owned();
        match name.trim_end_matches('/').strip_prefix("control.tar") {
            Some("") => return control_in(member),
            Some(".gz") => return control_in(GzDecoder::new(member)),
            Some(".xz") => return control_in(XzReader::new(member, false)),
            Some(".zst") => return control_in(StreamingDecoder::new(member).map_err(io::Error::other)?),
            Some(other) => return Err(wrong(format!("its control file is packed as `{other}`"))),
            None => {}
        }
    }
    Err(wrong("it has no control.tar".to_owned()))
}

fn control_in(tar: impl Read) -> io::Result<String> {
    for file in tar::Archive::new(tar).entries()? {
        let file = file?;
        if file.path()?.file_name().is_some_and(|name| name == "control") {
            let mut text = String::new();
            file.take(LIMIT).read_to_string(&mut text)?;
            return Ok(text);
        }
    }
    Err(wrong("its control.tar has no control file".to_owned()))
}

fn wrong(words: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, words)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use lzma_rust2::{XzOptions, XzWriter};

    use super::*;

    const CONTROL: &str = "Package: gauge\nVersion: 1:2.0-1\nArchitecture: all\n";

    fn tar(file: &str) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(CONTROL.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, file, CONTROL.as_bytes()).unwrap();
        tar.into_inner().unwrap()
    }

    fn deb(member: &str, packed: &[u8]) -> Vec<u8> {
        let mut deb = ar::Builder::new(Vec::new());
        for (name, bytes) in [("debian-binary", b"2.0\n".as_slice()), (member, packed)] {
            deb.append(&ar::Header::new(name.into(), bytes.len() as u64), bytes).unwrap();
        }
        deb.into_inner().unwrap()
    }

    #[test]
    fn control_files_are_read_however_they_are_packed() {
        let plain = tar("./control");
        let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
        gz.write_all(&plain).unwrap();
        let mut xz = XzWriter::new(Vec::new(), XzOptions::with_preset(0)).unwrap();
        xz.write_all(&plain).unwrap();
        let zst = ruzstd::encoding::compress_to_vec(plain.as_slice(), ruzstd::encoding::CompressionLevel::Fastest);
        for (member, packed) in [
            ("control.tar", plain.clone()),
            ("control.tar.gz", gz.finish().unwrap()),
            ("control.tar.xz/", xz.finish().unwrap()),
            ("control.tar.zst", zst),
        ] {
            assert_eq!(control(deb(member, &packed).as_slice()).unwrap(), CONTROL, "{member}");
        }
    }

    #[test]
    fn what_is_no_package_says_why() {
        let why = |bytes: &[u8]| control(bytes).unwrap_err().to_string();
        assert_eq!(why(&deb("data.tar", b"")), "it has no control.tar");
        assert_eq!(why(&deb("control.tar.lz4", b"")), "its control file is packed as `.lz4`");
        assert_eq!(why(&deb("control.tar", &tar("md5sums"))), "its control.tar has no control file");
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("x.deb");
        std::fs::write(&page, "<html>404</html>").unwrap();
        let error = control_of(&page).unwrap_err();
        assert_eq!(error.code(), "DPP0609", "{error}");
        assert_eq!(control_of(&folder.path().join("none.deb")).unwrap_err().code(), "DPP0106");
    }
}
