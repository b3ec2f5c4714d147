//! `dppctl vault view`: the clear text on standard output.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::cli::Stop;
use crate::cli::options::{Global, VaultArgs};
use crate::cli::vault::keys;
use crate::cli::vault::paper::{Paper, Sealed, each, named, text_of};
use crate::secret::Vault;
use crate::source::{Problem, Problems};
use crate::ui::Ui;
use zeroize::Zeroizing;

/// Options of `vault view`.
#[derive(Debug, Args)]
pub(in crate::cli) struct ViewArgs {
    /// Files; standard input when none is named
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// Only this value, as it is: `db_password`, `users[0].password`
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    vault: VaultArgs,
}

pub(super) fn view(global: &Global, args: &ViewArgs, ui: Ui) -> Result<(), Stop> {
    let papers = Paper::all(&args.files)?;
    let sealed = each(&papers, Paper::sealed)?;
    let vault = keys::opening(global, &args.vault, ui)?;
    let contents = each(&sealed, |sealed| match &args.name {
        Some(name) => one(sealed, name, &vault),
        None => sealed.opened(&vault),
    })?;
    contents.iter().for_each(|content| ui.answer_bytes(content));
    Ok(())
}

fn one(sealed: &Sealed, name: &str, vault: &Vault) -> Result<Zeroizing<Vec<u8>>, Problems> {
    match sealed {
        Sealed::Values(source, values) => {
            let value = named(values, name, source.name()).map_err(|problem| vec![problem])?;
            Ok(Zeroizing::new(text_of(vault, value)?.as_bytes().to_vec()))
        }
        Sealed::Whole(source) => Err(vec![no_values(source.name())]),
    }
}

/// Says that there is nothing to choose from in a file that is encrypted whole.
pub(super) fn no_values(file: &str) -> Problem {
    let problem = Problem::error("DPP1206", format!("{file} is encrypted whole, and not value by value"));
    problem.help("leave --name away")
}
