//! `dppctl vault create`: a file that never lies on a disk in clear text.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::cli::Stop;
use crate::cli::options::{Global, VaultArgs};
use crate::cli::passwords::refused;
use crate::cli::vault::edit::file_name;
use crate::cli::vault::editor::edited;
use crate::cli::vault::keys;
use crate::files;
use crate::source::Problem;
use crate::ui::Ui;

/// Options of `vault create`.
#[derive(Debug, Args)]
pub(in crate::cli) struct CreateArgs {
    /// The new file
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// The vault id that encrypts, where several have a password
    #[arg(long, value_name = "ID")]
    encrypt_vault_id: Option<String>,
    #[command(flatten)]
    vault: VaultArgs,
}

pub(super) fn create(global: &Global, args: &CreateArgs, ui: Ui) -> Result<(), Stop> {
    let path = args.file.display();
    if args.file.symlink_metadata().is_ok() {
        let problem = Problem::error("DPP0106", format!("{path} is there already"));
        return Err(problem.help(format!("to change it: dppctl vault edit {path}")).into());
    }
    let key = keys::sealing(global, &args.vault, args.encrypt_vault_id.as_deref(), ui)?;
    let content = edited(&file_name(&args.file), b"")?;
    if content.is_empty() {
        ui.story(&format!("nothing was written, so there is no {path}"));
        return Ok(());
    }
    let envelope = key.seal(&content).map_err(|error| refused(format!("cannot encrypt {path}: {error}"), &error))?;
    files::replace(&args.file, envelope.as_bytes())
        .map_err(|error| Stop::Trouble(format!("cannot write {path}: {error}")))?;
    ui.story(&format!("encrypted {path}"));
    Ok(())
}
