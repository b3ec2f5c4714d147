//! `dppctl vault decrypt`: the clear text in the place of the envelope, and in the places of encrypted values.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::cli::Stop;
use crate::cli::options::{Global, VaultArgs};
use crate::cli::vault::keys;
use crate::cli::vault::paper::{Paper, each, require_one, warn_of_readers};
use crate::ui::Ui;

/// Options of `vault decrypt`.
#[derive(Debug, Args)]
pub(in crate::cli) struct DecryptArgs {
    /// Files; standard input when none is named
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// Write to this file instead; `-` is standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    out: Option<PathBuf>,
    #[command(flatten)]
    vault: VaultArgs,
}

pub(super) fn decrypt(global: &Global, args: &DecryptArgs, ui: Ui) -> Result<(), Stop> {
    let papers = Paper::all(&args.files)?;
    require_one(&papers, args.out.as_deref())?;
    let sealed = each(&papers, Paper::sealed)?;
    let vault = keys::opening(global, &args.vault, ui)?;
    let contents = each(&sealed, |sealed| sealed.opened(&vault))?;
    for (paper, content) in papers.iter().zip(contents) {
        paper.put(&content, args.out.as_deref(), "decrypted", ui)?;
        args.out.as_ref().or(paper.path.as_ref()).iter().for_each(|path| warn_of_readers(path, ui));
    }
    Ok(())
}
