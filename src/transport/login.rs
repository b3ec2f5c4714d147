//! Logging in: keys that were named, the ssh agent, the usual keys, a password; in this order, and all of them named in
//! the error when none was taken.

use std::path::Path;

use ssh2::{KeyboardInteractivePrompt, Prompt, Session};

use crate::secret::Secret;
use crate::transport::{Login, TransportError};

pub(super) fn log_in(session: &Session, address: &str, login: &Login) -> Result<(), TransportError> {
    let mut tried = Vec::new();
    let offered = session.auth_methods(&login.user).unwrap_or_default().to_owned();
    let taken = session.authenticated()
        || named_keys(session, login, &mut tried)?
        || (login.use_agent && agent(session, login, &mut tried))
        || usual_keys(session, login, &mut tried)
        || passwords(session, login, &offered, &mut tried);
    if taken {
        return Ok(());
    }
    if tried.is_empty() {
        tried.push(format!("nothing (no key, no agent, no password; it would take {offered})"));
    }
    Err(TransportError::LoginRefused { user: login.user.clone(), address: address.into(), tried })
}

fn named_keys(session: &Session, login: &Login, tried: &mut Vec<String>) -> Result<bool, TransportError> {
    for key in &login.keys {
        let text = std::fs::read_to_string(key).map_err(|error| unusable(key, &error.to_string()))?;
        match try_key(session, login, key) {
            Ok(()) => return Ok(true),
            // libssh2 reports an unreadable key and a refused one alike; only the former is worth stopping for.
            Err(error) if error.code() == ssh2::ErrorCode::Session(-16) => {
                return Err(unusable(key, why_unreadable(&text, login.passphrase.is_some())));
            }
            Err(_) => tried.push(format!("key {}", key.display())),
        }
    }
    Ok(false)
}

fn why_unreadable(text: &str, with_passphrase: bool) -> &'static str {
    match (text.contains("PRIVATE KEY"), with_passphrase) {
        (false, _) => "it is no private key",
        (true, true) => "the passphrase is wrong",
        (true, false) => "it wants a passphrase: load it into the ssh agent with ssh-add",
    }
}

fn unusable(key: &Path, cause: &str) -> TransportError {
    TransportError::Key { path: key.display().to_string(), cause: cause.into() }
}

fn agent(session: &Session, login: &Login, tried: &mut Vec<String>) -> bool {
    let Ok(mut agent) = session.agent() else { return false };
    if agent.connect().and_then(|()| agent.list_identities()).is_err() {
        return false;
    }
    for identity in agent.identities().unwrap_or_default() {
        if agent.userauth(&login.user, &identity).is_ok() {
            return true;
        }
        tried.push(format!("the ssh agent's key {}", identity.comment()));
    }
    false
}

fn usual_keys(session: &Session, login: &Login, tried: &mut Vec<String>) -> bool {
    login.usual_keys.iter().filter(|key| key.exists()).any(|key| {
        let taken = try_key(session, login, key).is_ok();
        if !taken {
            tried.push(format!("key {}", key.display()));
        }
        taken
    })
}

fn try_key(session: &Session, login: &Login, key: &Path) -> Result<(), ssh2::Error> {
    session.userauth_pubkey_file(&login.user, None, key, login.passphrase.as_ref().map(Secret::reveal))
}

fn passwords(session: &Session, login: &Login, offered: &str, tried: &mut Vec<String>) -> bool {
    let Some(password) = &login.password else { return false };
    tried.push("the password".into());
    (offered.contains("password") && session.userauth_password(&login.user, password.reveal()).is_ok())
        || (offered.contains("keyboard-interactive")
            && session.userauth_keyboard_interactive(&login.user, &mut Answerer(password)).is_ok())
}

/// Answers every hidden prompt with the password.
struct Answerer<'a>(&'a Secret);

impl KeyboardInteractivePrompt for Answerer<'_> {
    fn prompt(&mut self, _user: &str, _instructions: &str, prompts: &[Prompt<'_>]) -> Vec<String> {
        prompts.iter().map(|prompt| if prompt.echo { String::new() } else { self.0.reveal().to_owned() }).collect()
    }
}
