//! TLS before a server that has none, for tests of `dpp-relay`. Not shipped.
//!
//!     front --listen 0.0.0.0:9243 --to 127.0.0.1:9200 --cert CERT.pem --key KEY.pem --authorization FILE
//!         Passes connections on whose first request has the Authorization of this file, such as `ApiKey KEY`, and
//!         answers 401 to others. The files are read anew for every connection.

#![expect(clippy::print_stderr, reason = "a tool for tests, made of its edge alone")]

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Parser;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

const REFUSAL: &str = r#"{"error":{"type":"security_exception","reason":"unable to authenticate with this key"}}"#;

#[derive(Parser)]
#[command(name = "front")]
struct Front {
    #[arg(long)]
    listen: String,
    #[arg(long)]
    to: String,
    #[arg(long)]
    cert: PathBuf,
    #[arg(long)]
    key: PathBuf,
    #[arg(long)]
    authorization: PathBuf,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let front = Arc::new(Front::parse());
    let listener = TcpListener::bind(&front.listen).await?;
    loop {
        let (socket, from) = listener.accept().await?;
        let front = Arc::clone(&front);
        tokio::spawn(async move {
            if let Err(error) = pass(socket, &front).await {
                eprintln!("{from}: {error}");
            }
        });
    }
}

async fn pass(socket: TcpStream, front: &Front) -> Result<(), Box<dyn Error + Send + Sync>> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(&front.cert)?.collect();
    let key = PrivateKeyDer::from_pem_file(&front.key)?;
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain?, key)?;
    let mut client = TlsAcceptor::from(Arc::new(config)).accept(socket).await?;
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if client.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let wanted = format!("authorization: {}\r\n", std::fs::read_to_string(&front.authorization)?.trim_end());
    if !String::from_utf8_lossy(&head).contains(&wanted) {
        let head = "HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\nconnection: close\r\n";
        client.write_all(format!("{head}content-length: {}\r\n\r\n{REFUSAL}", REFUSAL.len()).as_bytes()).await?;
        return Ok(client.shutdown().await?);
    }
    let mut server = TcpStream::connect(&front.to).await?;
    server.write_all(&head).await?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}
