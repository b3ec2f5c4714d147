//! Encrypted values that stand in a YAML text: where, under which name, and how another text takes the place of one. The
//! rest of the file stays as it was written, comments and all.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::secret::{Decrypt, HEADER, VaultError};
use crate::source::{Place, Problems, Source};
use crate::yaml::{Data, Node, parse_with};

/// One `!vault` value.
#[derive(Debug, Clone, PartialEq)]
pub struct SealedValue {
    /// The keys that lead to it: `db.users[0].password`.
    pub name: String,
    /// Its envelope, from the header to the last line.
    pub place: Place,
}

/// All encrypted values of a text, in the order in which they stand there.
pub fn sealed_values(source: &Arc<Source>) -> Result<Vec<SealedValue>, Problems> {
    let mut found = BTreeMap::new();
    for document in parse_with(source, &AsWritten)? {
        collect(&document, String::new(), &mut found);
    }
    Ok(found.into_values().collect())
}

/// The text with other texts in the places of some ranges, which stand in order and do not overlap.
pub fn replaced(text: &str, changes: &[(Range<usize>, Zeroizing<String>)]) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    let mut end = 0;
    for (range, new) in changes {
        out.push_str(&text[end..range.start]);
        out.push_str(new);
        end = range.end;
    }
    out.push_str(&text[end..]);
    out
}

impl SealedValue {
    /// What another envelope in its place looks like.
    pub fn resealed(&self, envelope: &str) -> (Range<usize>, Zeroizing<String>) {
        if self.is_block() {
            let lines: Vec<&str> = envelope.lines().collect();
            return (self.place.range(), Zeroizing::new(lines.join(&self.line_end())));
        }
        (self.value(), Zeroizing::new(quoted(envelope)))
    }

    /// What the text that was decrypted looks like in its place, without tag and without encryption.
    pub fn opened(&self, text: &str) -> (Range<usize>, Zeroizing<String>) {
        let range = self.tag()..self.end();
        let indent = self.line_end();
        if !self.is_block() || !indent.ends_with(' ') || !is_fit_for_a_block(text) {
            return (range, Zeroizing::new(quoted(text)));
        }
        let mark = if text.ends_with('\n') { "|" } else { "|-" };
        let mut block = Zeroizing::new(mark.to_owned());
        for line in text.lines() {
            block.push_str(if line.is_empty() { "\n" } else { &indent });
            block.push_str(line);
        }
        (range, block)
    }

    fn text(&self) -> &str {
        self.place.source().text()
    }

    /// Whether it stands as a block: alone on its lines. Else it stands in quotes.
    fn is_block(&self) -> bool {
        self.text()[..self.place.range().start].rsplit('\n').next().is_some_and(|before| before.trim().is_empty())
    }

    /// The line end of this file, and the indentation of the envelope's lines.
    fn line_end(&self) -> String {
        let before = &self.text()[..self.place.range().start];
        let indent = before.rsplit('\n').next().unwrap_or_default();
        let end = if before.ends_with(&format!("\r\n{indent}")) { "\r\n" } else { "\n" };
        format!("{end}{indent}")
    }

    fn tag(&self) -> usize {
        self.text()[..self.place.range().start].rfind("!vault").unwrap_or(self.place.range().start)
    }

    /// Behind the quote that closes it, where there is one.
    fn end(&self) -> usize {
        let end = self.place.range().end;
        if !self.is_block() && self.text()[end..].starts_with(['"', '\'']) { end + 1 } else { end }
    }

    /// The envelope with its quotes.
    fn value(&self) -> Range<usize> {
        let start = self.place.range().start;
        let is_quoted = self.text()[..start].ends_with(['"', '\'']);
        start - usize::from(is_quoted)..self.end()
    }
}

/// YAML's double-quoted form knows all escapes of JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Whether a block says exactly this: it has several lines, does not begin with a blank, and ends with one line end or
/// none.
fn is_fit_for_a_block(text: &str) -> bool {
    let is_plain = |character: char| character == '\n' || !character.is_control();
    text.trim_end_matches('\n').contains('\n')
        && !text.starts_with([' ', '\n'])
        && !text.ends_with("\n\n")
        && text.chars().all(is_plain)
}

