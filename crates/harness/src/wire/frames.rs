//! Cuts a stream into whole frames, however the bytes arrive. What a frame is, its reader says.

/// Bytes that are not a whole frame yet.
#[derive(Debug, Default)]
pub(super) struct Frames {
    waiting: Vec<u8>,
}

impl Frames {
    /// Takes bytes in and hands out every frame that they complete; `length` tells a frame's from its first bytes.
    pub(super) fn feed(&mut self, bytes: &[u8], length: impl Fn(&[u8]) -> Option<usize>, mut frame: impl FnMut(&[u8])) {
        self.waiting.extend_from_slice(bytes);
        let mut begin = 0;
        while let Some(length) = length(&self.waiting[begin..])
            && let Some(whole) = self.waiting.get(begin..begin + length)
        {
            frame(whole);
            begin += length;
        }
        self.waiting.drain(..begin);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_whole_however_the_bytes_arrive() {
        let stream = [&[1, b'a'][..], &[0], &[3, b'b', b'c', b'd'], &[2, b'e']].concat();
        for step in 1..stream.len() {
            let (mut frames, mut found) = (Frames::default(), Vec::new());
            for bytes in stream.chunks(step) {
                let length = |bytes: &[u8]| bytes.first().map(|length| 1 + usize::from(*length));
                frames.feed(bytes, length, |frame| found.push(frame[1..].to_vec()));
            }
            assert_eq!(found, [b"a".to_vec(), vec![], b"bcd".to_vec()], "in steps of {step}");
        }
    }
}
