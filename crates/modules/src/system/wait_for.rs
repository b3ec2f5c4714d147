//! `wait_for`: a port, a path, a text in it, or nothing but time.

use std::fs;
use std::io::Read;
use std::net::{TcpStream, ToSocketAddrs};
use std::thread::sleep;
use std::time::{Duration, Instant};

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use fancy_regex::Regex;
use serde::Deserialize;

use crate::arguments::{HostPath, Names, Number, Whole};
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
    #[serde(default)]
    exclude_hosts: Names,
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
        if self.delay.0 <= 0.0 && self.has_condition() && self.is_met(pattern.as_ref())? {
            return Ok(self.described(Survey::unchanged()).value("elapsed", 0));
        }
        Ok(self.described(Survey::steps(vec![Change::new(Verb::Run, self.title())])).unpredicted())
    }

    fn apply(&self, _step: &Change, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let begun = Instant::now();
        let pattern = self.check()?;
        host.life(&self.title(), None);
        sleep(seconds(self.delay));
        self.wait(begun, pattern.as_ref(), host)?;
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
        Err(Failure::new(wrong).code("DPP0104"))
    }

    /// The states of a connection that is not drained.
    fn active_states(&self) -> Vec<String> {
        let named = self.active_connection_states.as_ref().map(|names| names.0.clone());
        named.unwrap_or_else(|| ALIVE.map(str::to_owned).to_vec())
    }

    fn has_condition(&self) -> bool {
        self.port.is_some() || self.path.is_some()
    }

    fn wait(&self, begun: Instant, pattern: Option<&Regex>, host: &Host) -> Result<(), Failure> {
        let limit = seconds(self.timeout);
        let mut told = Instant::now();
        loop {
            if self.has_condition() && self.is_met(pattern)? {
                return Ok(());
            }
            let Some(left) = limit.checked_sub(begun.elapsed()).filter(|left| !left.is_zero()) else {
                return if self.has_condition() { Err(self.too_late()) } else { Ok(()) };
            };
            if told.elapsed() >= LIFE_EVERY {
                told = Instant::now();
                host.life(&self.title(), Some((begun.elapsed().as_secs(), limit.as_secs())));
            }
            sleep(seconds(self.sleep).clamp(Duration::from_millis(50), LIFE_EVERY).min(left));
        }
    }

    fn is_met(&self, pattern: Option<&Regex>) -> Result<bool, Failure> {
        let wants_absence = matches!(self.state, State::Absent | State::Stopped);
        match (self.port, &self.path) {
            (Some(port), _) if self.state == State::Drained => {
                Ok(!is_connected(port_number(port)?, &self.exclude_hosts.0, &self.active_states()))
            }
            (Some(port), _) => Ok(self.answers(port_number(port)?, pattern)? != wants_absence),
            (None, Some(path)) => Ok(match pattern {
                Some(pattern) => fs::read(path).is_ok_and(|bytes| holds(pattern, &bytes)) != wants_absence,
                None => path.exists() != wants_absence,
            }),
            (None, None) => Ok(true),
        }
    }

    /// Whether something accepts connections there, and says what is searched for.
    fn answers(&self, port: u16, pattern: Option<&Regex>) -> Result<bool, Failure> {
        let timeout = seconds(self.connect_timeout);
        // A name that is not known yet may be so in a moment: it is waited for like the port.
        let addresses = (self.host.as_str(), port).to_socket_addrs().into_iter().flatten();
        let mut streams = addresses.filter_map(|address| TcpStream::connect_timeout(&address, timeout).ok());
        let (Some(stream), pattern) = (streams.next(), pattern) else { return Ok(false) };
        let Some(pattern) = pattern else { return Ok(true) };
        stream
            .set_read_timeout(Some(timeout))
            .map_err(|error| Failure::new(format!("cannot read from port {port}: {error}")))?;
        Ok(says(stream, pattern, timeout))
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

fn says(mut stream: TcpStream, pattern: &Regex, timeout: Duration) -> bool {
    let begun = Instant::now();
    let (mut said, mut piece) = (Vec::new(), [0; 4096]);
    while begun.elapsed() < timeout {
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => break,
            Ok(length) => said.extend_from_slice(&piece[..length]),
        }
        if holds(pattern, &said) {
            return true;
        }
    }
    false
}

fn holds(pattern: &Regex, bytes: &[u8]) -> bool {
    pattern.is_match(String::from_utf8_lossy(bytes).as_ref()).unwrap_or(false)
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
