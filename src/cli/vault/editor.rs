//! A text in somebody's own editor: `$VISUAL`, `$EDITOR`, else vi.

use std::process::Command;

use zeroize::Zeroizing;

use crate::cli::vault::scratch::Scratch;
use crate::cli::{Stop, ask};

/// What is taken where nothing is set.
const USUAL: &str = "vi";

/// Shows a content under a file's name, and returns what became of it.
pub(super) fn edited(name: &str, content: &[u8]) -> Result<Zeroizing<Vec<u8>>, Stop> {
    let words = editor()?;
    let cannot = |error: std::io::Error| Stop::Trouble(format!("cannot keep {name} for the editor: {error}"));
    let scratch = Scratch::with(name, content).map_err(cannot)?;
    match scratch.opened_by(Command::new(&words[0]).args(&words[1..])) {
        Ok(status) if status.success() => scratch.content().map_err(cannot),
        Ok(status) => Err(Stop::Trouble(format!("{} ended with {status}; {name} is as it was", words[0]))),
        Err(error) => {
            let instead = "EDITOR names another one: EDITOR=nano dppctl vault edit FILE";
            Err(Stop::Trouble(format!("cannot start the editor {}: {error}; {instead}", words[0])))
        }
    }
}

/// The editor's words; one that nobody named wants a terminal.
fn editor() -> Result<Vec<String>, Stop> {
    let named = ["VISUAL", "EDITOR"].iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    match named {
        Some(named) => match shlex::split(&named).filter(|words| !words.is_empty()) {
            Some(words) => Ok(words),
            None => Err(Stop::Trouble(format!("EDITOR is no command: {named}"))),
        },
        None if ask::is_possible() => Ok(vec![USUAL.to_owned()]),
        None => Err(Stop::Declined(
            "cannot open an editor: standard input is no terminal; set EDITOR, or use dppctl vault view and \
             dppctl vault encrypt"
                .to_owned(),
        )),
    }
}
