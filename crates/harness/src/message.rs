//! What is published, made from run and number alone, so that whoever reads it can tell which one it is and whether it came
//! unharmed. It shares no code with the relay.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem::Finder;
use sha2::{Digest, Sha256};

/// Digits of a number within an id; all ids have the same length, so that none is the beginning of another.
const DIGITS: usize = 10;

/// Keys that messages are spread over: few, so that even the first messages of a connection have some in common.
const KEYS: u64 = 4;

/// The largest record that the relay is told to send.
pub const MAX_RECORD: usize = 100_000;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// An object that Kafka takes.
    Plain,
    /// Too large for a record.
    Oversize,
    /// No JSON, which the mapping refuses.
    NotJson,
}

impl Class {
    /// Returns whether it belongs to the dead letters.
    pub fn is_poison(self) -> bool {
        self != Self::Plain
    }
}

/// The messages of one run.
#[derive(Debug, Clone)]
pub struct Messages {
    prefix: String,
    with_poison: bool,
}

impl Messages {
    /// Returns the messages of a run with this name; with poison, one of a thousand is too large and one is no JSON.
    pub fn of(run: &str, with_poison: bool) -> Self {
        Self { prefix: format!("{run}."), with_poison }
    }

    /// Returns what a message is called.
    pub fn id(&self, number: u64) -> String {
        format!("{}{number:0DIGITS$}", self.prefix)
    }

    /// Returns what a message is.
    pub fn class(&self, number: u64) -> Class {
        match number % 1_000 {
            500 if self.with_poison => Class::Oversize,
            700 if self.with_poison => Class::NotJson,
            _ => Class::Plain,
        }
    }

    /// Returns the key whose order is to be kept.
    pub fn key(number: u64) -> String {
        format!("k{}", number % KEYS)
    }

    /// Returns the bytes; every third object brings its own `@timestamp`.
    pub fn body(&self, number: u64) -> Vec<u8> {
        let (id, class) = (self.id(number), self.class(number));
        if class == Class::NotJson {
            return format!("{id} is no JSON: [").into_bytes();
        }
        let stamp = if has_timestamp(number) { r#""@timestamp":"2018-01-01T00:00:00.000Z","# } else { "" };
        let start = format!(r#"{{{stamp}"id":"{id}","padding":""#);
        let size = if class == Class::Oversize { MAX_RECORD + 10_000 } else { size(number) };
        format!("{start}{}\"}}", "x".repeat(size.saturating_sub(start.len() + 2))).into_bytes()
    }

    /// Returns the bytes as published, from those of a record: the relay puts `@timestamp` in front where there was none.
    pub fn published_body(&self, number: u64, value: &[u8]) -> Option<Vec<u8>> {
        if has_timestamp(number) || self.class(number) == Class::NotJson {
            return Some(value.to_vec());
        }
        let rest = value.strip_prefix(br#"{"@timestamp":""#)?;
        let comma = memchr::memchr(b',', rest)?;
        Some([b"{", &rest[comma + 1..]].concat())
    }

    /// Returns the number within an id of this run.
    pub fn number(&self, id: &str) -> Option<u64> {
        id.strip_prefix(&self.prefix)?.parse().ok()
    }

    /// Returns the numbers of all messages of this run that are named in some bytes, each once, in the order of their names.
    pub fn numbers_in(&self, bytes: &[u8]) -> Vec<u64> {
        let finder = Finder::new(&self.prefix);
        let named = finder.find_iter(bytes).filter_map(|at| {
            let digits = bytes.get(at + self.prefix.len()..at + self.prefix.len() + DIGITS)?;
            std::str::from_utf8(digits).ok()?.parse().ok()
        });
        let mut numbers: Vec<u64> = named.collect();
        // A record names its message several times in a row.
        numbers.dedup();
        numbers
    }
}

/// The hash that travels beside the bytes.
pub fn hash(body: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(body))
}

fn has_timestamp(number: u64) -> bool {
    number.is_multiple_of(3)
}

fn size(number: u64) -> usize {
    if number.is_multiple_of(10) { 100 } else { 1_024 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_found_by_its_id_alone() {
        let messages = Messages::of("r7", true);
        let bytes =
            [messages.body(1), b"noise r7.x r8.0000000002 ".to_vec(), messages.body(3), messages.body(3)].concat();
        assert_eq!(messages.numbers_in(&bytes), [1, 3]);
        assert!(messages.numbers_in(b"r7.000").is_empty(), "cut off in the middle of an id");
        assert_eq!((messages.number("r7.0000000012"), messages.number("r8.0000000012")), (Some(12), None));
    }

    #[test]
    fn what_the_relay_adds_is_undone_and_nothing_else() {
        let messages = Messages::of("r7", false);
        for number in [1, 3] {
            let body = messages.body(number);
            let text = String::from_utf8(body.clone()).unwrap();
            let mapped =
                if number == 3 { text } else { text.replacen('{', r#"{"@timestamp":"2026-01-01T00:00:00Z","#, 1) };
            assert_eq!(messages.published_body(number, mapped.as_bytes()), Some(body.clone()));
            let harmed = mapped.replacen("xx", "x", 1);
            assert_ne!(messages.published_body(number, harmed.as_bytes()), Some(body));
        }
    }

    #[test]
    fn poison_is_one_in_five_hundred_and_none_when_not_asked_for() {
        let poison = |messages: &Messages| (0..10_000).filter(|n| messages.class(*n).is_poison()).count();
        assert_eq!((poison(&Messages::of("r", true)), poison(&Messages::of("r", false))), (20, 0));
        let messages = Messages::of("r", true);
        assert!(messages.body(500).len() > MAX_RECORD && messages.body(700).starts_with(b"r.0000000700 is"));
    }
}
