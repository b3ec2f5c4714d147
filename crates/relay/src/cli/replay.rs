//! `dpp-relay replay`: sends dead letters again.

use std::path::PathBuf;

use clap::Args;

use super::{CliError, ConfigArgs, Done, runtime};
use crate::{config, replay};

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Another file of dead letters than the configured one
    #[arg(value_name = "LETTERS")]
    letters: Option<PathBuf>,
    /// Only count them by their reasons
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn replay(args: &ReplayArgs) -> Result<Done, CliError> {
    let config = config::read(&args.config.config)?;
    let letters = args.letters.as_ref().unwrap_or(&config.dead_letter.file);
    if args.dry_run {
        let found = replay::look(letters)?;
        return Ok(Done::Checked(format!("{} dead letters in {}{found}", found.count(), letters.display())));
    }
    let replayed = runtime()?.block_on(replay::replay(&config, letters))?;
    let sentence = format!("{}: {replayed}", config.sink);
    Ok(if replayed.is_complete() { Done::Checked(sentence) } else { Done::Partly(sentence) })
}
