//! `wait_for`: a port, a path, a text in it, or nothing but time.

use std::fs;
use std::io::Read;
use std::net::{TcpStream, ToSocketAddrs};
use std::thread::sleep;
use std::time::{Duration, Instant};

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use fancy_regex::Regex;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::arguments::{HostPath, Names, Number, Whole};
use crate::files::facts::add_facts;
use crate::files::pattern::compile;
use crate::system::connections::{ALIVE, is_connected, is_state};
use crate::{Host, Module, Survey};

/// Longest time between two signs of life.
const LIFE_EVERY: Duration = Duration::from_secs(2);

/// Parameters of `wait_for`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaitFor {
    #[serde(default = "localhost")]
    host: String,
    port: Option<Whole>,
    path: Option<HostPath>,
    search_regex: Option<String>,
    #[serde(default)]
    state: State,
    #[serde(default = "five_minutes")]
    timeout: Number,
    #[serde(default)]
    delay: Number,
    #[serde(default = "one_second")]
    sleep: Number,
    #[serde(default = "five_seconds")]
    connect_timeout: Number,
    exclude_hosts: Option<Names>,
    active_connection_states: Option<Names>,
    msg: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    #[default]
    Started,
    Present,
    Stopped,
    Absent,
    Drained,
}

fn localhost() -> String {
    "127.0.0.1".into()
}

fn five_minutes() -> Number {
    Number(300.0)
}

fn five_seconds() -> Number {
    Number(5.0)
}

fn one_second() -> Number {
    Number(1.0)
}

impl Module for WaitFor {
    const NAME: &'static str = "wait_for";
    type Step = Change;

    /// Met already, it is met; else only the wait itself can tell, and it changes nothing.
    fn survey(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        let pattern = self.check()?;
        let found = if self.delay.0 <= 0.0 && self.has_condition() { self.met(pattern.as_ref())? } else { None };
        if let Some(found) = found {
            let mut survey = self.described(Survey::unchanged()).value("elapsed", 0);
            self.tell(found, &mut survey.result);
            return Ok(survey);
        }
        Ok(self.described(Survey::steps(vec![Change::new(Verb::Run, self.title())])).unpredicted())
    }

    fn apply(&self, _step: &Change, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let begun = Instant::now();
        let pattern = self.check()?;
        host.life(&self.title(), None);
        sleep(seconds(self.delay));
        let found = self.wait(begun, pattern.as_ref(), host)?;
        self.tell(found, result);
        result.insert("elapsed".into(), begun.elapsed().as_secs().into());
        result.insert("changed".into(), false.into());
        Ok(())
    }
}

impl WaitFor {
    fn check(&self) -> Result<Option<Regex>, Failure> {
        let wrong = match self {
            Self { port: Some(_), path: Some(_), .. } => "`port` and `path` exclude each other",
            Self { state: State::Drained, port: None, .. } => "state=drained needs `port`",
            Self { exclude_hosts: Some(_), .. } if self.state != State::Drained => {
                "`exclude_hosts` is for state=drained"
            }
            Self { state: State::Stopped, path: Some(_), .. } => "state=stopped is for ports; a path can be `absent`",
            _ if !self.active_states().iter().all(|name| is_state(name)) => {
                "`active_connection_states` are states as ESTABLISHED or TIME_WAIT"
            }
            _ => {
                return self
                    .search_regex
                    .as_deref()
                    .map(|text| compile("search_regex", &format!("(?m){text}")))
                    .transpose();
            }
        };
        Err(Failure::new(wrong).code("DPP0104").value("elapsed", 0))
    }

    /// The states of a connection that is not drained.
    fn active_states(&self) -> Vec<String> {
        let named = self.active_connection_states.as_ref().map(|names| names.0.clone());
        named.unwrap_or_else(|| ALIVE.map(str::to_owned).to_vec())
    }

    fn has_condition(&self) -> bool {
        self.port.is_some() || self.path.is_some()
    }

