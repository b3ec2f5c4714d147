//! A text in a variable: its characters, what may be done with it, and where it stands.

use std::fmt;
use std::sync::Arc;

use crate::source::Place;

/// What may be done with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Somebody of the project wrote it: it is a template if it looks like one.
    Template,
    /// Data: a host's answer, `!unsafe`. Never rendered, whatever it looks like.
    Plain,
    /// A decrypted vault value or a password: rendered if it looks like a template, never shown.
    Secret,
}

/// A text with its trust and the place it was written at. Equality is by characters.
#[derive(Clone)]
pub struct Text {
    characters: Arc<str>,
    trust: Trust,
    place: Option<Place>,
}

impl Text {
    /// Data that is never rendered.
    pub fn plain(text: impl Into<Arc<str>>) -> Self {
        Self { characters: text.into(), trust: Trust::Plain, place: None }
    }

    /// A text that is rendered when used.
    pub fn template(text: impl Into<Arc<str>>) -> Self {
        Self { characters: text.into(), trust: Trust::Template, place: None }
    }

    /// A text that is never shown.
    pub fn secret(text: impl Into<Arc<str>>) -> Self {
        Self { characters: text.into(), trust: Trust::Secret, place: None }
    }

    /// Says where it stands.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// The characters, not rendered.
    pub fn as_str(&self) -> &str {
        &self.characters
    }

    /// Where it was written, if it was.
    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// What may be done with it.
    pub fn trust(&self) -> Trust {
        self.trust
    }

    /// Whether rendering it would do something.
    pub fn is_template(&self) -> bool {
        self.trust != Trust::Plain && ["{{", "{%", "{#"].iter().any(|mark| self.characters.contains(mark))
    }

    /// Whether it must not be shown.
    pub fn is_secret(&self) -> bool {
        self.trust == Trust::Secret
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.characters == other.characters
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.trust {
            Trust::Secret => f.write_str("****"),
            _ => write!(f, "{:?}", self.characters),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_never_a_template() {
        assert!(Text::template("{{ x }}").is_template());
        assert!(!Text::plain("{{ x }}").is_template());
        assert!(!Text::template("x").is_template());
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        assert_eq!(format!("{:?}", Text::secret("hunter2")), "****");
    }
}
