//! One-line entries of sources.list(5): `deb [signed-by=…] https://… bookworm main`.

/// An entry, taken apart so that two ways to write it are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// `deb` or `deb-src`.
    kind: String,
    /// What stands in brackets, sorted.
    options: Vec<String>,
    /// The repository's address.
    pub(super) uri: String,
    /// Suite and components.
    rest: Vec<String>,
}

impl Line {
    /// Reads a line; none when it is a remark, is empty, or is no entry.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.split('#').next()?.trim();
        let (kind, rest) = text.split_once(char::is_whitespace)?;
        if !matches!(kind, "deb" | "deb-src") {
            return None;
        }
        let (options, rest) = match rest.trim_start().strip_prefix('[') {
            Some(rest) => rest.split_once(']')?,
            None => ("", rest),
        };
        let mut words = rest.split_whitespace().map(str::to_owned);
        let uri = words.next()?;
        let rest: Vec<_> = words.collect();
        let mut options: Vec<_> = options.split_whitespace().map(str::to_owned).collect();
        options.sort();
        (!rest.is_empty()).then(|| Self { kind: kind.to_owned(), options, uri, rest })
    }

    /// True when both are of one repository and suite: apt refuses two such entries with different keys.
    pub(super) fn is_of_the_same(&self, other: &Self) -> bool {
        let address = |line: &Self| (line.kind.clone(), line.uri.trim_end_matches('/').to_owned(), line.rest.clone());
        address(self) == address(other)
    }

    /// The name of the file that Ansible would give it, without its ending: `artifacts_elastic_co_packages_6_x_apt`.
    pub(super) fn file_name(&self) -> String {
        let address = self.uri.split_once("://").map_or(self.uri.as_str(), |(_, address)| address);
        let address = address.split_once('@').map_or(address, |(_, address)| address);
        clean_name(address)
    }
}

/// Letters and digits, with one underscore for anything between them.
pub(super) fn clean_name(text: &str) -> String {
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_")
}

/// The name of a source or key as a file's: apt ignores files with other letters.
pub(super) fn file_name(name: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !name.is_empty() && name.chars().all(allowed) { name.to_owned() } else { clean_name(name).to_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_the_same_however_they_are_spaced() {
        let line = Line::parse("deb [ arch=amd64  signed-by=/k.asc ] https://x/apt/ stable  main # elastic").unwrap();
        assert_eq!(line, Line::parse("deb [signed-by=/k.asc arch=amd64] https://x/apt/ stable main").unwrap());
        assert!(line.is_of_the_same(&Line::parse("deb https://x/apt stable main").unwrap()));
        assert!(!line.is_of_the_same(&Line::parse("deb-src https://x/apt stable main").unwrap()));
        for none in ["# deb https://x stable main", "", "deb https://x", "rpm https://x stable main"] {
            assert_eq!(Line::parse(none), None, "{none}");
        }
    }

    #[test]
    fn files_are_named_as_ansible_names_them() {
        let line = Line::parse("deb https://me:pw@artifacts.elastic.co/packages/6.x/apt stable main").unwrap();
        assert_eq!(line.file_name(), "artifacts_elastic_co_packages_6_x_apt");
    }

    #[test]
    fn names_of_files_are_those_that_apt_reads() {
        assert_eq!(file_name("elastic-6.x"), "elastic-6.x");
        assert_eq!(file_name("Elastic 6.x repo"), "elastic_6_x_repo");
    }
}
