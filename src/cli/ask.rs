//! Questions to a person: a secret, a yes. One that meets no terminal is declined with the option that answers it.

use std::io::{self, BufRead, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::cli::Stop;
use crate::engine::Operator;
use crate::secret::Secret;
use crate::ui::Ui;

/// Whether anybody is there.
pub(super) fn is_possible() -> bool {
    io::stdin().is_terminal()
}

/// Asks for a secret, which is not shown while it is typed.
pub(super) fn secret(what: &str, instead: &str) -> Result<Secret, Stop> {
    if !is_possible() {
        return Err(Stop::Declined(format!("cannot ask for {what}: standard input is no terminal; use {instead}")));
    }
    rpassword::prompt_password(format!("{what}: "))
        .map(Secret::new)
        .map_err(|error| Stop::Trouble(format!("cannot read {what}: {error}")))
}

/// Asks for a line, which is seen while it is typed.
pub(super) fn line(question: &str, ui: Ui) -> Result<String, Stop> {
    ui.story(question);
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| Stop::Trouble(format!("cannot read the answer: {error}")))?;
    Ok(answer.trim_end_matches('\n').to_owned())
}

/// Asks a question that only a yes answers.
pub(super) fn yes(question: &str, instead: &str, ui: Ui) -> Result<(), Stop> {
    let question = format!("{question} [y/N]");
    if !is_possible() {
        return Err(Stop::Declined(format!("cannot ask \"{question}\": standard input is no terminal; {instead}")));
    }
    let answer = line(&question, ui)?;
    if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
        return Ok(());
    }
    Err(Stop::Declined("declined; nothing was touched".to_owned()))
}

/// Has a word typed before something that a yes does not answer, unless it was given already.
pub(super) fn word(what: &str, word: &str, given: Option<&str>, ui: Ui) -> Result<(), Stop> {
    let typed = match given {
        Some(given) => given.to_owned(),
        None if is_possible() => line(&format!("{what}. Type {word} to go on:"), ui)?.trim().to_owned(),
        None => {
            let words = format!("{what}, and standard input is no terminal to ask at");
            return Err(Stop::Declined(format!("{words}; --confirm {word} answers it")));
        }
    };
    if typed == word { Ok(()) } else { Err(Stop::Declined("declined; nothing was touched".to_owned())) }
}

/// The person at the terminal, while a run goes on.
pub(super) struct Watcher {
    /// More than 0 when the run is broken off.
    pub(super) cancel: Arc<AtomicU8>,
}

impl Operator for Watcher {
    fn is_there(&self) -> bool {
        is_possible()
    }

    fn answer(&self, echo: bool) -> String {
        const LOOK: Duration = Duration::from_millis(100);
        let (sender, answer) = mpsc::channel();
        // Nothing but a key ends a read from a terminal; the run must be able to end without one.
        thread::spawn(move || sender.send(typed(echo)));
        loop {
            match answer.recv_timeout(LOOK) {
                Ok(answer) => return answer,
                Err(RecvTimeoutError::Timeout) if self.cancel.load(Ordering::Relaxed) == 0 => {}
                Err(_) => return String::new(),
            }
        }
    }
}

fn typed(echo: bool) -> String {
    if !echo {
        return rpassword::read_password().unwrap_or_default();
    }
    let mut answer = String::new();
    let _ = io::stdin().lock().read_line(&mut answer);
    answer.trim_end_matches(['\n', '\r']).to_owned()
}
