//! Starts the agent in one round trip: a shell looks for it by its hash, takes it from standard input when it is
//! missing, and becomes it; through sudo or su when asked.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use dpp_protocol::{Frame, Hello, MAGIC, PROTOCOL, Response, read_frame};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use crate::secret::Secret;
use crate::transport::{Agent, Connection, TransportError, Wire};

/// What sudo prints when it wants the password; it is told to.
const SUDO_MARK: &[u8] = b"dppctl-sudo-password:";
/// What su prints, in English, which it is told to speak.
const SU_MARK: &[u8] = b"Password: ";
/// What the script prints when the agent must be sent.
const NEED_MARK: &[u8] = b"dppctl-send-agent:";

/// The script. One line without quotes, backslashes, exclamation marks and line ends, so that every login shell passes
/// it on unharmed between single quotes. It uses the first folder that is ours, can be written, has room and lets files
/// run. What arrives is hashed before it may run; what lies there from earlier hashes itself, which takes a fifth of the
/// time.
///
/// Some of the folders lie where everybody may write, so `find` asks in one look whether the name is a real folder of
/// ours that nobody else can write to; a link that somebody put there beforehand is left alone, whatever it points to.
const SCRIPT: &str = "h=$1; u=$(id -u); \
    dirs=\"/var/cache/dppctl $HOME/.cache/dppctl /run/user/$u/dppctl /dev/shm/dppctl-$u /var/tmp/dppctl-$u\"; \
    ours() { [ -n \"$(find \"$1\" -prune -type d -user \"$u\" -not -perm /022 2>/dev/null)\" ]; }; \
    for d in $dirs; do f=$d/agent-$h; \
    if [ -x \"$f\" ] && ours \"$d\" && [ \"$(\"$f\" --hash 2>/dev/null)\" = $h ]; then exec \"$f\"; fi; done; \
    for d in $dirs; do \
    (umask 022; mkdir -p \"$d\") 2>/dev/null; ours \"$d\" || continue; t=$d/.new-$$; \
    if ( : >\"$t\" ) 2>/dev/null && chmod 755 \"$t\" && [ -x \"$t\" ]; then \
    printf %s dppctl-send-agent:; read -r n; head -c \"$n\" | (gzip -dc >\"$t\" 2>/dev/null; cat >/dev/null); \
    if echo \"$h  $t\" | sha256sum -c >/dev/null 2>&1; then \
    rm -f \"$d\"/agent-*; mv -f \"$t\" \"$d/agent-$h\"; exec \"$d/agent-$h\"; fi; \
    full=\"$full $d\"; fi; \
    rm -f \"$t\" 2>/dev/null; done; \
    [ -z \"$full\" ] || echo the agent arrived damaged, or there is no room for it in$full; \
    echo no folder lets a file of ours run: tried $dirs; exit 1";

/// The agent's file and its hash. Its bytes are read again, and packed because half of them are air, when a host lacks it: most
/// hosts have it.
#[derive(Debug)]
pub struct AgentBinary {
    path: PathBuf,
    sha256: String,
    packed: OnceLock<Result<Vec<u8>, String>>,
}

impl AgentBinary {
    /// Takes it from a file.
    pub fn read(path: &Path) -> Result<Self, TransportError> {
        let hashed = File::open(path).and_then(|mut file| {
            let (mut hash, mut piece) = (Sha256::new(), vec![0; 256 << 10]);
            while let length @ 1.. = file.read(&mut piece)? {
                hash.update(&piece[..length]);
            }
            Ok(hash)
        });
        let hash = hashed.map_err(|error| unreadable(path, error.to_string()))?;
        Ok(Self { path: path.to_owned(), sha256: hexadecimal(hash), packed: OnceLock::new() })
    }

    /// What is sent: the length of the packed bytes on a line of its own, and they.
    fn packed(&self) -> Result<&[u8], TransportError> {
        let packed = self.packed.get_or_init(|| self.pack().map_err(|error| error.to_string()));
        packed.as_deref().map_err(|cause| unreadable(&self.path, cause.clone()))
    }

    fn pack(&self) -> io::Result<Vec<u8>> {
        let bytes = fs::read(&self.path)?;
        if hexadecimal(Sha256::new().chain_update(&bytes)) != self.sha256 {
            return Err(io::Error::other("it was replaced since this run began"));
        }
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(&bytes)?;
        let packed = packed.finish()?;
        Ok([format!("{}\n", packed.len()).as_bytes(), &packed].concat())
    }

    /// Where it lies: beside this programme, as a build leaves it and as the package installs it.
    pub fn beside(programme: &Path) -> PathBuf {
        programme.with_file_name("dppctl-agent")
    }
}

fn unreadable(path: &Path, cause: String) -> TransportError {
    TransportError::AgentBinary { path: path.display().to_string(), cause }
}

fn hexadecimal(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// By which programme another user is become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum BecomeMethod {
    /// `sudo`, with the login user's password.
    #[default]
    Sudo,
    /// `su`, with the other user's.
    Su,
}

impl BecomeMethod {
    /// The method of this name, with or without Ansible's collection before it.
    pub fn parse(name: &str) -> Option<Self> {
        match name.rsplit('.').next().unwrap_or(name) {
            "sudo" => Some(Self::Sudo),
            "su" => Some(Self::Su),
            _ => None,
        }
    }

    fn mark(self) -> &'static [u8] {
        match self {
            Self::Sudo => SUDO_MARK,
            Self::Su => SU_MARK,
        }
    }
}

/// Another user to become on the host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Become {
    /// The user, `root` mostly.
    pub user: String,
    /// By which programme.
    pub method: BecomeMethod,
}

