//! Certificates of all kinds, made by `openssl`, and what is told of those that are of no use.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, Stream};

use super::{check, client, prepare, refusal, told};
use crate::config::TlsConfig;

/// A folder of certificates that goes when the test does.
struct Office(PathBuf);

impl Office {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("dpp-relay-tls-{test}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn openssl(&self, arguments: &str) {
        let output = Command::new("openssl").args(arguments.split(' ')).current_dir(&self.0).output().unwrap();
        assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn authority(&self, name: &str) {
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        self.openssl(&format!("req -x509 {key} -keyout {name}.key -out {name}.pem -subj /CN={name} -days 1"));
    }

    fn certificate(&self, name: &str, of: &str, days: u32, host: &str) {
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        let names = format!("-addext subjectAltName=DNS:{host}");
        self.openssl(&format!("req {key} -keyout {name}.key -out {name}.csr -subj /CN={name} {names}"));
        let by = format!("-CA {of}.pem -CAkey {of}.key -CAcreateserial -copy_extensions copy -days {days}");
        self.openssl(&format!("x509 -req -in {name}.csr -out {name}.pem {by}"));
    }

    fn config(&self, text: &str) -> TlsConfig {
        serde_saphyr::from_str(&text.replace('@', &format!("{}/", self.0.display()))).unwrap()
    }

    fn chain(&self, name: &str) -> Vec<CertificateDer<'static>> {
        vec![CertificateDer::from_pem_file(self.path(&format!("{name}.pem"))).unwrap()]
    }

    /// Answers one connection as the one with that certificate, who wants to see one of the authority `wanted`.
    fn serve(&self, name: &str, wanted: Option<&str>) -> SocketAddr {
        prepare();
        let builder = ServerConfig::builder();
        let builder = match wanted {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(self.chain(authority));
                builder.with_client_cert_verifier(WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap())
            }
        };
        let key = PrivateKeyDer::from_pem_file(self.path(&format!("{name}.key"))).unwrap();
        let config = Arc::new(builder.with_single_cert(self.chain(name), key).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut connection = ServerConnection::new(config).unwrap();
            // What this side thinks of the other one is not asked here.
            let _ = std::io::Write::write_all(&mut Stream::new(&mut connection, &mut socket), b"hello");
        });
        address
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn wrong(config: &TlsConfig) -> String {
    let (checked, made) = (check(config).unwrap_err().to_string(), client(config).err().map(|error| error.to_string()));
    assert_eq!(made.as_deref(), Some(checked.as_str()), "the one who only checks says the same");
    checked
}

#[test]
fn files_of_no_use_are_named_with_the_cause() {
    let office = Office::new("files");
    office.authority("ca");
    office.certificate("own", "ca", 1, "localhost");
    office.certificate("other", "ca", 1, "localhost");
    office.openssl("ec -in own.key -aes256 -passout pass:secret -out old.key");
    office.openssl("pkcs8 -topk8 -in own.key -v2 aes256 -passout pass:secret -out locked.key");
    fs::write(office.path("empty.pem"), "no certificate\n").unwrap();
    fs::write(office.path("torn.pem"), "-----BEGIN CERTIFICATE-----\nMIIB\n").unwrap();
    for (text, words) in [
        ("ca_file: @absent.pem", "cannot read tls.ca_file @absent.pem: No such file or directory"),
        ("ca_file: @empty.pem", "tls.ca_file @empty.pem has no certificate in PEM"),
        ("ca_file: @torn.pem", "cannot use tls.ca_file @torn.pem: "),
        ("{ca_file: @ca.pem, cert_file: @absent.pem, key_file: @own.key}", "cannot read tls.cert_file @absent.pem: "),
        ("{ca_file: @ca.pem, cert_file: @own.pem, key_file: @absent.key}", "cannot read tls.key_file @absent.key: "),
        ("{ca_file: @ca.pem, cert_file: @own.pem, key_file: @own.pem}", "tls.key_file @own.pem has no private key"),
        ("{ca_file: @ca.pem, cert_file: @own.pem, key_file: @old.key}", "tls.key_file @old.key needs a passphrase"),
        (
            "{ca_file: @ca.pem, cert_file: @own.pem, key_file: @locked.key}",
            "tls.key_file @locked.key needs a passphrase",
        ),
        (
            "{ca_file: @ca.pem, cert_file: @own.pem, key_file: @other.key}",
            "tls.key_file @other.key is not the key of tls.cert_file @own.pem",
        ),
        (
            "{ca_file: @ca.pem, cert_file: @own.pem, key_credential: relay.key}",
            "the credential `relay.key` is not there, as systemd passed none: add LoadCredential=relay.key:FILE",
        ),
    ] {
        let said = wrong(&office.config(text)).replace(&format!("{}/", office.0.display()), "@");
        assert!(said.starts_with(words), "{text}: {said}");
    }
    check(&office.config("{ca_file: @ca.pem, cert_file: @own.pem, key_file: @own.key}")).unwrap();
}

