//! The canary beside an upgrade or a drill: a thread that sends a few marked messages a second through the pipeline's front door, and
//! one that looks for them at its end, wherever a node of Elasticsearch answers.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use dpp_protocol::{Answer, Failure};
use serde_json::{Map, Value as Json, json};

use crate::artifacts::Store;
use crate::cli::Stop;
use crate::cli::conduct::{Beside, Proof, agent, store};
use crate::cli::invocation::{Invocation, Manner};
use crate::cli::layout::Layout;
use crate::cli::status::elasticsearch;
use crate::cli::verify::{FIELD, mark, now_ms, publish};
use crate::cli::ways::Ways;
use crate::engine::{Errand, Errands, Route};
use crate::event::clock;
use crate::exit::Exit;
use crate::pipeline::{Canary, CanaryProof, Stage, Wiring};
use crate::transport::AgentBinary;
use crate::ui::{Output, Ui};

/// Messages of one round.
const AT_ONCE: usize = 2;
/// From one round to the next, of sending and of looking.
const EVERY: Duration = Duration::from_millis(500);
/// From one word about it to the next.
const TOLD: Duration = Duration::from_secs(10);
/// Messages that are looked for at once.
const LOOKED_FOR: usize = 2000;
/// How long the first messages may take; a pipeline that carries nothing is none to be upgraded.
const FIRST: Duration = Duration::from_secs(30);
/// How long the last messages may take after an upgrade that went well, and after one that did not.
const LAST: Duration = Duration::from_mins(2);
const LAST_AFTER_FAILURE: Duration = Duration::from_secs(5);

/// The canary of one run.
pub(super) struct Flight {
    post: Arc<Post>,
    /// What the threads take along.
    baggage: RefCell<Option<[Baggage; 2]>>,
    threads: RefCell<Option<(JoinHandle<()>, JoinHandle<CanaryProof>)>>,
    /// Whether the pipeline is to carry the first messages before anything is touched.
    is_whole: bool,
}

/// What both threads and the verdict share.
struct Post {
    wiring: Wiring,
    rabbitmq: String,
    elasticsearch: Vec<String>,
    mark: String,
    state: Mutex<State>,
    /// Told of every change of the state that somebody may wait for.
    stirred: Condvar,
    ui: Ui,
}

/// How far it is, and what the threads are told.
#[derive(Default)]
struct State {
    canary: Canary,
    stops_sending: bool,
    stops_looking: bool,
}

/// The ways to some hosts, for a thread of its own.
struct Baggage {
    routes: HashMap<String, Route>,
    agent: Arc<AgentBinary>,
    store: Arc<Store>,
}

impl Flight {
    /// Gets ready; nothing where the inventory has no whole pipeline. `is_whole` when all of it is up now.
    pub(super) fn prepare(
        invocation: &mut Invocation,
        layout: &Layout,
        is_whole: bool,
        ui: Ui,
    ) -> Result<Option<Self>, Stop> {
        let (rabbitmq, nodes) = (layout.of(Stage::Rabbitmq).first().cloned(), layout.of(Stage::Elasticsearch).to_vec());
        let Some(rabbitmq) = rabbitmq.filter(|_| !nodes.is_empty() && !layout.of(Stage::Kafka).is_empty()) else {
            return Ok(None);
        };
        layout.wiring.password()?;
        let baggage =
            [Baggage::pack(invocation, std::slice::from_ref(&rabbitmq), ui)?, Baggage::pack(invocation, &nodes, ui)?];
        let post = Post {
            wiring: layout.wiring.clone(),
            rabbitmq,
            elasticsearch: nodes,
            mark: mark(),
            state: Mutex::default(),
            stirred: Condvar::new(),
            ui,
        };
        Ok(Some(Self {
            post: Arc::new(post),
            baggage: RefCell::new(Some(baggage)),
            threads: RefCell::default(),
            is_whole,
        }))
    }

    /// Waits for the first messages.
    fn await_first(&self) -> Result<(), Stop> {
        if self.post.comes_to(FIRST, |state| state.canary.proof(false, 0, 0).stored > 0) {
            return Ok(());
        }
        let now = self.come_home(Exit::Unhealthy);
        let words = format!("the pipeline carries no messages now: {}; nothing was changed", now.words());
        let help = "dppctl verify names the hop that stops them; --no-canary upgrades all the same";
        Err(Stop::Unwell(words, Some(help.to_owned())))
    }

