//! `bench`: how fast the relay is, beside what cannot be faster, and beside other builds of itself.

use clap::Args;

use super::Places;
use crate::bench::{self, Candidate, Part};
use crate::lab::Error;
use crate::stage::Stage;

#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    /// Only these; then the document stays as it is
    parts: Vec<Part>,
    /// Another relay to measure in turns with this one
    #[arg(long, value_name = "NAME=PATH")]
    other: Vec<Candidate>,
}

pub(super) async fn measure(
    stage: &Stage,
    places: &Places,
    args: &BenchArgs,
    tell: &mut dyn FnMut(&str),
) -> Result<bool, Error> {
    let (relay, folder) = (places.relay.clone(), places.folder.clone());
    bench::measure(stage, relay, args.other.clone(), &args.parts, folder, tell).await.map(|()| true)
}
