//! Modules that speak HTTP from the host itself.

mod client;
pub mod get_url;
pub(crate) mod trust;
pub mod uri;
