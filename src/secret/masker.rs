//! Puts `****` in the place of every known secret in a text that is to be shown.

/// Secrets shorter than this are not masked: `a` or `1` would tear every text to pieces and hide nothing.
const SHORTEST: usize = 4;

/// The secrets of a run.
#[derive(Debug, Clone, Default)]
pub struct Masker {
    secrets: Vec<String>,
}

impl Masker {
    /// Learns a secret, line by line when it has several: a diff shows lines.
    pub fn learn(&mut self, secret: &str) {
        let known = self.secrets.len();
        for part in std::iter::once(secret).chain(secret.lines()).map(str::trim) {
            if part.len() >= SHORTEST && !self.secrets.iter().any(|known| known == part) {
                self.secrets.push(part.to_owned());
            }
        }
        if self.secrets.len() == known {
            return;
        }
        self.secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    }

    /// The text without the secrets.
    pub fn mask(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| {
            if text.contains(secret.as_str()) { text.replace(secret.as_str(), "****") } else { text }
        })
    }

    /// Whether there is anything to mask.
    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_secret_is_masked_before_its_part() {
        let mut masker = Masker::default();
        masker.learn("pass");
        masker.learn("password1");
        assert_eq!(masker.mask("x=password1 y=pass z=pas"), "x=**** y=**** z=pas");
    }

    #[test]
    fn a_secret_of_several_lines_is_masked_in_a_diff_too() {
        let mut masker = Masker::default();
        masker.learn("first line\nsecond line\n");
        assert_eq!(masker.mask("+second line"), "+****");
    }
}
