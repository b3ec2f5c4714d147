//! The part of D-Bus that speaking with systemd takes: method calls, replies and signals over one local socket.
//!
//! Written here because the agent is pushed to hosts and must stay small: the D-Bus crates bring an async runtime or
//! several hundred KB, and this is one message format on one socket. File descriptors and big-endian peers are left out.

mod connection;
mod message;
mod value;
mod wire;

pub use connection::{BusError, Connection};
pub use message::{Call, Message};
pub use value::Value;
