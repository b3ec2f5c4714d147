//! YAML as Ansible reads it: 1.1 booleans and octal numbers, merge keys, `!vault`, `!unsafe`, a place on every node.
//!
//! It knows no task and no inventory: what the keys mean is another room's business.

mod file;
mod flow;
mod merge;
mod mistake;
mod node;
mod offsets;
mod parse;
mod scalar;
mod sealed;
mod tagged;
#[cfg(test)]
mod tests;

pub use file::{load, open, read};
pub use node::{Data, Key, Node, Style};
pub use parse::{parse, parse_with};
pub use scalar::resolve;
pub use sealed::{SealedValue, replaced, sealed_values};
