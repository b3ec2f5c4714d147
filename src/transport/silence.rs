//! Tells a stream that is silent from one that is gone. One long wait is not enough for that: when this machine stood
//! still meanwhile, or was asleep, it ends at once although the far end had no chance to speak. Several short ones are.

use std::io::{self, ErrorKind, Read, Write};

/// Waits without a word after which a stream is gone.
const MOST: u32 = 6;

/// A stream whose reads and writes end in [`ErrorKind::TimedOut`] after a short while, made patient.
pub(super) struct Patient<S>(pub(super) S);

impl<S> Patient<S> {
    fn patiently<T>(&mut self, attempt: &mut dyn FnMut(&mut S) -> io::Result<T>) -> io::Result<T> {
        for _ in 1..MOST {
            match attempt(&mut self.0) {
                Err(error) if error.kind() == ErrorKind::TimedOut => {}
                outcome => return outcome,
            }
        }
        attempt(&mut self.0)
    }
}

impl<S: Read> Read for Patient<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.patiently(&mut |stream| stream.read(buffer))
    }
}

impl<S: Write> Write for Patient<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.patiently(&mut |stream| stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.patiently(&mut |stream| stream.flush())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Speaks after so many waits.
    struct Slow(u32);

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some(left) = self.0.checked_sub(1) else { return b"x".as_slice().read(buffer) };
            self.0 = left;
            Err(ErrorKind::TimedOut.into())
        }
    }

    #[test]
    fn a_stream_is_gone_when_it_said_nothing_in_several_waits() {
        for (waits, said) in [(0, Some(1)), (1, Some(1)), (MOST - 1, Some(1)), (MOST, None)] {
            assert_eq!(Patient(Slow(waits)).read(&mut [0]).ok(), said, "{waits} waits");
        }
    }
}
