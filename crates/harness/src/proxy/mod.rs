//! A TCP proxy before a broker that does what networks do: cut, fall silent, hold back, slow down, refuse, lose an answer.
//!
//! It changes no byte. What it passes on, a follower has read before.

mod passage;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::wire::{Side, Wires};

/// What happens to connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Bytes pass.
    Pass,
    /// Nothing passes, and nothing is lost: it goes on where it stopped.
    Hold,
    /// Connections are taken, bytes are read and vanish; afterwards these connections are cut.
    Swallow,
    /// Connections are cut at once, and no new one is taken.
    Refuse,
}

/// What holds now for all connections of a proxy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    manner: Manner,
    delay: Duration,
    bytes_a_second: Option<u32>,
    /// Whoever began under another number is cut.
    cut: u64,
    loses_answers: bool,
}

/// A proxy before one broker.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    terms: watch::Sender<Terms>,
    wires: watch::Sender<Option<Arc<Wires>>>,
}

impl Proxy {
    /// Listens on this machine for connections to a broker that may not be there yet.
    pub async fn open(side: Side, to: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let terms =
            Terms { manner: Manner::Pass, delay: Duration::ZERO, bytes_a_second: None, cut: 0, loses_answers: false };
        let (terms, heard) = watch::channel(terms);
        let (wires, followed) = watch::channel(None);
        tokio::spawn(accept(listener, side, to, heard, followed));
        Ok(Self { address, terms, wires })
    }

    /// Returns where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets new connections be seen on these wires.
    pub fn follow(&self, wires: &Arc<Wires>) {
        self.wires.send_replace(Some(Arc::clone(wires)));
    }

    /// Changes what happens to connections, those that are there included.
    pub fn behave(&self, manner: Manner) {
        self.terms.send_modify(|terms| terms.manner = manner);
    }

    /// Lets every piece of data take longer.
    pub fn slow_down(&self, delay: Duration, bytes_a_second: Option<u32>) {
        self.terms.send_modify(|terms| (terms.delay, terms.bytes_a_second) = (delay, bytes_a_second));
    }

    /// Cuts all connections, without a word to either side.
    pub fn cut(&self) {
        self.terms.send_modify(|terms| terms.cut += 1);
    }

    /// Cuts a connection of Kafka's when it is about to answer for records, once or until it is told to stop.
    pub fn lose_answers(&self, does: bool) {
        self.terms.send_modify(|terms| terms.loses_answers = does);
    }
}

async fn accept(
    listener: TcpListener,
    side: Side,
    to: SocketAddr,
    terms: watch::Receiver<Terms>,
    wires: watch::Receiver<Option<Arc<Wires>>>,
) {
    while let Ok((client, _)) = listener.accept().await {
        let follower = wires.borrow().as_ref().map(|wires| wires.follow(side));
        tokio::spawn(passage::pass(client, to, terms.clone(), follower));
    }
}

/// Ends a connection as a lost host does: with a reset, and without what was not yet sent.
fn reset(connection: &TcpStream) {
    // A connection that is gone already cannot be ended.
    let _ = connection.set_zero_linger();
}
