//! A text with places for a version's parts: `elasticsearch-{version}-{arch}.deb`.

/// What a pattern may name.
pub(super) const PLACES: &[&str] = &["arch", "file", "major", "package", "series", "version"];

/// Fills a pattern; the names that nobody gave come back as the error.
pub(super) fn fill(pattern: &str, values: &[(&str, &str)]) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, behind) = after.split_once('}').ok_or_else(|| after.to_owned())?;
        let (_, value) = values.iter().find(|(known, _)| *known == name).ok_or_else(|| name.to_owned())?;
        filled.push_str(before);
        filled.push_str(value);
        rest = behind;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_and_unknown_ones_named() {
        assert_eq!(fill("a-{version}.deb", &[("version", "1")]).unwrap(), "a-1.deb");
        assert_eq!(fill("{verison}", &[("version", "1")]).unwrap_err(), "verison");
        assert_eq!(fill("a{version", &[("version", "1")]).unwrap_err(), "version");
    }
}
