//! `locale_gen`: locales are generated, or are not, by Debian's `locale-gen` and its list.

use std::fs;
use std::path::Path;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use crate::arguments::Names;
use crate::files::content::{NewContent, Source};
use crate::files::edit::lines;
use crate::files::refused;
use crate::presence::Presence;
use crate::system::tool::{ask_tool, run_tool};
use crate::{Host, Module, Step, Survey};

/// The list of locales that are generated.
const LIST: &str = "/etc/locale.gen";
/// Lists of those that could be.
const SUPPORTED: [&str; 2] = ["/usr/share/i18n/SUPPORTED", "/usr/local/share/i18n/SUPPORTED"];

/// Parameters of `locale_gen`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocaleGen {
    name: Names,
    #[serde(default)]
    state: Presence,
}

/// One thing that is done.
#[derive(Debug)]
pub enum LocaleStep {
    /// The list gets a new text.
    List(Box<NewContent>),
    /// All that stands in it is generated.
    Generate(Change),
}

impl Step for LocaleStep {
    fn change(&self, diff: bool) -> Change {
        match self {
            Self::List(content) => content.change(diff),
            Self::Generate(change) => change.clone(),
        }
    }
}

impl Module for LocaleGen {
    const NAME: &'static str = "locale_gen";
    type Step = LocaleStep;

    fn survey(&self, host: &Host) -> Result<Survey<LocaleStep>, Failure> {
        let there = ask_tool("locale", &["-a".to_owned()], host)?.map(|listed| listed.stdout).unwrap_or_default();
        let lacking: Vec<&String> = self.name.0.iter().filter(|name| !is_listed(&there, name)).collect();
        let wrong = match self.state {
            Presence::Present => lacking.clone(),
            Presence::Absent => self.name.0.iter().filter(|name| is_listed(&there, name)).collect(),
        };
        let described = |survey: Survey<LocaleStep>| {
            survey.value("name", self.name.0.clone()).value("mechanism", "glibc").value("ubuntu_mode", false)
        };
        if self.state == Presence::Absent {
            self.refuse_unknown(&there)?;
        }
        if wrong.is_empty() {
            return Ok(described(Survey::unchanged()));
        }
        let names: Vec<String> = wrong.into_iter().cloned().collect();
        let verb = if self.state == Presence::Present { Verb::Create } else { Verb::Delete };
        let generate = LocaleStep::Generate(Change::new(verb, format!("locale {}", names.join(", "))));
        if !Path::new(LIST).exists() {
            // An earlier task may install the package that brings the list.
            return Ok(described(Survey::steps(vec![generate]).unpredicted()));
        }
        let text = fs::read_to_string(LIST).map_err(|error| refused("read", Path::new(LIST), &error))?;
        let new = edited(&text, &names, self.state, &supported())?;
        let content = (new != text).then(|| NewContent::new(LIST, Source::Bytes(new.into_bytes())));
        let steps = content.map(|content| LocaleStep::List(Box::new(content))).into_iter().chain([generate]);
        Ok(described(Survey::steps(steps.collect())))
    }

    fn apply(&self, step: &LocaleStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        match step {
            LocaleStep::List(content) => content.apply(host, result),
            LocaleStep::Generate(_) if !Path::new(LIST).exists() => {
                Err(Failure::new(format!("cannot generate locales: there is no {LIST}"))
                    .help("the package locales brings it: `apt: name=locales`"))
            }
            LocaleStep::Generate(_) => {
                host.life("locale-gen", None);
                run_tool("locale-gen", &[], host)
            }
        }
    }
}

impl LocaleGen {
    /// A misspelt name would never be there, and so always be as wanted.
    fn refuse_unknown(&self, there: &str) -> Result<(), Failure> {
        let known = supported();
        let is_known = |name: &&String| {
            known.is_empty() || is_listed(there, name) || known.iter().any(|line| charset_of(line, name).is_some())
        };
        self.name.0.iter().find(|name| !is_known(name)).map_or(Ok(()), |name| Err(unknown(name)))
    }
}

