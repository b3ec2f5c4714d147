//! The engine's own language: JSON over its socket, one connection for each question.
//!
//! It is spoken as HTTP/1.0, where the end of an answer is the end of the connection.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use dpp_protocol::Failure;
use serde_json::{Value, json};

const SOCKET: &str = "unix:///var/run/docker.sock";

/// Where an engine is spoken to.
#[derive(Debug, Clone)]
pub(super) struct Engine {
    place: String,
    version: String,
    patience: Duration,
}

/// What it answered.
#[derive(Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Engine {
    /// The engine at `unix://PATH` or `tcp://HOST:PORT`, in the version of its language that is given.
    pub(super) fn new(place: Option<&str>, version: Option<&str>, seconds: u64) -> Result<Self, Failure> {
        let place = place.unwrap_or(SOCKET).to_owned();
        let is_known = ["unix://", "tcp://", "http://"].iter().any(|scheme| place.starts_with(scheme));
        if !is_known {
            return Err(Failure::new(format!("containers of an engine at {place} cannot be managed from here"))
                .code("DPP0104")
                .help("let the task run on the engine's own host, or give its `unix://` or `tcp://` address"));
        }
        let version = version.map(|version| format!("/v{version}")).unwrap_or_default();
        Ok(Self { place, version, patience: Duration::from_secs(seconds.max(1)) })
    }

    /// The same with more patience, for what takes long.
    pub(super) fn patient(&self, seconds: u64) -> Self {
        Self { patience: self.patience + Duration::from_secs(seconds), ..self.clone() }
    }

    /// Asks for a thing; nothing where there is none.
    pub(super) fn get(&self, path: &str) -> Result<Option<Value>, Failure> {
        let answer = self.ask("GET", path, None)?;
        if answer.status == 404 {
            return Ok(None);
        }
        accepted(&answer, "GET", path).map(Some)
    }

    /// Has something done. That it is so already is no failure.
    pub(super) fn order(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let answer = self.ask(method, path, body)?;
        accepted(&answer, method, path)
    }

    /// The same, for what may be gone by then.
    pub(super) fn order_if_there(&self, method: &str, path: &str) -> Result<(), Failure> {
        let answer = self.ask(method, path, None)?;
        if answer.status == 404 { Ok(()) } else { accepted(&answer, method, path).map(drop) }
    }

    /// Asks, whatever comes of it.
    pub(super) fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer, Failure> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let head = format!(
            "{method} {}{path} HTTP/1.0\r\nHost: docker\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.version,
            body.len()
        );
        let said = self.exchange(&(head + &body)).map_err(|error| {
            let cause = error.to_string();
            let cause = cause.split(" (os error").next().unwrap_or(&cause);
            Failure::new(format!("docker at {} does not answer: {cause}", self.place)).help(
                "`systemctl status docker` on the host says why; only root and the group `docker` may speak to it",
            )
        })?;
        answer(&said).ok_or_else(|| Failure::new(format!("what {} answers is not docker's", self.place)))
    }

    fn exchange(&self, request: &str) -> std::io::Result<Vec<u8>> {
        if let Some(path) = self.place.strip_prefix("unix://") {
            let stream = UnixStream::connect(path)?;
            stream.set_read_timeout(Some(self.patience))?;
            return spoken(stream, request);
        }
        let address = self.place.trim_start_matches("tcp://").trim_start_matches("http://").trim_end_matches('/');
        let address = address.to_socket_addrs()?.next().ok_or(std::io::ErrorKind::AddrNotAvailable)?;
        let stream = TcpStream::connect_timeout(&address, self.patience)?;
        stream.set_read_timeout(Some(self.patience))?;
        spoken(stream, request)
    }
}

fn accepted(answer: &Answer, method: &str, path: &str) -> Result<Value, Failure> {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_else(|_| json!({}));
    if answer.status < 400 {
        return Ok(body);
    }
    let plain = path.split('?').next().unwrap_or(path);
    let said = body["message"].as_str().map_or_else(|| format!("status {}", answer.status), str::to_owned);
    Err(Failure::new(format!("docker refuses {method} {plain}")).note("docker", &said).value("msg", said))
}

fn spoken(mut stream: impl Read + Write, request: &str) -> std::io::Result<Vec<u8>> {
    stream.write_all(request.as_bytes())?;
    let mut said = Vec::new();
    stream.read_to_end(&mut said)?;
    Ok(said)
}

fn answer(said: &[u8]) -> Option<Answer> {
    let end = said.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&said[..end]);
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, body: said[end + 4..].to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_taken_apart_and_places_are_checked() {
        let said = b"HTTP/1.0 404 Not Found\r\nContent-Type: application/json\r\n\r\n{\"message\":\"x\"}";
        assert_eq!(answer(said), Some(Answer { status: 404, body: b"{\"message\":\"x\"}".to_vec() }));
        assert!(answer(b"SSH-2.0-OpenSSH\r\n\r\n").is_none() && answer(b"").is_none());
        assert_eq!(Engine::new(Some("ssh://host"), None, 1).unwrap_err().code, "DPP0104");
        let away = Engine::new(Some("unix:///no/such.sock"), None, 1).unwrap().get("/info").unwrap_err();
        assert!(away.message.starts_with("docker at unix:///no/such.sock does not answer: No such file"), "{away:?}");
    }
}