    fn wait(&self, begun: Instant, pattern: Option<&Regex>, host: &Host) -> Result<Found, Failure> {
        let limit = seconds(self.timeout);
        let mut told = Instant::now();
        loop {
            if let Some(found) = if self.has_condition() { self.met(pattern)? } else { None } {
                return Ok(found);
            }
            let Some(left) = limit.checked_sub(begun.elapsed()).filter(|left| !left.is_zero()) else {
                return if self.has_condition() { Err(self.too_late()) } else { Ok(Found::default()) };
            };
            if told.elapsed() >= LIFE_EVERY {
                told = Instant::now();
                host.life(&self.title(), Some((begun.elapsed().as_secs(), limit.as_secs())));
            }
            sleep(seconds(self.sleep).clamp(Duration::from_millis(50), LIFE_EVERY).min(left));
        }
    }

    /// What was found when the condition holds.
    fn met(&self, pattern: Option<&Regex>) -> Result<Option<Found>, Failure> {
        let there = match (self.port, &self.path) {
            (Some(port), _) if self.state == State::Drained => {
                let others = self.exclude_hosts.as_ref().map_or(&[][..], |names| &names.0);
                let is_connected = is_connected(port_number(port)?, others, &self.active_states());
                return Ok((!is_connected).then(Found::default));
            }
            (Some(port), _) => self.answer(port_number(port)?, pattern)?,
            (None, Some(path)) => match pattern {
                Some(pattern) => fs::read(path).ok().and_then(|bytes| found(pattern, &bytes)),
                None => path.exists().then(Found::default),
            },
            (None, None) => Some(Found::default()),
        };
        match (self.state, there) {
            (State::Absent | State::Stopped, None) => Ok(Some(Found::default())),
            (State::Absent | State::Stopped, Some(_)) => Ok(None),
            (_, there) => Ok(there),
        }
    }

    /// Whether something accepts connections there, and says what is searched for.
    fn answer(&self, port: u16, pattern: Option<&Regex>) -> Result<Option<Found>, Failure> {
        let timeout = seconds(self.connect_timeout);
        // A name that is not known yet may be so in a moment: it is waited for like the port.
        let addresses = (self.host.as_str(), port).to_socket_addrs().into_iter().flatten();
        let mut streams = addresses.filter_map(|address| TcpStream::connect_timeout(&address, timeout).ok());
        let (Some(stream), pattern) = (streams.next(), pattern) else { return Ok(None) };
        let Some(pattern) = pattern else { return Ok(Some(Found::default())) };
        stream
            .set_read_timeout(Some(timeout))
            .map_err(|error| Failure::new(format!("cannot read from port {port}: {error}")))?;
        Ok(said(stream, pattern, timeout))
    }

    fn tell(&self, found: Found, result: &mut ResultMap) {
        result.insert("match_groups".into(), found.groups.into());
        result.insert("match_groupdict".into(), found.named.into());
        if let Some(path) = &self.path {
            add_facts(path, result);
        }
    }

    fn title(&self) -> String {
        let until = match self.state {
            State::Started | State::Present => "",
            State::Stopped | State::Absent => " to go away",
            State::Drained => " to be drained",
        };
        match (self.port, &self.path) {
            (Some(port), _) if self.host == localhost() => format!("waiting for port {}{until}", port.0),
            (Some(port), _) => format!("waiting for port {} of {}{until}", port.0, self.host),
            (None, Some(path)) => format!("waiting for {}{until}", path.display()),
            (None, None) => format!("waiting {} s", self.timeout.0),
        }
    }

    fn too_late(&self) -> Failure {
        let text = format!("gave up {} after {} s", self.title(), self.timeout.0);
        let shown = self.msg.clone().unwrap_or_else(|| text.clone());
        let failure = Failure::new(shown.clone()).code("DPP0806").value("msg", shown);
        let failure = failure.value("elapsed", self.timeout.0);
        match &self.search_regex {
            Some(pattern) => failure.note("waited", text).note("searched", pattern),
            None => failure.note("waited", text),
        }
    }

