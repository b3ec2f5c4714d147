//! `dpp-relay run`: the service. SIGTERM stops it, SIGHUP has it read its configuration anew.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::{CliError, ConfigArgs, Done, runtime};
use crate::board::Board;
use crate::config::{self, Config, LogLevel};
use crate::orders::{self, Commander};
use crate::relay::Relay;
use crate::{http, notify};

pub(super) fn run(args: &ConfigArgs) -> Result<Done, CliError> {
    let config = config::read(&args.config)?;
    start_log(config.log);
    runtime()?.block_on(relay(config, args.config.clone()))
}

async fn relay(config: Config, path: PathBuf) -> Result<Done, CliError> {
    let board = Arc::new(Board::new());
    let address = config.http.listen;
    let listener = http::listen(address).await.map_err(|source| CliError::Listen { address, source })?;
    let signals = Signals::watch().map_err(|source| CliError::System { doing: "watch for signals", source })?;
    let (commander, orders) = orders::channel();
    tokio::spawn(signals.obey(commander, path, Arc::clone(&board)));
    tokio::spawn(http::serve(listener, Arc::clone(&board)));
    tokio::spawn(notify::tell(Arc::clone(&board)));
    let settled = Relay::new(config, board)?.run(orders).await;
    Ok(if settled { Done::Stopped } else { Done::StoppedWithHandBack })
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn watch() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Makes orders of signals, for as long as the process lives.
    async fn obey(mut self, commander: Commander<Config>, path: PathBuf, board: Arc<Board>) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => commander.stop(),
                _ = self.interrupt.recv() => commander.stop(),
                _ = self.hang_up.recv() => reload(&commander, &path, &board),
            }
        }
    }
}

/// A configuration that is wrong is told, and the old one is followed on.
fn reload(commander: &Commander<Config>, path: &std::path::Path, board: &Board) {
    match config::read(path) {
        Ok(config) => {
            tracing::info!(file = %path.display(), "taking up the configuration anew");
            board.configuration(None);
            commander.follow(config);
        }
        Err(error) => {
            tracing::error!("the old configuration is followed on: {error}");
            board.configuration(Some(error.to_string()));
        }
    }
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
