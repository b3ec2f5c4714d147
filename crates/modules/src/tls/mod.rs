//! Modules for keys and what is signed with them, by the host's own `openssl`.
//!
//! A passphrase reaches openssl through its environment, which nobody but its user and root can read; a key lies in no file
//! but its own.

mod backend;
pub mod certificate;
pub mod certificate_info;
pub mod csr;
mod der;
mod folder;
mod oid;
mod openssl;
pub mod pkcs12;
pub mod privatekey;

use std::io;
use std::path::Path;

use dpp_protocol::Failure;

use crate::files::refusal::refused;

/// What lies at a path now; nothing when no file does.
fn found<'a, T>(path: &'a Path, read: impl Fn(&'a Path) -> io::Result<T>) -> Result<Option<T>, Failure> {
    match read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some).map_err(|error| refused("read", path, &error)),
    }
}
