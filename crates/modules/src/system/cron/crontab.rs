//! The lines of a crontab: jobs below the comment that names them, variables, and what others wrote.

use dpp_protocol::Failure;

/// What begins the comment above a job; the same as Ansible's, so that either finds the other's jobs.
const MARK: &str = "#Ansible: ";

/// A crontab in memory.
pub(super) struct Crontab {
    lines: Vec<String>,
}

impl Crontab {
    /// Reads its text.
    pub(super) fn of(text: &str) -> Self {
        Self { lines: text.lines().map(str::to_owned).collect() }
    }

    /// Its text, which ends with one newline.
    pub(super) fn text(&self) -> String {
        let text = self.lines.join("\n");
        if text.is_empty() { text } else { text.trim_end_matches(['\r', '\n']).to_owned() + "\n" }
    }

    /// Whether nothing is left in it.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.iter().all(|line| line.trim().is_empty())
    }

    /// Names of its jobs.
    pub(super) fn jobs(&self) -> Vec<String> {
        self.lines.iter().filter_map(|line| line.strip_prefix(MARK)).map(str::to_owned).collect()
    }

    /// Names of its variables.
    pub(super) fn variables(&self) -> Vec<String> {
        let name = |line: &String| {
            let (name, _) = line.split_once('=')?;
            (!name.is_empty() && !name.contains(char::is_whitespace)).then(|| name.to_owned())
        };
        self.lines.iter().filter_map(name).collect()
    }

    /// Sets a job; whether that is a change.
    pub(super) fn set_job(&mut self, name: &str, job: &str) -> bool {
        if let Some(found) = self.job(name) {
            let changed = found != job;
            if changed {
                self.rewrite_job(name, Some(job));
            }
            return changed;
        }
        if self.adopts(name, job) {
            return true;
        }
        self.lines.extend([format!("{MARK}{name}"), job.to_owned()]);
        true
    }

    /// Takes a job out; whether it was there.
    pub(super) fn remove_job(&mut self, name: &str) -> bool {
        let found = self.job(name).is_some();
        if found {
            self.rewrite_job(name, None);
        }
        found
    }

    /// Sets a variable, at the start or by another one; whether that is a change.
    pub(super) fn set_variable(
        &mut self,
        name: &str,
        value: &str,
        beside: Option<(&str, usize)>,
    ) -> Result<bool, Failure> {
        let line = format!("{name}=\"{value}\"");
        let Some(at) = self.variable(name) else {
            let at = match beside {
                None => 0,
                Some((other, shift)) => self.variable(other).ok_or_else(|| no_such(other))? + shift,
            };
            self.lines.insert(at, line);
            return Ok(true);
        };
        let changed = self.lines[at] != line;
        if changed {
            let prefix = format!("{name}=");
            self.lines.iter_mut().filter(|old| old.starts_with(&prefix)).for_each(|old| old.clone_from(&line));
        }
        Ok(changed)
    }

    /// Takes a variable out; whether it was there.
    pub(super) fn remove_variable(&mut self, name: &str) -> bool {
        let (prefix, before) = (format!("{name}="), self.lines.len());
        self.lines.retain(|line| !line.starts_with(&prefix));
        self.lines.len() < before
    }

    /// The line below the comment that names a job.
    fn job(&self, name: &str) -> Option<&str> {
        let mut lines = self.lines.iter();
        while let Some(line) = lines.next() {
            let Some(comment) = line.strip_prefix(MARK) else { continue };
            let job = lines.next()?;
            if comment == name {
                return Some(job);
            }
        }
        None
    }

    /// Gives the job of this line its name, if the line stands there without one; whether it did.
    fn adopts(&mut self, name: &str, job: &str) -> bool {
        for at in 0..self.lines.len() {
            if self.lines[at] != job {
                continue;
            }
            let above = at.checked_sub(1).map(|above| self.lines[above].as_str());
            match above.and_then(|above| above.strip_prefix(MARK)) {
                None => self.lines.insert(at, format!("{MARK}{name}")),
                // A job that an old Ansible wrote for a task without a name.
                Some("None") => self.lines[at - 1] = format!("{MARK}{name}"),
                Some(_) => continue,
            }
            return true;
        }
        false
    }

    fn rewrite_job(&mut self, name: &str, job: Option<&str>) {
        let comment = format!("{MARK}{name}");
        let mut new = Vec::with_capacity(self.lines.len());
        let mut old = std::mem::take(&mut self.lines).into_iter();
        while let Some(line) = old.next() {
            if line != comment {
                new.push(line);
                continue;
            }
            old.next();
            new.extend(job.into_iter().flat_map(|job| [comment.clone(), job.to_owned()]));
        }
        self.lines = new;
    }

    fn variable(&self, name: &str) -> Option<usize> {
        let prefix = format!("{name}=");
        self.lines.iter().position(|line| line.starts_with(&prefix))
    }
}

fn no_such(name: &str) -> Failure {
    Failure::new(format!("there is no variable `{name}` in the crontab to put another one beside"))
        .help("set it first, by a task of its own with `env: true`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &str, edit: impl FnOnce(&mut Crontab) -> bool) -> (bool, String) {
        let mut crontab = Crontab::of(text);
        (edit(&mut crontab), crontab.text())
    }

    #[test]
    fn jobs_are_known_by_their_comment() {
        for (text, job, changed, wanted) in [
            ("", "* x", true, "#Ansible: a\n* x\n"),
            ("#Ansible: a\n* x\n", "* x", false, "#Ansible: a\n* x\n"),
            ("#Ansible: a\n* x\n# mine\n", "* y", true, "#Ansible: a\n* y\n# mine\n"),
            ("* z\n* x\n", "* x", true, "* z\n#Ansible: a\n* x\n"),
            ("#Ansible: None\n* x\n", "* x", true, "#Ansible: a\n* x\n"),
            ("#Ansible: b\n* x\n", "* x", true, "#Ansible: b\n* x\n#Ansible: a\n* x\n"),
            ("A=1", "* x", true, "A=1\n#Ansible: a\n* x\n"),
        ] {
            assert_eq!(edited(text, |tab| tab.set_job("a", job)), (changed, wanted.to_owned()), "{text:?}");
        }
        assert_eq!(edited("#Ansible: a\n* x\nrest\n", |tab| tab.remove_job("a")), (true, "rest\n".into()));
        assert_eq!(edited("#Ansible: ab\n* x\n", |tab| tab.remove_job("a")), (false, "#Ansible: ab\n* x\n".into()));
    }

    #[test]
    fn variables_go_to_the_start_or_beside_another_one() {
        let set = |text: &str, beside| {
            let mut tab = Crontab::of(text);
            tab.set_variable("A", "1", beside).map(|changed| (changed, tab.text()))
        };
        assert_eq!(set("* x\n", None).unwrap(), (true, "A=\"1\"\n* x\n".into()));
        assert_eq!(set("B=2\n* x\n", Some(("B", 1))).unwrap(), (true, "B=2\nA=\"1\"\n* x\n".into()));
        assert_eq!(set("# c\nB=2\n", Some(("B", 0))).unwrap(), (true, "# c\nA=\"1\"\nB=2\n".into()));
        assert_eq!(set("A=\"1\"\n", None).unwrap(), (false, "A=\"1\"\n".into()));
        assert_eq!(set("B=2\nA=3\n", None).unwrap(), (true, "B=2\nA=\"1\"\n".into()));
        assert!(set("", Some(("B", 1))).unwrap_err().message.contains("no variable `B`"));
        assert_eq!(Crontab::of("A=1\n* * * * * X=1 y\nB_2 = 1\n").variables(), ["A"]);
    }
}
