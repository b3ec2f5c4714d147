//! A server whose answers a test writes.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What was asked for.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    /// How many requests came before it.
    pub before: usize,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first byte of the range that was asked for.
    pub(super) fn from(&self) -> Option<usize> {
        self.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// What is answered: a head, and pieces with a wait before each; then the connection is closed.
#[derive(Debug, Default)]
pub(super) struct Reply {
    pub head: String,
    pub pieces: Vec<(Duration, Vec<u8>)>,
}

impl Reply {
    pub(super) fn new(status: &str, headers: &[(&str, String)], body: &[u8]) -> Self {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!("HTTP/1.1 {status}\r\n{headers}connection: close\r\n\r\n");
        Self { head, pieces: vec![(Duration::ZERO, body.to_vec())] }
    }

    /// A whole answer.
    pub(super) fn text(status: &str, body: &str) -> Self {
        Self::new(status, &[("content-length", body.len().to_string())], body.as_bytes())
    }

    /// A file as a good server gives it, cut off after so many bytes.
    pub(super) fn file(request: &Request, bytes: &[u8], tag: &str, cut: usize) -> Self {
        let start = request.from().filter(|_| request.header("if-range") == Some(tag)).unwrap_or(0);
        let rest = &bytes[start.min(bytes.len())..];
        let sent = &rest[..cut.min(rest.len())];
        let mut headers = vec![("content-length", rest.len().to_string()), ("etag", tag.to_owned())];
        if start == 0 {
            return Self::new("200 OK", &headers, sent);
        }
        headers.push(("content-range", format!("bytes {start}-{}/{}", bytes.len().max(1) - 1, bytes.len())));
        Self::new("206 Partial Content", &headers, sent)
    }
}

/// A server on this machine.
pub(super) struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
    over: Arc<AtomicBool>,
}

impl Server {
    pub(super) fn new(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (requests, over) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (log, ended, answer) = (Arc::clone(&requests), Arc::clone(&over), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if ended.load(Ordering::Relaxed) {
                    break;
                }
                let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream, &log, &*answer));
            }
        });
        Self { port, requests, over }
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What was asked for so far, `METHOD PATH`.
    pub(super) fn asked(&self) -> Vec<String> {
        self.requests.lock().unwrap().iter().map(|request| format!("{} {}", request.method, request.path)).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn serve(stream: TcpStream, log: &Mutex<Vec<Request>>, answer: &dyn Fn(&Request) -> Reply) {
    let Some(mut request) = read(&stream) else { return };
    {
        let mut log = log.lock().unwrap();
        request.before = log.len();
        log.push(request.clone());
    }
    let reply = answer(&request);
    let mut stream = stream;
    let mut sent = stream.write_all(reply.head.as_bytes());
    for (wait, piece) in &reply.pieces {
        std::thread::sleep(*wait);
        sent = sent.and_then(|()| if request.method == "HEAD" { Ok(()) } else { stream.write_all(piece) });
    }
    let _ = stream.shutdown(Shutdown::Both);
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next()?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers = lines.take_while(|line| !line.is_empty()).filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    Some(Request { method, path, headers: headers.collect(), before: 0 })
}
