//! Kafka's protocol, as far as records go: which messages a request carries, and whether the answer confirms them.

use std::collections::HashMap;

use super::cursor::Cursor;
use super::frames::Frames;
use super::{From, Safety};
use crate::message::Messages;

const PRODUCE: i16 = 0;

/// From this version on numbers and texts are compact, and fields have tags.
const FLEXIBLE: i16 = 9;

/// A request whose answer is yet to come.
#[derive(Debug)]
struct Asked {
    version: i16,
    numbers: Vec<u64>,
}

/// Both directions of a connection.
#[derive(Debug)]
pub(super) struct KafkaFollower {
    from_relay: Frames,
    from_broker: Frames,
    asked: HashMap<i32, Asked>,
}

impl KafkaFollower {
    pub(super) fn new() -> Self {
        Self { from_relay: Frames::default(), from_broker: Frames::default(), asked: HashMap::new() }
    }

    /// Returns how many answers to records the bytes end.
    pub(super) fn read(&mut self, from: From, bytes: &[u8], messages: &Messages, safety: &mut Safety) -> usize {
        let (asked, mut answers) = (&mut self.asked, 0);
        match from {
            From::Relay => self.from_relay.feed(bytes, length, |frame| {
                if let Some((correlation, version)) = produce_request(frame) {
                    asked.insert(correlation, Asked { version, numbers: messages.numbers_in(frame) });
                }
            }),
            From::Broker => self.from_broker.feed(bytes, length, |frame| {
                let Some(request) = correlation(frame).and_then(|number| asked.remove(&number)) else { return };
                answers += 1;
                match error(frame, request.version) {
                    Some(0) => safety.answered(&request.numbers),
                    _ => safety.refused(&request.numbers),
                }
            }),
        }
        answers
    }
}

fn length(bytes: &[u8]) -> Option<usize> {
    Some(Cursor::new(bytes).i32()? as usize + 4)
}

/// The number and the version of a request that carries records.
fn produce_request(frame: &[u8]) -> Option<(i32, i16)> {
    let mut cursor = Cursor::new(frame);
    let (_length, api, version, correlation) = (cursor.i32()?, cursor.i16()?, cursor.i16()?, cursor.i32()?);
    (api == PRODUCE).then_some((correlation, version))
}

fn correlation(frame: &[u8]) -> Option<i32> {
    let mut cursor = Cursor::new(frame);
    cursor.i32()?;
    cursor.i32()
}

/// The error of an answer; none when it cannot be read, or is about more than the one partition that librdkafka asks for.
fn error(frame: &[u8], version: i16) -> Option<i16> {
    let mut cursor = Cursor::new(frame);
    let (_length, _correlation) = (cursor.i32()?, cursor.i32()?);
    if version >= FLEXIBLE { flexible_error(&mut cursor) } else { plain_error(&mut cursor) }
}

fn flexible_error(cursor: &mut Cursor<'_>) -> Option<i16> {
    let (_tags, topics, name) = (cursor.uvarint()?, cursor.uvarint()?, cursor.uvarint()?);
    cursor.take(name.checked_sub(1)?)?;
    let partitions = cursor.uvarint()?;
    cursor.i32()?;
    // A compact length is one more than there are.
    if topics == 2 && partitions == 2 { cursor.i16() } else { None }
}

fn plain_error(cursor: &mut Cursor<'_>) -> Option<i16> {
    let (topics, name) = (cursor.i32()?, cursor.i16()?);
    cursor.take(usize::try_from(name).ok()?)?;
    let partitions = cursor.i32()?;
    cursor.i32()?;
    if topics == 1 && partitions == 1 { cursor.i16() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(parts: &[&[u8]]) -> Vec<u8> {
        let payload = parts.concat();
        [&(payload.len() as u32).to_be_bytes()[..], &payload].concat()
    }

    fn request(api: i16, version: i16, correlation: i32, body: &[u8]) -> Vec<u8> {
        framed(&[&api.to_be_bytes(), &version.to_be_bytes(), &correlation.to_be_bytes(), body])
    }

    fn answer(version: i16, correlation: i32, error: i16) -> Vec<u8> {
        let (correlation, error) = (correlation.to_be_bytes(), error.to_be_bytes());
        let before: &[u8] = if version >= FLEXIBLE {
            &[0, 2, 5, b'l', b'o', b'g', b's', 2, 0, 0, 0, 3]
        } else {
            &[0, 0, 0, 1, 0, 4, b'l', b'o', b'g', b's', 0, 0, 0, 1, 0, 0, 0, 3]
        };
        framed(&[&correlation, before, &error, &[0; 30]])
    }

    #[test]
    fn an_answer_confirms_what_its_request_carried_when_it_names_no_error() {
        let messages = Messages::of("r7", false);
        for version in [5, 7, 8, 9, 10] {
            for (error, is_confirmed) in [(0, true), (29, false)] {
                let (mut safety, mut follower) = (Safety::default(), KafkaFollower::new());
                let body = [messages.body(1), messages.body(2)].concat();
                let asked = [request(3, 12, 6, b"metadata"), request(PRODUCE, version, 7, &body)].concat();
                assert_eq!(follower.read(From::Relay, &asked, &messages, &mut safety), 0);
                let other = framed(&[&6_i32.to_be_bytes(), b"brokers"]);
                assert_eq!(follower.read(From::Broker, &other, &messages, &mut safety), 0);
                let answer = answer(version, 7, error);
                assert_eq!(follower.read(From::Broker, &answer, &messages, &mut safety), 1);
                let expected = if is_confirmed { 2 } else { 0 };
                assert_eq!(safety.sightings().confirmed, expected, "version {version}, error {error}");
            }
        }
    }
}
