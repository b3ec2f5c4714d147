//! Members of items by path, as `attribute='a.b.0'` names them.

use minijinja::{Error, Value as Dynamic};

use super::dynamic::valid;

/// The member under a path with dots, or under an index; undefined if a step leads nowhere.
pub(super) fn member(item: &Dynamic, path: &Dynamic) -> Result<Dynamic, Error> {
    let Some(path) = path.as_str() else { return step(item, path) };
    let mut value = item.clone();
    for part in path.split('.') {
        let key = part.parse::<i64>().map_or_else(|_| Dynamic::from(part), Dynamic::from);
        let found = step(&value, &key)?;
        value = if found.is_undefined() && key.is_number() { step(&value, &Dynamic::from(part))? } else { found };
    }
    Ok(value)
}

fn step(value: &Dynamic, key: &Dynamic) -> Result<Dynamic, Error> {
    if value.is_undefined() {
        return Ok(value.clone());
    }
    valid(&value.get_item(key)?)
}
