//! Encodings and checksums.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use md5::Md5;
use minijinja::{Error, Value as Dynamic};
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use crate::template::arguments::Arguments;

/// The namespace of the names that `to_uuid` numbers.
const NAMESPACE: &str = "361E6D51-FAEC-444A-9079-341386DA8E2E";

pub(super) fn b64encode(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let text = arguments.subject_text()?;
    let bytes = encoded(arguments, &text)?;
    Ok(Dynamic::from(BASE64_STANDARD.encode(bytes)))
}

/// A text's bytes in the encoding that is asked for.
fn encoded(arguments: &mut Arguments<'_, '_, '_>, text: &str) -> Result<Vec<u8>, Error> {
    let encoding = arguments.text(1, "encoding")?.unwrap_or_else(|| "utf-8".to_owned()).to_lowercase();
    match encoding.as_str() {
        "utf-8" | "utf8" | "ascii" => Ok(text.as_bytes().to_vec()),
        "utf-16-le" | "utf-16le" => Ok(text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        "utf-16-be" | "utf-16be" => Ok(text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        _ => Err(arguments.refusal("knows the encodings utf-8, ascii, utf-16-le and utf-16-be")),
    }
}

pub(super) fn b64decode(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let text = arguments.subject_text()?;
    let compact: String = text.chars().filter(|c| c.is_ascii_alphanumeric() || "+/=".contains(*c)).collect();
    let bytes = BASE64_STANDARD.decode(compact).map_err(|_| arguments.refusal("cannot read this as base64"))?;
    let encoding = arguments.text(1, "encoding")?.unwrap_or_else(|| "utf-8".to_owned()).to_lowercase();
    let units = || bytes.chunks_exact(2).map(|pair| [pair[0], pair[1]]);
    let text = match encoding.as_str() {
        "utf-16-le" | "utf-16le" => String::from_utf16(&units().map(u16::from_le_bytes).collect::<Vec<_>>()).ok(),
        "utf-16-be" | "utf-16be" => String::from_utf16(&units().map(u16::from_be_bytes).collect::<Vec<_>>()).ok(),
        _ => String::from_utf8(bytes).ok(),
    };
    text.map(Dynamic::from).ok_or_else(|| arguments.refusal("gives bytes that are no text"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn digest(kind: &str, bytes: &[u8]) -> Option<String> {
    Some(match kind {
        "md5" => hex(&Md5::digest(bytes)),
        "sha1" => hex(&Sha1::digest(bytes)),
        "sha224" => hex(&Sha224::digest(bytes)),
        "sha256" => hex(&Sha256::digest(bytes)),
        "sha384" => hex(&Sha384::digest(bytes)),
        "sha512" => hex(&Sha512::digest(bytes)),
        _ => return None,
    })
}

pub(super) fn hash(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let text = arguments.subject_text()?;
    let kind = arguments.text(1, "hashtype")?.unwrap_or_else(|| "sha1".to_owned());
    let sum = digest(&kind, text.as_bytes());
    sum.map(Dynamic::from).ok_or_else(|| arguments.refusal("knows md5, sha1, sha224, sha256, sha384 and sha512"))
}

pub(super) fn sha1(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    Ok(Dynamic::from(hex(&Sha1::digest(arguments.subject_text()?.as_bytes()))))
}

pub(super) fn md5(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    Ok(Dynamic::from(hex(&Md5::digest(arguments.subject_text()?.as_bytes()))))
}

/// A UUID of version 5: always the same for the same text.
pub(super) fn to_uuid(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let text = arguments.subject_text()?;
    let namespace = arguments.text(1, "namespace")?.unwrap_or_else(|| NAMESPACE.to_owned());
    let digits: String = namespace.chars().filter(char::is_ascii_hexdigit).collect();
    let namespace = u128::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 32);
    let namespace = namespace.ok_or_else(|| arguments.refusal("needs a UUID as `namespace`"))?;
    let sum = Sha1::digest([&namespace.to_be_bytes()[..], text.as_bytes()].concat());
    let mut bytes: [u8; 16] = std::array::from_fn(|index| sum[index]);
    bytes[6] = (bytes[6] & 0x0f) | 0x50;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let digits = hex(&bytes);
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    Ok(Dynamic::from(parts.join("-")))
}

/// Quoted for a POSIX shell, as `shlex.quote` does.
pub(super) fn quote(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let text = if subject.is_none() { String::new() } else { arguments.subject_text()? };
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./-_".contains(c);
    let quoted = match text.as_str() {
        "" => "''".to_owned(),
        text if text.chars().all(is_safe) => text.to_owned(),
        text => format!("'{}'", text.replace('\'', "'\"'\"'")),
    };
    Ok(Dynamic::from(quoted))
}

/// Jinja2's `escape`, for HTML.
pub(super) fn escape(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let text = arguments.subject_text()?.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    Ok(Dynamic::from(text.replace('"', "&#34;").replace('\'', "&#39;")))
}
