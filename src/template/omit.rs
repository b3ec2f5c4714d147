//! `omit`: the value that says an argument is not given.

use crate::value::Value;

/// The text that stands for it; nobody writes it by chance.
const MARK: &str = "__omit_place_holder__4a9d0c55e1f24cb7";

/// The value of the variable `omit`.
pub fn omit() -> Value {
    Value::plain(MARK)
}

/// Whether a rendered value is `omit`.
pub fn is_omit(value: &Value) -> bool {
    value.as_str() == Some(MARK)
}
