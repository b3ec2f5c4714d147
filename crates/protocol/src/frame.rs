//! Length-prefixed frames: a kind byte, a big-endian `u32` length, the payload. Nothing here knows what a message means.

use std::io::{self, Read, Write};

use serde::Serialize;

use crate::MAGIC;

/// The largest payload that is accepted, in bytes; larger data travels as several blobs.
pub const MAX_FRAME: usize = 64 << 20;

/// How much noise is tolerated before the magic, in bytes.
const MAX_NOISE: usize = 1 << 20;

const MESSAGE: u8 = b'M';
const BLOB: u8 = b'B';

/// One frame as read from the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A JSON document: a request or a response.
    Message(Vec<u8>),
    /// Raw bytes of the blob that the last message announced.
    Blob(Vec<u8>),
}

/// Why a frame could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The other side closed the connection between two frames.
    #[error("the connection was closed")]
    Closed,
    /// The connection broke, possibly inside a frame.
    #[error("the connection broke: {0}")]
    Io(#[from] io::Error),
    /// The stream holds something that is no frame.
    #[error("not a frame: kind {kind:#04x}, length {length}")]
    Garbage {
        /// The byte in place of the kind.
        kind: u8,
        /// The four bytes in place of the length.
        length: u32,
    },
    /// The magic did not come; what came instead is kept for the operator.
    #[error("the agent did not start; the host answered: {}", String::from_utf8_lossy(.noise).trim())]
    NoMagic {
        /// What the host printed instead, cut to its last part.
        noise: Vec<u8>,
    },
    /// The payload is no JSON of the expected shape.
    #[error("unreadable message: {0}")]
    Json(#[from] serde_json::Error),
}

/// Writes one message and flushes.
pub fn write_message(to: &mut impl Write, message: &impl Serialize) -> Result<(), FrameError> {
    put_message(to, message)?;
    to.flush()?;
    Ok(())
}

/// Writes one message that may wait for the next flush.
pub fn put_message(to: &mut impl Write, message: &impl Serialize) -> Result<(), FrameError> {
    let mut bytes = vec![MESSAGE, 0, 0, 0, 0];
    serde_json::to_writer(&mut bytes, message)?;
    let length = length_of(bytes.len() - 5)?;
    bytes[1..5].copy_from_slice(&length);
    to.write_all(&bytes)?;
    Ok(())
}

/// Writes one piece of a blob; the caller flushes after the last one.
pub fn write_blob(to: &mut impl Write, piece: &[u8]) -> Result<(), FrameError> {
    let mut bytes = Vec::with_capacity(piece.len() + 5);
    bytes.push(BLOB);
    bytes.extend_from_slice(&length_of(piece.len())?);
    bytes.extend_from_slice(piece);
    to.write_all(&bytes)?;
    Ok(())
}

/// Reads the next frame; `Closed` when the stream ends between two frames.
pub fn read_frame(from: &mut impl Read) -> Result<Frame, FrameError> {
    let mut head = [0; 5];
    read_head(from, &mut head)?;
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
    if !matches!(head[0], MESSAGE | BLOB) || length as usize > MAX_FRAME {
        return Err(FrameError::Garbage { kind: head[0], length });
    }
    let mut payload = vec![0; length as usize];
    from.read_exact(&mut payload)?;
    Ok(if head[0] == MESSAGE { Frame::Message(payload) } else { Frame::Blob(payload) })
}

/// Reads up to and including the magic and returns the noise before it.
pub fn skip_to_magic(from: &mut impl Read) -> Result<Vec<u8>, FrameError> {
    let mut seen = Vec::new();
    let mut byte = [0];
    while !seen.ends_with(MAGIC) {
        if from.read(&mut byte)? == 0 || seen.len() > MAX_NOISE {
            return Err(FrameError::NoMagic { noise: seen.split_off(seen.len().saturating_sub(2000)) });
        }
        seen.push(byte[0]);
    }
    seen.truncate(seen.len() - MAGIC.len());
    Ok(seen)
}

fn length_of(length: usize) -> Result<[u8; 4], FrameError> {
    u32::try_from(length)
        .ok()
        .filter(|length| *length as usize <= MAX_FRAME)
        .map(u32::to_be_bytes)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "frame larger than 64 MiB").into())
}

fn read_head(from: &mut impl Read, head: &mut [u8; 5]) -> Result<(), FrameError> {
    loop {
        match from.read(&mut head[..1]) {
            Ok(0) => return Err(FrameError::Closed),
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    from.read_exact(&mut head[1..])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_back_as_it_was_written() {
        let mut wire = Vec::new();
        write_message(&mut wire, &"hello").unwrap();
        write_blob(&mut wire, &[0, 1, 255]).unwrap();
        let mut wire = wire.as_slice();
        assert_eq!(read_frame(&mut wire).unwrap(), Frame::Message(b"\"hello\"".to_vec()));
        assert_eq!(read_frame(&mut wire).unwrap(), Frame::Blob(vec![0, 1, 255]));
        assert!(matches!(read_frame(&mut wire), Err(FrameError::Closed)));
    }

    #[test]
    fn a_banner_before_the_magic_is_skipped_and_kept() {
        let mut wire = b"Welcome to es1!\n".to_vec();
        wire.extend_from_slice(MAGIC);
        wire.push(b'x');
        let mut wire = wire.as_slice();
        assert_eq!(skip_to_magic(&mut wire).unwrap(), b"Welcome to es1!\n");
        assert_eq!(wire, b"x");
    }

    #[test]
    fn without_a_magic_the_hosts_own_words_are_the_error() {
        let error = skip_to_magic(&mut b"This account is not available.\n".as_slice()).unwrap_err();
        assert_eq!(error.to_string(), "the agent did not start; the host answered: This account is not available.");
    }

    #[test]
    fn text_in_the_stream_is_refused_rather_than_read_as_a_length() {
        assert!(matches!(read_frame(&mut b"Hello there".as_slice()), Err(FrameError::Garbage { kind: b'H', .. })));
    }

    #[test]
    fn a_cut_inside_a_frame_is_an_error_and_not_an_end() {
        let mut wire = Vec::new();
        write_message(&mut wire, &"hello").unwrap();
        wire.truncate(wire.len() - 2);
        assert!(matches!(read_frame(&mut wire.as_slice()), Err(FrameError::Io(_))));
    }
}
