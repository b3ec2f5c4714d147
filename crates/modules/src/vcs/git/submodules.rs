//! Submodules of a checkout: whether they are what it expects, and how they come to be.

use std::fs;

use dpp_protocol::Failure;

use super::repository::Repository;

impl Repository<'_> {
    /// Whether every submodule is checked out at the commit that the checkout expects. One that follows its own
    /// remote can only be told by asking that.
    pub(super) fn has_submodules(&self) -> Result<bool, Failure> {
        if !self.is_wanted() {
            return Ok(true);
        }
        if self.task.track_submodules.0 {
            return Ok(false);
        }
        let status = self.ask(&["submodule", "status"])?;
        Ok(status.stdout.lines().all(|line| line.starts_with(' ')))
    }

    /// Brings them to what is expected of them; whether some changed.
    pub(super) fn bring_submodules(&self) -> Result<bool, Failure> {
        if !self.is_wanted() {
            return Ok(false);
        }
        let before = self.ask(&["submodule", "status", "--recursive"])?.stdout;
        self.host.life("git submodule update", None);
        self.ask(&["submodule", "sync"])?;
        let mut arguments = vec!["submodule", "update", "--init", "--recursive"];
        arguments.extend(Some("--remote").filter(|_| self.task.track_submodules.0));
        arguments.extend(Some("--force").filter(|_| self.task.force.0));
        self.ask(&arguments)?;
        Ok(self.ask(&["submodule", "status", "--recursive"])?.stdout != before)
    }

    fn is_wanted(&self) -> bool {
        let file = self.dest.join(".gitmodules");
        self.task.recursive.0 && !self.task.bare.0 && fs::metadata(file).is_ok_and(|found| found.is_file())
    }
}
