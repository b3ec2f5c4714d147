//! Modules for keys and what is signed with them, by the host's own `openssl`.
//!
//! A passphrase reaches openssl through its environment, which nobody but its user and root can read; a key lies in no file
//! but its own.

pub mod certificate;
pub mod csr;
mod der;
mod openssl;
pub mod privatekey;
