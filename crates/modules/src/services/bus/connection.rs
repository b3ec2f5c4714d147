//! One connection to systemd: over its own socket, or over the system bus.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use super::message::{Call, FIXED, Message};
use super::value::Value;

const SYSTEM_BUS: &str = "/run/dbus/system_bus_socket";
const BUS: &str = "org.freedesktop.DBus";
const SYSTEMD: &str = "org.freedesktop.systemd1";

/// How long a method may take: `daemon-reload` on a busy host takes seconds.
const PATIENCE: Duration = Duration::from_secs(90);

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// The socket is not there, or broke.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The other side does not speak as it should.
    #[error("{0}")]
    Malformed(String),
    /// systemd refused, with the name of the error and its words.
    #[error("{text}")]
    Refused {
        /// `org.freedesktop.systemd1.NoSuchUnit`
        name: String,
        /// In words.
        text: String,
    },
}

/// A connection on which methods are called and signals come in.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    serial: u32,
    /// Signals that came while a reply was waited for.
    signals: VecDeque<Message>,
}

impl Connection {
    /// Connects to systemd's own socket, which needs no bus to be installed.
    pub fn direct(socket: &Path) -> Result<Self, BusError> {
        Self::greet(UnixStream::connect(socket)?)
    }

    /// Connects to systemd over the system bus, as users other than root may.
    pub fn over_the_bus() -> Result<Self, BusError> {
        let mut bus = Self::greet(UnixStream::connect(SYSTEM_BUS)?)?;
        bus.join()?;
        Ok(bus)
    }

    /// Proves who we are: the kernel tells the other side our user, who must be the one we name.
    ///
    /// All lines go out at once, and no message before the last answer: systemd takes up a message that it reads together
    /// with `BEGIN` only when the next one comes. File descriptors are asked for just to have that last answer.
    fn greet(mut stream: UnixStream) -> Result<Self, BusError> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let user = rustix::process::geteuid().as_raw().to_string();
        let user: String = user.bytes().map(|byte| format!("{byte:02x}")).collect();
        stream.write_all(format!("\0AUTH EXTERNAL {user}\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n").as_bytes())?;
        let answer = line(&mut stream)?;
        if !answer.starts_with("OK ") {
            return Err(BusError::Malformed(format!("systemd's socket refuses us: {answer}")));
        }
        line(&mut stream)?;
        Ok(Self { stream, serial: 0, signals: VecDeque::new() })
    }

    /// What the bus, other than systemd's own socket, wants to hear before it delivers systemd's signals.
    fn join(&mut self) -> Result<(), BusError> {
        let path = "/org/freedesktop/DBus";
        self.call_to(BUS, &Call { path, interface: BUS, member: "Hello", body: Vec::new() })?;
        let rule = Value::text("type='signal',sender='org.freedesktop.systemd1'");
        self.call_to(BUS, &Call { path, interface: BUS, member: "AddMatch", body: vec![rule] })?;
        let (path, interface) = ("/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager");
        self.call(&Call { path, interface, member: "Subscribe", body: Vec::new() })?;
        Ok(())
    }

    /// Calls a method of systemd and waits for what it returns.
    pub fn call(&mut self, call: &Call) -> Result<Vec<Value>, BusError> {
        self.call_to(SYSTEMD, call)
    }

    /// Calls a method that will never answer.
    pub fn send(&mut self, call: &Call) -> Result<(), BusError> {
        self.serial += 1;
        Ok(self.stream.write_all(&call.bytes(self.serial, SYSTEMD))?)
    }

    /// The next signal; none when there was none before the deadline.
    pub fn signal(&mut self, deadline: Instant) -> Result<Option<Message>, BusError> {
        loop {
            if let Some(signal) = self.signals.pop_front() {
                return Ok(Some(signal));
            }
            match self.receive(deadline)? {
                Some(signal @ Message::Signal { .. }) => return Ok(Some(signal)),
                Some(_) => {}
                None => return Ok(None),
            }
        }
    }

    fn call_to(&mut self, destination: &str, call: &Call) -> Result<Vec<Value>, BusError> {
        self.serial += 1;
        let serial = self.serial;
        self.stream.write_all(&call.bytes(serial, destination))?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.receive(deadline)? {
                Some(Message::Reply { to, body }) if to == serial => return Ok(body),
                Some(Message::Error { to, name, text }) if to == serial => {
                    return Err(BusError::Refused { name, text });
                }
                Some(signal @ Message::Signal { .. }) => self.signals.push_back(signal),
                Some(_) => {}
                None => return Err(io::Error::from(io::ErrorKind::TimedOut).into()),
            }
        }
    }

    /// The next message; none when none began to come before the deadline.
    fn receive(&mut self, deadline: Instant) -> Result<Option<Message>, BusError> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(None);
        }
        self.stream.set_read_timeout(Some(left))?;
        let mut bytes = vec![0; FIXED];
        match self.stream.read(&mut bytes[..1]) {
            Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Ok(_) => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        }
        self.stream.set_read_timeout(Some(PATIENCE))?;
        self.stream.read_exact(&mut bytes[1..])?;
        let mut head = [0; FIXED];
        head.copy_from_slice(&bytes);
        let length = Message::length(&head).ok_or_else(|| BusError::Malformed("no D-Bus message".into()))?;
        bytes.resize(length, 0);
        self.stream.read_exact(&mut bytes[FIXED..])?;
        Message::parse(&bytes).map(Some).map_err(|error| BusError::Malformed(error.to_string()))
    }
}

fn line(stream: &mut UnixStream) -> io::Result<String> {
    let mut line = Vec::new();
    let mut byte = [0];
    while !line.ends_with(b"\r\n") && line.len() < 512 {
        stream.read_exact(&mut byte)?;
        line.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}
