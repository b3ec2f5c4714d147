//! AMQPS for lapin: its connections over our own TLS, whose certificates are checked and whose errors name the file.
//!
//! lapin has TLS of its own, which takes a client's certificate only by way of PKCS#12 and its old ciphers.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_compat::Compat;
use async_rs::traits::Reactor;
use async_rs::util::RuntimeParts;
use async_rs::{Runtime, Tokio};
use futures_io::{AsyncRead, AsyncWrite};
use futures_util::Stream;
use lapin::tcp::AsyncTcpStream;
use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Opens one connection over TLS.
pub(super) async fn connect(
    uri: AMQPUri,
    properties: ConnectionProperties,
    tls: ClientConfig,
) -> lapin::Result<Connection> {
    let wire = Wire::to(&uri.authority.host, tls)?;
    let runtime = Runtime::new(RuntimeParts::new(Tokio::current(), wire));
    let open = async |uri: AMQPUri, runtime: Runtime<RuntimeParts<Tokio, Wire>>| {
        let AMQPUri { authority, .. } = uri;
        let addresses = runtime.to_socket_addrs((authority.host, authority.port));
        Ok(AsyncTcpStream::connect(&runtime, addresses).await?)
    };
    Connection::connector(uri, runtime, open, properties).await
}

/// A reactor whose TCP streams are encrypted; all else it leaves to tokio.
#[derive(Clone)]
struct Wire {
    plain: Tokio,
    tls: TlsConnector,
    server: ServerName<'static>,
}

impl Wire {
    fn to(host: &str, tls: ClientConfig) -> io::Result<Self> {
        let server = ServerName::try_from(host.to_owned())
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        Ok(Self { plain: Tokio::current(), tls: TlsConnector::from(Arc::new(tls)), server })
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Reactor for Wire {
    type TcpStream = Compat<TlsStream<TcpStream>>;
    type Sleep = <Tokio as Reactor>::Sleep;

    fn register<H: Read + Write + AsFd + AsRawFd + Send + 'static>(
        &self,
        socket: H,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static> {
        self.plain.register(socket)
    }

    fn sleep(&self, time: Duration) -> Self::Sleep {
        self.plain.sleep(time)
    }

    fn interval(&self, time: Duration) -> impl Stream<Item = Instant> + Send + 'static {
        self.plain.interval(time)
    }

    fn tcp_connect_addr(
        &self,
        address: SocketAddr,
    ) -> impl Future<Output = io::Result<Self::TcpStream>> + Send + 'static {
        let (tls, server) = (self.tls.clone(), self.server.clone());
        async move {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok(Compat::new(tls.connect(server, stream).await?))
        }
    }
}
