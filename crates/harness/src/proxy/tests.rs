//! The proxy between two sockets of this machine: what arrives, what does not, and how a connection ends.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::{Manner, Proxy};
use crate::message::Messages;
use crate::wire::{Side, Wires};

/// Long enough for loopback, even on a busy machine.
const SOON: Duration = Duration::from_secs(10);
/// Long enough to see that nothing comes.
const A_WHILE: Duration = Duration::from_millis(200);

struct Scene {
    proxy: Proxy,
    client: TcpStream,
    broker: TcpStream,
    listener: TcpListener,
}

impl Scene {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Proxy::open(Side::Kafka, listener.local_addr().unwrap()).await.unwrap();
        proxy.follow(&Wires::new(Messages::of("r", false)));
        let client = TcpStream::connect(proxy.address()).await.unwrap();
        let broker = timeout(SOON, listener.accept()).await.unwrap().unwrap().0;
        Self { proxy, client, broker, listener }
    }
}

async fn next(from: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; 64];
    let length = timeout(SOON, from.read(&mut bytes)).await.expect("something within ten seconds")?;
    bytes.truncate(length);
    Ok(bytes)
}

async fn is_quiet(from: &mut TcpStream) -> bool {
    timeout(A_WHILE, from.read(&mut [0; 64])).await.is_err()
}

fn is_reset(read: &std::io::Result<Vec<u8>>) -> bool {
    matches!(read, Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset)
}

#[tokio::test]
async fn bytes_pass_both_ways_and_an_end_is_an_end() {
    let Scene { proxy: _proxy, mut client, mut broker, .. } = Scene::new().await;
    client.write_all(b"asked").await.unwrap();
    assert_eq!(next(&mut broker).await.unwrap(), b"asked");
    broker.write_all(b"answered").await.unwrap();
    assert_eq!(next(&mut client).await.unwrap(), b"answered");
    client.shutdown().await.unwrap();
    assert_eq!(next(&mut broker).await.unwrap(), b"", "the end of what the client says");
    broker.write_all(b"last words").await.unwrap();
    assert_eq!(next(&mut client).await.unwrap(), b"last words");
}

#[tokio::test]
async fn a_cut_resets_both_sides() {
    let Scene { proxy, mut client, mut broker, .. } = Scene::new().await;
    proxy.cut();
    let (client, broker) = (next(&mut client).await, next(&mut broker).await);
    assert!(is_reset(&client) && is_reset(&broker), "{client:?} {broker:?}");
}

#[tokio::test]
async fn what_is_held_back_comes_later_and_nothing_of_it_is_lost() {
    let Scene { proxy, mut client, mut broker, .. } = Scene::new().await;
    proxy.behave(Manner::Hold);
    client.write_all(b"held").await.unwrap();
    assert!(is_quiet(&mut broker).await);
    proxy.behave(Manner::Pass);
    assert_eq!(next(&mut broker).await.unwrap(), b"held");
}

#[tokio::test]
async fn what_is_swallowed_never_comes_and_its_connections_are_reset_afterwards() {
    let Scene { proxy, mut client, mut broker, listener } = Scene::new().await;
    proxy.behave(Manner::Swallow);
    client.write_all(b"lost").await.unwrap();
    let mut new = TcpStream::connect(proxy.address()).await.unwrap();
    new.write_all(b"hello").await.unwrap();
    assert!(is_quiet(&mut broker).await && is_quiet(&mut client).await && is_quiet(&mut new).await);
    assert!(timeout(A_WHILE, listener.accept()).await.is_err(), "the broker knows nothing of the new one");
    proxy.behave(Manner::Pass);
    let (client, new) = (next(&mut client).await, next(&mut new).await);
    assert!(is_reset(&client) && is_reset(&new), "{client:?} {new:?}");
}

#[tokio::test]
async fn who_is_refused_is_reset_and_so_is_who_was_there() {
    let Scene { proxy, mut client, .. } = Scene::new().await;
    proxy.behave(Manner::Refuse);
    assert!(is_reset(&next(&mut client).await));
    let mut new = TcpStream::connect(proxy.address()).await.unwrap();
    assert!(is_reset(&next(&mut new).await));
}

#[tokio::test]
async fn an_answer_for_records_is_lost_and_another_one_is_not() {
    let Scene { proxy, mut client, mut broker, .. } = Scene::new().await;
    proxy.lose_answers(true);
    let request = |api: u8, correlation: u8| [0, 0, 0, 8, 0, api, 0, 9, 0, 0, 0, correlation];
    client.write_all(&request(3, 1)).await.unwrap();
    assert_eq!(next(&mut broker).await.unwrap(), request(3, 1));
    broker.write_all(&[0, 0, 0, 4, 0, 0, 0, 1]).await.unwrap();
    assert_eq!(next(&mut client).await.unwrap(), [0, 0, 0, 4, 0, 0, 0, 1]);
    client.write_all(&request(0, 2)).await.unwrap();
    assert_eq!(next(&mut broker).await.unwrap(), request(0, 2));
    broker.write_all(&[0, 0, 0, 4, 0, 0, 0, 2]).await.unwrap();
    assert!(is_reset(&next(&mut client).await));
}
