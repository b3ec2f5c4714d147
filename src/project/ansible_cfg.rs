//! Those keys of `ansible.cfg` that have a meaning here, so that a project of Ansible's works untouched; all others are
//! passed over.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::source::{Place, Source};

/// Values by section and key, each with its place.
#[derive(Debug, Default)]
pub(crate) struct AnsibleCfg {
    entries: HashMap<(String, String), (String, Place)>,
    read: RefCell<HashSet<(String, String)>>,
}

impl AnsibleCfg {
    /// Reads the file as Python's `configparser` does: `key = value` or `key: value`, comments by line, or behind ` ;`.
    pub(crate) fn parse(source: &Arc<Source>) -> Self {
        let mut cfg = Self::default();
        let mut section = String::new();
        let mut start = 0;
        for line in source.text().split_inclusive('\n') {
            let text = line.trim();
            if let Some(name) = text.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
                section = name.trim().to_ascii_lowercase();
            } else if !text.starts_with(['#', ';']) {
                cfg.entry(&section, start, line, source);
            }
            start += line.len();
        }
        cfg
    }

    fn entry(&mut self, section: &str, start: usize, line: &str, source: &Arc<Source>) {
        let Some(at) = line.find(['=', ':']) else { return };
        let written = line[at + 1..].split(" ;").next().unwrap_or_default();
        let value = written.trim();
        let value_start = start + at + 1 + (written.len() - written.trim_start().len());
        let place = Place::new(source, value_start..value_start + value.len());
        let key = line[..at].trim().to_ascii_lowercase();
        self.entries.insert((section.to_owned(), key), (value.to_owned(), place));
    }

    /// A value that is not empty.
    pub(crate) fn get(&self, section: &str, key: &str) -> Option<(&str, &Place)> {
        let key = (section.to_owned(), key.to_owned());
        let (value, place) = self.entries.get(&key)?;
        self.read.borrow_mut().insert(key);
        (!value.is_empty()).then_some((value.as_str(), place))
    }

    /// Keys that nobody asked for, in the order in which they stand.
    pub(crate) fn unread(&self) -> Vec<(String, Place)> {
        let read = self.read.borrow();
        let entries = self.entries.iter().filter(|(key, _)| !read.contains(*key));
        let mut unread: Vec<(String, Place)> =
            entries.map(|((_, key), (_, place))| (key.clone(), place.clone())).collect();
        unread.sort_by_key(|(_, place)| place.range().start);
        unread
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_with_their_places() {
        let source = Source::new(
            "ansible.cfg",
            "# x\n[defaults]\nforks = 7 ; few\nroles_path: a:b\n;user=x\n[ssh_connection]\nempty=\n",
        );
        let cfg = AnsibleCfg::parse(&source);
        let (forks, place) = cfg.get("defaults", "forks").unwrap();
        assert_eq!((forks, place.text(), place.line()), ("7", "7", 3));
        assert_eq!(cfg.get("defaults", "roles_path").unwrap().0, "a:b");
        assert_eq!(cfg.unread().iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["empty"]);
        assert!(cfg.get("defaults", ";user").is_none() && cfg.get("ssh_connection", "empty").is_none());
    }
}
