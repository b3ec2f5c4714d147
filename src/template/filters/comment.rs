//! `comment`: a text as a comment of some language.

use minijinja::{Error, Value as Dynamic};

use super::LONGEST;
use crate::template::arguments::Arguments;

/// Beginning, decoration and end by style.
const STYLES: [(&str, &str, &str, &str); 5] = [
    ("plain", "", "# ", ""),
    ("erlang", "", "% ", ""),
    ("c", "", "// ", ""),
    ("cblock", "/*", " * ", " */"),
    ("xml", "<!--", " - ", "-->"),
];

pub(super) fn comment(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let text = arguments.need_subject_text()?;
    let style = arguments.text(1, "style")?.unwrap_or_else(|| "plain".to_owned());
    let known = STYLES.iter().find(|(name, ..)| *name == style);
    let (_, beginning, decoration, end) =
        *known.ok_or_else(|| arguments.refusal("knows the styles plain, erlang, c, cblock and xml"))?;
    let mut option = |name: &str, usual: &str| -> Result<String, Error> {
        Ok(arguments.text(usize::MAX, name)?.unwrap_or_else(|| usual.to_owned()))
    };
    let decoration = option("decoration", decoration)?;
    let newline = option("newline", "\n")?;
    let beginning = option("beginning", beginning)?;
    let prefix = option("prefix", decoration.trim_end())?;
    let postfix = option("postfix", decoration.trim_end())?;
    let end = option("end", end)?;
    let mut count = |name: &str| -> Result<usize, Error> {
        let count = arguments.int(usize::MAX, name)?.unwrap_or(1);
        Ok(usize::try_from(count).unwrap_or(0).min(LONGEST / 1000))
    };
    let (prefix_count, postfix_count) = (count("prefix_count")?, count("postfix_count")?);
    let mut out = String::new();
    if !beginning.is_empty() {
        out.extend([beginning.as_str(), newline.as_str()]);
    }
    let ends_itself = prefix.is_empty() || prefix == newline;
    let line = if ends_itself { prefix } else { format!("{prefix}{newline}") };
    out.push_str(&line.repeat(prefix_count));
    out.push_str(&decorated(&text, &decoration, &newline));
    for _ in 0..postfix_count {
        out.extend([newline.as_str(), postfix.as_str()]);
    }
    if !end.is_empty() {
        out.extend([newline.as_str(), end.as_str()]);
    }
    Ok(Dynamic::from(out))
}

/// Every line behind the decoration; an empty line gets it without its blanks.
fn decorated(text: &str, decoration: &str, newline: &str) -> String {
    let lines = format!("{decoration}{}", text.replace(newline, &format!("{newline}{decoration}")));
    lines.replace(&format!("{decoration}{newline}"), &format!("{}{newline}", decoration.trim_end()))
}
