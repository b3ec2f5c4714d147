//! Modules about files and folders, and what they share: replacing a file so that no reader ever sees half of it.

pub mod checksum;
pub mod replace;
pub mod stat;
