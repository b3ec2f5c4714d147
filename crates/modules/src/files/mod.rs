//! Modules about files and folders, and what they share: replacing a file so that no reader ever sees half of it.

mod archive;
pub mod attributes;
pub mod blockinfile;
pub mod checksum;
pub mod content;
pub mod copy;
pub(crate) mod edit;
pub(crate) mod facts;
pub mod file;
pub mod find;
pub(crate) mod glob;
mod ini;
pub mod ini_file;
pub(crate) mod keep;
pub mod lineinfile;
mod measure;
pub mod mode;
pub(crate) mod pattern;
pub(crate) mod refusal;
pub mod replace;
pub mod replace_text;
pub(crate) mod sent_tree;
pub mod slurp;
pub mod stat;
pub mod step;
pub mod tempfile;
mod times;
mod tree;
pub mod unarchive;
mod validate;

pub(crate) use refusal::refused;