/// Whether a locale is among those that `locale -a` lists.
fn is_listed(listed: &str, name: &str) -> bool {
    listed.lines().any(|line| plain(line) == plain(name))
}

/// A name as it is compared: glibc writes `de_DE.utf8` for what people write `de_DE.UTF-8`.
fn plain(name: &str) -> String {
    let Some((language, rest)) = name.trim().split_once('.') else { return name.trim().to_owned() };
    let (charset, modifier) = rest.split_once('@').map_or((rest, String::new()), |(set, at)| (set, format!("@{at}")));
    let charset: String = charset.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{language}.{}{modifier}", charset.to_ascii_lowercase())
}

/// Lines `NAME CHARSET` of all that could be generated.
fn supported() -> Vec<String> {
    SUPPORTED.iter().filter_map(|path| fs::read_to_string(path).ok()).flat_map(|text| lines(&text)).collect()
}

/// The list with these locales in it, or commented out.
fn edited(text: &str, names: &[String], state: Presence, supported: &[String]) -> Result<String, Failure> {
    let mut lines = lines(text);
    for name in names {
        let mut found = false;
        for line in &mut lines {
            let Some(charset) = charset_of(line, name) else { continue };
            found = true;
            let mark = if state == Presence::Present { "" } else { "# " };
            *line = format!("{mark}{name} {charset}\n");
        }
        if found || state == Presence::Absent {
            continue;
        }
        let charset = supported.iter().find_map(|line| charset_of(line, name)).ok_or_else(|| unknown(name))?;
        if let Some(last) = lines.last_mut().filter(|last| !last.ends_with('\n')) {
            last.push('\n');
        }
        lines.push(format!("{name} {charset}\n"));
    }
    Ok(lines.concat())
}

fn charset_of<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let entry = line.trim().trim_start_matches('#').trim_start();
    entry.strip_prefix(name)?.strip_prefix(' ').map(str::trim)
}

fn unknown(name: &str) -> Failure {
    Failure::new(format!("there is no locale {name} that could be generated"))
        .code("DPP0104")
        .help(format!("{} lists them all, with their encoding: de_DE.UTF-8", SUPPORTED[0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_names_what_makes_locales() {
        let nothing: LocaleGen = serde_json::from_value(serde_json::json!({"name": "C", "state": "absent"})).unwrap();
        assert!(nothing.refuse_unknown("C\nPOSIX\n").is_ok(), "it is there, so it is known");
    }

    #[test]
    fn names_are_compared_as_glibc_writes_them() {
        let listed = "C\nC.utf8\nde_DE.utf8\nde_DE.iso885915@euro\nPOSIX\n";
        for (name, is_there) in [
            ("de_DE.UTF-8", true),
            ("C.UTF-8", true),
            ("POSIX", true),
            ("de_DE.ISO-8859-15@euro", true),
            ("de_AT.UTF-8", false),
            ("de_DE", false),
        ] {
            assert_eq!(is_listed(listed, name), is_there, "{name}");
        }
    }

    #[test]
    fn the_list_is_edited_line_by_line() {
        let text = "# This file lists locales\n# de_DE.UTF-8 UTF-8\nen_US.UTF-8 UTF-8\n#fr_FR.UTF-8 UTF-8\n";
        let supported = ["ja_JP.EUC-JP EUC-JP\n".to_owned()];
        let edited = |names: &[&str], state| {
            edited(text, &names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(), state, &supported)
        };
        assert_eq!(
            edited(&["de_DE.UTF-8", "ja_JP.EUC-JP"], Presence::Present).unwrap(),
            "# This file lists locales\nde_DE.UTF-8 UTF-8\nen_US.UTF-8 UTF-8\n#fr_FR.UTF-8 UTF-8\nja_JP.EUC-JP EUC-JP\n"
        );
        assert_eq!(
            edited(&["en_US.UTF-8"], Presence::Absent).unwrap(),
            "# This file lists locales\n# de_DE.UTF-8 UTF-8\n# en_US.UTF-8 UTF-8\n#fr_FR.UTF-8 UTF-8\n"
        );
        assert_eq!(edited(&["xx_XX"], Presence::Present).unwrap_err().code, "DPP0104");
    }
}
