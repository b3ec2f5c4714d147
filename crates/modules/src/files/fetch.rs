//! `fetch`: what the controller needs to take a file of this host: its checksum and size, and then its pieces.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use dpp_protocol::{Change, Failure, ResultMap};
use serde::Deserialize;

use crate::arguments::HostPath;
use crate::files::checksum::Algorithm;
use crate::files::refusal::refused;
use crate::{Host, Module, Survey};

/// Bytes of a piece; with its base64 far below what one message may hold.
const PIECE: u64 = 8 << 20;

/// Parameters of `fetch`, as the controller sends them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fetch {
    src: HostPath,
    /// From which byte on a piece is wanted; without it, a description is.
    #[serde(rename = "_from")]
    from: Option<u64>,
}

impl Module for Fetch {
    const NAME: &'static str = "fetch";
    type Step = Change;

    fn survey(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        match self.from {
            Some(from) => {
                let piece = self.piece(from).map_err(|error| refused("read", &self.src, &error))?;
                Ok(Survey::unchanged().value("content", BASE64_STANDARD.encode(piece)))
            }
            None => self.described(),
        }
    }

    fn apply(&self, _step: &Change, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        Ok(())
    }
}

impl Fetch {
    fn described(&self) -> Result<Survey<Change>, Failure> {
        let found = fs::metadata(&self.src).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                let failure = Failure::new(format!("cannot fetch {}: there is no such file", self.src.display()));
                self.absent(failure, "the remote file does not exist, not transferring, ignored")
                    .help("`fail_on_missing: false` goes on without it")
            }
            _ => self.absent(refused("fetch", &self.src, &error), "the remote file cannot be read, ignored"),
        })?;
        if found.is_dir() {
            let failure = Failure::new(format!("cannot fetch {}: it is a folder", self.src.display()));
            let words = "remote file is a directory, fetch cannot work on directories, not transferring, ignored";
            return Err(self.absent(failure, words).help("`archive` makes one file of it"));
        }
        let checksum = Algorithm::Sha1.of_file(&self.src).map_err(|error| {
            self.absent(refused("fetch", &self.src, &error), "the remote file cannot be read, ignored")
        })?;
        Ok(Survey::unchanged().value("source", self.src.text()).value("checksum", checksum).value("size", found.len()))
    }

    fn piece(&self, from: u64) -> io::Result<Vec<u8>> {
        let mut file = File::open(&self.src)?;
        file.seek(SeekFrom::Start(from))?;
        let mut piece = Vec::new();
        file.take(PIECE).read_to_end(&mut piece)?;
        Ok(piece)
    }

    /// Tells the controller what to register where a file that is not to be had does not matter.
    fn absent(&self, failure: Failure, message: &str) -> Failure {
        failure.value("_absent", message).value("file", self.src.text())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::Ground;

    #[test]
    fn a_file_is_described_and_read_in_pieces() {
        let ground = Ground::new();
        let mut bytes = vec![7; PIECE as usize];
        bytes.extend(b"end");
        let path = ground.write("big", &bytes);
        let said = ground.apply("fetch", &json!({"src": path})).unwrap().result;
        assert_eq!(
            (&said["size"], &said["checksum"]),
            (&json!(bytes.len()), &json!(Algorithm::Sha1.of(&bytes[..]).unwrap()))
        );
        let piece = |from: u64| {
            let said = ground.survey("fetch", &json!({"src": path, "_from": from})).unwrap().result;
            BASE64_STANDARD.decode(said["content"].as_str().unwrap()).unwrap()
        };
        assert_eq!((piece(0).len() as u64, piece(PIECE)), (PIECE, b"end".to_vec()));
    }

    #[test]
    fn what_cannot_be_fetched_says_what_is_registered_when_it_does_not_matter() {
        let ground = Ground::new();
        for (src, words) in
            [(ground.at("none"), "the remote file does not exist"), (ground.at(""), "remote file is a directory")]
        {
            let failure = ground.survey("fetch", &json!({"src": src})).unwrap_err();
            assert!(failure.result["_absent"].as_str().unwrap().starts_with(words), "{failure:?}");
            assert_eq!(failure.result["file"], json!(src));
        }
    }
}
