//! `password`: made once and kept in a file of the controller; `random_string`: made anew each time.

use std::path::PathBuf;

use base64::Engine as _;
use minijinja::{Error, Value as Dynamic};

use super::call::Call;
use crate::files::FileKind;
use crate::template::chance::Chance;
use crate::template::filters::password::hashed;
use crate::template::python;

type Found = Result<Vec<Dynamic>, Error>;

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &str = "0123456789";
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// What one term asks for.
struct Wanted {
    path: String,
    length: usize,
    characters: Vec<char>,
    encrypt: Option<String>,
    seed: Option<String>,
}

pub(super) fn password(call: &mut Call) -> Found {
    let mut found = Vec::new();
    for term in call.texts()? {
        let wanted = wanted(call, &term)?;
        let password = kept(call, &wanted)?;
        call.frame.engines().secrets().add(&password);
        found.push(Dynamic::from(password));
    }
    Ok(found)
}

fn wanted(call: &Call, term: &str) -> Result<Wanted, Error> {
    let mut options: Vec<(String, String)> = Vec::new();
    let mut path: Vec<&str> = Vec::new();
    for word in term.split(' ') {
        match word.split_once('=').filter(|_| !path.is_empty()) {
            Some((name, value)) => options.push((name.to_owned(), value.to_owned())),
            None => path.push(word),
        }
    }
    if let Some((name, _)) =
        options.iter().find(|(name, _)| !["length", "chars", "encrypt", "seed", "ident"].contains(&name.as_str()))
    {
        return Err(call.refusal(&format!("has no option `{name}`")));
    }
    let given = |name: &str| options.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let option = |name: &str| given(name).or_else(|| call.text(name));
    let length = option("length")
        .map_or(Ok(20), |length| length.parse())
        .map_err(|_| call.refusal("needs a number as `length`"))?;
    let chars = match (given("chars"), call.option("chars")) {
        (None, Some(list)) if list.as_str().is_none() => super::spread(list)?.iter().map(python::text).collect(),
        (text, option) => match text.or_else(|| option.map(python::text)) {
            Some(text) => named(&text),
            None => ["ascii_letters", "digits", ".,:-_"].map(str::to_owned).to_vec(),
        },
    };
    let characters: Vec<char> = chars.iter().flat_map(|set| set_of(set)).collect();
    if characters.is_empty() {
        return Err(call.refusal("has no characters to choose from"));
    }
    let encrypt = option("encrypt").filter(|kind| !kind.is_empty() && kind != "False");
    Ok(Wanted { path: path.join(" "), length, characters, encrypt, seed: option("seed") })
}

/// Sets with commas between them; two commas are a comma.
fn named(text: &str) -> Vec<String> {
    let comma = text.contains(",,").then(|| ",".to_owned());
    let rest = text.replace(",,", ",");
    comma.into_iter().chain(rest.split(',').filter(|set| !set.is_empty()).map(str::to_owned)).collect()
}

fn set_of(name: &str) -> Vec<char> {
    let set = match name {
        "ascii_letters" => LETTERS.to_owned(),
        "ascii_lowercase" => LETTERS[..26].to_owned(),
        "ascii_uppercase" => LETTERS[26..].to_owned(),
        "digits" => DIGITS.to_owned(),
        "hexdigits" => format!("{DIGITS}abcdefABCDEF"),
        "octdigits" => DIGITS[..8].to_owned(),
        "punctuation" => PUNCTUATION.to_owned(),
        other => other.to_owned(),
    };
    set.chars().collect()
}

