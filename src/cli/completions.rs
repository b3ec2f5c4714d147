//! `dppctl completions`: a script by which a shell asks this programme itself what it may complete.

use clap::{Args, CommandFactory, ValueEnum};
use clap_complete::CompleteEnv;
use clap_complete::env::Shells;

use crate::cli::{Cli, Stop};
use crate::exit::Exit;
use crate::ui::Ui;

/// The variable in which a shell says that it asks.
const ASKED: &str = "COMPLETE";

/// Options of `completions`.
#[derive(Debug, Args)]
#[command(after_help = "Put it where the shell reads it: dppctl completions bash > /etc/bash_completion.d/dppctl")]
pub(super) struct CompletionsArgs {
    /// Whose
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shell {
    /// `GNU` Bash
    Bash,
    /// Z shell
    Zsh,
    /// Friendly interactive shell
    Fish,
    /// Elvish
    Elvish,
    /// `PowerShell`
    Powershell,
}

impl Shell {
    fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
            Self::Elvish => "elvish",
            Self::Powershell => "powershell",
        }
    }
}

/// Answers a shell that asks; false when none does.
pub(super) fn answered() -> bool {
    let folder = std::env::current_dir().ok();
    let asked = CompleteEnv::with_factory(Cli::command).var(ASKED).bin("dppctl");
    // A shell that is answered nothing offers nothing; words would only disturb the line.
    asked.try_complete(std::env::args_os(), folder.as_deref()).unwrap_or(true)
}

pub(super) fn completions(args: &CompletionsArgs, ui: Ui) -> Result<Exit, Stop> {
    ui.answer(&script(args.shell)?);
    Ok(Exit::Ok)
}

fn script(shell: Shell) -> Result<String, Stop> {
    let name = shell.name();
    let unknown = || Stop::Trouble(format!("no completion is known for {name}"));
    let mut script = Vec::new();
    Shells::builtins()
        .completer(name)
        .ok_or_else(unknown)?
        .write_registration(ASKED, "dppctl", "dppctl", "dppctl", &mut script)
        .map_err(|error| Stop::Trouble(format!("cannot write the completion for {name}: {error}")))?;
    Ok(String::from_utf8_lossy(&script).into_owned())
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn bash_reads_its_script_and_every_shell_has_one() {
        for shell in Shell::value_variants() {
            let script = script(*shell).unwrap();
            assert!(script.contains("dppctl"), "{shell:?}: {script}");
        }
        let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn().unwrap();
        bash.stdin.take().unwrap().write_all(script(Shell::Bash).unwrap().as_bytes()).unwrap();
        assert!(bash.wait().unwrap().success());
    }
}
