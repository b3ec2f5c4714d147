//! A handshake for its own sake: Kafka's client tells little of why one of its own failed.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::error::AN_AUTHORITYS;
use super::{client, told};
use crate::config::TlsConfig;

/// A server that has nothing against us says nothing for so long.
const PATIENCE: Duration = Duration::from_secs(2);

/// Returns why one of both sides does not accept the other, if that is so for Kafka's client as well.
pub async fn refusal(config: &TlsConfig, host: &str, port: u16) -> Option<String> {
    let connector = TlsConnector::from(Arc::new(client(config).ok()?));
    let server = ServerName::try_from(host.to_owned()).ok()?;
    let attempt = async {
        let socket = TcpStream::connect((host, port)).await?;
        let mut stream = connector.connect(server, socket).await?;
        // Since TLS 1.3 a server judges our certificate when the handshake is over for us.
        stream.read_u8().await
    };
    match timeout(PATIENCE, attempt).await {
        Ok(Err(error)) => told(&error).filter(|words| !words.starts_with(AN_AUTHORITYS)),
        _ => None,
    }
}