    /// Stops sending, waits for what is still on the way, removes everything, and tells what became of it.
    fn come_home(&self, exit: Exit) -> CanaryProof {
        self.post.change(|state| state.stops_sending = true);
        let so_far = || self.post.state().canary.proof(false, 0, 0);
        let Some((sender, looker)) = self.threads.borrow_mut().take() else { return so_far() };
        drop(sender.join());
        let limit = if exit == Exit::Ok { LAST } else { LAST_AFTER_FAILURE };
        self.post.comes_to(limit, |state| state.canary.pending(1).is_empty());
        self.post.change(|state| state.stops_looking = true);
        looker.join().unwrap_or_else(|_| so_far())
    }
}

impl Beside for Flight {
    fn begin(&self) -> Result<(), Stop> {
        let Some([sender, looker]) = self.baggage.borrow_mut().take() else { return Ok(()) };
        let (post, other) = (Arc::clone(&self.post), Arc::clone(&self.post));
        let sender = thread::spawn(move || post.send(sender.unpack()));
        let looker = thread::spawn(move || other.look(looker.unpack()));
        *self.threads.borrow_mut() = Some((sender, looker));
        if self.is_whole { self.await_first() } else { Ok(()) }
    }

    fn end(&self, exit: Exit) -> Proof {
        let proof = self.come_home(exit);
        let exit = if proof.is_well() { exit } else { exit.max(Exit::Unhealthy) };
        let mut line = format!("Canary: {}.", proof.words());
        if proof.lost > 0 || proof.on_the_way > 0 {
            line += &format!(" Those that come late stay in Elasticsearch: {FIELD}:{}*", self.post.mark);
        }
        let mut document = serde_json::to_value(proof).unwrap_or_default();
        document["mark"] = self.post.mark.as_str().into();
        Proof { exit, line, document: ("canary", document) }
    }
}

impl Post {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.stirred.notify_all();
    }

    /// Waits until the state is as wanted; whether it came to that within the time.
    fn comes_to(&self, within: Duration, is_wanted: impl Fn(&State) -> bool) -> bool {
        let waited = self.stirred.wait_timeout_while(self.state(), within, |state| !is_wanted(state));
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// Sends until it is told to stop.
    fn send(&self, mut errands: Errands) {
        let mut number = 0;
        loop {
            let round = Instant::now();
            let ids: Vec<String> = (0..AT_ONCE).map(|at| format!("{}{:07}", self.mark, number + at)).collect();
            number += AT_ONCE;
            let errand = publish(&self.rabbitmq, &self.wiring, &ids);
            let answer = errands.run(&[errand], &mut |_, _, _| {}).pop();
            let sent = answer.as_ref().map(confirmed).unwrap_or_default();
            self.change(|state| {
                state.canary.doubt(ids.into_iter().filter(|id| !sent.contains(id)));
                state.canary.confirm(sent, now());
            });
            if self.comes_to(EVERY.saturating_sub(round.elapsed()), |state| state.stops_sending) {
                return;
            }
        }
    }

    /// Looks until it is told to stop, at the first node that answers; then counts and tidies up.
    fn look(&self, mut errands: Errands) -> CanaryProof {
        let (mut at, mut told) = (0, Instant::now());
        loop {
            let round = Instant::now();
            let pending = self.state().canary.pending(LOOKED_FOR);
            if !pending.is_empty() {
                match self.search(&mut errands, at, &pending, false) {
                    Some(Ok(result)) => {
                        self.change(|state| state.canary.find(seen(&result).keys().map(String::as_str), now()));
                    }
                    _ => at += 1,
                }
            }
            self.tell(&mut told);
            if self.comes_to(EVERY.saturating_sub(round.elapsed()), |state| state.stops_looking) {
                return self.conclude(&mut errands);
            }
        }
    }

    /// Says how it stands, now and then; bars of a terminal are not written through.
    fn tell(&self, told: &mut Instant) {
        if told.elapsed() >= TOLD && self.ui.output == Output::Plain {
            *told = Instant::now();
            let words = self.state().canary.proof(false, 0, 0).words();
            self.ui.headline(&format!("{} {:<8} {words}", clock(now()), "canary"));
        }
    }

    /// Counts doubles and removes all of it, at any node; what cannot be asked for is on the way.
    fn conclude(&self, errands: &mut Errands) -> CanaryProof {
        let marks = self.state().canary.marks();
        let answer = (0..self.elasticsearch.len()).find_map(|at| self.search(errands, at, &marks, true)?.ok());
        let canary = &mut self.state().canary;
        let Some(result) = answer else { return canary.proof(false, 0, 0) };
        canary.find(seen(&result).keys().map(String::as_str), now());
        let doubled = seen(&result).values().filter(|facts| facts["count"].as_u64() > Some(1)).count();
        canary.proof(true, doubled, result.get("deleted").and_then(Json::as_u64).unwrap_or(0))
    }

    fn search(
        &self,
        errands: &mut Errands,
        at: usize,
        ids: &[String],
        removes: bool,
    ) -> Option<Result<Map<String, Json>, Failure>> {
        let host = &self.elasticsearch[at % self.elasticsearch.len()];
        let mut params = elasticsearch(&self.wiring, "http://127.0.0.1:9200");
        params["index"] = self.wiring.index.as_str().into();
        params["field"] = FIELD.into();
        params["ids"] = json!(ids);
        params["delete"] = removes.into();
        params["timeout"] = 0.into();
        let answer = errands.run(&[Errand::new(host, "elasticsearch_search", params)], &mut |_, _, _| {}).pop();
        answer.map(|answer| answer.map(|outcome| outcome.result))
    }
}

