//! Modules about packages: apt, versioned .debs, and where packages come from.
//!
//! Questions are answered from dpkg's and apt's own files; a process is started where only it knows, or to change something.

pub mod apt;
pub mod apt_get;
pub mod deb;
pub mod debconf;
pub mod dpkg;
pub mod dpkg_selections;
pub mod gem;
pub mod npm;
pub mod package_facts;
pub mod pip;
pub mod request;
pub(crate) mod shelf;
pub mod sources;
pub mod step;
