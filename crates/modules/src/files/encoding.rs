//! The encodings in which texts of a host are read and written: UTF-8, of which ASCII is a part.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// An `encoding` that a task names; another one than UTF-8 is refused before a file is touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Encoding;

impl<'de> Deserialize<'de> for Encoding {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        let plain = name.to_ascii_lowercase().replace(['_', '-'], "");
        if ["utf8", "ascii", "usascii", "utf8sig"].contains(&plain.as_str()) {
            return Ok(Self);
        }
        Err(D::Error::custom(format!("texts are read and written as utf-8, not as `{name}`")))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn all_names_of_utf8_are_known_and_others_refused() {
        for name in ["utf-8", "UTF8", "ascii", "utf_8"] {
            assert!(from_value::<Encoding>(json!(name)).is_ok(), "{name}");
        }
        assert!(from_value::<Encoding>(json!("latin-1")).unwrap_err().to_string().contains("`latin-1`"));
    }
}
