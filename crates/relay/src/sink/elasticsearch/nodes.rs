//! Which node is asked next: all in turn, those that failed lately only when no other is left.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::Url;

const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(30);

/// The nodes of one cluster.
#[derive(Debug)]
pub(super) struct Nodes {
    nodes: Vec<Node>,
    turn: AtomicUsize,
}

/// One node, and how it fares.
#[derive(Debug)]
pub(super) struct Node {
    url: Url,
    rest: Mutex<Option<Rest>>,
}

#[derive(Debug, Clone, Copy)]
struct Rest {
    until: Instant,
    length: Duration,
}

impl Nodes {
    pub(super) fn new(urls: &[Url]) -> Self {
        let nodes = urls.iter().map(|url| Node { url: url.clone(), rest: Mutex::default() }).collect();
        Self { nodes, turn: AtomicUsize::new(0) }
    }

    /// Returns the next node in turn that does not rest, or the one whose rest ends first.
    pub(super) fn next(&self, now: Instant) -> Option<&Node> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let in_turn = || (0..self.nodes.len()).map(|step| &self.nodes[(turn + step) % self.nodes.len()]);
        in_turn()
            .find(|node| node.rests_until() <= Some(now))
            .or_else(|| in_turn().min_by_key(|node| node.rests_until()))
    }
}

impl Node {
    /// Returns the address of one of its pages.
    pub(super) fn page(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        let below = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{below}{path}"));
        url
    }

    /// Learns that it answered.
    pub(super) fn works(&self) {
        *self.lock() = None;
    }

    /// Learns that it did not answer, or not as a node that works; its rest doubles each time.
    pub(super) fn fails(&self, now: Instant) {
        let mut rest = self.lock();
        let length = rest.map_or(FIRST_REST, |rest| (rest.length * 2).min(LONGEST_REST));
        *rest = Some(Rest { until: now + length, length });
    }

    fn rests_until(&self) -> Option<Instant> {
        self.lock().map(|rest| rest.until)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Rest>> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(urls: &[&str]) -> Nodes {
        Nodes::new(&urls.iter().map(|url| url.parse().unwrap()).collect::<Vec<_>>())
    }

    fn asked(nodes: &Nodes, now: Instant, times: usize) -> Vec<String> {
        (0..times).map(|_| nodes.next(now).unwrap().page("/").to_string()).collect()
    }

    #[test]
    fn all_have_their_turn_and_one_that_failed_rests() {
        let (nodes, now) = (nodes(&["http://a:9200", "http://b:9200"]), Instant::now());
        assert_eq!(asked(&nodes, now, 3), ["http://a:9200/", "http://b:9200/", "http://a:9200/"]);
        nodes.nodes[1].fails(now);
        assert_eq!(asked(&nodes, now, 2), ["http://a:9200/", "http://a:9200/"]);
        assert!(asked(&nodes, now + FIRST_REST, 2).contains(&"http://b:9200/".to_owned()), "its rest is over");
    }

    #[test]
    fn when_all_rest_the_first_to_be_back_is_asked() {
        let (nodes, now) = (nodes(&["http://a:9200", "http://b:9200"]), Instant::now());
        nodes.nodes[0].fails(now);
        nodes.nodes[0].fails(now);
        nodes.nodes[1].fails(now);
        assert_eq!(asked(&nodes, now, 2), ["http://b:9200/", "http://b:9200/"]);
        nodes.nodes[0].works();
        assert_eq!(asked(&nodes, now, 1), ["http://a:9200/"]);
    }

    #[test]
    fn a_path_of_the_url_stays_in_front() {
        let nodes = nodes(&["https://proxy/es/"]);
        assert_eq!(nodes.nodes[0].page("/_bulk").to_string(), "https://proxy/es/_bulk");
    }
}
