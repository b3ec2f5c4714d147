//! The wire of the agent: frames, the magic before them, requests and responses.

use dpp_protocol::{Frame, Request, Response, put_message, read_frame, skip_to_magic};

/// Reads both directions of a conversation; a message that is understood is written and read again.
pub(crate) fn run(bytes: &[u8]) {
    let mut noisy = bytes;
    let _ = skip_to_magic(&mut noisy);
    let mut wire = bytes;
    while let Ok(frame) = read_frame(&mut wire) {
        let Frame::Message(message) = frame else { continue };
        if let Ok(request) = serde_json::from_slice::<Request>(&message) {
            assert!(survives(&request));
        }
        if let Ok(response) = serde_json::from_slice::<Response>(&message) {
            assert!(survives(&response));
        }
    }
}

/// What is understood, says the same when it is sent on.
fn survives<T: serde::Serialize + serde::de::DeserializeOwned>(message: &T) -> bool {
    let mut wire = Vec::new();
    put_message(&mut wire, message).expect("a message that was read can be written");
    let Ok(Frame::Message(sent)) = read_frame(&mut wire.as_slice()) else { return false };
    let again: T = serde_json::from_slice(&sent).expect("what was written can be read");
    serde_json::to_value(&again).ok() == serde_json::to_value(message).ok()
}
