//! A scripted HTTP server for tests: answers requests with recorded replies, and remembers what was asked.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

use crate::{Host, find};

type Script = Mutex<Vec<(String, u16, String)>>;

/// The server; it lives until the test's process ends, its port closes when it is dropped.
pub(super) struct Stub {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    closing: Arc<Mutex<bool>>,
}

impl Stub {
    /// Answers `METHOD /path` with status and body. The same line several times: one after the other, the last one
    /// for ever. What is not in the script is answered with 404.
    pub(super) fn new(script: &[(&str, u16, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let script: Vec<_> =
            script.iter().map(|(ask, status, body)| ((*ask).into(), *status, (*body).into())).collect();
        let (script, asked, closing) = (Arc::new(Mutex::new(script)), Arc::default(), Arc::default());
        let (log, end): (Arc<Mutex<Vec<String>>>, Arc<Mutex<bool>>) = (Arc::clone(&asked), Arc::clone(&closing));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if *end.lock().unwrap() {
                    return;
                }
                answer(stream, &script, &log);
            }
        });
        Self { port, asked, closing }
    }

    /// Its address.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// All requests as they came, head and body.
    pub(super) fn requests(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// The requests that were no GET: `PUT /path body`.
    pub(super) fn changes(&self) -> Vec<String> {
        let requests = self.requests();
        let changes = requests.iter().filter(|request| !request.starts_with("GET "));
        changes
            .map(|request| {
                let line = request.lines().next().unwrap().trim_end_matches(" HTTP/1.1");
                let body = request.split("\r\n\r\n").nth(1).unwrap_or_default();
                format!("{line} {body}").trim_end().to_owned()
            })
            .collect()
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        *self.closing.lock().unwrap() = true;
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn answer(mut stream: TcpStream, script: &Script, log: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line);
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let (status, reply) = next(script, head.lines().next().unwrap());
    log.lock().unwrap().push(head + &String::from_utf8(body).unwrap());
    let length = reply.len();
    let _ = write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{reply}");
}

fn next(script: &Script, line: &str) -> (u16, String) {
    let asked = line.trim_end_matches(" HTTP/1.1");
    let mut script = script.lock().unwrap();
    let Some(first) = script.iter().position(|(ask, ..)| ask == asked) else {
        return (404, format!(r#"{{"error":"not in the script","reason":"{asked}"}}"#));
    };
    let repeated = script.iter().filter(|(ask, ..)| ask == asked).count() > 1;
    let (_, status, body) = if repeated { script.remove(first) } else { script[first].clone() };
    (status, body)
}

/// Runs a module as the agent would, with its state in a folder of its own.
pub(super) fn run(
    module: &str,
    params: &Value,
    mode: dpp_protocol::Mode,
) -> Result<dpp_protocol::Outcome, dpp_protocol::Failure> {
    let state = tempfile::tempdir().unwrap();
    let host = Host::new(state.path(), BTreeMap::new(), &|_, _| ());
    let task = json!({"id": 1, "module": module, "params": params, "mode": mode, "diff": true});
    (find(module).unwrap().run)(&serde_json::from_value(task).unwrap(), &host)
}
