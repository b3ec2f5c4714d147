//! AMQP 0-9-1 as the relay and RabbitMQ speak it: which message came with which tag, and what was acknowledged.

use std::collections::HashMap;

use super::cursor::Cursor;
use super::frames::Frames;
use super::{From, Safety};
use crate::message::Messages;

const GREETING: &[u8] = b"AMQP";
const GREETING_LENGTH: usize = 8;

/// Type, channel and size before a frame's payload, and one byte after it.
const AROUND: usize = 8;

const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BASIC: u16 = 60;
const DELIVER: u16 = 60;
const ACK: u16 = 80;

/// Both directions of a connection.
#[derive(Debug)]
pub(super) struct AmqpFollower {
    connection: u64,
    from_relay: Frames,
    from_broker: Frames,
    /// By channel, the delivery whose header is yet to come.
    announced: HashMap<u16, u64>,
}

impl AmqpFollower {
    pub(super) fn new(connection: u64) -> Self {
        Self { connection, from_relay: Frames::default(), from_broker: Frames::default(), announced: HashMap::new() }
    }

    pub(super) fn read(&mut self, from: From, bytes: &[u8], messages: &Messages, safety: &mut Safety) {
        let connection = self.connection;
        match from {
            From::Relay => self.from_relay.feed(bytes, length, |frame| {
                if let Some((channel, up_to, multiple)) = acknowledgement(frame) {
                    safety.acknowledged((connection, channel), up_to, multiple);
                }
            }),
            From::Broker => {
                let announced = &mut self.announced;
                self.from_broker.feed(bytes, length, |frame| {
                    if let Some((channel, tag)) = delivery(frame) {
                        announced.insert(channel, tag);
                    } else if let Some((channel, header)) = header(frame)
                        && let Some(tag) = announced.remove(&channel)
                    {
                        safety.delivered((connection, channel), tag, messages.numbers_in(header).first().copied());
                    }
                });
            }
        }
    }
}

fn length(bytes: &[u8]) -> Option<usize> {
    if bytes.starts_with(GREETING) {
        return Some(GREETING_LENGTH);
    }
    let size = bytes.get(3..7)?.try_into().ok()?;
    Some(u32::from_be_bytes(size) as usize + AROUND)
}

/// The channel and the payload of a frame of this type.
fn payload(frame: &[u8], wanted: u8) -> Option<(u16, Cursor<'_>)> {
    let mut cursor = Cursor::new(frame);
    let (kind, channel, _size) = (cursor.u8()?, cursor.u16()?, cursor.i32()?);
    (kind == wanted && !frame.starts_with(GREETING)).then_some((channel, cursor))
}

fn method(frame: &[u8], wanted: u16) -> Option<(u16, Cursor<'_>)> {
    let (channel, mut cursor) = payload(frame, METHOD)?;
    (cursor.u16()? == BASIC && cursor.u16()? == wanted).then_some((channel, cursor))
}

fn delivery(frame: &[u8]) -> Option<(u16, u64)> {
    let (channel, mut cursor) = method(frame, DELIVER)?;
    cursor.short_string()?;
    Some((channel, cursor.u64()?))
}

fn acknowledgement(frame: &[u8]) -> Option<(u16, u64, bool)> {
    let (channel, mut cursor) = method(frame, ACK)?;
    Some((channel, cursor.u64()?, cursor.u8()? & 1 == 1))
}

fn header(frame: &[u8]) -> Option<(u16, &[u8])> {
    let (channel, mut cursor) = payload(frame, HEADER)?;
    Some((channel, cursor.take(frame.len().checked_sub(AROUND)?)?))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
        [&[kind, 0, 1][..], &(payload.len() as u32).to_be_bytes(), payload, &[0xce]].concat()
    }

    fn deliver(tag: u64, messages: &Messages, number: u64) -> Vec<u8> {
        let method = [&[0, 60, 0, 60, 1, b'c'][..], &tag.to_be_bytes(), &[0, 0, 0]].concat();
        let header = format!("properties {}", messages.id(number));
        [frame(METHOD, &method), frame(HEADER, header.as_bytes()), frame(3, b"body")].concat()
    }

    fn ack(up_to: u64, multiple: bool) -> Vec<u8> {
        frame(METHOD, &[&[0, 60, 0, 80][..], &up_to.to_be_bytes(), &[u8::from(multiple)]].concat())
    }

    #[test]
    fn deliveries_and_acknowledgements_are_seen_in_their_order_byte_for_byte() {
        let messages = Messages::of("r7", false);
        let (mut safety, mut follower) = (Safety::default(), AmqpFollower::new(0));
        let mut say = |from, bytes: &[u8], safety: &mut Safety| {
            for byte in bytes {
                follower.read(from, &[*byte], &messages, safety);
            }
        };
        say(From::Relay, b"AMQP\0\0\x09\x01", &mut safety);
        say(From::Broker, &deliver(1, &messages, 41), &mut safety);
        say(From::Broker, &deliver(2, &messages, 42), &mut safety);
        safety.answered(&[41]);
        say(From::Relay, &ack(1, false), &mut safety);
        assert_eq!(safety.sightings().early, Vec::<String>::new());
        say(From::Relay, &ack(2, true), &mut safety);
        let seen = safety.sightings();
        assert_eq!((seen.delivered, seen.acknowledged, seen.early.len()), (2, 2, 1));
        assert!(seen.early[0].contains("message 42"), "{:?}", seen.early);
    }
}
