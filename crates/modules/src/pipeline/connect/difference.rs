//! What differs between a connector's configuration and the wanted one, with secrets masked.

use std::collections::BTreeMap;

/// A connector's configuration; Connect knows texts only.
pub(super) type Config = BTreeMap<String, String>;

const MASK: &str = "(secret)";

/// Keys whose difference may not be shown.
const SECRETS: &[&str] = &["password", "passwd", "secret", "token", "credential", "jaas"];

/// Whether a key's value may not be shown: it names a secret, or it ends in `key` (`api.key`, `ssl.keystore.key`).
pub(super) fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let last = key.rsplit(['.', '_', '-']).next().unwrap_or_default();
    SECRETS.iter().any(|secret| key.contains(secret)) || last == "key" || last == "apikey"
}

/// A value as it may be shown: masked in secrets, unless it is a reference like `${file:/etc/x:password}`, and
/// without the password of a URL.
pub(super) fn shown(key: &str, value: &str) -> String {
    if is_secret(key) {
        return if value.starts_with("${") { value.to_owned() } else { MASK.to_owned() };
    }
    value.split(',').map(without_password).collect::<Vec<_>>().join(",")
}

fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let authority = rest.split('/').next().unwrap_or_default();
    match authority.rsplit_once('@') {
        Some((login, host)) if login.contains(':') => {
            let user = login.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}:{MASK}@{host}{}", &rest[authority.len()..])
        }
        _ => url.to_owned(),
    }
}

/// The keys in which two configurations differ; `name` is no part of either.
pub(super) fn changed_keys<'a>(found: &'a Config, wanted: &'a Config) -> Vec<&'a str> {
    let mut keys: Vec<&str> = found.keys().chain(wanted.keys()).map(String::as_str).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.retain(|key| *key != "name" && found.get(*key) != wanted.get(*key));
    keys
}

/// A configuration as lines for a diff; a secret that differs is marked, its value is on neither side.
pub(super) fn lines(config: &Config, other: &Config) -> String {
    config
        .iter()
        .filter(|(key, _)| *key != "name")
        .map(|(key, value)| {
            let differs = other.get(key).is_some_and(|other| other != value);
            let changes = if differs && is_secret(key) { ", changes" } else { "" };
            format!("{key} = {}{changes}\n", shown(key, value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(pairs: &[(&str, &str)]) -> Config {
        pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect()
    }

    #[test]
    fn keys_that_hold_secrets_are_told_from_keys_about_keys() {
        for secret in [
            "connection.password",
            "ssl.key.password",
            "sasl.jaas.config",
            "aws.secret.access.key",
            "api_key",
            "ssl.keystore.key",
            "oauth.token",
        ] {
            assert!(is_secret(secret), "{secret}");
        }
        for open in ["key.ignore", "key.converter", "topic.key.ignore", "key.converter.schemas.enable", "topics"] {
            assert!(!is_secret(open), "{open}");
        }
    }

    #[test]
    fn no_secret_is_shown_but_a_reference_is() {
        assert_eq!(shown("connection.password", "geheim"), "(secret)");
        assert_eq!(shown("connection.password", "${file:/etc/s:p}"), "${file:/etc/s:p}");
        assert_eq!(
            shown("connection.url", "http://u:p@es1:9200/x,http://es2"),
            "http://u:(secret)@es1:9200/x,http://es2"
        );
    }

    #[test]
    fn a_diff_says_that_a_secret_changes_and_not_to_what() {
        let (old, new) = (config(&[("a", "1"), ("p.password", "alt")]), config(&[("a", "2"), ("p.password", "neu")]));
        assert_eq!(changed_keys(&old, &new), ["a", "p.password"]);
        assert_eq!(lines(&old, &new), "a = 1\np.password = (secret), changes\n");
        assert_eq!(lines(&new, &old), "a = 2\np.password = (secret), changes\n");
        assert_eq!(lines(&new, &new), "a = 2\np.password = (secret)\n");
    }

    #[test]
    fn the_name_that_connect_adds_is_no_difference() {
        assert!(changed_keys(&config(&[("name", "x"), ("a", "1")]), &config(&[("a", "1")])).is_empty());
    }
}
