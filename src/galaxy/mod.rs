//! Roles of other people: what a requirements file wants, where it comes from, unpacked into the project, and locked.
//!
//! It runs none of them, and changes none that somebody has edited.

mod error;
mod git;
mod install;
mod lock;
mod names;
mod requirements;
mod server;
#[cfg(test)]
mod tests;
mod tree;
mod unpack;
mod wanted;

pub use error::GalaxyError;
pub use install::{Installed, Installer, State};
pub use lock::{LockedRole, RolesLock};
pub use requirements::{Requirements, read};
pub use tree::tree;
pub use wanted::{RoleSource, Wanted};
