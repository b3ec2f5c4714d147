//! Brings bytes over HTTP: goes on after a cut, tries again a bounded number of times, says when a source has no such
//! file and when it cannot be reached. What the bytes are worth is decided elsewhere.

use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use ureq::Agent;
use ureq::http::Response;
use ureq::{Body, Error};

use crate::artifacts::ArtifactError;
use crate::artifacts::part::Part;

/// Checksum files are shorter than this.
const LONGEST_SUMS: u64 = 64 << 10;
/// Longer answers of an interface are no lists of versions.
const LONGEST_ANSWER: u64 = 16 << 20;
/// However much each of them gains, a download is not begun more often than this.
const MOST_ATTEMPTS: u32 = 200;

/// How long to wait, and how often to try.
#[derive(Debug, Clone)]
pub struct Patience {
    /// Attempts in a row that bring nothing new.
    pub attempts: u32,
    /// The wait before the second attempt; it doubles with each.
    pub pause: Duration,
    /// For a connection.
    pub connect: Duration,
    /// For the next byte.
    pub silence: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempts: 5,
            pause: Duration::from_millis(500),
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(30),
        }
    }
}

/// Is told how many bytes are here, and of how many.
pub(super) type Progress<'a> = &'a mut dyn FnMut(u64, Option<u64>);

/// Why an attempt came to nothing.
#[derive(Debug)]
pub(super) enum Stop {
    /// The source has no such file, or does not give it away: its answer.
    Absent(String),
    /// It cannot be reached, or broke off.
    Broken(String),
    /// No source would help.
    Fatal(ArtifactError),
}

impl From<ArtifactError> for Stop {
    fn from(error: ArtifactError) -> Self {
        Self::Fatal(error)
    }
}

/// What fetches.
#[derive(Debug, Clone)]
pub(super) struct Client {
    agent: Agent,
    patience: Patience,
    free: fn(&Path) -> io::Result<u64>,
}

impl Client {
    pub(super) fn new(patience: Patience) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(patience.connect))
            .timeout_per_read(Some(patience.silence))
            .user_agent(concat!("dppctl/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: config.new_agent(), patience, free: free_space }
    }

    /// Asks somebody else how much room there is.
    #[cfg(test)]
    pub(super) fn with_free(mut self, free: fn(&Path) -> io::Result<u64>) -> Self {
        self.free = free;
        self
    }

    /// The checksums at a URL.
    pub(super) fn sums(&self, url: &str) -> Result<String, Stop> {
        self.text(url, LONGEST_SUMS)
    }

    /// What an interface answers at a URL.
    pub(super) fn answer(&self, url: &str) -> Result<String, Stop> {
        self.text(url, LONGEST_ANSWER)
    }

    fn text(&self, url: &str, longest: u64) -> Result<String, Stop> {
        self.patiently(|| {
            let response = self.agent.get(url).call().map_err(|error| Stop::Broken(explain(&error)))?;
            sorted_out(&response)?;
            let mut text = Vec::new();
            let reader = response.into_body().into_reader();
            reader.take(longest).read_to_end(&mut text).map_err(|error| Stop::Broken(error.to_string()))?;
            Ok(String::from_utf8_lossy(&text).into_owned())
        })
    }

    /// Whether there is something at a URL.
    pub(super) fn look(&self, url: &str) -> Result<(), Stop> {
        self.patiently(|| {
            let response = self.agent.head(url).call().map_err(|error| Stop::Broken(explain(&error)))?;
            match response.status().as_u16() {
                405 | 501 => Ok(()),
                _ => sorted_out(&response),
            }
        })
    }

    /// Brings what is still missing of a file.
    pub(super) fn fill(&self, url: &str, part: &mut Part, folder: &Path, progress: Progress) -> Result<(), Stop> {
        let (mut best, mut idle) = (part.length(), 0);
        for _ in 0..MOST_ATTEMPTS {
            let cause = match self.attempt(url, part, folder, progress) {
                Err(Stop::Broken(cause)) => cause,
                ended => return ended,
            };
            idle = if part.length() > best { 1 } else { idle + 1 };
            best = best.max(part.length());
            if idle >= self.patience.attempts {
                return Err(Stop::Broken(cause));
            }
            std::thread::sleep(self.pause(idle));
        }
        Err(Stop::Broken(format!("it broke off {MOST_ATTEMPTS} times")))
    }

    fn attempt(&self, url: &str, part: &mut Part, folder: &Path, progress: Progress) -> Result<(), Stop> {
        let mut request = self.agent.get(url).header("Accept-Encoding", "identity");
        if let Some(validator) = part.validator() {
            request = request.header("Range", format!("bytes={}-", part.length())).header("If-Range", validator);
        } else {
            part.restart().map_err(ArtifactError::local("write", folder))?;
        }
        let response = request.call().map_err(|error| Stop::Broken(explain(&error)))?;
        let Some(total) = begin(&response, part).map_err(ArtifactError::local("write", folder))?? else {
            return Ok(());
        };
        self.require_room(folder, total.map_or(0, |total| total.saturating_sub(part.length())), url)?;
        progress(part.length(), total);
        let mut body = response.into_body().into_reader();
        let mut piece = vec![0; 128 << 10];
        loop {
            match body.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => part.append(&piece[..count]).map_err(|error| self.unwritten(error, folder, url))?,
                Err(error) => return Err(Stop::Broken(error.to_string())),
            }
            progress(part.length(), total);
        }
        match total {
            Some(total) if part.length() < total => {
                Err(Stop::Broken(format!("it broke off after {} of {total} bytes", part.length())))
            }
            _ => Ok(()),
        }
    }

    fn require_room(&self, folder: &Path, wanted: u64, url: &str) -> Result<(), ArtifactError> {
        let free = (self.free)(folder).map_err(ArtifactError::local("read", folder))?;
        if wanted <= free { Ok(()) } else { Err(full(folder, wanted, free, url)) }
    }

    fn unwritten(&self, error: io::Error, folder: &Path, url: &str) -> ArtifactError {
        if error.kind() == io::ErrorKind::StorageFull {
            return full(folder, 0, (self.free)(folder).unwrap_or(0), url);
        }
        ArtifactError::local("write", folder)(error)
    }

    fn patiently<T>(&self, attempt: impl Fn() -> Result<T, Stop>) -> Result<T, Stop> {
        let mut tried = 1;
        loop {
            match attempt() {
                Err(Stop::Broken(_)) if tried < self.patience.attempts => std::thread::sleep(self.pause(tried)),
                ended => return ended,
            }
            tried += 1;
        }
    }

    fn pause(&self, tried: u32) -> Duration {
        self.patience.pause * 2_u32.saturating_pow(tried.saturating_sub(1).min(6))
    }
}

