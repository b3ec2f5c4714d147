//! Logging in: keys that were named, the ssh agent, the usual keys, a password; in this order, and all of them named in
//! the error when none was taken.

use std::path::{Path, PathBuf};

use ssh2::{ErrorCode, KeyboardInteractivePrompt, Prompt, Session};

use crate::secret::Secret;
use crate::transport::private_key::PrivateKey;
use crate::transport::{Login, TransportError};

/// libssh2's numbers for a connection that is gone: nothing sent, disconnected, nothing received.
const GONE: [i32; 3] = [-7, -13, -43];
/// How its words begin for a login that was never answered; their number is that of a refused one.
const UNANSWERED: &str = "Waiting for";
/// Its number for a key's file that it cannot use.
const UNREADABLE: ErrorCode = ErrorCode::Session(-16);

pub(super) fn log_in(session: &Session, address: &str, login: &Login) -> Result<(), TransportError> {
    let offered = session.auth_methods(&login.user).unwrap_or_default().to_owned();
    let mut attempt = Attempt { session, login, address, tried: Vec::new(), locked: None };
    let taken = session.authenticated()
        || attempt.named_keys()?
        || (login.use_agent && attempt.agent()?)
        || attempt.usual_keys()?
        || attempt.passwords(&offered)?;
    if taken { Ok(()) } else { Err(attempt.refusal(&offered)) }
}

/// The public halves of the keys that the ssh agent holds; none when there is no agent.
pub fn agent_keys() -> Vec<Vec<u8>> {
    let asked = || -> Result<Vec<Vec<u8>>, ssh2::Error> {
        let session = Session::new()?;
        let mut agent = session.agent()?;
        agent.connect()?;
        agent.list_identities()?;
        Ok(agent.identities()?.iter().map(|identity| identity.blob().to_vec()).collect())
    };
    asked().unwrap_or_default()
}

/// One login, and what was tried in it.
struct Attempt<'a> {
    session: &'a Session,
    login: &'a Login,
    address: &'a str,
    tried: Vec<String>,
    /// The first key that nobody gave the passphrase of.
    locked: Option<PathBuf>,
}

impl Attempt<'_> {
    fn named_keys(&mut self) -> Result<bool, TransportError> {
        for path in &self.login.keys {
            let key = PrivateKey::read(path).map_err(|error| unusable(path, &error.to_string()))?;
            if key.is_encrypted() && self.login.passphrase(path).is_none() {
                // The agent may hold it.
                self.locked.get_or_insert_with(|| path.clone());
                continue;
            }
            match self.try_key(path) {
                Ok(()) => return Ok(true),
                // libssh2 reports an unreadable key and a refused one alike; only the former is worth stopping for.
                Err(error) if error.code() == UNREADABLE && key.is_encrypted() => {
                    return Err(TransportError::WrongPassphrase { path: path.display().to_string() });
                }
                Err(error) if error.code() == UNREADABLE => return Err(unusable(path, "it is no private key")),
                Err(error) => self.refused(&error, format!("key {}", path.display()))?,
            }
        }
        Ok(false)
    }

    fn agent(&mut self) -> Result<bool, TransportError> {
        let Ok(mut agent) = self.session.agent() else { return Ok(false) };
        if agent.connect().and_then(|()| agent.list_identities()).is_err() {
            return Ok(false);
        }
        for identity in agent.identities().unwrap_or_default() {
            match agent.userauth(&self.login.user, &identity) {
                Ok(()) => return Ok(true),
                Err(error) => self.refused(&error, format!("the ssh agent's key {}", identity.comment()))?,
            }
        }
        Ok(false)
    }

    fn usual_keys(&mut self) -> Result<bool, TransportError> {
        for path in self.login.usual_keys.iter().filter(|path| path.exists()) {
            if self.login.passphrase(path).is_none() && PrivateKey::read(path).is_ok_and(|key| key.is_encrypted()) {
                self.locked.get_or_insert_with(|| path.clone());
                continue;
            }
            match self.try_key(path) {
                Ok(()) => return Ok(true),
                Err(error) => self.refused(&error, format!("key {}", path.display()))?,
            }
        }
        Ok(false)
    }

    fn passwords(&mut self, offered: &str) -> Result<bool, TransportError> {
        let Some(password) = &self.login.password else { return Ok(false) };
        let user = &self.login.user;
        if offered.contains("password") {
            match self.session.userauth_password(user, password.reveal()) {
                Ok(()) => return Ok(true),
                Err(error) => self.refused(&error, "the password".to_owned())?,
            }
        }
        if offered.contains("keyboard-interactive") {
            match self.session.userauth_keyboard_interactive(user, &mut Answerer(password)) {
                Ok(()) => return Ok(true),
                Err(error) => self.refused(&error, "the password at the host's prompt".to_owned())?,
            }
        }
        Ok(false)
    }

    fn try_key(&self, path: &Path) -> Result<(), ssh2::Error> {
        let passphrase = self.login.passphrase(path).map(Secret::reveal);
        self.session.userauth_pubkey_file(&self.login.user, None, path, passphrase)
    }

    /// Notes what was refused; a host that hung up instead refuses everything, for now.
    fn refused(&mut self, error: &ssh2::Error, what: String) -> Result<(), TransportError> {
        let gone = matches!(error.code(), ErrorCode::Session(number) if GONE.contains(&number));
        if gone || error.message().starts_with(UNANSWERED) {
            return Err(TransportError::HungUp { address: self.address.into() });
        }
        self.tried.push(what);
        Ok(())
    }

    fn refusal(mut self, offered: &str) -> TransportError {
        if let Some(path) = self.locked.take() {
            if self.tried.is_empty() {
                return TransportError::KeyLocked { path: path.display().to_string() };
            }
            self.tried.push(format!("key {} (it wants a passphrase: --key-passphrase-file)", path.display()));
        }
        if self.tried.is_empty() {
            self.tried.push(format!("nothing (no key, no agent, no password; it would take {offered})"));
        }
        TransportError::LoginRefused { user: self.login.user.clone(), address: self.address.into(), tried: self.tried }
    }
}

fn unusable(key: &Path, cause: &str) -> TransportError {
    TransportError::Key { path: key.display().to_string(), cause: cause.into() }
}

/// Answers every hidden prompt with the password.
struct Answerer<'a>(&'a Secret);

impl KeyboardInteractivePrompt for Answerer<'_> {
    fn prompt(&mut self, _user: &str, _instructions: &str, prompts: &[Prompt<'_>]) -> Vec<String> {
        prompts.iter().map(|prompt| if prompt.echo { String::new() } else { self.0.reveal().to_owned() }).collect()
    }
}
