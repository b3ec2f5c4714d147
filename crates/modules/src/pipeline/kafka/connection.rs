//! One connection to one broker: requests in the highest version that both sides know.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use dpp_protocol::Failure;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{ApiVersionsRequest, RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Message, Request, StrBytes, VersionRange};

use crate::pipeline::product::UNREACHABLE;

const LARGEST_REPLY: usize = 128 << 20;
const CLIENT: &str = "dppctl";

/// A connection on which the broker's versions are known.
pub(super) struct Connection {
    stream: TcpStream,
    address: String,
    versions: HashMap<i16, VersionRange>,
    correlation: i32,
}

impl Connection {
    /// Connects to `host:port` and asks for the broker's versions.
    pub(super) fn open(address: &str, timeout: Duration) -> Result<Self, Failure> {
        let timeout = timeout.clamp(Duration::from_millis(100), Duration::from_secs(30));
        let stream =
            connect(address, timeout.min(Duration::from_secs(5))).map_err(|error| unreachable(address, &error))?;
        let set = stream.set_read_timeout(Some(timeout)).and_then(|()| stream.set_nodelay(true));
        set.map_err(|error| unreachable(address, &error))?;
        let mut connection = Self { stream, address: address.to_owned(), versions: HashMap::new(), correlation: 0 };
        connection.negotiate()?;
        Ok(connection)
    }

    /// Where it leads.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Sends a request and reads its reply.
    pub(super) fn ask<R: Request>(&mut self, request: &R) -> Result<R::Response, Failure> {
        self.ask_up_to(request, i16::MAX)
    }

    /// The same, in no version higher than `highest`, for requests whose form changes there.
    pub(super) fn ask_up_to<R: Request>(&mut self, request: &R, highest: i16) -> Result<R::Response, Failure> {
        let Some(version) = self.version::<R>(highest) else {
            let text =
                format!("{}: the broker speaks no version of request {} that is known here", self.address, R::KEY);
            return Err(Failure::new(text).code("DPP0802"));
        };
        self.exchange(request, version)
    }

    /// The highest version that both sides know.
    pub(super) fn version<R: Request>(&self, highest: i16) -> Option<i16> {
        let common = self.versions.get(&R::KEY)?.intersect(&<R as Message>::VERSIONS);
        let common = common.intersect(&VersionRange { min: 0, max: highest });
        (!common.is_empty()).then_some(common.max)
    }

    /// Sends the body of a request that is written by hand, and returns the body of the reply.
    pub(super) fn ask_raw(&mut self, key: i16, version: i16, body: &[u8]) -> Result<Bytes, Failure> {
        let header = self.header(key, version);
        let mut message = BytesMut::new();
        header.encode(&mut message, 1).map_err(|error| self.garbled(&error.to_string()))?;
        message.extend_from_slice(body);
        let mut reply = self.roundtrip(&message)?;
        ResponseHeader::decode(&mut reply, 0).map_err(|error| self.garbled(&error.to_string()))?;
        Ok(reply)
    }

    fn negotiate(&mut self) -> Result<(), Failure> {
        // Version 0 is answered by every broker, also by those that do not know it.
        let reply = self.exchange(&ApiVersionsRequest::default(), 0)?;
        let ranges = reply.api_keys.iter();
        self.versions =
            ranges.map(|api| (api.api_key, VersionRange { min: api.min_version, max: api.max_version })).collect();
        Ok(())
    }

    fn header(&mut self, key: i16, version: i16) -> RequestHeader {
        self.correlation += 1;
        RequestHeader::default()
            .with_request_api_key(key)
            .with_request_api_version(version)
            .with_correlation_id(self.correlation)
            .with_client_id(Some(StrBytes::from_static_str(CLIENT)))
    }

    fn exchange<R: Request>(&mut self, request: &R, version: i16) -> Result<R::Response, Failure> {
        let header = self.header(R::KEY, version);
        let mut message = BytesMut::new();
        let encoded = header
            .encode(&mut message, R::header_version(version))
            .and_then(|()| request.encode(&mut message, version));
        encoded.map_err(|error| self.garbled(&error.to_string()))?;
        let mut reply = self.roundtrip(&message)?;
        ResponseHeader::decode(&mut reply, R::Response::header_version(version))
            .and_then(|_| R::Response::decode(&mut reply, version))
            .map_err(|error| self.garbled(&error.to_string()))
    }

    fn roundtrip(&mut self, message: &[u8]) -> Result<Bytes, Failure> {
        self.try_roundtrip(message).map_err(|error| unreachable(&self.address, &error))
    }

    fn try_roundtrip(&mut self, message: &[u8]) -> io::Result<Bytes> {
        let length = u32::try_from(message.len()).map_err(|_| io::Error::other("request larger than 4 GiB"))?;
        self.stream.write_all(&[&length.to_be_bytes(), message].concat())?;
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length) as usize;
        if length > LARGEST_REPLY {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "what answers does not speak Kafka's protocol"));
        }
        let mut reply = vec![0; length];
        self.stream.read_exact(&mut reply)?;
        Ok(reply.into())
    }

    fn garbled(&self, error: &str) -> Failure {
        Failure::new(format!("cannot talk to Kafka at {}: {error}", self.address)).code("DPP0802")
    }
}

fn connect(address: &str, timeout: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn unreachable(address: &str, error: &io::Error) -> Failure {
    let error = match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "no answer in time".to_owned(),
        io::ErrorKind::UnexpectedEof => "the connection was closed".to_owned(),
        _ => error.to_string(),
    };
    Failure::new(format!("cannot reach Kafka at {address}: {error}"))
        .code(UNREACHABLE)
        .help("systemctl status confluent-kafka; journalctl -u confluent-kafka -n 50")
}

/// An error by the name that Kafka's documents give it, with the broker's own words where it has some.
pub(super) fn named(code: i16, words: Option<&StrBytes>) -> String {
    let name = ResponseError::try_from_code(code).map_or_else(|| format!("error {code}"), |error| format!("{error:?}"));
    match words.filter(|words| !words.is_empty()) {
        Some(words) => format!("{name}: {}", words.as_str()),
        None => name,
    }
}

/// A text in the type of Kafka's codec.
pub(super) fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}
