//! Values as bytes: little-endian, each aligned to its own size from the start of the message.

use super::value::Value;

/// Why bytes could not be read as the values they should be.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("malformed message at byte {at}: {why}")]
pub(super) struct Malformed {
    at: usize,
    why: &'static str,
}

/// The largest array that the protocol allows, in bytes.
const MAX_ARRAY: usize = 64 << 20;

/// How deep containers may be nested.
const MAX_DEPTH: usize = 64;

/// Bytes that grow by values.
#[derive(Debug, Default)]
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    /// Fills up with zeros to a multiple of `size`.
    pub(super) fn align(&mut self, size: usize) {
        self.0.resize(self.0.len().next_multiple_of(size), 0);
    }

    /// Appends a value.
    pub(super) fn value(&mut self, value: &Value) {
        match value {
            Value::Byte(byte) => self.0.push(*byte),
            Value::Bool(yes) => self.word(u32::from(*yes).to_le_bytes()),
            Value::Int(number) => self.word(number.to_le_bytes()),
            Value::Unsigned(number) => self.word(number.to_le_bytes()),
            Value::Long(number) => self.word(number.to_le_bytes()),
            Value::UnsignedLong(number) => self.word(number.to_le_bytes()),
            Value::Double(number) => self.word(number.to_le_bytes()),
            Value::Text(text) | Value::Path(text) => self.text(text),
            Value::Signature(signature) => self.signature(signature),
            Value::Array(item, items) => self.array(item, items),
            Value::Struct(fields) => {
                self.align(8);
                self.values(fields);
            }
            Value::Variant(inner) => {
                self.signature(&inner.signature());
                self.value(inner);
            }
        }
    }

    /// Appends values one after the other.
    pub(super) fn values(&mut self, values: &[Value]) {
        for value in values {
            self.value(value);
        }
    }

    fn word<const SIZE: usize>(&mut self, bytes: [u8; SIZE]) {
        self.align(SIZE);
        self.0.extend_from_slice(&bytes);
    }

    fn length(&mut self, length: usize) {
        // No text or array of ours is anywhere near 4 GiB: what is sent are names of units and properties.
        self.word(u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.length(text.len());
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(0);
    }

    fn signature(&mut self, signature: &str) {
        self.0.push(u8::try_from(signature.len()).unwrap_or(u8::MAX));
        self.0.extend_from_slice(signature.as_bytes());
        self.0.push(0);
    }

    /// The length counts neither itself nor the padding before the first item.
    fn array(&mut self, item: &str, items: &[Value]) {
        self.length(0);
        let length_at = self.0.len() - 4;
        self.align(alignment(item));
        let start = self.0.len();
        self.values(items);
        let length = u32::try_from(self.0.len() - start).unwrap_or(u32::MAX);
        self.0[length_at..length_at + 4].copy_from_slice(&length.to_le_bytes());
    }
}

