//! Where packages come from: repositories, the keys that sign them, and which version is preferred.

pub mod apt_key;
pub mod apt_pin;
pub mod apt_repository;
pub mod deb822_repository;
mod key;
mod line;
mod step;

pub use step::SourceStep;