impl Baggage {
    fn pack(invocation: &mut Invocation, hosts: &[String], ui: Ui) -> Result<Self, Stop> {
        let vars = invocation.run_vars(&Manner::default());
        let find = Ways::to(invocation, &vars, hosts, ui)?.into_routes();
        let route = |host: &String| match find(host, None) {
            Ok(route) => Ok((host.clone(), route)),
            Err(failure) => Err(Stop::Unreachable(format!("{host}: {}", failure.message))),
        };
        let routes = hosts.iter().map(route).collect::<Result<_, _>>()?;
        Ok(Self { routes, agent: Arc::new(agent()?), store: Arc::new(store(invocation)?) })
    }

    fn unpack(self) -> Errands {
        let routes = RefCell::new(self.routes);
        let find = move |host: &str, _: Option<&str>| {
            routes.borrow_mut().remove(host).ok_or_else(|| Failure::new(format!("the way to {host} is taken")))
        };
        Errands::new(Box::new(find), self.agent, self.store)
    }
}

/// The messages that RabbitMQ confirmed, also when it refused a later one.
fn confirmed(answer: &Answer) -> Vec<String> {
    let result = match answer {
        Ok(outcome) => &outcome.result,
        Err(failure) => &failure.result,
    };
    let sent = result.get("sent").and_then(Json::as_object).into_iter().flatten();
    sent.filter(|(_, facts)| facts["routed"] == true).map(|(id, _)| id.clone()).collect()
}

fn seen(result: &Map<String, Json>) -> Map<String, Json> {
    result.get("seen").and_then(Json::as_object).cloned().unwrap_or_default()
}

fn now() -> u64 {
    now_ms().cast_unsigned()
}

#[cfg(test)]
mod tests {
    use dpp_protocol::Outcome;

    use super::*;

    #[test]
    fn a_message_counts_as_sent_when_a_queue_has_it_whatever_became_of_the_next() {
        let sent = json!({"sent": {"m1": {"routed": true}, "m2": {"routed": false}}});
        let result = sent.as_object().cloned().unwrap_or_default();
        let failure = Failure { result: result.clone(), ..Failure::new("connection refused") };
        assert_eq!(confirmed(&Ok(Outcome { result, ..Outcome::default() })), ["m1"]);
        assert_eq!(confirmed(&Err(failure)), ["m1"]);
        assert!(confirmed(&Err(Failure::new("no"))).is_empty());
    }
}
