//! The relay: a line for each source, each by itself, so that what befalls one of them does not touch the others.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::{JoinError, JoinSet};

use crate::board::Board;
use crate::config::{Config, SourceConfig};
use crate::dead_letter::DeadLetters;
use crate::line::{Course, Line};
use crate::mapping::{Mapping, TableError};
use crate::orders::{self, Commander, Orders};

/// Forwards messages for as long as the process lives.
pub struct Relay {
    config: Arc<Config>,
    mapping: Arc<Mapping>,
    dead_letters: DeadLetters,
    board: Arc<Board>,
    commanders: BTreeMap<String, Commander<Course>>,
    lines: JoinSet<Ended>,
}

/// A line's source, and whether everything that it had taken was settled.
type Ended = (String, bool);

impl Relay {
    /// Returns a relay that has not begun yet.
    ///
    /// Fails when a table of the mapping cannot be read.
    pub fn new(config: Config, board: Arc<Board>) -> Result<Self, TableError> {
        Ok(Self {
            mapping: Arc::new(Mapping::new(&config)?),
            dead_letters: DeadLetters::start(&config.dead_letter, Arc::clone(&board)),
            config: Arc::new(config),
            board,
            commanders: BTreeMap::new(),
            lines: JoinSet::new(),
        })
    }

    /// Runs until told to stop; returns whether everything that was taken had been settled.
    pub async fn run(mut self, mut orders: Orders<Config>) -> bool {
        self.start_lines();
        loop {
            tokio::select! {
                () = orders.next() => {}
                Some(ended) = self.lines.join_next() => drop(of(ended)),
            }
            if orders.is_stop() {
                return self.stop().await;
            }
            if let Some(config) = orders.take_config() {
                self.follow(config).await;
            }
        }
    }

    /// Takes up another configuration: lines whose source stays go on and count on, the others end first.
    async fn follow(&mut self, config: Arc<Config>) {
        match Mapping::new(&config) {
            Ok(mapping) => self.mapping = Arc::new(mapping),
            Err(error) => {
                tracing::error!("the old configuration is followed on: {error}");
                return self.board.configuration(Some(error.to_string()));
            }
        }
        self.dead_letters = DeadLetters::start(&config.dead_letter, Arc::clone(&self.board));
        if config.http.listen != self.config.http.listen || config.log != self.config.log {
            tracing::warn!("http.listen and log are followed after a restart only");
        }
        self.config = config;
        self.end_lines_that_go().await;
        for source in &self.config.sources {
            if let Some(commander) = self.commanders.get(&source.to_string()) {
                commander.follow(self.course(source));
            }
        }
        self.start_lines();
    }

    async fn end_lines_that_go(&mut self) {
        let stays = |name: &String| self.config.sources.iter().any(|source| source.to_string() == *name);
        let mut going: Vec<String> = self.commanders.keys().filter(|name| !stays(name)).cloned().collect();
        for name in &going {
            if let Some(commander) = self.commanders.remove(name) {
                commander.stop();
            }
        }
        while !going.is_empty()
            && let Some(ended) = self.lines.join_next().await
        {
            let (name, _) = of(ended);
            self.board.dismiss(&name);
            going.retain(|going| *going != name);
        }
    }

    /// Starts a line for each source that has none.
    fn start_lines(&mut self) {
        for source in &self.config.sources {
            let name = source.to_string();
            if self.commanders.contains_key(&name) {
                continue;
            }
            let health = self.board.enlist(name.clone(), self.config.sink.product());
            let (line, (commander, orders)) = (Line::new(self.course(source), health), orders::channel());
            self.commanders.insert(name.clone(), commander);
            self.lines.spawn(async move { (name, line.run(orders).await) });
        }
    }

    async fn stop(mut self) -> bool {
        self.commanders.values().for_each(Commander::stop);
        let mut is_settled = true;
        while let Some(ended) = self.lines.join_next().await {
            is_settled &= of(ended).1;
        }
        is_settled
    }

    fn course(&self, source: &SourceConfig) -> Course {
        Course {
            config: Arc::clone(&self.config),
            source: source.clone(),
            mapping: Arc::clone(&self.mapping),
            dead_letters: self.dead_letters.clone(),
        }
    }
}

/// A line never ends by itself: one that has, has panicked, and the whole process is better begun anew.
fn of(ended: Result<Ended, JoinError>) -> Ended {
    match ended {
        Ok(ended) => ended,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Ended::default(),
    }
}
