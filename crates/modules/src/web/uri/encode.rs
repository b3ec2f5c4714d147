//! The body of a request in the form that the task names.

use serde::Deserialize;
use serde_json::Value;

/// `body_format`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Format {
    #[default]
    Raw,
    Json,
    FormUrlencoded,
    FormMultipart,
}

/// Between the parts of a form; what a form holds is a text of a task and has no such line.
const BOUNDARY: &str = "===============dppctl-4b1d7e2a9c63f058==";

impl Format {
    /// The `Content-Type` it asks for.
    pub(super) fn content_type(self) -> Option<String> {
        match self {
            Self::Raw => None,
            Self::Json => Some("application/json".into()),
            Self::FormUrlencoded => Some("application/x-www-form-urlencoded".into()),
            Self::FormMultipart => Some(format!("multipart/form-data; boundary=\"{BOUNDARY}\"")),
        }
    }

    /// The bytes to be sent; a text is sent as it is.
    pub(super) fn encode(self, body: &Value) -> String {
        match (body, self) {
            (Value::String(text), _) => text.clone(),
            (_, Self::FormUrlencoded) => {
                let fields = fields(body);
                let fields = fields.iter().map(|(name, value)| format!("{}={}", quoted(name), quoted(&plain(value))));
                fields.collect::<Vec<_>>().join("&")
            }
            (Value::Object(parts), Self::FormMultipart) => {
                let parts = parts.iter().map(|(name, part)| multipart(name, part));
                format!("{}--{BOUNDARY}--\r\n", parts.collect::<String>())
            }
            (other, _) => other.to_string(),
        }
    }
}

/// Name and value of each field; a list of values is as many fields, a list of pairs keeps its order.
fn fields(body: &Value) -> Vec<(String, Value)> {
    let all = |name: &str, value: &Value| match value {
        Value::Array(values) => values.iter().map(|value| (name.to_owned(), value.clone())).collect(),
        one => vec![(name.to_owned(), one.clone())],
    };
    match body {
        Value::Object(fields) => fields.iter().flat_map(|(name, value)| all(name, value)).collect(),
        Value::Array(pairs) => pairs
            .iter()
            .filter_map(|pair| match pair.as_array().map(Vec::as_slice) {
                Some([name, value]) => Some(all(&plain(name), value)),
                _ => None,
            })
            .flatten()
            .collect(),
        _ => Vec::new(),
    }
}

/// One part of a form: a text, or a file with its name and type.
fn multipart(name: &str, part: &Value) -> String {
    let word = |key: &str| part.get(key).and_then(Value::as_str);
    let content = if part.is_object() { word("content").unwrap_or_default().to_owned() } else { plain(part) };
    let file = word("filename").map(|name| format!("; filename=\"{name}\"")).unwrap_or_default();
    let kind = word("mime_type").or(word("filename").map(|_| "application/octet-stream")).unwrap_or("text/plain");
    format!(
        "--{BOUNDARY}\r\nContent-Type: {kind}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n"
    )
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// As forms are encoded: blanks as `+`, the rest by its bytes.
fn quoted(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            b' ' => "+".into(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn forms_have_lists_as_repeated_fields_and_pairs_in_their_order() {
        for (body, wanted) in [
            (json!({"a": "1 2", "b": ["x", "y"]}), "a=1+2&b=x&b=y"),
            (json!([["a", "b"], ["a", "c&d"]]), "a=b&a=c%26d"),
            (json!("a=b"), "a=b"),
        ] {
            assert_eq!(Format::FormUrlencoded.encode(&body), wanted);
        }
    }

    #[test]
    fn parts_of_a_form_have_name_and_type() {
        let sent =
            Format::FormMultipart.encode(&json!({"f": {"content": "x", "filename": "f.txt", "mime_type": "a/b"}}));
        let wanted = format!(
            "--{BOUNDARY}\r\nContent-Type: a/b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f.txt\"\r\n\r\nx\r\n--{BOUNDARY}--\r\n"
        );
        assert_eq!(sent, wanted);
    }
}
