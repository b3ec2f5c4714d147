//! Hosts that are asked something outside of any playbook: which they are, how they are reached, what a failure means.

use std::sync::Arc;

use dpp_protocol::Failure;

use crate::cli::Stop;
use crate::cli::conduct::{agent, store};
use crate::cli::invocation::{Invocation, Manner};
use crate::cli::ways::Ways;
use crate::engine::Errands;
use crate::exit::Exit;
use crate::ui::Ui;

/// The hosts of a pattern, or all, within `--limit`.
pub(super) fn hosts(invocation: &Invocation, pattern: Option<&str>, limit: Option<&str>) -> Result<Vec<String>, Stop> {
    let mut hosts = invocation.inventory.select(pattern.unwrap_or("all"))?;
    if let Some(limit) = limit {
        let within = invocation.inventory.select(limit)?;
        hosts.retain(|host| within.contains(host));
    }
    Ok(hosts)
}

/// Sessions to these hosts; they begin when something is asked.
pub(super) fn errands(invocation: &mut Invocation, hosts: &[String], ui: Ui) -> Result<Errands, Stop> {
    let vars = invocation.run_vars(&Manner::default());
    let ways = Ways::to(invocation, &vars, hosts, ui)?;
    Ok(Errands::new(ways.into_routes(), Arc::new(agent()?), Arc::new(store(invocation)?)))
}

/// The same for looking whether there can be sessions at all.
pub(super) fn probes(invocation: &mut Invocation, hosts: &[String], ui: Ui) -> Result<Errands, Stop> {
    let vars = invocation.run_vars(&Manner::default());
    let ways = Ways::to_look_at(invocation, &vars, hosts, ui)?;
    Ok(Errands::new(ways.into_routes(), Arc::new(agent()?), Arc::new(store(invocation)?)))
}

/// Why a host gave no answer, and what to do next.
pub(super) fn tell(ui: &Ui, host: &str, failure: &Failure) {
    ui.trouble(&format!("{host}: {}", failure.message));
    failure.help.iter().for_each(|help| ui.story(&format!("help: {help}")));
}

/// Whether a failure means that the host was out of reach.
pub(super) fn is_lost(failure: &Failure) -> bool {
    failure.code.starts_with("DPP04")
}

/// Ends a command that needs a product before all else: its host is out of reach, or it does not do its work.
pub(super) fn unanswered(host: &str, failure: Failure) -> Stop {
    let words = format!("{host}: {}", failure.message);
    if is_lost(&failure) { Stop::Unreachable(words) } else { Stop::Unwell(words, failure.help) }
}

/// What failures of several hosts come to.
pub(super) fn exit<'a>(failures: impl IntoIterator<Item = &'a Failure>) -> Exit {
    let exits = failures.into_iter().map(|failure| if is_lost(failure) { Exit::Unreachable } else { Exit::Failed });
    exits.max().unwrap_or(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_host_weighs_more_than_a_lost_one() {
        let (lost, failed) = (Failure::new("down").code("DPP0401"), Failure::new("rc 1"));
        assert_eq!(exit([&lost]), Exit::Unreachable);
        assert_eq!(exit([&failed, &lost]), Exit::Failed);
        assert_eq!(exit([]), Exit::Ok);
    }

    #[test]
    fn a_product_on_a_host_that_is_away_is_out_of_reach_and_not_unwell() {
        let stop = |code: &str| unanswered("kafka1", Failure::new("no answer").code(code));
        assert!(matches!(stop("DPP0401"), Stop::Unreachable(words) if words == "kafka1: no answer"));
        assert!(matches!(stop("DPP0801"), Stop::Unwell(..)));
    }
}
