//! Which tasks of a playbook are wanted: `--tags`, `--skip-tags`.

/// Tags that are wanted and unwanted; by Ansible's rules for `all`, `tagged`, `untagged`, `always`, `never`.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// `--tags`; empty for all.
    pub tags: Vec<String>,
    /// `--skip-tags`.
    pub skip: Vec<String>,
}

impl Selection {
    /// Whether a task with these tags is wanted.
    pub fn wants(&self, tags: &[String]) -> bool {
        self.asks_for(tags) && !self.skips(tags)
    }

    fn asks_for(&self, tags: &[String]) -> bool {
        let has = |name: &str| tags.iter().any(|tag| tag == name);
        let asked = |name: &str| self.tags.iter().any(|tag| tag == name);
        let named = tags.iter().any(|tag| asked(tag));
        if self.tags.is_empty() || asked("all") {
            return !has("never") || named;
        }
        (has("always") || named || (asked("tagged") && !tags.is_empty()) || (asked("untagged") && tags.is_empty()))
            && (!has("never") || named)
    }

    fn skips(&self, tags: &[String]) -> bool {
        let has = |name: &str| tags.iter().any(|tag| tag == name);
        self.skip.iter().any(|skip| match skip.as_str() {
            "all" => !has("always"),
            "tagged" => !tags.is_empty(),
            "untagged" => tags.is_empty(),
            name => has(name),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants(asked: &str, skip: &str, tags: &str) -> bool {
        let list = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        Selection { tags: list(asked), skip: list(skip) }.wants(&list(tags))
    }

    #[test]
    fn tags_select_as_in_ansible() {
        let cases = [
            ("", "", "", true),
            ("", "", "a", true),
            ("", "", "never", false),
            ("", "", "never a", false),
            ("a", "", "a", true),
            ("a", "", "b", false),
            ("a", "", "", false),
            ("a", "", "always", true),
            ("a", "", "never a", true),
            ("never", "", "never", true),
            ("tagged", "", "a", true),
            ("tagged", "", "", false),
            ("untagged", "", "", true),
            ("all", "", "a", true),
            ("", "a", "a", false),
            ("a", "b", "a b", false),
            ("", "always", "always", false),
            ("", "tagged", "a", false),
        ];
        for (asked, skip, tags, wanted) in cases {
            assert_eq!(wants(asked, skip, tags), wanted, "--tags {asked:?} --skip-tags {skip:?} on {tags:?}");
        }
    }
}
