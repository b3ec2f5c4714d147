//! `apt`: packages from the configured repositories, present, absent or newest; the lists and the cache.
//!
//! A versioned .deb that was pushed is `deb`'s business.

mod parameters;
mod simulation;
mod survey;

pub use parameters::Apt;
