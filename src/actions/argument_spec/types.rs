//! The types of Ansible's argument specifications: which values are of them, and what others are made into.

use serde_json::Value as Json;

use crate::value::{Map, Value};

/// What Python calls the type of a value.
pub(super) fn class(value: &Value) -> &'static str {
    match value {
        Value::Null => "<class 'NoneType'>",
        Value::Bool(_) => "<class 'bool'>",
        Value::Int(_) => "<class 'int'>",
        Value::Float(_) => "<class 'float'>",
        Value::Text(_) => "<class 'str'>",
        Value::List(_) => "<class 'list'>",
        Value::Map(_) => "<class 'dict'>",
    }
}

/// A value as Python prints it, where it is no list and no mapping.
pub(super) fn printed(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(yes) => if *yes { "True" } else { "False" }.to_owned(),
        Value::Text(text) => text.as_str().to_owned(),
        other => Json::from(other).to_string(),
    }
}

/// The value as one of this type; without a name, a text is wanted.
pub(super) fn converted(wanted: &str, value: &Value) -> Result<Value, String> {
    match wanted {
        "str" | "path" => text(value),
        "bool" => truth(value),
        "int" => whole(value),
        "float" => fraction(value),
        "list" => list(value),
        "dict" => mapping(value),
        "json" | "jsonarg" => json(value),
        "bytes" => bytes(value, "Byte"),
        "bits" => bytes(value, "Bit"),
        "raw" => Ok(value.clone()),
        other => Err(format!("there is no type `{other}`")),
    }
}

fn text(value: &Value) -> Result<Value, String> {
    match value {
        Value::Text(_) => Ok(value.clone()),
        Value::Null => Err("'None' is not a string and conversion is not allowed".to_owned()),
        other => Ok(Value::plain(printed(other))),
    }
}

fn truth(value: &Value) -> Result<Value, String> {
    let word = match value {
        Value::Bool(_) => return Ok(value.clone()),
        Value::Int(_) | Value::Float(_) | Value::Text(_) => printed(value),
        other => return Err(format!("{} cannot be converted to a bool", class(other))),
    };
    is_true(&word).map(Value::Bool).ok_or_else(|| {
        format!(
            "The value '{word}' is not a valid boolean.  Valid booleans include: 'y', 'yes', 'on', '1', 'true', 't', 1, \
             'n', 'no', 'off', '0', 'false', 'f', 0"
        )
    })
}

/// Yes or no in one of Ansible's spellings.
pub(super) fn is_true(word: &str) -> Option<bool> {
    match word.trim().to_lowercase().as_str() {
        "y" | "yes" | "on" | "1" | "true" | "t" | "1.0" => Some(true),
        "n" | "no" | "off" | "0" | "false" | "f" | "0.0" => Some(false),
        _ => None,
    }
}

fn whole(value: &Value) -> Result<Value, String> {
    let number = match value {
        Value::Int(_) | Value::Bool(_) => return Ok(value.clone()),
        Value::Float(number) => Some(*number),
        Value::Text(text) => match text.as_str().trim().parse::<i64>() {
            Ok(number) => return Ok(Value::Int(number)),
            Err(_) => text.as_str().trim().parse().ok(),
        },
        _ => None,
    };
    let number = number.filter(|number: &f64| number.fract() == 0.0 && number.abs() < 9e15);
    let quoted = if value.as_str().is_some() { format!("'{}'", printed(value)) } else { printed(value) };
    let wrong = || format!("\"{quoted}\" cannot be converted to an int");
    number.map(|number| Value::Int(number as i64)).ok_or_else(wrong)
}

fn fraction(value: &Value) -> Result<Value, String> {
    let number = match value {
        Value::Float(_) => return Ok(value.clone()),
        Value::Int(number) => Some(*number as f64),
        Value::Bool(yes) => Some(f64::from(u8::from(*yes))),
        Value::Text(text) => text.as_str().trim().parse().ok(),
        _ => None,
    };
    number.map(Value::Float).ok_or_else(|| format!("{} cannot be converted to a float", class(value)))
}

fn list(value: &Value) -> Result<Value, String> {
    match value {
        Value::List(_) => Ok(value.clone()),
        Value::Text(text) => Ok(Value::list(text.as_str().split(',').map(Value::plain))),
        Value::Int(_) | Value::Float(_) | Value::Bool(_) => Ok(Value::list([Value::plain(printed(value))])),
        other => Err(format!("{} cannot be converted to a list", class(other))),
    }
}

