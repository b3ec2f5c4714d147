//! dpkg's side: its status file, its order of versions, its locks, its archives.

pub mod archive;
pub mod conffiles;
pub mod lock;
pub mod repair;
pub mod selections;
pub mod space;
pub mod stanza;
pub mod status;
pub mod version;