    fn described(&self, survey: Survey<Change>) -> Survey<Change> {
        let state = format!("{:?}", self.state).to_lowercase();
        let survey = survey.value("state", state).value("port", self.port.map(|port| port.0));
        let path = self.path.as_ref().map(|path| path.to_string_lossy().into_owned());
        survey.value("path", path).value("search_regex", self.search_regex.clone())
    }
}

/// What a pattern caught, by number and by name.
#[derive(Debug, Default)]
struct Found {
    groups: Vec<Value>,
    named: Map<String, Value>,
}

fn said(mut stream: TcpStream, pattern: &Regex, timeout: Duration) -> Option<Found> {
    let begun = Instant::now();
    let (mut said, mut piece) = (Vec::new(), [0; 4096]);
    while begun.elapsed() < timeout {
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => break,
            Ok(length) => said.extend_from_slice(&piece[..length]),
        }
        if let Some(found) = found(pattern, &said) {
            return Some(found);
        }
    }
    None
}

fn found(pattern: &Regex, bytes: &[u8]) -> Option<Found> {
    let text = String::from_utf8_lossy(bytes);
    let caught = pattern.captures(text.as_ref()).ok().flatten()?;
    let value = |part: Option<fancy_regex::Match<'_>>| part.map_or(Value::Null, |part| part.as_str().into());
    let names = pattern.capture_names().flatten();
    Some(Found {
        groups: caught.iter().skip(1).map(value).collect(),
        named: names.map(|name| (name.to_owned(), value(caught.name(name)))).collect(),
    })
}

fn seconds(number: Number) -> Duration {
    Duration::try_from_secs_f64(number.0).unwrap_or(Duration::ZERO)
}

fn port_number(port: Whole) -> Result<u16, Failure> {
    u16::try_from(port.0).map_err(|_| Failure::new(format!("{} is no port", port.0)).code("DPP0104"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;

    use serde_json::json;

    use super::*;
    use crate::testing::Ground;

    #[test]
    fn an_open_port_is_met_at_once_and_a_closed_one_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let ground = Ground::new();
        assert!(!ground.survey("wait_for", &json!({"port": port})).unwrap().changed);
        drop(listener);
        let outcome = ground.apply("wait_for", &json!({"port": port, "state": "stopped"})).unwrap();
        assert_eq!(outcome.result["elapsed"], 0);
        let failure = ground.apply("wait_for", &json!({"port": port, "timeout": 0.2})).unwrap_err();
        assert_eq!(failure.message, format!("gave up waiting for port {port} after 0.2 s"));
    }

    #[test]
    fn a_text_is_waited_for_in_files_and_on_ports() {
        let ground = Ground::new();
        let path = ground.write("log", "one\nready in 3 s\n");
        assert!(!ground.survey("wait_for", &json!({"path": path, "search_regex": "^ready"})).unwrap().changed);
        assert!(ground.survey("wait_for", &json!({"path": path, "search_regex": "^failed"})).unwrap().unpredicted);
        let caught = json!({"path": path, "search_regex": r"in (\d+) (?P<unit>\w)|(x)"});
        let result = ground.survey("wait_for", &caught).unwrap().result;
        assert_eq!(
            (&result["match_groups"], &result["match_groupdict"]),
            (&json!(["3", "s", null]), &json!({"unit": "s"}))
        );
        assert_eq!((&result["state"], &result["size"]), (&json!("file"), &json!(17)));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || listener.accept().unwrap().0.write_all(b"SSH-2.0-OpenSSH\n").unwrap());
        let params = json!({"port": port, "search_regex": "OpenSSH"});
        assert!(ground.survey("wait_for", &params).unwrap().changes.is_empty());
        server.join().unwrap();
    }

    #[test]
    fn a_path_that_appears_ends_the_wait() {
        let ground = Ground::new();
        let path = ground.path("late");
        let writer = std::thread::spawn(move || {
            sleep(Duration::from_millis(200));
            fs::write(path, "").unwrap();
        });
        ground.apply("wait_for", &json!({"path": ground.at("late"), "sleep": 0.05, "timeout": 10})).unwrap();
        writer.join().unwrap();
    }
}
