//! One host's way through the steps of a play: a state machine without input and output.
//!
//! It says which step comes next and is told how it went. What a step does, and where, is not its business.

use std::cmp::Ordering;
use std::sync::Arc;

use dpp_protocol::Failure;

use crate::plan::{BlockStep, RoleScope, Step, TaskStep};

/// Where a host stands among the steps, comparable between hosts: the lesser is behind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Position(Vec<u32>);

impl PartialOrd for Position {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Position {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

/// What a host has to do next.
#[derive(Debug, Clone)]
pub enum Next {
    /// This task.
    Task(Arc<TaskStep>),
    /// Run the handlers that were notified.
    Flush,
    /// Nothing but to note that this use of a role is done.
    RoleEnd(Arc<RoleScope>),
    /// Nothing more: all steps are done.
    End,
    /// Nothing more: it failed, and nothing rescued it.
    Failed,
}

/// Which part of a block a host is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Body,
    Rescue,
    Always,
}

#[derive(Debug, Clone)]
enum Kind {
    /// The play's steps.
    Plain,
    /// What this task brought.
    Include(Arc<TaskStep>),
    /// Handlers at a flush: told apart, since those that nobody notified are passed over.
    Handlers,
    /// A part of a block, with the failure that will go on when the block is left.
    Block { block: Arc<BlockStep>, part: Part, pending: Option<Box<Failed>> },
}

#[derive(Debug, Clone)]
struct Frame {
    steps: Arc<[Step]>,
    index: usize,
    kind: Kind,
    position: Vec<u32>,
}

/// A task that failed, and why.
#[derive(Debug, Clone)]
pub struct Failed {
    /// The task.
    pub step: Arc<TaskStep>,
    /// Why.
    pub failure: Failure,
}

/// One host in one play.
#[derive(Debug, Clone)]
pub struct HostRun {
    frames: Vec<Frame>,
    failed: Option<Failed>,
    rescued: Option<Failed>,
}

impl HostRun {
    /// A host before the first step.
    pub fn new(steps: Arc<[Step]>) -> Self {
        Self::in_frame(Frame { steps, index: 0, kind: Kind::Plain, position: Vec::new() })
    }

    /// A host that has only handlers before it; it stands behind all that are still in the play.
    pub fn of_handlers(handlers: Arc<[Step]>) -> Self {
        Self::in_frame(Frame { steps: handlers, index: 0, kind: Kind::Handlers, position: vec![u32::MAX] })
    }

    fn in_frame(frame: Frame) -> Self {
        let mut this = Self { frames: vec![frame], failed: None, rescued: None };
        this.settle();
        this
    }

    /// What comes next.
    pub fn next(&self) -> Next {
        if self.failed.is_some() {
            return Next::Failed;
        }
        match self.frames.last().and_then(|frame| frame.steps.get(frame.index)) {
            Some(Step::Task(step)) => Next::Task(Arc::clone(step)),
            Some(Step::Flush) => Next::Flush,
            Some(Step::RoleEnd(role)) => Next::RoleEnd(Arc::clone(role)),
            Some(Step::Block(_)) | None => Next::End,
        }
    }

    /// Where it stands; `None` when it has nothing more to do.
    pub fn position(&self) -> Option<Position> {
        let frame = self.frames.last().filter(|_| self.failed.is_none())?;
        let mut position = frame.position.clone();
        position.push(u32::try_from(frame.index).unwrap_or(u32::MAX));
        Some(Position(position))
    }

    /// The step is done; go on to the next.
    pub fn advance(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.index += 1;
        }
        self.settle();
    }

    /// The step is done and brought steps of its own, which come before the next one.
    pub fn include(&mut self, by: Arc<TaskStep>, steps: Arc<[Step]>) {
        self.push(steps, Kind::Include(by));
    }

    /// The flush is done by these handlers.
    pub fn flush(&mut self, handlers: Arc<[Step]>) {
        self.push(handlers, Kind::Handlers);
    }

    /// Whether a flush is going on.
    pub fn in_flush(&self) -> bool {
        self.frames.iter().any(|frame| matches!(frame.kind, Kind::Handlers))
    }

    /// The includes that it is in, the outer ones first.
    pub fn includes(&self) -> impl DoubleEndedIterator<Item = &Arc<TaskStep>> {
        self.frames.iter().filter_map(|frame| match &frame.kind {
            Kind::Include(by) => Some(by),
            _ => None,
        })
    }

