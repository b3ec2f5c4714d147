//! `dppctl man`: the manual, a page for each command; the first also holds the table of exit codes.

use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::cli::{Cli, Stop};
use crate::exit::Exit;
use crate::ui::Ui;

/// Options of `man`.
#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// Folder for all pages; without it the first page goes to standard output
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

pub(super) fn man(args: &ManArgs, ui: Ui) -> Result<Exit, Stop> {
    let mut command = Cli::command();
    command.build();
    let Some(folder) = &args.folder else {
        ui.answer(&String::from_utf8_lossy(&page(&command, true)?));
        return Ok(Exit::Ok);
    };
    let cannot =
        |error: std::io::Error| Stop::Trouble(format!("cannot write the manual to {}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(cannot)?;
    let count = pages(&command, folder, true)?;
    ui.answer(&format!(
        "{count} pages in {}; read one with: man {}",
        folder.display(),
        folder.join("dppctl.1").display()
    ));
    Ok(Exit::Ok)
}

/// Writes the page of a command and those of its subcommands; returns how many.
fn pages(command: &Command, folder: &Path, first: bool) -> Result<usize, Stop> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).replace(' ', "-");
    let path = folder.join(format!("{name}.1"));
    std::fs::write(&path, page(command, first)?)
        .map_err(|error| Stop::Trouble(format!("cannot write {}: {error}", path.display())))?;
    let below = command.get_subcommands().filter(|below| below.get_name() != "help" && !below.is_hide_set());
    below.map(|below| pages(below, folder, false)).try_fold(1, |count, more| Ok(count + more?))
}

fn page(command: &Command, first: bool) -> Result<Vec<u8>, Stop> {
    let mut page = Vec::new();
    let written = Man::new(command.clone())
        .render(&mut page)
        .and_then(|()| if first { exit_codes().to_writer(&mut page) } else { Ok(()) });
    written.map(|()| page).map_err(|error| Stop::Trouble(format!("cannot write the manual: {error}")))
}

fn exit_codes() -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for (exit, name, meaning) in Exit::TABLE {
        roff.control("TP", []);
        roff.text([bold(exit.code().to_string()), roman(format!(" {name}"))]);
        roff.text([roman(*meaning)]);
    }
    roff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_and_the_first_has_the_exit_codes() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Cli::command();
        command.build();
        let count = pages(&command, folder.path(), true).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), count);
        assert!(std::fs::read_to_string(folder.path().join("dppctl.1")).unwrap().contains("EXIT STATUS"));
        assert!(!std::fs::read_to_string(folder.path().join("dppctl-run.1")).unwrap().contains("EXIT STATUS"));
    }
}