/// Gives every envelope as its own content, so that it can be told from other texts.
struct AsWritten;

impl Decrypt for AsWritten {
    fn decrypt(&self, envelope: &str) -> Result<Zeroizing<String>, VaultError> {
        Ok(Zeroizing::new(envelope.to_owned()))
    }
}

/// An alias leads to a place that was seen before; it keeps its first name.
fn collect(node: &Node, name: String, found: &mut BTreeMap<usize, SealedValue>) {
    match &node.data {
        Data::Text(text, _) if text.is_secret() && text.as_str().trim_start().starts_with(HEADER) => {
            let place = text.place().unwrap_or(&node.place).clone();
            found.entry(place.range().start).or_insert(SealedValue { name, place });
        }
        Data::List(items) => {
            items.iter().enumerate().for_each(|(at, item)| collect(item, format!("{name}[{at}]"), found));
        }
        Data::Map(entries) => {
            let dot = if name.is_empty() { "" } else { "." };
            entries.iter().for_each(|(key, node)| collect(node, format!("{name}{dot}{}", key.text), found));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENVELOPE: &str = "$ANSIBLE_VAULT;1.1;AES256\n6162\n6364\n";

    const FILE: &str = "# users of the database\n\
        db:\n  users:\n    - name: app\n      password: !vault |  # from the safe\n\
        \x20         $ANSIBLE_VAULT;1.2;AES256;prod\n          3132\n          3334\n\n\
        port: 5432  # the usual one\n\
        flow: {key: !vault \"$ANSIBLE_VAULT;1.1;AES256\\n3536\"}\n";

    fn values(text: &str) -> Vec<SealedValue> {
        sealed_values(&Source::new("vars.yml", text)).unwrap()
    }

    #[test]
    fn values_are_found_with_their_names_and_places() {
        let found = values(FILE);
        let told: Vec<(&str, usize)> = found.iter().map(|value| (value.name.as_str(), value.place.line())).collect();
        assert_eq!(told, [("db.users[0].password", 6), ("flow.key", 11)]);
    }

    #[test]
    fn another_envelope_takes_the_place_of_one_and_nothing_else_moves() {
        let changes: Vec<_> = values(FILE).iter().map(|value| value.resealed(ENVELOPE)).collect();
        let text = replaced(FILE, &changes);
        insta::assert_snapshot!(text.as_str());
        let envelopes: Vec<_> = values(&text);
        assert_eq!(envelopes.len(), 2);
    }

    #[test]
    fn a_decrypted_text_takes_the_place_of_tag_and_envelope() {
        for (plain, same) in [("s3cret", "s3cret"), ("a\nb\n", "a\nb\n"), ("a\n\nb", "a\n\nb"), (" a\n\n", " a\n\n")] {
            let changes: Vec<_> = values(FILE).iter().map(|value| value.opened(plain)).collect();
            let text = replaced(FILE, &changes);
            let node = crate::yaml::parse(&Source::new("x.yml", text.as_str())).unwrap().remove(0);
            let read = node.get("db").unwrap().get("users").unwrap().as_list().unwrap()[0].get("password").unwrap();
            assert_eq!(read.as_str(), Some(same), "{}", text.as_str());
            assert_eq!(node.get("flow").unwrap().get("key").unwrap().as_str(), Some(same));
            assert_eq!(node.get("port").unwrap().to_value(), crate::value::Value::Int(5432));
        }
    }

    #[test]
    fn line_ends_of_windows_are_kept() {
        let text = "a: !vault |\r\n  $ANSIBLE_VAULT;1.1;AES256\r\n  3132\r\nb: 1\r\n";
        let changes = [values(text)[0].resealed(ENVELOPE)];
        let expected = "a: !vault |\r\n  $ANSIBLE_VAULT;1.1;AES256\r\n  6162\r\n  6364\r\nb: 1\r\n";
        assert_eq!(replaced(text, &changes).as_str(), expected);
    }

    #[test]
    fn an_alias_is_one_value_and_a_text_that_is_none_is_none() {
        let text = "a: &a !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3132\nb: *a\nc: $ANSIBLE_VAULT;1.1;AES256\n";
        assert_eq!(values(text).len(), 1);
    }
}
