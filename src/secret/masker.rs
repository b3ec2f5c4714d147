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

    /// Puts the mark in the place of every secret in the text.
    pub fn hide_in(&self, text: &mut String) {
        for secret in &self.secrets {
            if text.contains(secret.as_str()) {
                *text = text.replace(secret.as_str(), "****");
            }
        }
    }

    /// Whether there is anything to mask.
    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }
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
}
