//! What `copy` asks before it writes: may this content go there, is it what the task says, is it there already?

use std::fs;
use std::path::Path;

use dpp_protocol::Failure;
use sha1::Sha1;

use crate::files::checksum::{Algorithm, digest, same_bytes, sha256_of};
use crate::files::content::Source;
use crate::files::copy::Copy;
use crate::files::refusal::refused;

impl Copy {
    /// A text has no name that it could have in a folder.
    pub(super) fn refuse_content_for_a_folder(&self) -> Result<(), Failure> {
        let has_content = self.content.is_some() || self.content_base64.is_some();
        let into = self.dest.is_dir() || self.dest.to_string_lossy().ends_with('/');
        if !has_content || !into || self.original_basename.is_some() {
            return Ok(());
        }
        Err(Failure::new(format!("{} is a folder, and `content` has no name in it", self.dest.display()))
            .value("msg", "can not use content with a dir as dest")
            .help("give `dest` the path of the file"))
    }

    pub(super) fn check_checksum(&self, source: &Source) -> Result<(), Failure> {
        let Some(wanted) = self.checksum.as_ref().filter(|wanted| !wanted.is_empty()) else { return Ok(()) };
        let found = match (source, &self.sha1) {
            (_, Some(sha1)) => sha1.clone(),
            (Source::File(path) | Source::Blob(path), None) => {
                Algorithm::Sha1.of_file(path).map_err(|error| refused("read", path, &error))?
            }
            (Source::Bytes(bytes), None) => digest::<Sha1>(&bytes[..]).unwrap_or_default(),
            (Source::Elsewhere, None) => return Ok(()),
        };
        if found.eq_ignore_ascii_case(wanted) {
            return Ok(());
        }
        Err(Failure::new(format!("what is to become {} has another checksum than the task names", self.dest.display()))
            .note("wanted", wanted)
            .note("found", found.as_str())
            .value("msg", "Copied file does not match the expected checksum. Transfer failed.")
            .value("checksum", found)
            .value("expected_checksum", wanted.as_str()))
    }

    /// Compares by size, then by bytes where they are at hand, else by hash.
    pub(super) fn is_same(&self, dest: &Path, length: u64, source: &Source) -> Result<bool, Failure> {
        let read = |error| refused("read", dest, &error);
        if self.size.is_some_and(|size| u64::try_from(size.0) != Ok(length)) {
            return Ok(false);
        }
        match (source, self.blob.as_ref().or(self.sha256.as_ref())) {
            (Source::Bytes(bytes), _) if bytes.len() as u64 != length => Ok(false),
            (Source::Bytes(bytes), _) => Ok(fs::read(dest).map_err(read)? == *bytes),
            (_, Some(hash)) => Ok(sha256_of(dest).map_err(read)? == *hash),
            (Source::File(from), None) => same_bytes(from, dest).map_err(|error| refused("compare", from, &error)),
            (Source::Blob(_) | Source::Elsewhere, None) => Ok(false),
        }
    }
}
