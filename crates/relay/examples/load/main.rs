//! Load and judgement for tests of `dpp-relay`, from outside: it shares no code with it. Not shipped.
//!
//!     load publish --amqp amqp://USER:PASSWORD@HOST:PORT/%2flog --exchange logging --run RUN --ledger FILE
//!                  [--count 10000] [--rate 1000] [--size 1024] [--in-flight 500] [--oversize-every N --oversize-bytes B]
//!         Publishes numbered, persistent messages with confirms; reconnects and repeats what was not confirmed, for as
//!         long as it takes. FILE gets one line per confirmed message: its number and how often it was published.
//!     load verdict --kafka HOST:PORT --topic logs_data --run RUN --ledger FILE
//!                  [--dead FILE] [--wait 30] [--max-duplicates N]
//!         Reads the topic from the beginning by a plain consumer until all messages of the ledger are found or nothing
//!         new came for --wait seconds. Prints one JSON object: confirmed, found, dead, lost, duplicates (without the
//!         publisher's own), unmarked_duplicates, unknown, damaged, misdated, out_of_order. Exit code 0 only when
//!         lost, unknown, damaged, misdated and unmarked_duplicates are 0 and duplicates are within the bound.
//!
//! Each message carries headers `datetime` (UNIX seconds) and `sha256` of its body, and message id `RUN-NUMBER`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool for tests, made of its edge alone")]

mod message;
mod publish;
mod verdict;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
#[command(name = "load")]
enum Command {
    /// Publish numbered messages with confirms
    Publish(publish::PublishArgs),
    /// Compare what was confirmed with what is in Kafka
    Verdict(verdict::VerdictArgs),
}

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    match Command::parse() {
        Command::Publish(args) => publish::publish(&args).await.map(|()| ExitCode::SUCCESS),
        Command::Verdict(args) => verdict::verdict(&args),
    }
}
