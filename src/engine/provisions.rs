//! Files that hosts turn out to lack, brought here before anything is done: what cannot be had is told while the host is
//! untouched. Pushing them is the task's own business.

use std::sync::Arc;

use dpp_protocol::{Answer, Failure, Task};

use crate::actions::Supply;
use crate::artifacts::Store;
use crate::transport::{Agent, LinkError};

/// Tells that something goes on, and how far it is.
pub(super) type Alive<'a> = &'a dyn Fn(&str, Option<(u64, u64)>);

/// A survey that finds out whether a file is lacking, and the file.
pub(super) struct Need {
    /// The survey.
    pub(super) survey: Task,
    /// What it may find lacking.
    pub(super) supply: Supply,
}

/// A file that cannot be had.
pub(super) struct Shortage {
    /// The survey that found it lacking.
    pub(super) number: u64,
    /// Why it cannot be had.
    pub(super) failure: Failure,
}

/// What the tasks of one machine need.
pub(super) struct Provisions {
    store: Arc<Store>,
    looked_after: Vec<Supply>,
}

impl Provisions {
    /// Nothing yet.
    pub(super) fn new(store: Arc<Store>) -> Self {
        Self { store, looked_after: Vec::new() }
    }

    /// Where files come from.
    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// Brings here what is lacking, each file once; the first that cannot be had is returned. Surveys that were not
    /// answered are asked now.
    pub(super) fn gather(
        &mut self,
        needs: Vec<Need>,
        answers: &[(u64, Answer)],
        agent: &mut Agent,
        alive: Alive,
    ) -> Result<Option<Shortage>, LinkError> {
        for Need { survey, supply } in needs {
            if self.looked_after.contains(&supply) {
                continue;
            }
            let number = survey.id;
            let lacking = match answers.iter().find(|(of, _)| *of == number) {
                Some((_, answer)) => lacks(answer),
                None => lacks(&agent.run(survey, &mut |_| ())?),
            };
            if lacking && let Err(failure) = self.fetch(&supply, alive) {
                return Ok(Some(Shortage { number, failure }));
            }
            self.looked_after.push(supply);
        }
        Ok(None)
    }

    fn fetch(&self, supply: &Supply, alive: Alive) -> Result<(), Failure> {
        let text = format!("fetch {}", supply.artifact.file);
        let mut progress = |here, of: Option<u64>| alive(&text, of.map(|of| (here, of)));
        self.store.fetch(&supply.artifact, &mut progress).map(|_| ()).map_err(|error| error.failure())
    }
}

/// A survey that fails speaks for itself when its task's turn comes.
fn lacks(answer: &Answer) -> bool {
    answer.as_ref().is_ok_and(|outcome| outcome.changed)
}
