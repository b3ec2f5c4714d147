//! `dpp-relay check-config`: is the file well-formed, and with `--live`, is everything there that it names?

use std::fmt::Write as _;

use clap::Args;

use super::{CliError, ConfigArgs, Done, runtime};
use crate::config;
use crate::live::{self, Finding};
use crate::mapping::Mapping;

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Also log in, and look for queue, topic and index; nothing is read, written or made
    #[arg(long)]
    live: bool,
}

pub(super) fn check_config(args: &CheckArgs) -> Result<Done, CliError> {
    let path = &args.config.config;
    let config = config::read(path)?;
    Mapping::new(&config)?;
    let sentence = format!("{} is valid: {} -> {}", path.display(), config.all_sources(), config.sink);
    if !args.live {
        return Ok(Done::Checked(sentence));
    }
    let findings = runtime()?.block_on(live::look(&config));
    let all_well = findings.iter().all(|finding| finding.trouble.is_none());
    let told = findings.iter().fold(sentence, tell);
    Ok(if all_well { Done::Checked(told) } else { Done::Partly(told) })
}

fn tell(mut told: String, finding: &Finding) -> String {
    let verdict =
        finding.trouble.as_ref().map_or_else(|| "is there".to_owned(), |trouble| format!("FAILED: {trouble}"));
    // A String takes every word.
    let _ = write!(told, "\n  {}: {verdict}", finding.of);
    told
}
