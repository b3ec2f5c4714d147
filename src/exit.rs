//! The one table of exit codes. Numbers that people's CI already tests for are kept: Ansible's 0, 2 and 4.

use std::process::ExitCode;

/// How the programme ends. Ordered from the mildest to the worst: when several apply, the greatest wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Done.
    Ok,
    /// A plan found changes to be made, and `--detailed-exitcode` asked for that.
    Changes,
    /// A person said no, or a question met no terminal.
    Declined,
    /// Another run has the hosts.
    Locked,
    /// At least one host could not be reached, none failed.
    Unreachable,
    /// `status`, `verify` or a gate says no.
    Unhealthy,
    /// A task failed on at least one host.
    Failed,
    /// It failed, and hosts were brought back to how they were.
    RolledBack,
    /// Our fault, or this machine's.
    Internal,
    /// Wrong command line.
    Usage,
    /// Inventory, role, template or bundle is wrong; nothing was touched.
    Refused,
    /// Stopped by SIGINT.
    Interrupted,
    /// Stopped by SIGTERM.
    Terminated,
}

impl Exit {
    /// Every code with its name and meaning, for `help exit-codes` and the manual.
    pub const TABLE: &'static [(Self, &'static str, &'static str)] = &[
        (Self::Ok, "ok", "done; also when plan or --check found changes to be made"),
        (Self::Internal, "internal", "our fault, or this machine's: I/O, a bug"),
        (Self::Failed, "failed", "a task failed on at least one host"),
        (Self::Changes, "changes", "plan --detailed-exitcode found changes to be made"),
        (Self::Unreachable, "unreachable", "at least one host could not be reached, none failed"),
        (Self::Unhealthy, "unhealthy", "status, verify or a gate says no: pipeline broken, events lost"),
        (Self::Locked, "locked", "another run has the hosts"),
        (Self::RolledBack, "rolled-back", "deploy --rollback failed, and hosts are as they were before"),
        (Self::Declined, "declined", "a person said no, or a question met no terminal"),
        (Self::Usage, "usage", "wrong command line"),
        (Self::Refused, "refused", "inventory, role, template or bundle is wrong; nothing was touched"),
        (Self::Interrupted, "interrupted", "SIGINT, after a clean stop"),
        (Self::Terminated, "terminated", "SIGTERM, after a clean stop"),
    ];

    /// The name in the table.
    pub fn name(self) -> &'static str {
        Self::TABLE.iter().find(|(exit, ..)| *exit == self).map_or("", |(_, name, _)| name)
    }

    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Internal => 1,
            Self::Failed => 2,
            Self::Changes => 3,
            Self::Unreachable => 4,
            Self::Unhealthy => 6,
            Self::Locked => 7,
            Self::RolledBack => 8,
            Self::Declined => 9,
            Self::Usage => 64,
            Self::Refused => 65,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_in_the_table_once() {
        let mut codes: Vec<u8> = Exit::TABLE.iter().map(|(exit, ..)| exit.code()).collect();
        codes.sort_unstable();
        assert_eq!(codes, [0, 1, 2, 3, 4, 6, 7, 8, 9, 64, 65, 130, 143]);
    }

    #[test]
    fn the_readme_tells_every_code() {
        let readme = include_str!("../README.md");
        let told = readme.split("Exit codes:").nth(1).and_then(|rest| rest.split("Answers go").next()).unwrap();
        let told = told.split(|character: char| !character.is_ascii_digit()).filter_map(|word| word.parse().ok());
        let codes: Vec<u8> = Exit::TABLE.iter().map(|(exit, ..)| exit.code()).collect();
        assert_eq!(told.collect::<Vec<u8>>(), codes);
    }
}