#[test]
fn a_certificate_of_the_past_is_told_with_its_end() {
    let office = Office::new("past");
    office.authority("ca");
    office.certificate("old", "ca", 0, "localhost");
    fs::copy(office.path("ca.pem"), office.path("both.pem")).unwrap();
    let both = [fs::read(office.path("ca.pem")).unwrap(), fs::read(office.path("old.pem")).unwrap()].concat();
    fs::write(office.path("both.pem"), both).unwrap();
    // Its end is the second in which it was made.
    std::thread::sleep(Duration::from_millis(2_100));
    let shown = wrong(&office.config("{ca_file: @ca.pem, cert_file: @old.pem, key_file: @old.key}"));
    assert!(shown.contains("tls.cert_file") && shown.contains("old.pem expired on 20"), "{shown}");
    let trusted = wrong(&office.config("ca_file: @old.pem"));
    assert!(trusted.contains("tls.ca_file") && trusted.contains("old.pem expired on 20"), "{trusted}");
    check(&office.config("ca_file: @both.pem")).expect("the one that is valid is enough");
}

#[test]
fn a_certificate_of_the_first_version_is_for_kafkas_client_alone() {
    let office = Office::new("version");
    office.authority("ca");
    office.certificate("own", "ca", 1, "localhost");
    office.openssl("x509 -req -in own.csr -out own.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 1");
    let config = office.config("{ca_file: @ca.pem, cert_file: @own.pem, key_file: @own.key}");
    let said = client(&config).unwrap_err().to_string();
    assert!(said.contains("own.pem is of X.509 version 1"), "{said}");
    check(&config).unwrap();
}

#[tokio::test]
async fn a_handshake_that_fails_is_told_in_the_words_of_the_configuration() {
    let office = Office::new("handshake");
    for authority in ["ca", "stranger"] {
        office.authority(authority);
    }
    office.certificate("server", "ca", 1, "localhost");
    office.certificate("elsewhere", "ca", 1, "elsewhere");
    office.certificate("old", "ca", 0, "localhost");
    // Its end is the second in which it was made.
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    office.certificate("own", "ca", 1, "relay");
    office.certificate("foreign", "stranger", 1, "relay");
    std::fs::create_dir_all(office.path("later")).unwrap();
    office.openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout later/ca.key -out later/ca.pem -subj /CN=ca",
    );
    let of = |text: &str| office.config(text);
    let with = |name: &str| of(&format!("{{ca_file: @ca.pem, cert_file: @{name}.pem, key_file: @{name}.key}}"));

    assert_eq!(refused(&of("ca_file: @ca.pem"), office.serve("server", None)).await, None);
    assert_eq!(refused(&with("own"), office.serve("server", Some("ca"))).await, None);
    for (config, server, words) in [
        (of("ca_file: @stranger.pem"), office.serve("server", None), "nobody who is trusted here (tls.ca_file"),
        (
            of("ca_file: @later/ca.pem"),
            office.serve("server", None),
            "the server's certificate is of another authority",
        ),
        (of("ca_file: @ca.pem"), office.serve("old", None), "the server's certificate has expired"),
        (of("ca_file: @ca.pem"), office.serve("elsewhere", None), "the server's certificate is of another host"),
        (of("ca_file: @ca.pem"), office.serve("server", Some("ca")), "the server wants a certificate: tls.cert_file"),
        (with("foreign"), office.serve("server", Some("ca")), "the server does not accept the certificate of tls.cert"),
        (of("ca_file: @ca.pem"), plain(), "the server does not speak TLS at this port"),
    ] {
        let said = refused(&config, server).await.unwrap();
        assert!(said.starts_with(words), "{said}");
    }
}

#[tokio::test]
async fn an_authoritys_certificate_as_a_servers_is_told_to_those_who_mind() {
    let office = Office::new("authority");
    office.authority("ca");
    let config = office.config("ca_file: @ca.pem");
    let connector = tokio_rustls::TlsConnector::from(Arc::new(client(&config).unwrap()));
    let socket = tokio::net::TcpStream::connect(office.serve("ca", None)).await.unwrap();
    let error = connector.connect("localhost".try_into().unwrap(), socket).await.unwrap_err();
    let said = told(&error).unwrap();
    assert!(said.starts_with("the server shows a certificate of an authority (CA:TRUE"), "{said}");
    assert_eq!(refused(&config, office.serve("ca", None)).await, None, "Kafka's client does not mind");
}

async fn refused(config: &TlsConfig, server: SocketAddr) -> Option<String> {
    refusal(config, "localhost", server.port()).await
}

/// Somebody who speaks as RabbitMQ does without TLS.
fn plain() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let _ = std::io::Write::write_all(&mut socket, b"AMQP\0\0\x09\x01");
        let _ = std::io::Read::read(&mut socket, &mut [0; 512]);
    });
    address
}

#[test]
fn the_files_of_a_client_are_known() {
    let config: TlsConfig = serde_saphyr::from_str("{ca_file: /a, cert_file: /b, key_file: /c}").unwrap();
    assert_eq!(config.files(), [Path::new("/a"), Path::new("/b"), Path::new("/c")]);
}