fn kept(call: &Call, wanted: &Wanted) -> Result<String, Error> {
    let engines = call.frame.engines();
    // Hosts run side by side; the first one makes the password, the others read it.
    let _only_one = engines.one_at_a_time();
    let path = path(call, &wanted.path);
    let files = &engines.surroundings().files;
    let is_kept = wanted.path != "/dev/null";
    let failed =
        |error: std::io::Error| call.refusal(&format!("cannot keep the password in {}: {error}", path.display()));
    let content = match files.kind(&path) {
        FileKind::File if is_kept => {
            let bytes = files.read(&path).map_err(failed)?;
            Some(String::from_utf8_lossy(&bytes).trim_end().to_owned())
        }
        _ => None,
    };
    let is_new = content.is_none();
    let (plain, salt) = match content {
        Some(content) => parted(&content),
        None => (made(call, wanted), None),
    };
    let needs_salt = wanted.encrypt.is_some() && salt.is_none();
    let salt = if needs_salt { Some(fresh_salt(call)) } else { salt };
    if is_kept && (is_new || needs_salt) {
        let line = salt.as_ref().map_or_else(|| format!("{plain}\n"), |salt| format!("{plain} salt={salt}\n"));
        files.write_private(&path, &line).map_err(failed)?;
    }
    match &wanted.encrypt {
        None => Ok(plain),
        Some(kind) => {
            let rounds = if kind.starts_with("sha256") { 535_000 } else { 656_000 };
            let hash = hashed(kind, &plain, salt.as_deref().unwrap_or_default(), rounds);
            hash.ok_or_else(|| call.refusal("knows the encryptions sha512_crypt and sha256_crypt"))
        }
    }
}

fn path(call: &Call, name: &str) -> PathBuf {
    let folders = &call.frame.scope().search().folders;
    let name = PathBuf::from(call.frame.engines().surroundings().files.at_home(name));
    folders.last().map_or_else(|| name.clone(), |folder| folder.join(&name))
}

fn parted(content: &str) -> (String, Option<String>) {
    match content.rsplit_once(" salt=") {
        Some((plain, salt)) => (plain.to_owned(), salt.split(" ident=").next().map(str::to_owned)),
        None => (content.to_owned(), None),
    }
}

fn made(call: &Call, wanted: &Wanted) -> String {
    let mut chance = match &wanted.seed {
        Some(seed) => Chance::of_text(seed),
        None => call.frame.engines().chance(),
    };
    chance.text(wanted.length.min(10_000), &wanted.characters)
}

fn fresh_salt(call: &Call) -> String {
    let characters: Vec<char> = LETTERS.chars().chain(DIGITS.chars()).chain("./".chars()).collect();
    call.frame.engines().chance().text(16, &characters)
}

/// A text by chance, with at least so many characters of each kind as are asked for.
pub(super) fn random_string(call: &mut Call) -> Found {
    let size = |name: &str| call.text(name).and_then(|number| number.parse::<usize>().ok());
    let length = size("length").unwrap_or(8).min(10_000);
    let special = call.text("override_special").unwrap_or_else(|| PUNCTUATION.to_owned());
    let kinds = [
        ("upper", LETTERS[26..].to_owned()),
        ("lower", LETTERS[..26].to_owned()),
        ("numbers", DIGITS.to_owned()),
        ("special", special),
    ];
    let mut chance = call.text("seed").map_or_else(|| call.frame.engines().chance(), |seed| Chance::of_text(&seed));
    let mut characters: Vec<char> = Vec::new();
    let mut all = call.text("override_all").unwrap_or_default();
    let is_own = !all.is_empty();
    for (kind, set) in kinds {
        let set_characters: Vec<char> = set.chars().collect();
        let least = size(&format!("min_{}", if kind == "numbers" { "numeric" } else { kind })).unwrap_or(0);
        characters.extend(chance.text(least.min(length), &set_characters).chars());
        if !is_own && call.flag(kind, true) {
            all.push_str(&set);
        }
    }
    let all: Vec<char> = all.chars().collect();
    if all.is_empty() {
        return Err(call.refusal("has no characters to choose from"));
    }
    let missing = length.saturating_sub(characters.len());
    characters.extend(chance.text(missing, &all).chars());
    chance.shuffle(&mut characters);
    let text: String = characters.into_iter().collect();
    let text = if call.flag("base64", false) { base64::prelude::BASE64_STANDARD.encode(&text) } else { text };
    Ok(vec![Dynamic::from(text)])
}
