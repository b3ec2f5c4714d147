//! One connection through the proxy: two directions under the same terms.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::{Manner, Terms, reset};
use crate::wire::{Follower, From};

const CONNECTS_WITHIN: Duration = Duration::from_secs(5);

/// Pieces as small as this make a rate smooth.
const PIECE: usize = 16 * 1_024;

type Shared = Arc<Mutex<Option<Follower>>>;

/// Passes bytes between a client and its broker until one of them ends, or the terms do.
pub(super) async fn pass(
    mut client: TcpStream,
    to: SocketAddr,
    mut terms: watch::Receiver<Terms>,
    follower: Option<Follower>,
) {
    let begun = *terms.borrow_and_update();
    match begun.manner {
        Manner::Refuse => return reset(&client),
        Manner::Swallow => return swallow(&mut client, &mut terms).await,
        Manner::Pass | Manner::Hold => {}
    }
    let Ok(Ok(mut broker)) = timeout(CONNECTS_WITHIN, TcpStream::connect(to)).await else { return reset(&client) };
    let _ = (client.set_nodelay(true), broker.set_nodelay(true));
    let follower: Shared = Arc::new(Mutex::new(follower));
    // Owned halves would say goodbye when they are dropped; a torn connection does not.
    let (from_client, to_client) = client.split();
    let (from_broker, to_broker) = broker.split();
    let up = Direction { from: From::Relay, terms: terms.clone(), cut: begun.cut, follower: Arc::clone(&follower) };
    let down = Direction { from: From::Broker, terms, cut: begun.cut, follower };
    // A direction that is torn takes the other one with it.
    if tokio::try_join!(up.run(from_client, to_broker), down.run(from_broker, to_client)).is_err() {
        reset(&client);
        reset(&broker);
    }
}

/// Takes what comes and answers nothing, until the terms are others; then the connection is reset.
async fn swallow(client: &mut TcpStream, terms: &mut watch::Receiver<Terms>) {
    let mut nowhere = [0; 4_096];
    loop {
        tokio::select! {
            changed = terms.changed() => if changed.is_err() || terms.borrow().manner != Manner::Swallow {
                return reset(client);
            },
            read = client.read(&mut nowhere) => if !matches!(read, Ok(1..)) {
                return;
            },
        }
    }
}

struct Direction {
    from: From,
    terms: watch::Receiver<Terms>,
    cut: u64,
    follower: Shared,
}

/// The connection is torn: there is nothing to say to either side.
struct Torn;

impl Direction {
    async fn run(mut self, mut from: ReadHalf<'_>, mut to: WriteHalf<'_>) -> Result<(), Torn> {
        self.pass_all(&mut from, &mut to).await?;
        // A receiver that is gone already needs no end.
        let _ = to.shutdown().await;
        Ok(())
    }

    async fn pass_all(&mut self, from: &mut ReadHalf<'_>, to: &mut WriteHalf<'_>) -> Result<(), Torn> {
        let (mut piece, mut has_swallowed) = (vec![0; PIECE], false);
        loop {
            let terms = *self.terms.borrow_and_update();
            let spoilt = has_swallowed && terms.manner != Manner::Swallow;
            if terms.cut != self.cut || terms.manner == Manner::Refuse || spoilt {
                return Err(Torn);
            }
            let read = tokio::select! {
                biased;
                changed = self.terms.changed() => if changed.is_ok() { continue } else { return Err(Torn) },
                read = from.read(&mut piece), if terms.manner != Manner::Hold => read,
            };
            let length = match read {
                Ok(0) => return Ok(()),
                Ok(length) => length,
                Err(_) => return Err(Torn),
            };
            if terms.manner == Manner::Swallow {
                has_swallowed = true;
                continue;
            }
            if self.follow(&piece[..length]) > 0 && terms.loses_answers {
                return Err(Torn);
            }
            if !self.write(to, &piece[..length], terms).await {
                return Err(Torn);
            }
        }
    }

    fn follow(&self, bytes: &[u8]) -> usize {
        let mut follower = self.follower.lock().unwrap_or_else(PoisonError::into_inner);
        follower.as_mut().map_or(0, |follower| follower.read(self.from, bytes))
    }

    /// Writes a piece; a cut does not wait for a receiver that reads no more.
    async fn write(&mut self, to: &mut WriteHalf<'_>, bytes: &[u8], terms: Terms) -> bool {
        let share = terms.bytes_a_second.map_or(0.0, |rate| bytes.len() as f64 / f64::from(rate.max(1)));
        sleep(terms.delay + Duration::from_secs_f64(share)).await;
        let cut = self.cut;
        tokio::select! {
            written = to.write_all(bytes) => written.is_ok(),
            _ = self.terms.wait_for(|terms| terms.cut != cut || terms.manner == Manner::Refuse) => false,
        }
    }
}
