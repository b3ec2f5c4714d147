//! Where a crontab lies: with cron itself, for a user, or in a file of `/etc/cron.d`; how it is read and written.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use dpp_protocol::{Change, Failure, ResultMap, Verb};

use crate::files::attributes::Attributes;
use crate::files::content::{NewContent, Source};
use crate::files::edit::TextFile;
use crate::files::mode::FileMode;
use crate::files::refused;
use crate::files::step::FileStep;
use crate::system::account;
use crate::system::tool::{accepted, ask_tool, run_tool_with};
use crate::{Host, Step};

/// A place for jobs.
#[derive(Debug, Clone)]
pub(super) enum Tab {
    /// The user's own; nobody stands for the one the task runs as.
    Of(Option<String>),
    /// A file of the system.
    File(PathBuf),
}

/// What is done to it.
#[derive(Debug)]
pub enum TabStep {
    /// It gets a new text.
    Write(Box<Rewriting>),
    /// The file goes away.
    Remove(PathBuf),
}

/// A crontab that gets a new text.
#[derive(Debug)]
pub struct Rewriting {
    tab: Tab,
    before: String,
    after: String,
    backup: bool,
}

impl Tab {
    /// The crontab of a user.
    pub(super) fn of_user(user: Option<&str>) -> Self {
        let own = account::user_of(rustix::process::geteuid().as_raw()).map(|user| user.name);
        Self::Of(user.map(str::to_owned).filter(|user| own.as_ref() != Some(user)))
    }

    /// Its text; nothing where cron is not installed yet.
    pub(super) fn read(&self, host: &Host) -> Result<Option<String>, Failure> {
        let user = match self {
            Self::File(path) => return Ok(Some(TextFile::read(path)?.old.unwrap_or_default())),
            Self::Of(user) => user,
        };
        let arguments = [self.arguments(), vec!["-l".to_owned()]].concat();
        let Some(listed) = ask_tool("crontab", &arguments, host)? else { return Ok(None) };
        if listed.code() == 1 {
            // There is none, or no such user yet.
            return Ok(Some(String::new()));
        }
        let text = without_head(&accepted(listed, "crontab", &arguments)?.stdout);
        if text.contains(char::REPLACEMENT_CHARACTER) {
            let whose = user.as_deref().map_or_else(String::new, |user| format!(" of {user}"));
            return Err(Failure::new(format!("cannot edit the crontab{whose}: it is no text in UTF-8")));
        }
        Ok(Some(text))
    }

    fn write(&self, text: &str, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let Self::File(path) = self else {
            let arguments = [self.arguments(), vec!["-".to_owned()]].concat();
            return run_tool_with("crontab", &arguments, Some(text.to_owned()), host);
        };
        let mut content = NewContent::new(path, Source::Bytes(text.as_bytes().to_vec()));
        if !path.exists() {
            // cron passes over a file that others may write.
            content.attributes = Attributes::of(Some(&FileMode::Bits(0o644)), None, None);
        }
        content.apply(host, result)
    }

    fn arguments(&self) -> Vec<String> {
        match self {
            Self::Of(Some(user)) => vec!["-u".to_owned(), user.clone()],
            _ => Vec::new(),
        }
    }

    fn title(&self) -> String {
        match self {
            Self::Of(Some(user)) => format!("crontab of {user}"),
            Self::Of(None) => "crontab".to_owned(),
            Self::File(path) => path.to_string_lossy().into_owned(),
        }
    }
}

impl TabStep {
    /// A new text.
    pub(super) fn write(tab: Tab, before: String, after: String, backup: bool) -> Self {
        Self::Write(Box::new(Rewriting { tab, before, after, backup }))
    }

    /// Does it.
    pub(super) fn apply(&self, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        match self {
            Self::Write(new) => {
                if new.backup {
                    result.insert("backup_file".into(), new.back_up()?.into());
                }
                new.tab.write(&new.after, host, result)
            }
            Self::Remove(path) => FileStep::Remove(path.clone()).apply(host, result),
        }
    }
}

impl Rewriting {
    /// Lays the old text beside the temporary files, where Ansible lays it.
    fn back_up(&self) -> Result<String, Failure> {
        let cannot = |error: &std::io::Error| refused("back up the crontab into", &std::env::temp_dir(), error);
        let mut file = tempfile::Builder::new().prefix("crontab").tempfile().map_err(|error| cannot(&error))?;
        file.write_all(self.before.as_bytes()).map_err(|error| cannot(&error))?;
        let (_, path) = file.keep().map_err(|error| cannot(&error.error))?;
        Ok(path.to_string_lossy().into_owned())
    }
}

impl Step for TabStep {
    fn change(&self, diff: bool) -> Change {
        match self {
            Self::Remove(path) => {
                let change = Change::new(Verb::Delete, path.to_string_lossy());
                if diff { change.texts(text_of(path), Some(String::new())) } else { change }
            }
            Self::Write(new) => {
                let verb = if new.before.is_empty() { Verb::Create } else { Verb::Change };
                let change = Change::new(verb, new.tab.title());
                if diff { change.texts(Some(new.before.clone()), Some(new.after.clone())) } else { change }
            }
        }
    }
}

fn text_of(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// Older crons print three lines of their own before the text.
fn without_head(text: &str) -> String {
    let is_head = |line: &str| {
        line.starts_with("# DO NOT EDIT THIS FILE - edit the master and reinstall.")
            || line.starts_with("# (/tmp/") && line.contains("installed on")
            || line.starts_with("# (") && line.contains("version")
    };
    let lines = text.split_inclusive('\n').enumerate();
    lines.filter(|(number, line)| *number > 2 || !is_head(line)).map(|(_, line)| line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cron_itself_says_above_the_text_is_no_part_of_it() {
        let head = "# DO NOT EDIT THIS FILE - edit the master and reinstall.\n# (/tmp/crontab.x installed on Mon)\n\
                    # (Cron version -- $Id$)\n";
        assert_eq!(without_head(&format!("{head}# mine\n* x\n")), "# mine\n* x\n");
        assert_eq!(without_head("# a\n# b\n# c\n# (d version)\n"), "# a\n# b\n# c\n# (d version)\n");
    }
}