fn mapping(value: &Value) -> Result<Value, String> {
    let text = match value {
        Value::Map(_) => return Ok(value.clone()),
        Value::Text(text) => text.as_str().trim().to_owned(),
        other => return Err(format!("{} cannot be converted to a dict", class(other))),
    };
    if text.starts_with('{') {
        let read: Option<Json> = serde_json::from_str(&text).ok();
        return read
            .filter(Json::is_object)
            .map(|read| Value::from(&read))
            .ok_or_else(|| "unable to evaluate string as dictionary".to_owned());
    }
    if !text.contains('=') {
        return Err("dictionary requested, could not parse JSON or key=value".to_owned());
    }
    let words = shlex::split(&text.replace(',', " ")).unwrap_or_default();
    let pairs: Option<Map> = words
        .iter()
        .map(|word| word.split_once('=').map(|(name, value)| (name.to_owned(), Value::plain(value))))
        .collect();
    let wrong = || "unable to evaluate string in the \"key=value\" format as dictionary".to_owned();
    pairs.map(Value::from).ok_or_else(wrong)
}

fn json(value: &Value) -> Result<Value, String> {
    match value {
        Value::Text(text) => Ok(Value::plain(text.as_str().trim())),
        Value::List(_) | Value::Map(_) => Ok(Value::plain(Json::from(value).to_string())),
        other => Err(format!("{} cannot be converted to a json string", class(other))),
    }
}

/// `1.5K` as a number of bytes, `1Mb` as one of bits.
fn bytes(value: &Value, what: &str) -> Result<Value, String> {
    let wrong = || format!("{} cannot be converted to a {what} value", class(value));
    let word = printed(value);
    let word = word.trim();
    let end = word.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(word.len());
    let number: f64 = word[..end].parse().map_err(|_| wrong())?;
    let unit = word[end..].trim();
    let sign = if what == "Bit" { 'b' } else { 'B' };
    let powers = ["", "K", "M", "G", "T", "P", "E", "Z", "Y"];
    let power = unit.trim_end_matches(sign).to_uppercase();
    let power = powers.iter().position(|known| *known == power).ok_or_else(wrong)?;
    Ok(Value::Int((number * 1024f64.powi(i32::try_from(power).unwrap_or(0))).round() as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_what_is_wanted_or_are_refused_in_ansibles_words() {
        let plain = |text: &str| Value::plain(text);
        for (wanted, value, outcome) in [
            ("int", plain("42"), Ok("42")),
            ("int", plain("5.0"), Ok("5")),
            ("int", plain("abc"), Err("\"'abc'\" cannot be converted to an int")),
            ("int", Value::Float(5.5), Err("\"5.5\" cannot be converted to an int")),
            ("float", plain("1.5"), Ok("1.5")),
            ("float", Value::Null, Err("<class 'NoneType'> cannot be converted to a float")),
            ("bool", plain("Yes"), Ok("true")),
            ("bool", Value::Int(0), Ok("false")),
            ("bool", Value::list([]), Err("<class 'list'> cannot be converted to a bool")),
            ("str", Value::Bool(true), Ok("\"True\"")),
            ("list", plain("a,b"), Ok("[\"a\",\"b\"]")),
            ("list", Value::Int(5), Ok("[\"5\"]")),
            ("list", Value::map([("a", Value::Null)]), Err("<class 'dict'> cannot be converted to a list")),
            ("dict", plain("a=1, b='2 3'"), Ok("{\"a\":\"1\",\"b\":\"2 3\"}")),
            ("dict", plain("{\"a\": 1}"), Ok("{\"a\":1}")),
            ("dict", plain("a"), Err("dictionary requested, could not parse JSON or key=value")),
            ("json", Value::list([Value::Int(1)]), Ok("\"[1]\"")),
            ("bytes", plain("1.5K"), Ok("1536")),
            ("bits", plain("1Mb"), Ok("1048576")),
            ("bytes", plain("1X"), Err("<class 'str'> cannot be converted to a Byte value")),
            ("raw", Value::Null, Ok("null")),
        ] {
            let came = converted(wanted, &value).map(|value| Json::from(&value).to_string());
            assert_eq!(came.as_deref().map_err(String::as_str), outcome, "{wanted} {value:?}");
        }
    }
}
