//! The forms in which a command tells what it does and what came of it.

/// A form of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Bars and lines, for a terminal.
    Tty,
    /// Lines.
    Plain,
    /// One JSON document on standard output.
    Json,
    /// The stream of events on standard output, a JSON document each line.
    Jsonl,
    /// Lines with the commands of GitHub's runners.
    Github,
    /// Lines with the sections of GitLab's runners.
    Gitlab,
}

impl Output {
    /// What fits the surroundings; `set` tells whether an environment variable is.
    pub fn fitting(is_terminal: bool, set: &dyn Fn(&str) -> bool) -> Self {
        match () {
            () if set("GITHUB_ACTIONS") => Self::Github,
            () if set("GITLAB_CI") => Self::Gitlab,
            () if !is_terminal || set("CI") => Self::Plain,
            () => Self::Tty,
        }
    }

    /// Whether standard output belongs to a programme.
    pub fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::Jsonl)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ci_is_recognised_before_the_terminal() {
        let only = |name: &'static str| move |asked: &str| asked == name;
        assert_eq!(Output::fitting(true, &only("GITHUB_ACTIONS")), Output::Github);
        assert_eq!(Output::fitting(false, &only("GITLAB_CI")), Output::Gitlab);
        assert_eq!(Output::fitting(true, &only("CI")), Output::Plain);
        assert_eq!(Output::fitting(true, &only("")), Output::Tty);
        assert_eq!(Output::fitting(false, &only("")), Output::Plain);
    }
}
