//! Times of processes: wall clock, processor and memory of a command with all its children.

use std::fs::File;
use std::io::Read;
use std::io::{Seek, SeekFrom};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4;

/// One run of a command.
pub(crate) struct Lap {
    pub(crate) wall: Duration,
    /// Of the command and of the children it waited for.
    pub(crate) cpu: Duration,
    /// The most memory that one of them held.
    pub(crate) memory: u64,
    /// What it said, errors included.
    pub(crate) said: String,
}

/// Runs a command to its end and refuses one that fails.
pub(crate) fn lap(command: &mut Command) -> Lap {
    let mut said = tempfile::tempfile().unwrap();
    let other = said.try_clone().unwrap();
    command.stdin(Stdio::null()).stdout(said.try_clone().unwrap()).stderr(other);
    let begun = Instant::now();
    let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let ended = child.wait4().unwrap();
    let wall = begun.elapsed();
    let said = text(&mut said);
    assert!(ended.status.success(), "{command:?} failed: {}\n{said}", ended.status);
    let used = ended.rusage;
    Lap { wall, cpu: used.utime + used.stime, memory: used.maxrss, said }
}

fn text(file: &mut File) -> String {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Laps of the same thing.
#[derive(Default)]
pub(crate) struct Series {
    wall: Vec<f64>,
    cpu: Vec<f64>,
    memory: Vec<f64>,
}

impl Series {
    /// One more.
    pub(crate) fn add(&mut self, lap: &Lap) {
        self.wall.push(lap.wall.as_secs_f64());
        self.cpu.push(lap.cpu.as_secs_f64());
        self.memory.push(lap.memory as f64 / f64::from(1 << 20));
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.wall.len()
    }

    /// Seconds of wall time: the median.
    pub(crate) fn seconds(&self) -> f64 {
        median(&self.wall)
    }

    /// The fastest and the slowest.
    pub(crate) fn spread(&self) -> (f64, f64) {
        let least = self.wall.iter().copied().fold(f64::INFINITY, f64::min);
        (least, self.wall.iter().copied().fold(0.0, f64::max))
    }

    /// Seconds of processor time: the median.
    pub(crate) fn cpu(&self) -> f64 {
        median(&self.cpu)
    }

    /// MiB of memory: the median.
    pub(crate) fn memory(&self) -> f64 {
        median(&self.memory)
    }
}

/// The middle of some figures.
pub(crate) fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}