    /// Whether a failure of the current step would be rescued.
    pub fn would_rescue(&self) -> bool {
        self.frames.iter().any(|frame| match &frame.kind {
            Kind::Block { block, part: Part::Body, .. } => !block.rescue.is_empty(),
            _ => false,
        })
    }

    /// The step failed: go on in the nearest rescue, through every `always` on the way there, or end.
    pub fn fail(&mut self, failed: Failed) {
        let mut failed = Some(failed);
        while let Some(mut frame) = self.frames.pop() {
            let Kind::Block { block, part, pending } = &mut frame.kind else { continue };
            let (block, part) = (Arc::clone(block), *part);
            if part == Part::Body && !block.rescue.is_empty() {
                self.rescued = failed.take();
                self.enter(&block, Part::Rescue, None, &frame.position);
                break;
            }
            if part != Part::Always && !block.always.is_empty() {
                self.enter(&block, Part::Always, failed.take().map(Box::new).or(pending.take()), &frame.position);
                break;
            }
        }
        if failed.is_some() {
            self.failed = failed;
        }
        self.settle();
    }

    /// What the running rescue is about.
    pub fn rescued(&self) -> Option<&Failed> {
        self.rescued.as_ref()
    }

    /// What it failed of.
    pub fn failed(&self) -> Option<&Failed> {
        self.failed.as_ref()
    }

    /// The step is done, and so is its role: go on at the end of that.
    pub fn end_role(&mut self) {
        self.advance();
        while matches!(self.next(), Next::Task(_) | Next::Flush) {
            self.advance();
        }
    }

    /// What it failed of is taken back: a failure that waits for an `always` does not go on behind it.
    pub fn pardon(&mut self) {
        self.failed = None;
        for frame in &mut self.frames {
            if let Kind::Block { pending, .. } = &mut frame.kind {
                *pending = None;
            }
        }
    }

    /// It has nothing more to do in this play, and that is no failure: `meta: end_host`.
    pub fn end(&mut self) {
        self.frames.clear();
    }

    fn push(&mut self, steps: Arc<[Step]>, kind: Kind) {
        let Some(parent) = self.frames.last_mut() else { return };
        let mut position = parent.position.clone();
        position.push(u32::try_from(parent.index).unwrap_or(u32::MAX));
        parent.index += 1;
        self.frames.push(Frame { steps, index: 0, kind, position });
        self.settle();
    }

    fn enter(&mut self, block: &Arc<BlockStep>, part: Part, pending: Option<Box<Failed>>, position: &[u32]) {
        let steps = match part {
            Part::Body => &block.body,
            Part::Rescue => &block.rescue,
            Part::Always => &block.always,
        };
        let mut position = position.to_vec();
        if let Some(last) = position.last_mut() {
            *last = part as u32;
        }
        let kind = Kind::Block { block: Arc::clone(block), part, pending };
        self.frames.push(Frame { steps: Arc::clone(steps), index: 0, kind, position });
    }

    /// Goes into blocks and out of what is finished, until a task or a flush is next, or nothing.
    fn settle(&mut self) {
        while let Some(frame) = self.frames.last_mut() {
            match frame.steps.get(frame.index) {
                Some(Step::Block(block)) => {
                    let block = Arc::clone(block);
                    let mut position = frame.position.clone();
                    position.extend([u32::try_from(frame.index).unwrap_or(u32::MAX), 0]);
                    frame.index += 1;
                    self.enter(&block, Part::Body, None, &position);
                }
                Some(_) => return,
                None => {
                    if !self.leave() {
                        return;
                    }
                }
            }
        }
    }

    /// Leaves a finished frame; false when a failure that waited for an `always` goes on and ended the run.
    fn leave(&mut self) -> bool {
        let Some(frame) = self.frames.pop() else { return false };
        let Kind::Block { block, part, pending } = frame.kind else { return true };
        match (part, pending) {
            (Part::Always, Some(failed)) => {
                self.fail(*failed);
                false
            }
            (Part::Body | Part::Rescue, pending) if !block.always.is_empty() => {
                self.enter(&block, Part::Always, pending, &frame.position);
                true
            }
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests;
