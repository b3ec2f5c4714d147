//! The lines of an INI file: where a section begins and ends, and what an option's line says.

use std::ops::Range;

use crate::files::edit::bare;

/// What a line says of an option.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OptionLine<'a> {
    pub(super) name: &'a str,
    pub(super) value: Option<&'a str>,
    /// False for a line that is commented out.
    pub(super) active: bool,
}

/// The lines of a section without its head; those before the first head where no name is given.
pub(super) fn find_section(lines: &[String], name: Option<&str>) -> Option<Range<usize>> {
    let start = match name {
        None => 0,
        Some(name) => lines.iter().position(|line| head_of(line) == Some(name))? + 1,
    };
    let end = lines[start..].iter().position(|line| head_of(line).is_some()).map_or(lines.len(), |end| start + end);
    Some(start..end)
}

fn head_of(line: &str) -> Option<&str> {
    Some(line.trim().strip_prefix('[')?.split_once(']')?.0.trim())
}

/// Reads an option's line, also one behind a `#` or `;`.
pub(super) fn option_of(line: &str) -> Option<OptionLine<'_>> {
    let line = bare(line).trim();
    let text = line.trim_start_matches(['#', ';']).trim_start();
    let active = text.len() == line.len();
    match text.split_once('=') {
        Some((name, value)) => Some(OptionLine { name: name.trim_end(), value: Some(value.trim()), active }),
        None if active && !text.is_empty() && head_of(text).is_none() => {
            Some(OptionLine { name: text, value: None, active })
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_and_options_are_told_apart() {
        let lines: Vec<String> = ["x=1\n", "[a]\n", "# y = 2\n", "[b]\n"].map(str::to_owned).to_vec();
        assert_eq!(find_section(&lines, None), Some(0..1));
        assert_eq!(find_section(&lines, Some("a")), Some(2..3));
        assert_eq!(find_section(&lines, Some("c")), None);
        assert_eq!(option_of(&lines[2]), Some(OptionLine { name: "y", value: Some("2"), active: false }));
        assert_eq!(option_of("[a]\n"), None);
    }
}
