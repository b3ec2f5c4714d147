//! A step between what is written down before it and after it.

use std::collections::BTreeSet;

use dpp_protocol::Failure;

use super::left::Left;
use super::{Former, drift};
use crate::Host;

/// Of a tree with more in it than this, only its top is remembered.
const MOST_THINGS: usize = 64;

/// A step that is being taken. One that fails is never ended: how it left things is not known then.
pub(crate) struct Taking<'a> {
    host: &'a Host<'a>,
    things: Vec<Former>,
    /// What had drifted before a step that may touch anything.
    before: Option<Drift>,
    /// Whether what it replaces is written down.
    pub(crate) is_written: bool,
    /// Whether it may touch what nobody knows of.
    pub(crate) is_unknown: bool,
}

struct Drift {
    known: Left,
    things: BTreeSet<String>,
}

impl<'a> Taking<'a> {
    /// Keeps and writes down what a step will replace; all of that is on the disk when this returns. Outside of a run nothing can
    /// be taken back, so nothing is kept.
    pub(crate) fn begin(module: &str, former: Vec<Former>, host: &'a Host<'a>) -> Result<Self, Failure> {
        let (mut things, unknown): (Vec<_>, Vec<_>) = former.into_iter().partition(|former| *former != Former::Unknown);
        let in_a_run = !host.run().is_empty();
        let may_touch_more = !unknown.is_empty() || things.iter().any(|thing| matches!(thing, Former::Package { .. }));
        let before = if in_a_run && may_touch_more { Drift::of(host) } else { None };
        if in_a_run {
            things.iter().try_for_each(|thing| thing.keep(host))?;
        }
        host.forget(&things)?;
        let is_written = host.journal(module, things.clone())?;
        if things.len() > MOST_THINGS {
            things.truncate(1);
        }
        Ok(Self { host, things, before, is_written, is_unknown: !unknown.is_empty() })
    }

    /// Remembers how the step left things: what it was about, and what else it has touched of what we know.
    pub(crate) fn end(self) -> Result<(), Failure> {
        let mut left = self.things.iter().filter_map(|thing| thing.left().ok()).collect::<Vec<_>>();
        left.extend(self.before.iter().flat_map(Drift::along));
        self.host.note(left)
    }
}

impl Drift {
    fn of(host: &Host) -> Option<Self> {
        let known = Left::read(host.state());
        if known.is_empty() {
            return None;
        }
        let things = drift::names(known.all_drifted()).collect();
        Some(Self { known, things })
    }

    /// What has changed since, and so with the step: a package's script, a command.
    fn along(&self) -> Vec<Former> {
        let now: Vec<String> = drift::names(self.known.all_drifted()).collect();
        let ours: Vec<String> = now.into_iter().filter(|thing| !self.things.contains(thing)).collect();
        self.known.again(&ours)
    }
}
