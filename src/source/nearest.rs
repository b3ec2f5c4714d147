//! The known name nearest to a misspelt one.

/// Returns the candidate that is near enough to `wrong` to be meant, by the Damerau-Levenshtein distance.
pub fn nearest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (wrong.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(wrong, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_found_and_a_stranger_is_not() {
        assert_eq!(nearest("dets", ["src", "dest", "mode"]), Some("dest"));
        assert_eq!(nearest("atp", ["apt", "copy"]), Some("apt"));
        assert_eq!(nearest("banana", ["apt", "copy"]), None);
    }
}
