//! Whether a variable's name says that its value is a secret.

/// Words at the end of a name that say so, whatever stands before them.
const ENDINGS: &[&str] = &["password", "passwd", "passphrase", "secret", "token", "credentials"];
/// The same, where a word before them must be parted from them: `bypass` is no password.
const WORDS: &[&str] = &["pass", "pw", "pwd", "api_key", "apikey", "access_key", "private_key"];

/// True for `RABBITMQ_PASS` and `db.password`, false for `password_file` and `bypass`.
pub fn names_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    let ends_with_word = |word: &str| {
        name.strip_suffix(word).is_some_and(|before| before.is_empty() || before.ends_with(['_', '-', '.']))
    };
    ENDINGS.iter().any(|ending| name.ends_with(ending)) || WORDS.iter().any(|word| ends_with_word(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_end_with_what_they_are() {
        for name in ["RABBITMQ_PASS", "pw", "pass", "db.password", "keystorePassword", "api_token", "aws-access_key"] {
            assert!(names_secret(name), "{name}");
        }
        for name in ["password_file", "bypass", "compass", "kafka_version", "token_lifetime", "key", "heap"] {
            assert!(!names_secret(name), "{name}");
        }
    }
}
