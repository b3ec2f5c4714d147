//! The command line of `dpp-webapp`: run it, or check its configuration.

use std::{error::Error, io, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};
use dpp_webapp::{config::Config, run};
use tracing::{Level, level_filters::LevelFilter};
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

/// A page with a form whose text travels through the log pipeline.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the page until SIGTERM.
    Run {
        #[command(flatten)]
        config: ConfigArgs,
        /// How much to log: error, warn, info, debug or trace. What was entered is never logged.
        #[arg(long, default_value_t = Level::INFO)]
        log_level: Level,
    },
    /// Say whether the configuration can be used, without connecting to anything.
    CheckConfig(ConfigArgs),
}

#[derive(Args)]
struct ConfigArgs {
    /// The configuration file.
    #[arg(long, value_name = "FILE", default_value = "/etc/dpp-webapp/config.yml")]
    config: PathBuf,
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run { config, log_level } => serve(&config, log_level),
        Command::CheckConfig(config) => check(&config),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&*error);
            ExitCode::FAILURE
        }
    }
}

fn serve(args: &ConfigArgs, log_level: Level) -> Result<(), Box<dyn Error>> {
    log_to_stderr(log_level);
    let config = Config::load(&args.config)?;
    let runtime = tokio::runtime::Runtime::new()?;
    Ok(runtime.block_on(run::run(config))?)
}

/// The journal stamps and colours by itself; what lapin complains of is said once, by us, with the place.
fn log_to_stderr(level: Level) {
    let of_lapin = if level >= Level::DEBUG { level.into() } else { LevelFilter::OFF };
    let targets = Targets::new().with_default(level).with_target("lapin", of_lapin);
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).without_time().with_ansi(false);
    tracing_subscriber::registry().with(lines).with(targets).init();
}

#[expect(clippy::print_stdout, reason = "the answer of check-config goes to whoever asked")]
fn check(args: &ConfigArgs) -> Result<(), Box<dyn Error>> {
    let config = Config::load(&args.config)?;
    run::check(&config)?;
    println!("{} can be used", args.config.display());
    Ok(())
}

#[expect(clippy::print_stderr, reason = "the last words of a command that failed")]
fn complain(error: &dyn Error) {
    eprintln!("error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        eprintln!("  caused by: {error}");
        cause = error.source();
    }
}