/// What an answer begins with: the whole file or its rest. The size of the whole, where it is said; nothing when all of
/// it is here already.
type Beginning = Result<Option<Option<u64>>, Stop>;

fn begin(response: &Response<Body>, part: &mut Part) -> io::Result<Beginning> {
    match response.status().as_u16() {
        206 => {
            let range = content_range(response);
            if range.map(|(start, _)| start) != Some(Some(part.length())) {
                part.restart()?;
                return Ok(Err(Stop::Broken("it answered with another part than was asked for".into())));
            }
            part.goes_on();
            Ok(Ok(Some(range.and_then(|(_, total)| total))))
        }
        416 if content_range(response) == Some((None, Some(part.length()))) => Ok(Ok(None)),
        416 => {
            part.restart()?;
            Ok(Err(Stop::Broken("it does not know the part that was asked for".into())))
        }
        _ => {
            if let Err(stop) = sorted_out(response) {
                return Ok(Err(stop));
            }
            part.restart()?;
            part.validated_by(&validator(response))?;
            Ok(Ok(Some(response.body().content_length())))
        }
    }
}

/// An answer that carries no file, as what it means.
fn sorted_out(response: &Response<Body>) -> Result<(), Stop> {
    let status = response.status();
    let words = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
    match status.as_u16() {
        200 => Ok(()),
        408 | 425 | 429 | 500..=599 => Err(Stop::Broken(words.trim_end().to_owned())),
        _ => Err(Stop::Absent(words.trim_end().to_owned())),
    }
}

/// First byte and size of the whole, of `bytes 5-9/10` or `bytes */10`.
fn content_range(response: &Response<Body>) -> Option<(Option<u64>, Option<u64>)> {
    let range = header(response, "content-range").strip_prefix("bytes ")?;
    let (bytes, total) = range.split_once('/')?;
    let start = bytes.split_once('-').and_then(|(start, _)| start.trim().parse().ok());
    Some((start, total.trim().parse().ok()))
}

/// What a later `If-Range` may ask for: a weak tag says nothing of bytes.
fn validator(response: &Response<Body>) -> String {
    match header(response, "etag") {
        tag if tag.starts_with('"') => tag.to_owned(),
        _ => header(response, "last-modified").to_owned(),
    }
}

fn header<'a>(response: &'a Response<Body>, name: &str) -> &'a str {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn explain(error: &Error) -> String {
    match error {
        Error::HostNotFound => "no such host".into(),
        Error::Timeout(_) => "it does not answer in time".into(),
        Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}

fn full(folder: &Path, wanted: u64, free: u64, url: &str) -> ArtifactError {
    let file = url.rsplit('/').next().unwrap_or(url).to_owned();
    ArtifactError::Full { file, folder: folder.to_owned(), wanted, free }
}

fn free_space(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}
