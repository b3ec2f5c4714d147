//! `dppctl vault encrypt`: files become envelopes, each with a salt of its own.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::cli::Stop;
use crate::cli::options::{Global, VaultArgs};
use crate::cli::passwords::refused;
use crate::cli::vault::keys;
use crate::cli::vault::paper::{Paper, each, require_one};
use crate::source::Problem;
use crate::ui::Ui;

/// Options of `vault encrypt`.
#[derive(Debug, Args)]
pub(in crate::cli) struct EncryptArgs {
    /// Files; standard input when none is named
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// Write to this file instead; `-` is standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    out: Option<PathBuf>,
    /// The vault id that encrypts, where several have a password
    #[arg(long, value_name = "ID")]
    encrypt_vault_id: Option<String>,
    #[command(flatten)]
    vault: VaultArgs,
}

pub(super) fn encrypt(global: &Global, args: &EncryptArgs, ui: Ui) -> Result<(), Stop> {
    let papers = Paper::all(&args.files)?;
    require_one(&papers, args.out.as_deref())?;
    each(&papers, |paper| if paper.is_envelope() { Err(vec![sealed_already(paper)]) } else { Ok(()) })?;
    let key = keys::sealing(global, &args.vault, args.encrypt_vault_id.as_deref(), ui)?;
    let envelopes = each(&papers, |paper| {
        key.seal(&paper.bytes).map_err(|error| vec![refused(format!("cannot encrypt {}: {error}", paper.name), &error)])
    })?;
    let pairs = papers.iter().zip(envelopes);
    pairs
        .into_iter()
        .try_for_each(|(paper, envelope)| paper.put(envelope.as_bytes(), args.out.as_deref(), "encrypted", ui))
}

fn sealed_already(paper: &Paper) -> Problem {
    Problem::error("DPP1206", format!("{} is encrypted already", paper.name))
        .help(format!("for another password: dppctl vault rekey {}", paper.name))
}
