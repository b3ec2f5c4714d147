//! `dpp-relay test`: tries the mapping with messages whose outcome is known.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{CliError, ConfigArgs, Done};
use crate::config;
use crate::mapping::Mapping;
use crate::trial::{self, Trial};

#[derive(Debug, Args)]
pub(super) struct TestArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// A YAML file with a list of messages and what is expected of them
    #[arg(value_name = "TESTS")]
    tests: PathBuf,
}

pub(super) fn test(args: &TestArgs) -> Result<Done, CliError> {
    let config = config::read(&args.config.config)?;
    let (mapping, trials) = (Mapping::new(&config)?, read(&args.tests)?);
    let outcomes: Vec<_> = trials.iter().map(|trial| (trial, trial::failure(trial, &config, &mapping))).collect();
    let failed = outcomes.iter().filter(|(_, failure)| failure.is_some()).count();
    let mut lines: Vec<String> = outcomes.iter().map(|(trial, failure)| told(trial, failure.as_deref())).collect();
    lines.push(format!("{} of {} tests hold", trials.len() - failed, trials.len()));
    Ok(if failed == 0 { Done::Checked(lines.join("\n")) } else { Done::Partly(lines.join("\n")) })
}

fn told(trial: &Trial, failure: Option<&str>) -> String {
    let name = &trial.name;
    match failure {
        None => format!("ok      {name}"),
        Some(got) => {
            let expected = serde_json::to_string(&trial.expect).unwrap_or_default();
            format!("FAILED  {name}\n        expected {expected}\n        got      {got}")
        }
    }
}

fn read(path: &Path) -> Result<Vec<Trial>, CliError> {
    let failed = |reason: String| CliError::Tests { path: path.into(), reason };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let trials: Vec<Trial> = serde_saphyr::from_str(&text).map_err(|error| failed(error.to_string()))?;
    if trials.is_empty() { Err(failed("there is no test in it".to_owned())) } else { Ok(trials) }
}
