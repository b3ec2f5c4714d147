//! Templates as ansible-core 2.18 renders them: texts of playbooks, conditions, template files, with its filters, tests
//! and lookups, over minijinja.
//!
//! What a template sees is handed in as [`Variables`] and [`Surroundings`]; a secret never gets into an error.

mod arguments;
mod chance;
mod check;
mod compare;
mod dialect;
mod dynamic;
mod engine;
mod error;
mod explain;
mod filters;
mod frame;
mod functions;
mod glob;
mod header;
mod json;
mod literal;
mod lookups;
mod methods;
mod objects;
mod omit;
mod operators;
mod predicates;
mod printf;
mod python;
mod regex;
mod scope;
mod select;
mod surroundings;
mod templates;
mod time;
mod timespan;
mod version;
mod yaml;

pub use check::Checked;
pub use error::TemplateError;
pub use header::FileOptions;
pub use omit::{is_omit, omit, without_omitted};
pub use scope::{Lookup, Scope, SearchPath, Variables};
pub use surroundings::{Reach, Surroundings};
pub use templates::Templates;
