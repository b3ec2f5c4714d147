//! Reads the parameter names off a module's struct, so that they are written in one place only.

use serde::de::{DeserializeOwned, Deserializer, Error, Visitor};
use serde::forward_to_deserialize_any;

/// Names that serde accepts for the struct's fields, aliases included.
pub(crate) fn fields_of<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut names: &'static [&'static str] = &[];
    let _ = T::deserialize(Recorder { names: &mut names });
    names
}

struct Recorder<'a> {
    names: &'a mut &'static [&'static str],
}

impl<'de> Deserializer<'de> for Recorder<'_> {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Self::Error> {
        Err(Error::custom("only the names were asked for"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        *self.names = fields;
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_and_aliases_are_found() {
        assert!(super::fields_of::<crate::files::stat::Stat>().contains(&"path"));
        assert!(super::fields_of::<crate::files::stat::Stat>().contains(&"checksum_algorithm"));
        assert!(super::fields_of::<crate::files::stat::Stat>().contains(&"checksum_algo"));
    }
}
