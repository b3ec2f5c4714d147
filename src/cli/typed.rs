//! The words of a command line, taken apart as the parser of the command line takes them: letters that stand together,
//! values that follow, stand behind `=`, or stick to their letter.

use clap::{Command, CommandFactory};

use crate::cli::Cli;

/// One piece of a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// A command, an operand, an option without a value.
    Word(String),
    /// Letters without values behind one dash.
    Letters(String),
    /// An option and its value.
    Option(String, String),
}

impl Piece {
    /// Whether this is one of these options.
    pub(super) fn is(&self, names: &[&str]) -> bool {
        match self {
            Self::Option(name, _) => names.contains(&name.as_str()),
            _ => false,
        }
    }

    /// The words one would type.
    pub(super) fn words(&self) -> Vec<String> {
        match self {
            Self::Word(word) => vec![word.clone()],
            Self::Letters(letters) => vec![format!("-{letters}")],
            Self::Option(name, value) if value.starts_with('-') => vec![format!("{name}={value}")],
            Self::Option(name, value) => vec![name.clone(), value.clone()],
        }
    }
}

/// The pieces of these words, which stand after the programme's name.
pub(super) fn pieces(typed: &[String]) -> Vec<Piece> {
    let mut top = Cli::command();
    top.build();
    let command = typed.iter().find_map(|word| top.find_subcommand(word)).unwrap_or(&top);
    let mut words = typed.iter();
    let mut pieces = Vec::new();
    while let Some(word) = words.next() {
        if word == "--" {
            pieces.push(Piece::Word(word.clone()));
            break;
        }
        match word.strip_prefix("--") {
            Some(long) => pieces.push(option(command, long, &mut words)),
            None if word.len() > 1 && word.starts_with('-') => pieces.extend(letters(command, &word[1..], &mut words)),
            None => pieces.push(Piece::Word(word.clone())),
        }
    }
    pieces.extend(words.cloned().map(Piece::Word));
    pieces
}

fn option<'a>(command: &Command, long: &str, words: &mut impl Iterator<Item = &'a String>) -> Piece {
    if let Some((name, value)) = long.split_once('=') {
        return Piece::Option(format!("--{name}"), value.to_owned());
    }
    let known = command.get_arguments().find(|known| {
        known.get_long() == Some(long) || known.get_all_aliases().is_some_and(|names| names.contains(&long))
    });
    match known.filter(|known| known.get_action().takes_values()).and_then(|_| words.next()) {
        Some(value) => Piece::Option(format!("--{long}"), value.clone()),
        None => Piece::Word(format!("--{long}")),
    }
}

fn letters<'a>(command: &Command, letters: &str, words: &mut impl Iterator<Item = &'a String>) -> Vec<Piece> {
    let takes_value = |letter: char| {
        command.get_arguments().any(|known| known.get_short() == Some(letter) && known.get_action().takes_values())
    };
    let Some((at, letter)) = letters.char_indices().find(|(_, letter)| takes_value(*letter)) else {
        return vec![Piece::Letters(letters.to_owned())];
    };
    let stuck = &letters[at + letter.len_utf8()..];
    let value = if stuck.is_empty() {
        words.next().cloned().unwrap_or_default()
    } else {
        stuck.strip_prefix('=').unwrap_or(stuck).to_owned()
    };
    let before = (at > 0).then(|| Piece::Letters(letters[..at].to_owned()));
    before.into_iter().chain([Piece::Option(format!("-{letter}"), value)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_wherever_they_stand() {
        let typed = "run -Cve a=1 -eb=2 --extra-vars=c=3 -e=d=4 --limit es site.yml -D -- -e e=5";
        let option = |name: &str, value: &str| Piece::Option(name.to_owned(), value.to_owned());
        let word = |word: &str| Piece::Word(word.to_owned());
        assert_eq!(
            pieces(&shlex::split(typed).unwrap()),
            [
                word("run"),
                Piece::Letters("Cv".into()),
                option("-e", "a=1"),
                option("-e", "b=2"),
                option("--extra-vars", "c=3"),
                option("-e", "d=4"),
                option("--limit", "es"),
                word("site.yml"),
                Piece::Letters("D".into()),
                word("--"),
                word("-e"),
                word("e=5"),
            ]
        );
    }
}
