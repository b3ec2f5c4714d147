//! The command line: `run`, `check-config` and `replay`. Arguments in, an outcome out; it prints nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{self, Config, ConfigError, LogLevel};
use crate::health::Health;
use crate::relay::Relay;
use crate::replay::ReplayError;
use crate::{http, notify, replay};

/// Moves messages from RabbitMQ to Kafka and from Kafka to Elasticsearch, and loses none
#[derive(Debug, Parser)]
#[command(name = "dpp-relay", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Forward messages until SIGTERM
    Run(ConfigArgs),
    /// Check the configuration and connect to nothing
    CheckConfig(ConfigArgs),
    /// Send dead letters again; those that are taken leave the file
    Replay(ReplayArgs),
}

#[derive(Debug, Args)]
struct ConfigArgs {
    /// The configuration file
    #[arg(long, short, default_value = "/etc/dpp-relay/config.yml", value_name = "FILE")]
    config: PathBuf,
}

#[derive(Debug, Args)]
struct ReplayArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Another file of dead letters than the configured one
    #[arg(value_name = "LETTERS")]
    letters: Option<PathBuf>,
    /// Only count them by their reasons
    #[arg(long)]
    dry_run: bool,
}

/// What a command came to, when it came to something.
#[derive(Debug, PartialEq, Eq)]
pub enum Done {
    /// The configuration is good; the sentence says so.
    Checked(String),
    /// Not all of it; the sentence says what is left.
    Partly(String),
    /// Stopped as asked, nothing left behind.
    Stopped,
    /// Stopped as asked; what was not confirmed went back to the source.
    StoppedWithHandBack,
}

/// Why a command came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The configuration is missing or wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Dead letters could not be sent again.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The port of the HTTP pages cannot be had.
    #[error("cannot listen on {address} (http.listen): {source}")]
    Listen {
        /// Where.
        address: std::net::SocketAddr,
        /// The system's words.
        source: std::io::Error,
    },
    /// The process cannot be set up.
    #[error("cannot {doing}: {source}")]
    System {
        /// What was attempted.
        doing: &'static str,
        /// The system's words.
        source: std::io::Error,
    },
}

impl Cli {
    /// Does what the command line says.
    pub fn execute(&self) -> Result<Done, CliError> {
        match &self.command {
            Command::CheckConfig(args) => check_config(&args.config),
            Command::Run(args) => run(config::read(&args.config)?),
            Command::Replay(args) => replay_letters(args),
        }
    }
}

fn check_config(path: &Path) -> Result<Done, CliError> {
    let config = config::read(path)?;
    Ok(Done::Checked(format!("{} is valid: {} -> {}", path.display(), config.source, config.sink)))
}

fn run(config: Config) -> Result<Done, CliError> {
    start_log(config.log);
    runtime()?.block_on(relay(config))
}

fn replay_letters(args: &ReplayArgs) -> Result<Done, CliError> {
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

fn runtime() -> Result<Runtime, CliError> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).enable_all().build();
    runtime.map_err(|source| CliError::System { doing: "start the runtime", source })
}

async fn relay(config: Config) -> Result<Done, CliError> {
    let health = Arc::new(Health::new(config.sink.product()));
    let address = config.http.listen;
    let listener = http::listen(address).await.map_err(|source| CliError::Listen { address, source })?;
    let stop = stop_on_signals().map_err(|source| CliError::System { doing: "watch for signals", source })?;
    tokio::spawn(http::serve(listener, Arc::clone(&health)));
    tokio::spawn(notify::tell(Arc::clone(&health)));
    let settled = Relay::new(config, health).run(stop).await;
    Ok(if settled { Done::Stopped } else { Done::StoppedWithHandBack })
}

fn stop_on_signals() -> std::io::Result<watch::Receiver<bool>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stop.send_replace(true);
        // Until the process ends: a closed channel would look like a second order to stop.
        std::future::pending::<()>().await;
    });
    Ok(stopped)
}

fn start_log(level: LogLevel) {
    let level = match level {
        LogLevel::Error => tracing::Level::ERROR,
        LogLevel::Warn => tracing::Level::WARN,
        LogLevel::Info => tracing::Level::INFO,
        LogLevel::Debug => tracing::Level::DEBUG,
    };
    // lapin calls every closed connection an error; what it means is said by the relay.
    let lapin = if level == tracing::Level::DEBUG { LevelFilter::DEBUG } else { LevelFilter::OFF };
    let shown = Targets::new().with_default(level).with_target("lapin", lapin);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    let log = tracing_subscriber::registry().with(shown);
    // The journal stamps lines itself.
    let under_journal = std::env::var_os("JOURNAL_STREAM").is_some();
    if under_journal { log.with(lines.without_time()).init() } else { log.with(lines).init() }
}
