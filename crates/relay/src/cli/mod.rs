//! The command line, a file a command. Arguments in, an outcome out; it prints nothing.

mod check_config;
mod from_logstash;
mod replay;
mod run;
mod status;
mod test;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use tokio::runtime::Runtime;

use crate::config::ConfigError;
use crate::mapping::TableError;
use crate::replay::ReplayError;

use check_config::CheckArgs;
use from_logstash::FromLogstashArgs;
use replay::ReplayArgs;
use status::StatusArgs;
use test::TestArgs;

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
    /// Check the configuration; it connects to nothing unless told to
    CheckConfig(CheckArgs),
    /// Try the mapping with messages whose outcome is known
    Test(TestArgs),
    /// Turn a Logstash pipeline into a configuration, and name what cannot be turned
    FromLogstash(FromLogstashArgs),
    /// Tell what the running relay does and where every message is
    Status(StatusArgs),
    /// Send dead letters again; those that are taken leave the file
    Replay(ReplayArgs),
}

#[derive(Debug, Args)]
struct ConfigArgs {
    /// The configuration file
    #[arg(long, short, default_value = "/etc/dpp-relay/config.yml", value_name = "FILE")]
    config: PathBuf,
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
    /// A table of the mapping cannot be read.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Dead letters could not be sent again.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The pipeline cannot be read.
    #[error("cannot read the pipeline {}: {reason}", path.display())]
    Pipeline {
        /// The file.
        path: PathBuf,
        /// The system's words, or where it stops making sense.
        reason: String,
    },
    /// The file of tests cannot be used.
    #[error("cannot use the tests {}: {reason}", path.display())]
    Tests {
        /// The file.
        path: PathBuf,
        /// The system's words, or what is wrong in the file.
        reason: String,
    },
    /// The running relay cannot be asked.
    #[error("cannot ask the relay at {page}: {reason}; `systemctl status dpp-relay` tells whether it runs")]
    Silent {
        /// Which page.
        page: String,
        /// The network's words, or why the answer is none.
        reason: String,
    },
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
            Command::Run(args) => run::run(args),
            Command::CheckConfig(args) => check_config::check_config(args),
            Command::Test(args) => test::test(args),
            Command::FromLogstash(args) => from_logstash::from_logstash(args),
            Command::Status(args) => status::status(args),
            Command::Replay(args) => replay::replay(args),
        }
    }
}

/// Bytes of a thread's stack: for as many tables within each other as fit into a frame of AMQP. Only what is used is taken. The
/// threads that are lapin's have it by the unit's `RUST_MIN_STACK`.
pub const STACK: usize = 256 << 20;

fn runtime() -> Result<Runtime, CliError> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).thread_stack_size(STACK).enable_all().build();
    runtime.map_err(|source| CliError::System { doing: "start the runtime", source })
}
