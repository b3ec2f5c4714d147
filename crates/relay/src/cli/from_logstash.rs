//! `dpp-relay from-logstash`: prints a configuration that does what a Logstash pipeline does, as far as it can.

use std::path::PathBuf;

use clap::Args;

use super::{CliError, Done};
use crate::logstash;

#[derive(Debug, Args)]
pub(super) struct FromLogstashArgs {
    /// The pipeline, such as /etc/logstash/conf.d/logs.conf
    #[arg(value_name = "PIPELINE")]
    pipeline: PathBuf,
}

pub(super) fn from_logstash(args: &FromLogstashArgs) -> Result<Done, CliError> {
    let failed = |reason: String| CliError::Pipeline { path: args.pipeline.clone(), reason };
    let text = std::fs::read_to_string(&args.pipeline).map_err(|error| failed(error.to_string()))?;
    let turned = logstash::turn(&text).map_err(failed)?;
    let yaml = turned.to_yaml().trim_end().to_owned();
    Ok(if turned.left.is_empty() { Done::Checked(yaml) } else { Done::Partly(yaml) })
}
