//! The order of Debian versions, as `dpkg --compare-versions` has it: epoch, upstream, revision.
//!
//! Written here because it is forty lines of a fixed algorithm (deb-version(7)); the table below was checked against dpkg.

use std::cmp::Ordering;

/// Compares two Debian versions.
pub fn compare(left: &str, right: &str) -> Ordering {
    let (left, right) = (Parts::of(left), Parts::of(right));
    left.epoch
        .cmp(&right.epoch)
        .then_with(|| compare_part(left.upstream, right.upstream))
        .then_with(|| compare_part(left.revision, right.revision))
}

/// True when an installed version satisfies a wanted one that may lack epoch and revision: `6.2.1` fits `1:6.2.1-1`.
///
/// Upstream projects name their releases without both, and a role has only that name.
pub fn fits(installed: &str, wanted: &str) -> bool {
    compare(installed, wanted) == Ordering::Equal || {
        let (installed, wanted) = (Parts::of(installed), Parts::of(wanted));
        wanted.epoch == 0 && wanted.revision.is_empty() && wanted.upstream == installed.upstream
    }
}

struct Parts<'a> {
    epoch: u32,
    upstream: &'a str,
    revision: &'a str,
}

impl<'a> Parts<'a> {
    fn of(version: &'a str) -> Self {
        let (epoch, rest) = match version.trim().split_once(':') {
            Some((epoch, rest)) => (epoch.parse().unwrap_or(0), rest),
            None => (0, version.trim()),
        };
        let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
        Self { epoch, upstream, revision }
    }
}

fn compare_part(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left, right);
    while !(left.is_empty() && right.is_empty()) {
        let ((text_left, rest_left), (text_right, rest_right)) = (text(left), text(right));
        let order = compare_text(text_left, text_right);
        let ((digits_left, rest_left), (digits_right, rest_right)) = (digits(rest_left), digits(rest_right));
        let order = order.then_with(|| compare_digits(digits_left, digits_right));
        if order != Ordering::Equal {
            return order;
        }
        (left, right) = (rest_left, rest_right);
    }
    Ordering::Equal
}

fn text(from: &str) -> (&str, &str) {
    from.split_at(from.find(|c: char| c.is_ascii_digit()).unwrap_or(from.len()))
}

fn digits(from: &str) -> (&str, &str) {
    from.split_at(from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len()))
}

fn compare_text(left: &str, right: &str) -> Ordering {
    let weights = |text: &str| text.bytes().map(weight).chain([0]).collect::<Vec<_>>();
    weights(left).cmp(&weights(right))
}

/// `~` sorts before the end, letters before everything else.
fn weight(byte: u8) -> i32 {
    match byte {
        b'~' => -1,
        letter if letter.is_ascii_alphabetic() => i32::from(letter),
        other => i32::from(other) + 256,
    }
}

fn compare_digits(left: &str, right: &str) -> Ordering {
    let (left, right) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const VERSIONS: &[&str] = &[
        "0",
        "0.1",
        "1.0~",
        "1.0~~",
        "1.0~rc1",
        "1.0~rc1-1",
        "1.0",
        "1.0-0",
        "1.0-1",
        "1.0-1+b1",
        "1.0-1~bpo11+1",
        "1.0-10",
        "1.00",
        "1.0.1",
        "1.0a",
        "1.0+dfsg",
        "1.0+dfsg-2",
        "1.0.0",
        "1:0.9",
        "1:6.2.1-1",
        "6.2.1",
        "6.2.1-1",
        "6.2.1-SNAPSHOT",
        "5.6.16",
        "5.6.2",
        "3.10.8-1+deb12u1",
        "3.10.8-1",
        "2.36-9+deb12u10",
        "2.36-9+deb12u9",
        "1.0-1-1",
        "10",
        "9",
        "1.2.3~rc.1",
        "1.2.3~beta",
    ];

    #[test]
    fn any_two_versions_stand_as_dpkg_has_them() {
        if Command::new("dpkg").arg("--version").output().is_err() {
            return;
        }
        for left in VERSIONS {
            for right in VERSIONS {
                let dpkg = |relation: &str| {
                    let arguments = ["--compare-versions", left, relation, right];
                    Command::new("dpkg").args(arguments).status().unwrap().success()
                };
                let order = compare(left, right);
                assert!(
                    match order {
                        Ordering::Less => dpkg("lt"),
                        Ordering::Equal => dpkg("eq"),
                        Ordering::Greater => dpkg("gt"),
                    },
                    "{left} is not {order:?} to {right}"
                );
            }
        }
    }

    #[test]
    fn the_order_holds_without_dpkg_at_hand() {
        for pair in ["1.0~~", "1.0~rc1", "1.0", "1.0-1", "1.0-1+b1", "1.0.1", "9", "10", "1:0.9"].windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
        }
        assert_eq!(compare("1.0", "1.00"), Ordering::Equal);
    }

    #[test]
    fn an_upstream_version_fits_its_debian_version() {
        assert!(fits("1:6.2.1-1", "6.2.1"));
        assert!(fits("6.2.1", "6.2.1"));
        assert!(!fits("1:6.2.1-1", "6.2.1-2"));
        assert!(!fits("1:6.2.10-1", "6.2.1"));
    }
}
