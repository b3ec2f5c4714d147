//! Modules about files and folders, and what they share: replacing a file so that no reader ever sees half of it.

pub mod attributes;
pub mod checksum;
pub mod content;
pub mod copy;
mod facts;
pub mod file;
pub(crate) mod glob;
mod keep;
pub mod mode;
mod refusal;
pub mod replace;
pub mod stat;
pub mod step;
mod times;
mod tree;
mod validate;

pub(crate) use refusal::refused;
