//! `slurp`: the bytes of a file, in base64.

use std::fs;
use std::io;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use dpp_protocol::{Change, Failure, ResultMap};
use serde::Deserialize;

use crate::arguments::HostPath;
use crate::files::refusal::refused;
use crate::{Host, Module, Survey};

/// Largest file that is handed over; the encoded bytes travel in one message.
const LIMIT: u64 = 32 << 20;

/// Parameters of `slurp`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slurp {
    #[serde(alias = "path")]
    src: HostPath,
}

impl Module for Slurp {
    const NAME: &'static str = "slurp";
    type Step = Change;

    fn survey(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        let found = fs::metadata(&self.src).map_err(|error| self.refused(&error))?;
        if found.is_dir() {
            let words = format!("source is a directory and must be a file: {}", self.src.display());
            return Err(
                Failure::new(format!("cannot slurp {}: it is a folder", self.src.display())).value("msg", words)
            );
        }
        if found.len() > LIMIT {
            let size = found.len() >> 20;
            return Err(Failure::new(format!("cannot slurp {}: its {size} MiB are more than 32", self.src.display())));
        }
        let bytes = fs::read(&self.src).map_err(|error| self.refused(&error))?;
        Ok(Survey::unchanged()
            .value("content", BASE64_STANDARD.encode(bytes))
            .value("source", self.src.to_string_lossy())
            .value("encoding", "base64"))
    }

    fn apply(&self, _step: &Change, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        Ok(())
    }
}

impl Slurp {
    /// With the `msg` for which roles look.
    fn refused(&self, error: &io::Error) -> Failure {
        let words = match error.kind() {
            io::ErrorKind::NotFound => "file not found",
            io::ErrorKind::PermissionDenied => "file is not readable",
            _ => return refused("read", &self.src, error),
        };
        refused("read", &self.src, error).value("msg", format!("{words}: {}", self.src.display()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Ground;

    #[test]
    fn bytes_come_in_base64_and_a_missing_file_is_named() {
        let ground = Ground::new();
        let outcome = ground.converge("slurp", &json!({"src": ground.write("f", [0, 255])}));
        assert_eq!((&outcome.result["content"], &outcome.result["encoding"]), (&json!("AP8="), &json!("base64")));
        let failure = ground.survey("slurp", &json!({"path": "/no/such"})).unwrap_err();
        assert_eq!(failure.message, "cannot read /no/such: No such file or directory");
        assert_eq!(failure.result["msg"], "file not found: /no/such");
    }
}
