//! `dpp-relay check-config --live`: is everything there that the configuration names? It looks, and changes nothing.

use std::path::Path;

use crate::config::Config;
use crate::errand::Errand;
use crate::source::Source;

/// One thing that was looked at.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which one.
    pub of: String,
    /// Why it cannot be used, if it cannot.
    pub trouble: Option<String>,
}

/// Looks at sources, sink and dead letters, all of them, so that all troubles are told at once.
pub async fn look(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in &config.sources {
        let trouble = Source::check(source).await.err().map(|error| error.to_string());
        findings.push(Finding { of: source.to_string(), trouble });
    }
    findings.push(Finding { of: config.sink.to_string(), trouble: probe(&config.sink).await.err() });
    let file = &config.dead_letter.file;
    findings.push(Finding { of: file.display().to_string(), trouble: folder_trouble(file) });
    if let Some(topic) = &config.dead_letter.topic {
        let sink = topic.as_sink();
        findings.push(Finding { of: sink.to_string(), trouble: probe(&sink).await.err() });
    }
    findings
}

async fn probe(sink: &crate::config::SinkConfig) -> Result<(), String> {
    let errand = Errand::open(sink).map_err(|error| error.to_string())?;
    errand.probe().await.map_err(|error| error.to_string())
}

fn folder_trouble(file: &Path) -> Option<String> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match folder.metadata() {
        Ok(found) if found.is_dir() => None,
        Ok(_) => Some(format!("{} is no folder", folder.display())),
        Err(error) => Some(format!("its folder {} cannot be used: {error}", folder.display())),
    }
}
