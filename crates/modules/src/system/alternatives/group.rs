//! What `update-alternatives --query` says of a name: where its link lies, what it leads to, what it could lead to.

use dpp_protocol::Failure;
use serde::Serialize;

use super::PROGRAM;
use crate::Host;
use crate::commands::process::Finished;
use crate::system::tool::{ask_tool, words};

/// A name and its alternatives; one that nobody knows has none.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) link: Option<String>,
    /// Where the name leads now.
    pub(super) value: Option<String>,
    pub(super) is_manual: bool,
    alternatives: Vec<Alternative>,
}

/// A program that the name can stand for.
#[derive(Debug, Default)]
pub(super) struct Alternative {
    path: String,
    pub(super) priority: i64,
    pub(super) subcommands: Vec<Subcommand>,
}

/// A link that goes along: a manual page, mostly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Subcommand {
    pub(super) name: String,
    pub(super) link: String,
    pub(super) path: String,
}

impl Group {
    /// Asks for it; a name that is not known is a failure of the program, and a group without alternatives here.
    pub(super) fn read(name: &str, host: &Host) -> Result<Self, Failure> {
        let answer = ask_tool(PROGRAM, &words(["--query", name]), host)?;
        Ok(answer.filter(Finished::succeeded).map_or_else(Self::default, |answer| Self::of(&answer.stdout)))
    }

    /// Reads the answer: paragraphs, the first for the name, one more for each alternative.
    pub(super) fn of(answer: &str) -> Self {
        let mut paragraphs = answer.split("\n\n").map(Paragraph::of);
        let head = paragraphs.next().unwrap_or_default();
        let alternative = |paragraph: Paragraph| {
            let link = |name: &str| head.list.iter().find(|(known, _)| known == name).map(|(_, link)| link.clone());
            let subcommand = |(name, path): (String, String)| Some(Subcommand { link: link(&name)?, name, path });
            Some(Alternative {
                path: paragraph.field("Alternative")?,
                priority: paragraph.field("Priority")?.parse().ok()?,
                subcommands: paragraph.list.into_iter().filter_map(subcommand).collect(),
            })
        };
        Self {
            alternatives: paragraphs.filter_map(alternative).collect(),
            link: head.field("Link"),
            value: head.field("Value").filter(|value| value != "none"),
            is_manual: head.field("Status").is_some_and(|status| status == "manual"),
        }
    }

    /// The alternative at this path.
    pub(super) fn alternative(&self, path: &str) -> Option<&Alternative> {
        self.alternatives.iter().find(|alternative| alternative.path == path)
    }
}

/// `Name: value` lines, and the pairs of the list `Slaves`.
#[derive(Default)]
struct Paragraph {
    fields: Vec<(String, String)>,
    list: Vec<(String, String)>,
}

impl Paragraph {
    fn of(text: &str) -> Self {
        let mut this = Self::default();
        let pair = |(name, value): (&str, &str)| (name.to_owned(), value.trim().to_owned());
        for line in text.lines() {
            match line.strip_prefix(' ') {
                Some(entry) => this.list.extend(entry.split_once(' ').map(pair)),
                None => this.fields.extend(line.split_once(':').map(pair)),
            }
        }
        this
    }

    fn field(&self, name: &str) -> Option<String> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_whole() {
        let group = Group::of(
            "Name: editor\nLink: /usr/bin/editor\nSlaves:\n editor.1.gz /usr/share/man/editor.1.gz\nStatus: auto\n\
             Best: /bin/nano\nValue: /bin/nano\n\nAlternative: /bin/ed\nPriority: -100\n\nAlternative: /bin/nano\n\
             Priority: 40\nSlaves:\n editor.1.gz /usr/share/man/nano.1.gz\n unknown /x\n",
        );
        assert_eq!((group.link.as_deref(), group.value.as_deref()), (Some("/usr/bin/editor"), Some("/bin/nano")));
        assert!(!group.is_manual && group.alternative("/bin/vi").is_none());
        assert_eq!(group.alternative("/bin/ed").unwrap().priority, -100);
        let nano = &group.alternative("/bin/nano").unwrap().subcommands;
        assert_eq!(nano.len(), 1);
        assert_eq!(
            (nano[0].link.as_str(), nano[0].path.as_str()),
            ("/usr/share/man/editor.1.gz", "/usr/share/man/nano.1.gz")
        );
        assert!(Group::of("Name: x\nLink: /x\nStatus: auto\nValue: none\n").value.is_none());
    }
}
