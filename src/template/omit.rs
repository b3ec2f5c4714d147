//! `omit`: the value that says an argument is not given.

use crate::value::{Map, Value};

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

/// Arguments without what is `omit`, in mappings however deep and in those that are items of a list, as Ansible leaves it
/// out.
pub fn without_omitted(args: Map) -> Map {
    let left = args.into_iter().filter(|(_, value)| !is_omit(value));
    left.map(|(name, value)| (name, without(value))).collect()
}

fn without(value: Value) -> Value {
    match &value {
        Value::Map(entries) if omits(&value) => without_omitted(entries.as_ref().clone()).into(),
        Value::List(items) if omits(&value) => {
            let of_item = |item: &Value| if item.as_map().is_some() { without(item.clone()) } else { item.clone() };
            Value::list(items.iter().map(of_item))
        }
        _ => value,
    }
}

fn omits(value: &Value) -> bool {
    match value {
        Value::Map(entries) => entries.values().any(|value| is_omit(value) || omits(value)),
        Value::List(items) => items.iter().any(omits),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map<const N: usize>(entries: [(&str, Value); N]) -> Map {
        entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    #[test]
    fn what_is_omitted_is_left_out_of_mappings_and_stays_in_lists() {
        let inner = || Value::from(map([("a", omit()), ("b", 1.into())]));
        let left = || Value::from(map([("b", 1.into())]));
        let given = map([
            ("gone", omit()),
            ("deep", map([("in", inner())]).into()),
            ("list", Value::list([inner(), omit(), Value::list([inner()])])),
        ]);
        let wanted = map([
            ("deep", map([("in", left())]).into()),
            ("list", Value::list([left(), omit(), Value::list([inner()])])),
        ]);
        assert_eq!(without_omitted(given), wanted);
    }
}
