//! Products as data, and their files: which file a version is, where it comes from, whether it is the right one, and
//! which versions fit together.
//!
//! It brings files to this machine and no further: pushing and installing them is another room's business.

mod artifact;
mod deb;
mod download;
mod error;
mod fits;
mod lockfile;
mod origin;
mod part;
mod pattern;
mod product;
mod products;
mod range;
mod reader;
mod settings;
mod store;
mod sums;
#[cfg(test)]
mod testing;
mod version;

pub use artifact::{Artifact, Location};
pub use deb::control_of;
pub use download::Patience;
pub use error::ArtifactError;
pub use fits::{fits, reachable};
pub use lockfile::{Locked, Lockfile};
pub use origin::Origin;
pub use product::{Java, Kind, Need, Product, Release, Upgrade};
pub use products::Products;
pub use range::Range;
pub use settings::Setting;
pub use store::{Fetched, Store};
pub use version::Version;
