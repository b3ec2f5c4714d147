//! The treaty between `dppctl` and its agent: what is asked, what is answered, and how both are put on the wire.
//!
//! It knows no module: a task names one and carries its parameters as plain data, so a new module changes no wire type.

mod frame;
mod outcome;
mod request;
mod response;

pub use frame::{Frame, FrameError, MAX_FRAME, put_message, read_frame, skip_to_magic, write_blob, write_message};
pub use outcome::{Answer, Change, Failure, Note, Outcome, ResultMap, Verb};
pub use request::{Bound, Debt, Mode, Request, Task};
pub use response::{Hello, Progress, Response};

/// Number of the protocol; raised when the meaning of a field changes, refused in the greeting when it differs.
pub const PROTOCOL: u32 = 1;

/// What an agent writes before its first frame, so that a banner or a chatty `.bashrc` is never taken for data.
///
/// It ends in a zero byte and holds one at its start: no text that a shell prints contains it.
pub const MAGIC: &[u8; 10] = b"\0dppctl-1\0";

/// How often an agent that runs a task says that it is there; a host silent for several of these is taken for lost.
pub const ALIVE_EVERY: std::time::Duration = std::time::Duration::from_secs(5);
