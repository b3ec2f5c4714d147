//! Paragraphs of `Field: value` lines, as dpkg's status file and a package's control file are made of (deb822(5)).

/// One paragraph; a field's name is compared without regard to case.
#[derive(Debug, Clone, Copy)]
pub struct Stanza<'a>(&'a str);

impl<'a> Stanza<'a> {
    /// The paragraphs of a file, empty ones left out.
    pub fn all(text: &'a str) -> impl Iterator<Item = Self> {
        text.split("\n\n").map(str::trim_end).filter(|text| !text.trim().is_empty()).map(Self)
    }

    /// Its lines, those that continue a field with their indent.
    pub fn lines(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.0.lines()
    }

    /// The value on the field's own line.
    pub fn field(&self, name: &str) -> Option<&'a str> {
        self.0.lines().find_map(|line| value_of(line, name))
    }

    /// The lines that continue the field, without their indent.
    pub fn continuation(&self, name: &str) -> impl Iterator<Item = &'a str> {
        let mut lines = self.0.lines();
        let found = lines.by_ref().any(|line| value_of(line, name).is_some());
        lines.take_while(move |line| found && line.starts_with([' ', '\t'])).map(str::trim)
    }
}

fn value_of<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (field, value) = line.split_once(':')?;
    field.eq_ignore_ascii_case(name).then(|| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_their_continuations_are_read() {
        let text =
            "Package: a\nConffiles:\n /etc/a 0af\n /etc/b 1bc obsolete\nDescription: x: y\n more\n\nPackage: b\n";
        let stanzas: Vec<_> = Stanza::all(text).collect();
        assert_eq!(stanzas.len(), 2);
        assert_eq!(stanzas[0].field("package"), Some("a"));
        assert_eq!(stanzas[0].field("Description"), Some("x: y"));
        assert_eq!(stanzas[0].continuation("Conffiles").collect::<Vec<_>>(), ["/etc/a 0af", "/etc/b 1bc obsolete"]);
        assert_eq!(stanzas[1].field("Conffiles"), None);
        assert_eq!(stanzas[1].continuation("Conffiles").count(), 0);
    }
}
