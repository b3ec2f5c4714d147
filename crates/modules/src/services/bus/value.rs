//! A value as D-Bus knows it, with what its type is called on the wire.

use std::collections::BTreeMap;

/// A value of a message's body.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `y`
    Byte(u8),
    /// `b`
    Bool(bool),
    /// `n` and `i`
    Int(i32),
    /// `q` and `u`
    Unsigned(u32),
    /// `x`
    Long(i64),
    /// `t`
    UnsignedLong(u64),
    /// `d`
    Double(f64),
    /// `s`
    Text(String),
    /// `o`
    Path(String),
    /// `g`
    Signature(String),
    /// `a…`, dictionaries included; the type of its items, which an empty one cannot tell.
    Array(String, Vec<Value>),
    /// `(…)` and `{…}`
    Struct(Vec<Value>),
    /// `v`
    Variant(Box<Value>),
}

impl Value {
    /// A text.
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// A list of texts.
    pub fn texts(texts: &[&str]) -> Self {
        Self::Array("s".into(), texts.iter().map(|text| Self::text(text)).collect())
    }

    /// What its type is called on the wire.
    pub fn signature(&self) -> String {
        match self {
            Self::Byte(_) => "y".into(),
            Self::Bool(_) => "b".into(),
            Self::Int(_) => "i".into(),
            Self::Unsigned(_) => "u".into(),
            Self::Long(_) => "x".into(),
            Self::UnsignedLong(_) => "t".into(),
            Self::Double(_) => "d".into(),
            Self::Text(_) => "s".into(),
            Self::Path(_) => "o".into(),
            Self::Signature(_) => "g".into(),
            Self::Array(item, _) => format!("a{item}"),
            Self::Struct(fields) => format!("({})", fields.iter().map(Self::signature).collect::<String>()),
            Self::Variant(_) => "v".into(),
        }
    }

    /// The text of a text, an object path or a signature.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Path(text) | Self::Signature(text) => Some(text),
            Self::Variant(inner) => inner.as_str(),
            _ => None,
        }
    }

    /// A number that is not negative.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Byte(number) => Some((*number).into()),
            Self::Unsigned(number) => Some((*number).into()),
            Self::UnsignedLong(number) => Some(*number),
            Self::Int(number) => u64::try_from(*number).ok(),
            Self::Long(number) => u64::try_from(*number).ok(),
            Self::Variant(inner) => inner.as_u64(),
            _ => None,
        }
    }

    /// A boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(yes) => Some(*yes),
            Self::Variant(inner) => inner.as_bool(),
            _ => None,
        }
    }

    /// The items of an array, or the fields of a struct.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::Array(_, items) | Self::Struct(items) => items,
            Self::Variant(inner) => inner.items(),
            _ => &[],
        }
    }

    /// A dictionary with texts for keys, its variants unwrapped.
    pub fn into_dictionary(self) -> BTreeMap<String, Self> {
        let Self::Array(_, entries) = self else { return BTreeMap::new() };
        entries.into_iter().filter_map(Self::into_entry).collect()
    }

    fn into_entry(self) -> Option<(String, Self)> {
        let Self::Struct(fields) = self else { return None };
        let mut fields = fields.into_iter();
        match (fields.next()?, fields.next()?) {
            (Self::Text(key), Self::Variant(value)) => Some((key, *value)),
            (Self::Text(key), value) => Some((key, value)),
            _ => None,
        }
    }
}
