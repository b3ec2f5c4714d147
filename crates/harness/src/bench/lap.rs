//! One process on its way through a known number of messages: how fast, with how much processor and memory.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::report::{Table, median, part};
use crate::lab::Error;
use crate::process;

/// Of so many hundredths of all messages nothing is measured: the process starts, and fills its window.
const STARTS: u64 = 10;

/// A process that does not get on within this time has failed.
const PATIENCE: Duration = Duration::from_mins(2);

/// How often a witness is asked how far it is.
const LOOK: Duration = Duration::from_millis(10);

/// A process that is measured.
pub(super) struct Runner {
    child: Child,
    log: std::path::PathBuf,
    told: Arc<AtomicU64>,
}

impl Runner {
    /// Starts it; its errors go to a file, and what it counts on its output is heard.
    pub(super) fn start(command: &mut Command, log: &Path) -> Result<Self, Error> {
        let file = File::create(log)?;
        let begun = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file).spawn();
        let mut child = begun.map_err(|error| format!("cannot start {command:?}: {error}"))?;
        let told = Arc::new(AtomicU64::new(0));
        if let Some(output) = child.stdout.take() {
            let told = Arc::clone(&told);
            thread::spawn(move || {
                for count in BufReader::new(output).lines().map_while(Result::ok).filter_map(|line| line.parse().ok()) {
                    told.store(count, Ordering::Relaxed);
                }
            });
        }
        Ok(Self { child, log: log.to_owned(), told })
    }

    /// Returns the last number it said.
    pub(super) fn told(&self) -> u64 {
        self.told.load(Ordering::Relaxed)
    }

    /// Measures it until a witness has seen all messages; what is asked is how many there are so far.
    pub(super) fn lap(&mut self, all: u64, mut so_far: impl FnMut(&Self) -> Result<u64, Error>) -> Result<Lap, Error> {
        let begun = self.until(all * STARTS / 100, &mut so_far)?;
        let ended = self.until(all, &mut so_far)?;
        let messages = ended.count.saturating_sub(begun.count).max(1) as f64;
        let memory = process::most_resident(self.child.id()).unwrap_or_default();
        Ok(Lap {
            rate: messages / (ended.at - begun.at).as_secs_f64(),
            processor: ended.processor.saturating_sub(begun.processor).as_secs_f64() * 1e6 / messages,
            memory: memory as f64 / f64::from(1 << 20),
        })
    }

    fn until(&mut self, count: u64, so_far: &mut impl FnMut(&Self) -> Result<u64, Error>) -> Result<Moment, Error> {
        let begun = Instant::now();
        loop {
            let now = so_far(self)?;
            if now >= count {
                let processor =
                    process::processor_time(self.child.id()).ok_or_else(|| self.failed("it ended early"))?;
                return Ok(Moment { at: Instant::now(), count: now, processor });
            }
            if self.child.try_wait()?.is_some() {
                return Err(self.failed(&format!("it ended after {now} of {count} messages")));
            }
            if begun.elapsed() > PATIENCE {
                return Err(
                    self.failed(&format!("after {} s it has done {now} of {count} messages", PATIENCE.as_secs()))
                );
            }
            thread::sleep(LOOK);
        }
    }

    fn failed(&self, what: &str) -> Error {
        let said = fs::read_to_string(&self.log).unwrap_or_default();
        format!("{what}; {} says:\n{said}", self.log.display()).into()
    }

    /// Ends it by SIGTERM, and by force when it does not go.
    pub(super) fn end(mut self) -> Result<(), Error> {
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        let begun = Instant::now();
        while self.child.try_wait()?.is_none() {
            if begun.elapsed() > Duration::from_secs(10) {
                self.child.kill()?;
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        // One that has ended cannot be killed, and nothing is left to be done about it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Moment {
    at: Instant,
    count: u64,
    processor: Duration,
}

/// What was measured once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lap {
    /// Messages a second.
    pub(super) rate: f64,
    /// Microseconds of a processor for each message.
    pub(super) processor: f64,
    /// The most MiB of memory.
    pub(super) memory: f64,
}

/// Laps of several in turns: the first one is the floor.
pub(super) struct Series {
    names: Vec<String>,
    laps: Vec<Vec<Lap>>,
}

impl Series {
    /// None yet, of these.
    pub(super) fn of(names: Vec<String>) -> Self {
        let laps = names.iter().map(|_| Vec::new()).collect();
        Self { names, laps }
    }

    /// One more of the one at this place.
    pub(super) fn add(&mut self, at: usize, lap: Lap) {
        self.laps[at].push(lap);
    }

    /// The median rate, beside the floor's of the same round.
    pub(super) fn ratio(&self, at: usize) -> f64 {
        let pairs = self.laps[at].iter().zip(&self.laps[0]);
        median(&pairs.map(|(lap, floor)| lap.rate / floor.rate).collect::<Vec<_>>())
    }

    /// The median rate.
    pub(super) fn rate(&self, at: usize) -> f64 {
        median(&self.column(at, |lap| lap.rate))
    }

    /// The median of the processor time for a message.
    pub(super) fn processor(&self, at: usize) -> f64 {
        median(&self.column(at, |lap| lap.processor))
    }

    /// The most memory of all laps.
    pub(super) fn memory(&self, at: usize) -> f64 {
        part(&self.column(at, |lap| lap.memory), 1.0)
    }

    /// All of them as a table, whose first column is called so.
    pub(super) fn table(&self, first: &str) -> Table {
        let columns = [first, "a second (slowest – fastest)", "× floor", "CPU, µs each", "memory at most, MiB"];
        let mut table = Table::new(&columns);
        for (at, name) in self.names.iter().enumerate() {
            let rates = self.column(at, |lap| lap.rate);
            let rate = format!("{:.0} ({:.0} – {:.0})", median(&rates), part(&rates, 0.0), part(&rates, 1.0));
            let (ratio, processor) = (format!("{:.2}×", self.ratio(at)), format!("{:.1}", self.processor(at)));
            table.row([name.clone(), rate, ratio, processor, format!("{:.0}", self.memory(at))]);
        }
        table
    }

    fn column(&self, at: usize, figure: fn(&Lap) -> f64) -> Vec<f64> {
        self.laps[at].iter().map(figure).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_of_the_same_round() {
        let mut series = Series::of(vec!["floor".into(), "relay".into()]);
        for (floor, relay) in [(100.0, 80.0), (50.0, 40.0), (10.0, 30.0)] {
            series.add(0, Lap { rate: floor, processor: 1.0, memory: 1.0 });
            series.add(1, Lap { rate: relay, processor: 2.0, memory: relay });
        }
        assert_eq!((series.ratio(1), series.rate(1), series.memory(1)), (0.8, 40.0, 80.0));
    }

    #[test]
    fn a_process_is_measured_by_what_it_says_and_one_that_ends_early_is_told() {
        let log = std::env::temp_dir().join(format!("dpp-harness-lap-{}", std::process::id()));
        let run = |script: &str| Runner::start(Command::new("sh").args(["-c", script]), &log).unwrap();
        let mut counts = run("for n in 10 50 100; do echo $n; sleep 0.1; done; sleep 60");
        let lap = counts.lap(100, |runner| Ok(runner.told())).unwrap();
        assert!(lap.rate > 10.0 && lap.rate < 1_000.0 && lap.memory > 0.0, "{lap:?}");
        counts.end().unwrap();
        let ended = run("echo no broker >&2").lap(100, |runner| Ok(runner.told())).unwrap_err().to_string();
        assert!(ended.contains("ended after 0 of 10 messages") && ended.contains("no broker"), "{ended}");
        fs::remove_file(&log).unwrap();
    }
}
