//! Messages: a header with fields, and a body of values.

use super::value::Value;
use super::wire::{Malformed, Reader, Writer};

const CALL: u8 = 1;
const REPLY: u8 = 2;
const ERROR: u8 = 3;
const SIGNAL: u8 = 4;

const PATH: u8 = 1;
const INTERFACE: u8 = 2;
const MEMBER: u8 = 3;
const ERROR_NAME: u8 = 4;
const REPLY_TO: u8 = 5;
const DESTINATION: u8 = 6;
const SIGNATURE: u8 = 8;

/// Bytes of the header before its fields' own: enough to know how long the message is.
pub(super) const FIXED: usize = 16;

/// A method to be called.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// The object.
    pub path: &'a str,
    /// The interface the method belongs to.
    pub interface: &'a str,
    /// The method.
    pub member: &'a str,
    /// Its arguments.
    pub body: Vec<Value>,
}

impl Call<'_> {
    /// The call as bytes; `serial` is what its reply will refer to.
    pub(super) fn bytes(&self, serial: u32, destination: &str) -> Vec<u8> {
        let mut body = Writer::default();
        body.values(&self.body);
        let signature: String = self.body.iter().map(Value::signature).collect();
        let field = |code, value| Value::Struct(vec![Value::Byte(code), Value::Variant(Box::new(value))]);
        let mut fields = vec![
            field(PATH, Value::Path(self.path.into())),
            field(INTERFACE, Value::text(self.interface)),
            field(MEMBER, Value::text(self.member)),
            field(DESTINATION, Value::text(destination)),
        ];
        if !signature.is_empty() {
            fields.push(field(SIGNATURE, Value::Signature(signature)));
        }
        let mut message = Writer(vec![b'l', CALL, 0, 1]);
        message.value(&Value::Unsigned(u32::try_from(body.0.len()).unwrap_or(u32::MAX)));
        message.value(&Value::Unsigned(serial));
        message.value(&Value::Array("(yv)".into(), fields));
        message.align(8);
        message.0.extend(body.0);
        message.0
    }
}

/// A message that came in.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// The values a method returned.
    Reply {
        /// The call's serial number.
        to: u32,
        /// What it returned.
        body: Vec<Value>,
    },
    /// A method refused.
    Error {
        /// The call's serial number.
        to: u32,
        /// `org.freedesktop.systemd1.NoSuchUnit`
        name: String,
        /// In words.
        text: String,
    },
    /// Something happened.
    Signal {
        /// To which object.
        path: String,
        /// What: `JobRemoved`.
        member: String,
        /// The particulars.
        body: Vec<Value>,
    },
    /// A call to us; no one has business calling us.
    Other,
}

impl Message {
    /// How long the message is whose first [`FIXED`] bytes these are.
    pub(super) fn length(head: &[u8; FIXED]) -> Option<usize> {
        let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]) as usize;
        let (body, fields) = (word(4), word(12));
        (head[0] == b'l' && body <= 128 << 20 && fields <= 64 << 20)
            .then(|| (FIXED + fields).next_multiple_of(8) + body)
    }

    /// Reads a whole message.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let head = reader.values("yyyyuua(yv)")?;
        reader.align(8);
        let fields = head.last().map(Value::items).unwrap_or_default();
        let field = |code: u8| {
            let found = fields.iter().find(|field| field.items().first() == Some(&Value::Byte(code)));
            found.and_then(|field| field.items().get(1))
        };
        let text = |code| field(code).and_then(Value::as_str).unwrap_or_default().to_owned();
        let to = field(REPLY_TO).and_then(Value::as_u64).and_then(|to| u32::try_from(to).ok()).unwrap_or(0);
        let body = reader.values(&text(SIGNATURE))?;
        Ok(match head.get(1) {
            Some(Value::Byte(REPLY)) => Self::Reply { to, body },
            Some(Value::Byte(ERROR)) => {
                let words = body.first().and_then(Value::as_str).unwrap_or_default().to_owned();
                Self::Error { to, name: text(ERROR_NAME), text: words }
            }
            Some(Value::Byte(SIGNAL)) => Self::Signal { path: text(PATH), member: text(MEMBER), body },
            _ => Self::Other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `GetUnit("a.service")`, laid out by hand after the specification.
    const GET_UNIT: &[u8] = b"l\x01\0\x01\x0e\0\0\0\x07\0\0\0\x97\0\0\0\
        \x01\x01o\0\x19\0\0\0/org/freedesktop/systemd1\0\0\0\0\0\0\0\
        \x02\x01s\0\x20\0\0\0org.freedesktop.systemd1.Manager\0\0\0\0\0\0\0\0\
        \x03\x01s\0\x07\0\0\0GetUnit\0\
        \x06\x01s\0\x18\0\0\0org.freedesktop.systemd1\0\0\0\0\0\0\0\0\
        \x08\x01g\0\x01s\0\0\x09\0\0\0a.service\0";

    #[test]
    fn a_call_has_the_bytes_of_the_specification() {
        let call = Call {
            path: "/org/freedesktop/systemd1",
            interface: "org.freedesktop.systemd1.Manager",
            member: "GetUnit",
            body: vec![Value::text("a.service")],
        };
        let bytes = call.bytes(7, "org.freedesktop.systemd1");
        assert_eq!(bytes, GET_UNIT);
        let head: [u8; FIXED] = bytes[..FIXED].try_into().unwrap();
        assert_eq!(Message::length(&head), Some(bytes.len()));
    }

    #[test]
    fn replies_errors_and_signals_are_told_apart() {
        let message = |kind: u8, fields: Vec<(u8, Value)>, body: &[Value]| {
            let mut writer = Writer::default();
            writer.values(body);
            let mut head = Writer(vec![b'l', kind, 0, 1]);
            head.value(&Value::Unsigned(u32::try_from(writer.0.len()).unwrap()));
            head.value(&Value::Unsigned(1));
            let fields = fields
                .into_iter()
                .map(|(code, value)| Value::Struct(vec![Value::Byte(code), Value::Variant(Box::new(value))]));
            head.value(&Value::Array("(yv)".into(), fields.collect()));
            head.align(8);
            head.0.extend(writer.0);
            Message::parse(&head.0).unwrap()
        };
        let signature = |text: &str| (SIGNATURE, Value::Signature(text.into()));
        let reply = message(REPLY, vec![(REPLY_TO, Value::Unsigned(7)), signature("o")], &[Value::Path("/u".into())]);
        assert_eq!(reply, Message::Reply { to: 7, body: vec![Value::Path("/u".into())] });
        let error = vec![(REPLY_TO, Value::Unsigned(7)), (ERROR_NAME, Value::text("x.NoSuchUnit")), signature("s")];
        assert_eq!(
            message(ERROR, error, &[Value::text("Unit x not found.")]),
            Message::Error { to: 7, name: "x.NoSuchUnit".into(), text: "Unit x not found.".into() }
        );
        let signal = vec![(PATH, Value::Path("/p".into())), (MEMBER, Value::text("Reloading")), signature("b")];
        assert_eq!(
            message(SIGNAL, signal, &[Value::Bool(true)]),
            Message::Signal { path: "/p".into(), member: "Reloading".into(), body: vec![Value::Bool(true)] }
        );
    }
}
