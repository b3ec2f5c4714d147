//! File modes as tasks write them: `0644`, `"u=rwX,g-w"`, `preserve`; and what they make of a file that is there.
//!
//! It computes and touches nothing.

use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

/// The bits that a mode may hold.
const ALL: u32 = 0o7777;

/// A wanted mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileMode {
    /// These bits exactly.
    Bits(u32),
    /// Changes to the bits that are there, as chmod(1) reads them.
    Symbolic(Vec<Clause>),
    /// As the source file has it.
    Preserve,
}

/// One part of a symbolic mode between commas: `ug+rX`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Mask of the classes it speaks of.
    who: u32,
    /// Whether no class was written, so that the umask counts.
    masked: bool,
    actions: Vec<(char, Permissions)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Permissions {
    Letters(String),
    CopyOf(char),
}

impl FileMode {
    /// Reads a mode; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text == "preserve" {
            return Ok(Self::Preserve);
        }
        let digits = text.strip_prefix("0o").unwrap_or(text);
        if digits.starts_with(|first: char| first.is_ascii_digit()) {
            return u32::from_str_radix(digits, 8)
                .ok()
                .filter(|bits| *bits <= ALL)
                .map(Self::Bits)
                .ok_or_else(|| format!("`{text}` is not an octal mode such as 0644"));
        }
        text.split(',').map(clause).collect::<Option<Vec<_>>>().map(Self::Symbolic).ok_or_else(|| {
            format!("`{text}` is neither an octal mode such as 0644 nor a symbolic one such as u=rw,g=r")
        })
    }

    /// The bits a file gets that has `current` now.
    pub fn on(&self, current: u32, folder: bool, umask: u32) -> u32 {
        match self {
            Self::Bits(bits) => *bits,
            Self::Preserve => current & ALL,
            Self::Symbolic(clauses) => {
                clauses.iter().fold(current & ALL, |bits, clause| clause.on(bits, folder, umask))
            }
        }
    }
}

impl<'de> Deserialize<'de> for FileMode {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Value::deserialize(from)? {
            Value::String(text) => Self::parse(&text).map_err(D::Error::custom),
            Value::Number(number) => number
                .as_u64()
                .and_then(|bits| u32::try_from(bits).ok())
                .filter(|bits| *bits <= ALL)
                .map(Self::Bits)
                .ok_or_else(|| D::Error::custom(format!("{number} is not a file mode; write it as \"0644\""))),
            other => Err(D::Error::custom(format!("{other} is not a file mode"))),
        }
    }
}

fn clause(text: &str) -> Option<Clause> {
    let split = text.find(['+', '-', '='])?;
    let (classes, mut rest) = text.split_at(split);
    let mut who = 0;
    for class in classes.chars() {
        who |= class_mask(class)?;
    }
    let masked = who == 0;
    let mut actions = Vec::new();
    while let Some(operator) = rest.chars().next() {
        let end = rest[1..].find(['+', '-', '=']).map_or(rest.len(), |found| found + 1);
        actions.push((operator, permissions(&rest[1..end])?));
        rest = &rest[end..];
    }
    Some(Clause { who: if masked { ALL } else { who }, masked, actions })
}

fn class_mask(class: char) -> Option<u32> {
    Some(match class {
        'u' => 0o4700,
        'g' => 0o2070,
        'o' => 0o1007,
        'a' => ALL,
        _ => return None,
    })
}

fn permissions(text: &str) -> Option<Permissions> {
    match text {
        "u" | "g" | "o" => text.chars().next().map(Permissions::CopyOf),
        _ if text.chars().all(|letter| "rwxXst".contains(letter)) => Some(Permissions::Letters(text.to_owned())),
        _ => None,
    }
}

impl Clause {
    fn on(&self, current: u32, folder: bool, umask: u32) -> u32 {
        let mut bits = current;
        for (operator, permissions) in &self.actions {
            let mut change = permissions.bits(bits, folder) & self.who;
            if self.masked {
                change &= !umask;
            }
            bits = match operator {
                '+' => bits | change,
                '-' => bits & !change,
                _ => (bits & !self.cleared(folder)) | change,
            };
        }
        bits
    }

    /// `=` leaves set-id and sticky bits of a folder alone, as chmod(1) does, unless the class was given.
    fn cleared(&self, folder: bool) -> u32 {
        if folder { self.who & 0o777 } else { self.who }
    }
}

impl Permissions {
    /// The permission in every class; the clause's mask picks.
    fn bits(&self, current: u32, folder: bool) -> u32 {
        match self {
            Self::CopyOf(class) => {
                let shift = match class {
                    'u' => 6,
                    'g' => 3,
                    _ => 0,
                };
                ((current >> shift) & 0o7) * 0o111
            }
            Self::Letters(letters) => {
                letters.chars().fold(0, |bits, letter| bits | letter_bits(letter, current, folder))
            }
        }
    }
}

fn letter_bits(letter: char, current: u32, folder: bool) -> u32 {
    match letter {
        'r' => 0o444,
        'w' => 0o222,
        'x' => 0o111,
        'X' if folder || current & 0o111 != 0 => 0o111,
        's' => 0o6000,
        't' => 0o1000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn symbolic_modes_do_what_chmod_does() {
        for (mode, current, folder, wanted) in [
            ("u=rw,g=r,o=r", 0o777, false, 0o644),
            ("u=rwX,g=rX,o=", 0o600, true, 0o750),
            ("u=rwX,g=rX,o=", 0o600, false, 0o640),
            ("u=rwX,g=rX,o=", 0o700, false, 0o750),
            ("a+x", 0o644, false, 0o755),
            ("ugo-w", 0o666, false, 0o444),
            ("u+s", 0o755, false, 0o4755),
            ("g+s", 0o755, true, 0o2755),
            ("+t", 0o777, true, 0o1777),
            ("o=u", 0o750, false, 0o757),
            ("g=u-w", 0o700, false, 0o750),
            ("go-rwx", 0o777, true, 0o700),
            ("u=rwx", 0o2755, true, 0o2755),
            ("+w", 0o444, false, 0o644),
        ] {
            let got = FileMode::parse(mode).unwrap().on(current, folder, 0o022);
            assert_eq!(got, wanted, "{mode} on {current:o} gave {got:o}");
        }
    }

    #[test]
    fn octal_texts_and_numbers_are_bits() {
        for text in ["0644", "644", "0o644"] {
            assert_eq!(from_value::<FileMode>(json!(text)).unwrap(), FileMode::Bits(0o644));
        }
        assert_eq!(from_value::<FileMode>(json!(420)).unwrap(), FileMode::Bits(0o644));
        assert_eq!(from_value::<FileMode>(json!("preserve")).unwrap(), FileMode::Preserve);
    }

    #[test]
    fn nonsense_is_refused_with_its_text() {
        for text in ["0888", "77777", "u~rw", "rw", "z=r", "u=q"] {
            assert!(FileMode::parse(text).unwrap_err().contains(text));
        }
    }
}
