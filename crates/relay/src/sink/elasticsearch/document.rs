//! A document on its way: the two lines that `_bulk` takes for it, made so that sending them twice writes one document.

use serde_json::{Value, json};

use crate::window::DeliveryId;

/// A document of a batch, until Elasticsearch or the dead letters have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Document {
    pub(super) of: DeliveryId,
    pub(super) index: String,
    /// The same for the same record, so that a repetition is no second document.
    pub(super) id: Option<String>,
    /// The JSON object on one line.
    pub(super) source: Vec<u8>,
}

impl Document {
    /// Puts a document together; a line break can only stand between two tokens of JSON, where a blank does as well.
    pub(super) fn new(of: DeliveryId, index: String, id: Option<String>, source: &[u8]) -> Self {
        let blank = |byte: &u8| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte };
        Self { of, index, id, source: source.iter().map(blank).collect() }
    }

    /// Returns about how long its lines are.
    pub(super) fn length(&self) -> usize {
        const ACTION: usize = 100;
        ACTION + self.source.len()
    }

    /// Appends its lines; `kind` is the type that Elasticsearch up to 6 wants to know.
    pub(super) fn write(&self, kind: Option<&str>, lines: &mut Vec<u8>) {
        let mut target = json!({ "_index": self.index });
        target["_id"] = self.id.clone().map_or(Value::Null, Value::String);
        if let (Some(kind), Some(target)) = (kind, target.as_object_mut()) {
            target.insert("_type".to_owned(), kind.into());
        }
        if let (None, Some(target)) = (&self.id, target.as_object_mut()) {
            target.remove("_id");
        }
        lines.extend_from_slice(json!({ "create": target }).to_string().as_bytes());
        lines.push(b'\n');
        lines.extend_from_slice(&self.source);
        lines.push(b'\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::Window;

    fn lines(id: Option<&str>, kind: Option<&str>, source: &[u8]) -> String {
        let of = Window::<()>::new(1).id(1);
        let mut lines = Vec::new();
        Document::new(of, "logs".into(), id.map(Into::into), source).write(kind, &mut lines);
        String::from_utf8(lines).unwrap()
    }

    #[test]
    fn two_lines_create_it_under_its_own_id() {
        let expected = "{\"create\":{\"_index\":\"logs\",\"_id\":\"logs_data+0+42\"}}\n{\"a\":1}\n";
        assert_eq!(lines(Some("logs_data+0+42"), None, b"{\"a\":1}"), expected);
        let expected = "{\"create\":{\"_index\":\"logs\",\"_id\":\"t+1+2\",\"_type\":\"doc\"}}\n{}\n";
        assert_eq!(lines(Some("t+1+2"), Some("doc"), b"{}"), expected);
        assert_eq!(lines(None, None, b"{}"), "{\"create\":{\"_index\":\"logs\"}}\n{}\n");
    }

    #[test]
    fn an_object_over_several_lines_stays_one_line() {
        assert_eq!(lines(None, None, b"{\r\n \"a\": \"\\n\"\n}").lines().count(), 2);
    }
}
