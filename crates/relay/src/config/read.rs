//! Reads the file, and shows a mistake with its line and a caret, but never a password.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::{Config, SinkConfig, SourceConfig, mask};

/// A message that RabbitMQ delivers twice could not be told from two.
const NO_IDS: &str = "sink.elasticsearch needs source.kafka: a document gets its id from the record's partition and offset, \
                      so that none is written twice; let one relay write to Kafka and another one from there";

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The file says something it must not.
    #[error("the configuration {} is not valid\n{excerpt}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The complaint with the lines around it.
        excerpt: String,
    },
}

/// Reads and checks a configuration file.
pub fn read(path: &Path) -> Result<Config, ConfigError> {
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.into(), source })?;
    let name = path.to_string_lossy();
    parse(&text, &name).map_err(|excerpt| ConfigError::Invalid { path: path.into(), excerpt })
}

/// Checks the text of the file `name`; the error is the excerpt to show.
pub(super) fn parse(text: &str, name: &str) -> Result<Config, String> {
    let config = serde_saphyr::from_str::<Config>(text).map_err(|error| excerpt(text, name, &error))?;
    let has_queue = config.sources.iter().any(|source| matches!(source, SourceConfig::Rabbitmq(_)));
    match &config.sink {
        SinkConfig::Elasticsearch(_) if has_queue => Err(NO_IDS.to_owned()),
        _ => Ok(config),
    }
}

/// An excerpt shows the lines around the mistake, so it is made from a copy whose passwords are masked; where that has
/// another mistake, none is shown.
fn excerpt(text: &str, name: &str, error: &serde_saphyr::Error) -> String {
    match serde_saphyr::from_str::<Config>(&mask::passwords(text)) {
        Err(masked) if masked.location() == error.location() => {
            masked.render_with_options(serde_saphyr::render_options! { source_name: Some(name) })
        }
        _ => error.without_snippet().to_string(),
    }
}
