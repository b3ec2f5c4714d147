//! Which hosts a pattern means: `kafka:&prod:!k3`, `web*`, `~db[0-9]+`, `es[0:2]`, `@failed.txt`.

use std::collections::HashSet;

use indexmap::IndexSet;
use regex::Regex;

use crate::inventory::range::split_port;
use crate::inventory::roster::{Inventory, LOCALHOST};
use crate::source::{Problem, nearest};
use crate::yaml;

impl Inventory {
    /// The hosts a pattern means, each once, in Ansible's order; an error if it is none.
    pub fn select(&self, pattern: &str) -> Result<Vec<String>, Problem> {
        let hosts = self.matching(pattern)?;
        if hosts.is_empty() { Err(self.nothing(pattern)) } else { Ok(hosts) }
    }

    /// The hosts a pattern means, which may be none; an error only if the pattern itself is wrong.
    pub fn matching(&self, pattern: &str) -> Result<Vec<String>, Problem> {
        let mut terms = Vec::new();
        gather(pattern, &mut terms, 0)?;
        // Additions first, then what must hold, then what must not, wherever they stand.
        terms.sort_by_key(|term| match term.as_bytes()[0] {
            b'!' => 2,
            b'&' => 1,
            _ => 0,
        });
        let adds = terms.first().is_some_and(|first| !first.starts_with(['!', '&']));
        let mut hosts: IndexSet<String> =
            if adds { IndexSet::new() } else { self.hosts().into_iter().map(str::to_owned).collect() };
        for term in &terms {
            if let Some(term) = term.strip_prefix('!') {
                let away: HashSet<String> = self.term(term)?.into_iter().collect();
                hosts.retain(|host| !away.contains(host));
            } else if let Some(term) = term.strip_prefix('&') {
                let kept: HashSet<String> = self.term(term)?.into_iter().collect();
                hosts.retain(|host| kept.contains(host));
            } else {
                hosts.extend(self.term(term)?);
            }
        }
        Ok(hosts.into_iter().collect())
    }

    fn term(&self, term: &str) -> Result<Vec<String>, Problem> {
        if self.hosts.contains_key(term) {
            return Ok(vec![term.to_owned()]);
        }
        let (name, slice) = slice(term);
        let found = self.named(name)?;
        match slice {
            None => Ok(found),
            Some(slice) => slice.of(found).map_err(|size| {
                Problem::error("DPP0203", format!("`{term}` reaches beyond the {size} hosts of `{name}`"))
            }),
        }
    }

    fn named(&self, name: &str) -> Result<Vec<String>, Problem> {
        let matcher = Matcher::of(name)?;
        let groups: Vec<&str> = self.groups().filter(|group| matcher.is_match(group)).collect();
        let mut hosts: IndexSet<&str> = groups.iter().flat_map(|group| self.hosts_of(group)).collect();
        if groups.is_empty() || name.starts_with('~') || name.contains(['.', '?', '*', '[']) {
            hosts.extend(self.hosts().into_iter().filter(|host| matcher.is_match(host)));
        }
        if hosts.is_empty() && LOCALHOST.contains(&name) {
            hosts.insert(name);
        }
        Ok(hosts.into_iter().map(str::to_owned).collect())
    }

    fn nothing(&self, pattern: &str) -> Problem {
        if self.hosts.is_empty() {
            return Problem::error("DPP0203", format!("`{pattern}` matches no host: the inventory has none"))
                .help("is it the right inventory? -i FILE names another");
        }
        if let Some(group) = self.groups.get(pattern) {
            let problem = Problem::error("DPP0203", format!("group `{pattern}` has no hosts"));
            return match group.place() {
                Some(place) => problem.at(place, "nothing stands in it").help("name a host below it"),
                None => problem,
            };
        }
        let known: Vec<&str> = self.groups().chain(self.hosts.keys().map(String::as_str)).collect();
        let problem = Problem::error("DPP0203", format!("`{pattern}` matches no host"));
        let mut terms = Vec::new();
        let near = match gather(pattern, &mut terms, 0) {
            Ok(()) => terms.iter().map(|term| term.trim_start_matches(['!', '&'])).find_map(|term| {
                let stranger = !known.contains(&term);
                stranger.then(|| nearest(term, known.iter().copied())).flatten()
            }),
            Err(_) => None,
        };
        match near {
            Some(near) => problem.did_you_mean(Some(near)),
            None => problem.help("dppctl inventory graph shows groups and hosts"),
        }
    }
}

