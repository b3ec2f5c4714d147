//! YAML as `PyYAML` writes it over libyaml, to the last blank: what `to_yaml` puts into files must not change with the tool.

mod quotes;
mod scalar;
mod words;
mod writer;

pub(super) use writer::{Flow, Style, written};
