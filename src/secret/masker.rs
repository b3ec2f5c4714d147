//! Puts `****` in the place of every known secret in a text that is to be shown.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Secrets shorter than this are not masked: `a` or `1` would tear every text to pieces and hide nothing.
const SHORTEST: usize = 4;

/// What a URL writes as `%41`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The secrets of a run.
#[derive(Debug, Clone, Default)]
pub struct Masker {
    secrets: Vec<String>,
}

impl Masker {
    /// Learns a secret, line by line when it has several: a diff shows lines. It is known in base64, too, and as it stands in
    /// a URL.
    pub fn learn(&mut self, secret: &str) {
        let known = self.secrets.len();
        for part in std::iter::once(secret).chain(secret.lines()).map(str::trim).filter(|part| part.len() >= SHORTEST) {
            for form in [part.to_owned(), BASE64_STANDARD.encode(part), utf8_percent_encode(part, RESERVED).to_string()]
            {
                if !self.secrets.contains(&form) {
                    self.secrets.push(form);
                }
            }
        }
        if self.secrets.len() == known {
            return;
        }
        self.secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    }

    /// Puts the mark in the place of every secret in the text.
    pub fn hide_in(&self, text: &mut String) {
        for secret in &self.secrets {
            if text.contains(secret.as_str()) {
                *text = text.replace(secret.as_str(), "****");
            }
        }
        if text.contains("://")
            && let Some(hidden) = without_passwords_of_urls(text)
        {
            *text = hidden;
        }
    }

    /// Whether there is anything to mask.
    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }
}

/// `http://user:password@host` without the password; nothing when there is none.
fn without_passwords_of_urls(text: &str) -> Option<String> {
    let mut hidden = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://").map(|at| at + 3) {
        let (before, after) = rest.split_at(at);
        hidden.push_str(before);
        rest = after;
        let end =
            after.find(|letter: char| letter.is_whitespace() || "/\"'<>?#".contains(letter)).unwrap_or(after.len());
        let password = after[..end].rfind('@').and_then(|at| Some((after[..at].find(':')? + 1, at)));
        let Some((from, to)) = password.filter(|(from, to)| from < to && !after[*from..*to].starts_with("**")) else {
            continue;
        };
        hidden.push_str(&after[..from]);
        hidden.push_str("****");
        rest = &after[to..];
    }
    let whole = hidden + rest;
    (whole != text).then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(masker: &Masker, text: &str) -> String {
        let mut text = text.to_owned();
        masker.hide_in(&mut text);
        text
    }

    #[test]
    fn the_longer_secret_is_masked_before_its_part() {
        let mut masker = Masker::default();
        masker.learn("pass");
        masker.learn("password1");
        assert_eq!(masked(&masker, "x=password1 y=pass z=pas"), "x=**** y=**** z=pas");
    }

    #[test]
    fn a_secret_of_several_lines_is_masked_in_a_diff_too() {
        let mut masker = Masker::default();
        masker.learn("first line\nsecond line\n");
        assert_eq!(masked(&masker, "+second line"), "+****");
    }

    #[test]
    fn other_forms_of_a_secret_are_masked_and_passwords_in_urls() {
        let mut masker = Masker::default();
        masker.learn("geh/eim!");
        for (text, shown) in [
            ("auth: Z2VoL2VpbSE=", "auth: ****"),
            ("http://h/?p=geh%2Feim%21&x", "http://h/?p=****&x"),
            ("amqp://logger:other@rmq1:5672/ and https://u:p@h", "amqp://logger:****@rmq1:5672/ and https://u:****@h"),
            ("http://h:80/a@b and ssh://git@h:22", "http://h:80/a@b and ssh://git@h:22"),
            ("http://h/x", "http://h/x"),
        ] {
            assert_eq!(masked(&masker, text), shown);
        }
    }
}