/// The terms of a pattern; those of files it names with `@` among them.
fn gather(pattern: &str, terms: &mut Vec<String>, depth: usize) -> Result<(), Problem> {
    for term in split(pattern) {
        match term.strip_prefix('@') {
            None => terms.push(term),
            Some(file) if depth < 4 => {
                let source = yaml::open(file.as_ref()).map_err(|problem| {
                    Problem::error("DPP0203", format!("cannot take hosts from `{file}`: {}", problem.message))
                })?;
                for line in
                    source.text().lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
                {
                    gather(line, terms, depth + 1)?;
                }
            }
            Some(file) => return Err(Problem::error("DPP0203", format!("`@{file}` names files in a circle"))),
        }
    }
    Ok(())
}

/// With commas, at commas; else at colons, but for those of brackets, of addresses and before ports.
fn split(pattern: &str) -> Vec<String> {
    let terms: Vec<&str> = if pattern.contains(',') {
        pattern.split(',').collect()
    } else if pattern.starts_with('@')
        || matches!(split_port(pattern), Ok((name, _)) if !name.contains(':') || is_address(name))
    {
        vec![pattern]
    } else {
        at_colons(pattern)
    };
    terms
        .into_iter()
        .map(str::trim)
        .filter(|term| !term.trim_start_matches(['!', '&']).is_empty())
        .map(str::to_owned)
        .collect()
}

fn is_address(name: &str) -> bool {
    name.parse::<std::net::Ipv6Addr>().is_ok()
}

fn at_colons(pattern: &str) -> Vec<&str> {
    let mut terms = Vec::new();
    let (mut start, mut depth) = (0, 0_usize);
    for (at, character) in pattern.char_indices() {
        match character {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            ':' if depth == 0 => {
                terms.push(&pattern[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    terms.push(&pattern[start..]);
    terms
}

pub(crate) enum Matcher<'a> {
    Name(&'a str),
    Regex(Regex),
}

impl<'a> Matcher<'a> {
    pub(crate) fn of(name: &'a str) -> Result<Self, Problem> {
        let regex = match name.strip_prefix('~') {
            Some(regex) => format!("^(?:{regex})"),
            None if name.contains(['*', '?', '[']) => glob(name),
            None => return Ok(Self::Name(name)),
        };
        Regex::new(&regex).map(Self::Regex).map_err(|error| {
            let cause = error.to_string();
            let last = cause.lines().last().unwrap_or_default().trim_start_matches("error: ");
            Problem::error("DPP0203", format!("`{name}` is no pattern: {last}"))
        })
    }

    pub(crate) fn is_match(&self, name: &str) -> bool {
        match self {
            Self::Name(wanted) => *wanted == name || *wanted == "*",
            Self::Regex(regex) => regex.is_match(name),
        }
    }
}

/// As Python's `fnmatch`: `*`, `?`, `[abc]`, `[!abc]`.
fn glob(pattern: &str) -> String {
    let mut regex = "^(?s:".to_owned();
    let mut rest = pattern.chars();
    while let Some(character) = rest.next() {
        match character {
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            '[' => match rest.as_str().split_once(']') {
                Some((members, after)) if !members.is_empty() => {
                    let (sign, members) = members.strip_prefix('!').map_or(("", members), |members| ("^", members));
                    regex.extend(["[", sign, &members.replace('\\', "\\\\").replace('[', "\\["), "]"]);
                    rest = after.chars();
                }
                _ => regex.push_str("\\["),
            },
            plain => regex.push_str(&regex::escape(plain.encode_utf8(&mut [0; 4]))),
        }
    }
    regex + ")$"
}

/// Some of the hosts of a term, by their numbers from 0; the last number is meant too, and -1 is the last host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slice {
    One(isize),
    Range(usize, Option<usize>),
}

impl Slice {
    fn of(self, hosts: Vec<String>) -> Result<Vec<String>, usize> {
        let size = hosts.len();
        if size == 0 {
            return Ok(hosts);
        }
        match self {
            Self::One(index) => {
                let at = if index < 0 { size.checked_sub(index.unsigned_abs()) } else { Some(index.unsigned_abs()) };
                at.and_then(|at| hosts.into_iter().nth(at)).map(|host| vec![host]).ok_or(size)
            }
            Self::Range(first, last) => {
                let count = last.map_or(size, |last| last + 1).saturating_sub(first);
                Ok(hosts.into_iter().skip(first).take(count).collect())
            }
        }
    }
}

/// Parts `web[0:2]` into `web` and its slice; the brackets of a glob or a regex are none.
fn slice(term: &str) -> (&str, Option<Slice>) {
    let parsed = || {
        let (name, numbers) = term.strip_suffix(']')?.rsplit_once('[')?;
        if name.is_empty() || term.starts_with('~') {
            return None;
        }
        if let Ok(index) = numbers.parse() {
            return Some((name, Slice::One(index)));
        }
        let (first, last) = numbers.split_once([':', '-'])?;
        let last = if last.is_empty() { None } else { Some(last.parse().ok()?) };
        Some((name, Slice::Range(first.parse().ok()?, last)))
    };
    parsed().map_or((term, None), |(name, slice)| (name, Some(slice)))
}