/// Bytes from which values are read.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`, which must be the start of a message or be aligned like one.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, depth: 0 }
    }

    /// Reads values one after the other, as the signature names them.
    pub(super) fn values(&mut self, signature: &str) -> Result<Vec<Value>, Malformed> {
        let mut rest = signature;
        let mut values = Vec::new();
        while !rest.is_empty() {
            let (first, after) = self.split(rest)?;
            values.push(self.value(first)?);
            rest = after;
        }
        Ok(values)
    }

    /// Skips to a multiple of `size`.
    pub(super) fn align(&mut self, size: usize) {
        self.at = self.at.next_multiple_of(size);
    }

    fn value(&mut self, signature: &str) -> Result<Value, Malformed> {
        Ok(match signature.as_bytes().first() {
            Some(b'y') => Value::Byte(u8::from_le_bytes(self.word()?)),
            Some(b'b') => Value::Bool(u32::from_le_bytes(self.word()?) != 0),
            Some(b'n') => Value::Int(i16::from_le_bytes(self.word()?).into()),
            Some(b'q') => Value::Unsigned(u16::from_le_bytes(self.word()?).into()),
            Some(b'i') => Value::Int(i32::from_le_bytes(self.word()?)),
            Some(b'u' | b'h') => Value::Unsigned(u32::from_le_bytes(self.word()?)),
            Some(b'x') => Value::Long(i64::from_le_bytes(self.word()?)),
            Some(b't') => Value::UnsignedLong(u64::from_le_bytes(self.word()?)),
            Some(b'd') => Value::Double(f64::from_le_bytes(self.word()?)),
            Some(b's') => Value::Text(self.text()?),
            Some(b'o') => Value::Path(self.text()?),
            Some(b'g') => Value::Signature(self.signature()?),
            _ => return self.container(signature),
        })
    }

    fn container(&mut self, signature: &str) -> Result<Value, Malformed> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.malformed("nested too deeply"));
        }
        let value = match signature.as_bytes().first() {
            Some(b'a') => self.array(&signature[1..])?,
            Some(b'(' | b'{') => {
                self.align(8);
                Value::Struct(self.values(&signature[1..signature.len() - 1])?)
            }
            Some(b'v') => {
                let signature = self.signature()?;
                let (first, _) = self.split(&signature)?;
                Value::Variant(Box::new(self.value(first)?))
            }
            _ => return Err(self.malformed("unknown type")),
        };
        self.depth -= 1;
        Ok(value)
    }

    fn array(&mut self, item: &str) -> Result<Value, Malformed> {
        let length = u32::from_le_bytes(self.word()?) as usize;
        self.align(alignment(item));
        if length > MAX_ARRAY || self.at + length > self.bytes.len() {
            return Err(self.malformed("array longer than its message"));
        }
        let end = self.at + length;
        let mut items = Vec::new();
        while self.at < end {
            items.push(self.value(item)?);
        }
        Ok(Value::Array(item.to_owned(), items))
    }

    fn word<const SIZE: usize>(&mut self) -> Result<[u8; SIZE], Malformed> {
        self.align(SIZE);
        let mut word = [0; SIZE];
        word.copy_from_slice(self.take(SIZE)?);
        Ok(word)
    }

    fn text(&mut self) -> Result<String, Malformed> {
        let length = u32::from_le_bytes(self.word()?) as usize;
        self.terminated(length)
    }

    fn signature(&mut self) -> Result<String, Malformed> {
        let [length] = self.word()?;
        self.terminated(length.into())
    }

    fn terminated(&mut self, length: usize) -> Result<String, Malformed> {
        let text = String::from_utf8_lossy(self.take(length)?).into_owned();
        self.take(1)?;
        Ok(text)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| self.malformed("message too short"))?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    /// Splits the first complete type off a signature.
    fn split<'s>(&self, signature: &'s str) -> Result<(&'s str, &'s str), Malformed> {
        let bytes = signature.as_bytes();
        let mut open = 0_usize;
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                b'(' | b'{' => open += 1,
                b')' | b'}' => open = open.checked_sub(1).ok_or_else(|| self.malformed("unbalanced signature"))?,
                b'a' => continue,
                _ => {}
            }
            if open == 0 && byte.is_ascii() {
                return Ok(signature.split_at(at + 1));
            }
        }
        Err(self.malformed("incomplete signature"))
    }

    fn malformed(&self, why: &'static str) -> Malformed {
        Malformed { at: self.at, why }
    }
}

fn alignment(signature: &str) -> usize {
    match signature.as_bytes().first() {
        Some(b'y' | b'g' | b'v') => 1,
        Some(b'n' | b'q') => 2,
        Some(b'x' | b't' | b'd' | b'(' | b'{') => 8,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(values: &[Value]) -> Vec<u8> {
        let signature: String = values.iter().map(Value::signature).collect();
        let mut writer = Writer::default();
        writer.values(values);
        assert_eq!(Reader::new(&writer.0).values(&signature).unwrap(), values, "{signature}");
        writer.0
    }

    #[test]
    fn bytes_are_as_the_specification_has_them() {
        assert_eq!(there_and_back(&[Value::text("foo")]), b"\x03\0\0\0foo\0");
        assert_eq!(there_and_back(&[Value::Byte(1), Value::Unsigned(2)]), [1, 0, 0, 0, 2, 0, 0, 0]);
        // An array of 64-bit numbers: its length, four bytes of padding that it does not count, its item.
        let longs = Value::Array("x".into(), vec![Value::Long(5)]);
        assert_eq!(there_and_back(&[longs]), [8, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(there_and_back(&[Value::Variant(Box::new(Value::Bool(true)))]), [1, b'b', 0, 0, 1, 0, 0, 0]);
    }

    #[test]
    fn nested_values_come_back() {
        let entry = |key: &str, value| Value::Struct(vec![Value::text(key), Value::Variant(Box::new(value))]);
        let mut bytes = Writer::default();
        let properties =
            Value::Array("{sv}".into(), vec![entry("Id", Value::text("a.service")), entry("N", Value::Unsigned(3))]);
        bytes.value(&properties);
        let read = Reader::new(&bytes.0).values("a{sv}").unwrap().remove(0).into_dictionary();
        assert_eq!(read["Id"].as_str(), Some("a.service"));
        assert_eq!(read["N"].as_u64(), Some(3));
        there_and_back(&[
            Value::Array("(ss)".into(), vec![Value::Struct(vec![Value::text("a"), Value::text("")])]),
            Value::Array("as".into(), Vec::new()),
            Value::Path("/".into()),
            Value::Double(1.5),
            Value::UnsignedLong(u64::MAX),
            Value::Signature("a{sv}".into()),
        ]);
    }

    #[test]
    fn what_is_cut_short_or_lies_about_its_length_is_refused() {
        assert!(Reader::new(b"\x03\0\0\0fo").values("s").is_err());
        assert!(Reader::new(b"\xff\xff\xff\x03").values("as").is_err());
        assert!(Reader::new(&[0; 8]).values("(").is_err());
        assert!(Reader::new(&[0; 8]).values("z").is_err());
        let deep = format!("{}y", "a".repeat(200));
        assert!(Reader::new(&[4; 4096]).values(&deep).is_err());
    }
}
