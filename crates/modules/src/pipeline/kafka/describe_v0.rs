//! `DescribeConfigs` in version 0, the only one that Kafka 1.0 knows; the codec begins at version 1.

use bytes::{Buf, BufMut, Bytes, BytesMut, TryGetError};
use dpp_protocol::Failure;

/// A setting of a topic: name, value, and whether it was set on the topic itself.
pub(super) type Setting = (String, Option<String>, bool);

/// The request's body: all settings of one topic.
pub(super) fn request(topic: &str) -> BytesMut {
    let mut body = BytesMut::new();
    body.put_i32(1);
    body.put_i8(super::topic_config::TOPIC);
    put_text(&mut body, topic);
    body.put_i32(-1);
    body
}

/// Reads the reply's body: error code, words, settings.
pub(super) fn reply(mut body: Bytes) -> Result<(i16, Option<String>, Vec<Setting>), Failure> {
    read(&mut body).ok_or_else(|| Failure::new("Kafka's reply to DescribeConfigs ends too early").code("DPP0802"))
}

fn read(body: &mut Bytes) -> Option<(i16, Option<String>, Vec<Setting>)> {
    let _throttle = body.try_get_i32().ok()?;
    if body.try_get_i32().ok()? < 1 {
        return None;
    }
    let code = body.try_get_i16().ok()?;
    let words = text(body).ok()?;
    let _kind = body.try_get_i8().ok()?;
    let _topic = text(body).ok()?;
    let count = body.try_get_i32().ok()?;
    let mut settings = Vec::new();
    for _ in 0..count {
        let (name, value) = (text(body).ok()??, text(body).ok()?);
        let _read_only = body.try_get_i8().ok()?;
        let is_default = body.try_get_i8().ok()? != 0;
        let _sensitive = body.try_get_i8().ok()?;
        settings.push((name, value, !is_default));
    }
    Some((code, words, settings))
}

fn put_text(body: &mut BytesMut, text: &str) {
    // A topic's name has at most 249 bytes.
    body.put_i16(i16::try_from(text.len()).unwrap_or(i16::MAX));
    body.put_slice(text.as_bytes());
}

/// A text that may be null; an error when the body ends too early.
fn text(body: &mut Bytes) -> Result<Option<String>, TryGetError> {
    let Ok(length) = usize::try_from(body.try_get_i16()?) else { return Ok(None) };
    if body.remaining() < length {
        return Err(TryGetError { requested: length, available: body.remaining() });
    }
    Ok(Some(String::from_utf8_lossy(&body.split_to(length)).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_and_a_short_reply_is_no_panic() {
        let mut body = BytesMut::new();
        body.put_slice(&[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 255, 255, 2]);
        put_text(&mut body, "logs");
        body.put_i32(1);
        put_text(&mut body, "retention.ms");
        put_text(&mut body, "5");
        body.put_slice(&[0, 0, 0]);
        let whole = body.freeze();
        let setting = ("retention.ms".to_owned(), Some("5".to_owned()), true);
        assert_eq!(reply(whole.clone()).unwrap(), (0, None, vec![setting]));
        for length in 0..whole.len() {
            assert!(reply(whole.slice(..length)).is_err(), "{length}");
        }
    }
}
