//! The known name nearest to a misspelt one.

/// Returns the candidate that is near enough to `wrong` to be meant, by the Damerau-Levenshtein distance.
pub fn nearest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(wrong, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= limit(wrong, candidate))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A third of what they do not share as their family's name: `RABBITMQ_PASS` is no slip of `RABBITMQ_USERS`.
fn limit(wrong: &str, candidate: &str) -> usize {
    let mut families = wrong.rmatch_indices('_').map(|(at, _)| at + 1);
    let shared = families.find(|end| candidate.starts_with(&wrong[..*end])).unwrap_or(0);
    (wrong[shared..].chars().count() / 3).max(1)
}

/// Returns the candidate from which `wrong` differs by one letter, where both are long enough to tell that from chance.
pub fn slip<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONG_ENOUGH: usize = 4;
    let is_slip = |candidate: &&str| strsim::damerau_levenshtein(wrong, candidate) == 1;
    candidates.into_iter().find(is_slip).filter(|_| wrong.chars().count() >= LONG_ENOUGH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_letter_is_a_slip_and_another_platforms_word_is_none() {
        let known = ["apt", "apt_key", "apt_repository", "copy", "ping"];
        assert_eq!(slip("copyy", known), Some("copy"));
        for stranger in ["pip", "apk", "at", "rpm_key", "yum_repository", "copy"] {
            assert_eq!(slip(stranger, known), None, "{stranger}");
        }
    }

    #[test]
    fn a_slip_of_the_finger_is_found_and_a_stranger_is_not() {
        assert_eq!(nearest("dets", ["src", "dest", "mode"]), Some("dest"));
        assert_eq!(nearest("atp", ["apt", "copy"]), Some("apt"));
        assert_eq!(nearest("banana", ["apt", "copy"]), None);
        assert_eq!(nearest("RABBITMQ_PASS", ["RABBITMQ_USERS", "RABBITMQ_VHOST"]), None, "a family shares its name");
        assert_eq!(nearest("RABBITMQ_PSAS", ["RABBITMQ_USERS", "RABBITMQ_PASS"]), Some("RABBITMQ_PASS"));
    }
}
