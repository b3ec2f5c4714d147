//! `order`: in which order the hosts of a play come.

use crate::playbook::Play;
use crate::source::{Problem, nearest};

const ORDERS: &[&str] = &["inventory", "sorted", "reverse_sorted", "reverse_inventory", "shuffle"];

/// The hosts in the order that the play asks for; `seed` decides about a shuffle.
pub(super) fn ordered(play: &Play, mut hosts: Vec<String>, seed: u64) -> Result<Vec<String>, Problem> {
    let Some(order) = &play.order else { return Ok(hosts) };
    match order.as_str().trim() {
        "inventory" => {}
        "sorted" => hosts.sort(),
        "reverse_sorted" => {
            hosts.sort();
            hosts.reverse();
        }
        "reverse_inventory" => hosts.reverse(),
        "shuffle" => shuffle(&mut hosts, seed),
        other => {
            let problem = Problem::error("DPP0105", format!("unknown order `{other}`"));
            let place = order.place().unwrap_or(&play.place).clone();
            return Err(problem.at(&place, "").did_you_mean(nearest(other, ORDERS.iter().copied())));
        }
    }
    Ok(hosts)
}

/// Fisher and Yates's shuffle; a linear congruential generator is chance enough for an order of hosts.
fn shuffle(hosts: &mut [String], seed: u64) {
    let mut state = seed;
    for end in (1..hosts.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let among = end as u64 + 1;
        hosts.swap(end, usize::try_from((state >> 33) % among).unwrap_or(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shuffle_loses_nobody_and_another_seed_gives_another_order() {
        let hosts: Vec<String> = (0..20).map(|number| format!("h{number:02}")).collect();
        let shuffled = |seed| {
            let mut hosts = hosts.clone();
            shuffle(&mut hosts, seed);
            hosts
        };
        let mut sorted = shuffled(1);
        sorted.sort();
        assert_eq!(sorted, hosts);
        assert_ne!(shuffled(1), shuffled(2));
        assert_ne!(shuffled(1), hosts);
    }
}