/// Starts an agent over a connection, as the login user or as another.
///
/// `user` is the login user's name, for messages; `password` is what sudo or su asks for.
pub fn start(
    connection: &dyn Connection,
    binary: &AgentBinary,
    user: &str,
    becoming: Option<&Become>,
    password: Option<&Secret>,
) -> Result<Agent, TransportError> {
    match attempt(connection, binary, user, becoming, password, false) {
        Err(TransportError::NoAgent { said }) if said.contains("must have a tty") => {
            attempt(connection, binary, user, becoming, password, true)
        }
        outcome => outcome,
    }
}

fn attempt(
    connection: &dyn Connection,
    binary: &AgentBinary,
    user: &str,
    becoming: Option<&Become>,
    password: Option<&Secret>,
    terminal: bool,
) -> Result<Agent, TransportError> {
    let mut wire = connection.start(&command(binary, becoming, password.is_some(), terminal), terminal)?;
    Greeting { binary, user, becoming, password, asked: false }.await_magic(&mut wire)?;
    let mut input = BufReader::with_capacity(64 << 10, wire.input);
    let hello = greeting(&mut input)?;
    if hello.protocol != PROTOCOL {
        return Err(TransportError::Protocol { theirs: hello.protocol, ours: PROTOCOL });
    }
    Ok(Agent::new(input, wire.output, hello))
}

fn command(binary: &AgentBinary, becoming: Option<&Become>, with_password: bool, terminal: bool) -> String {
    let words = format!("dppctl {}", binary.sha256);
    let raw = if terminal { "stty raw -echo && " } else { "" };
    match becoming {
        None => format!("sh -c '{SCRIPT}' {words}"),
        Some(Become { user, method: BecomeMethod::Sudo }) => {
            let asking = if with_password { "-S -p dppctl-sudo-password:" } else { "-n" };
            format!("{raw}sudo -H {asking} -u {user} -- sh -c '{SCRIPT}' {words}")
        }
        Some(Become { user, method: BecomeMethod::Su }) => {
            format!("{raw}env LC_ALL=C su -s /bin/sh -c '{SCRIPT}' {user} {words}")
        }
    }
}

/// What is said on the way to the agent's magic.
struct Greeting<'a> {
    binary: &'a AgentBinary,
    user: &'a str,
    becoming: Option<&'a Become>,
    password: Option<&'a Secret>,
    asked: bool,
}

impl Greeting<'_> {
    /// Answers what is asked: the password, the binary.
    fn await_magic(&mut self, wire: &mut Wire) -> Result<(), TransportError> {
        let mark = self.becoming.map(|becoming| becoming.method.mark());
        let mut seen = Vec::new();
        let mut byte = [0];
        loop {
            match wire.input.read(&mut byte) {
                Ok(0) => return Err(self.refusal(&seen)),
                Ok(_) => seen.push(byte[0]),
                Err(error) => return Err(TransportError::Broken(error.to_string())),
            }
            if seen.ends_with(MAGIC) {
                return Ok(());
            }
            if mark.is_some_and(|mark| seen.ends_with(mark)) {
                self.answer_password(wire)?;
            }
            if seen.ends_with(NEED_MARK) {
                send(wire, self.binary.packed()?)?;
            }
            if seen.len() > 1 << 20 {
                return Err(self.refusal(&seen));
            }
        }
    }

    fn answer_password(&mut self, wire: &mut Wire) -> Result<(), TransportError> {
        match self.password {
            Some(password) if !self.asked => {
                self.asked = true;
                send(wire, format!("{}\n", password.reveal()).as_bytes())
            }
            Some(_) => Err(self.wrong_password()),
            None => Err(self.missing_password()),
        }
    }

    fn refusal(&self, seen: &[u8]) -> TransportError {
        let said = String::from_utf8_lossy(seen);
        let said = said.trim();
        if said.contains("a password is required") {
            return if self.asked { self.wrong_password() } else { self.missing_password() };
        }
        if self.asked && said.contains("su: Authentication failure") {
            return self.wrong_password();
        }
        let last = said.char_indices().rev().nth(400).map_or(0, |(at, _)| at);
        TransportError::NoAgent { said: if said.is_empty() { "nothing".into() } else { said[last..].to_owned() } }
    }

    fn wrong_password(&self) -> TransportError {
        match self.becoming {
            Some(Become { user, method: BecomeMethod::Su }) => TransportError::SuPassword { user: user.clone() },
            _ => TransportError::SudoPassword { user: self.user.into() },
        }
    }

    fn missing_password(&self) -> TransportError {
        match self.becoming {
            Some(Become { user, method: BecomeMethod::Su }) => TransportError::SuPasswordMissing { user: user.clone() },
            _ => TransportError::SudoPasswordMissing { user: self.user.into() },
        }
    }
}

fn send(wire: &mut Wire, bytes: &[u8]) -> Result<(), TransportError> {
    let sent = bytes.chunks(64 << 10).try_for_each(|piece| wire.output.write_all(piece));
    sent.and_then(|()| wire.output.flush()).map_err(|error| TransportError::Broken(error.to_string()))
}

fn greeting(input: &mut impl Read) -> Result<Hello, TransportError> {
    let no_agent = |said: String| TransportError::NoAgent { said };
    match read_frame(input) {
        Ok(Frame::Message(bytes)) => match serde_json::from_slice(&bytes) {
            Ok(Response::Hello(hello)) => Ok(hello),
            Ok(other) => Err(no_agent(format!("{other:?}"))),
            Err(error) => Err(no_agent(error.to_string())),
        },
        Ok(Frame::Blob(_)) => Err(no_agent("a blob".into())),
        Err(error) => Err(no_agent(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_passes_every_login_shell_between_single_quotes() {
        for forbidden in ['\'', '\\', '!', '\n'] {
            assert!(!SCRIPT.contains(forbidden), "{forbidden:?}");
        }
    }
}
