//! `password_hash`: what goes into `/etc/shadow`.

use minijinja::{Error, Value as Dynamic};
use sha_crypt::{Params, sha256_crypt, sha512_crypt};

use crate::template::arguments::Arguments;
use crate::template::frame::Frame;

const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The rounds that `crypt` takes when a hash names none.
const UNTOLD_ROUNDS: u32 = 5000;

pub(in crate::template) fn password_hash(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let password = arguments.need_subject_text()?;
    let kind = arguments.text(1, "hashtype")?.unwrap_or_else(|| "sha512".to_owned());
    let salt = arguments.text(2, "salt")?.filter(|salt| !salt.is_empty());
    let size = arguments.int(3, "salt_size")?.and_then(|size| usize::try_from(size).ok()).unwrap_or(16).clamp(1, 16);
    let rounds = arguments
        .int(4, "rounds")?
        .and_then(|rounds| u32::try_from(rounds).ok())
        .unwrap_or(if kind.starts_with("sha256") { 535_000 } else { 656_000 });
    arguments.text(5, "ident")?;
    let salt = match salt {
        Some(salt) => salt,
        None => fresh_salt(size)?,
    };
    if salt.len() > 16 || !salt.bytes().all(|byte| ALPHABET.contains(&byte)) {
        return Err(arguments.refusal("needs a salt of at most 16 letters, digits, dots and slashes"));
    }
    let hash = hashed(&kind, &password, &salt, rounds);
    hash.map(Dynamic::from).ok_or_else(|| arguments.refusal("knows sha512 and sha256, with 1000 to 999999999 rounds"))
}

/// A salt by chance.
fn fresh_salt(size: usize) -> Result<String, Error> {
    let characters: Vec<char> = ALPHABET.iter().map(|byte| char::from(*byte)).collect();
    Ok(Frame::current()?.engines().chance().text(size, &characters))
}

/// A password in the form of `crypt`.
pub(in crate::template) fn hashed(kind: &str, password: &str, salt: &str, rounds: u32) -> Option<String> {
    let params = Params::new(rounds).ok()?;
    let (number, sum) = match kind {
        "sha512" | "sha512_crypt" => {
            ('6', in_letters(&sha512_crypt(password.as_bytes(), salt.as_bytes(), params), 21, 42))
        }
        "sha256" | "sha256_crypt" => {
            ('5', in_letters(&sha256_crypt(password.as_bytes(), salt.as_bytes(), params), 10, 20))
        }
        _ => return None,
    };
    let told = if rounds == UNTOLD_ROUNDS { String::new() } else { format!("rounds={rounds}$") };
    Some(format!("${number}${told}{salt}${sum}"))
}

/// crypt's own base64: three bytes at a time, taken from three parts of the sum in turn, lowest bits first.
fn in_letters(sum: &[u8], second: usize, third: usize) -> String {
    let whole = sum.len() / 3;
    // From group to group SHA-512 steps to the next byte with the parts turned left, SHA-256 turned right.
    let is_long = sum.len() == 64;
    let mut text = String::new();
    for group in 0..whole {
        let parts = [group, second + group, third + group];
        let turned = |part: usize| parts[if is_long { (part + group) % 3 } else { (part + 2 * group) % 3 }];
        push(&mut text, [sum[turned(0)], sum[turned(1)], sum[turned(2)]], 4);
    }
    match sum.len() {
        64 => push(&mut text, [0, 0, sum[63]], 2),
        _ => push(&mut text, [0, sum[31], sum[30]], 3),
    }
    text
}

fn push(text: &mut String, bytes: [u8; 3], letters: usize) {
    let mut bits = bytes.iter().fold(0usize, |bits, byte| (bits << 8) | usize::from(*byte));
    for _ in 0..letters {
        text.push(char::from(ALPHABET[bits & 63]));
        bits >>= 6;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_crypt() {
        // What passlib gives.
        assert_eq!(
            hashed("sha512", "Hello world!", "saltstring", 5000).as_deref(),
            Some(
                "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"
            )
        );
        assert_eq!(
            hashed("sha256", "Hello world!", "saltstring", 5000).as_deref(),
            Some("$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5")
        );
    }
}
