//! What the relay is told from outside while it works: to follow another configuration, or to stop.

use std::sync::Arc;

use tokio::sync::watch;

#[derive(Debug)]
enum Wish<T> {
    GoOn,
    Follow(Arc<T>),
    Stop,
}

/// The one who gives orders; `T` is what is to be followed.
#[derive(Debug)]
pub struct Commander<T>(watch::Sender<Wish<T>>);

/// The one who follows them; a configuration that is followed already is no order.
#[derive(Debug)]
pub struct Orders<T> {
    wish: watch::Receiver<Wish<T>>,
    followed: Option<Arc<T>>,
}

/// Returns both ends.
pub fn channel<T>() -> (Commander<T>, Orders<T>) {
    let (wishes, wish) = watch::channel(Wish::GoOn);
    (Commander(wishes), Orders { wish, followed: None })
}

impl<T> Commander<T> {
    /// Orders to stop, which nothing takes back.
    pub fn stop(&self) {
        self.0.send_replace(Wish::Stop);
    }

    /// Orders to follow another configuration.
    pub fn follow(&self, config: T) {
        let wish = Wish::Follow(Arc::new(config));
        self.0.send_if_modified(|current| {
            let goes_on = !matches!(current, Wish::Stop);
            if goes_on {
                *current = wish;
            }
            goes_on
        });
    }
}

impl<T> Orders<T> {
    /// Waits for the next order; it stays one until it is followed.
    pub async fn next(&mut self) {
        let followed = self.followed.clone();
        let is_order = |wish: &Wish<T>| match wish {
            Wish::GoOn => false,
            Wish::Follow(config) => !is_same(config, followed.as_ref()),
            Wish::Stop => true,
        };
        if self.wish.wait_for(is_order).await.is_err() {
            // Nobody is left who could order anything.
            std::future::pending::<()>().await;
        }
    }

    /// Returns whether the order is to stop.
    pub fn is_stop(&self) -> bool {
        matches!(*self.wish.borrow(), Wish::Stop)
    }

    /// Returns the configuration to follow from now on, if another one was ordered.
    pub fn take_config(&mut self) -> Option<Arc<T>> {
        let config = match &*self.wish.borrow() {
            Wish::Follow(config) if !is_same(config, self.followed.as_ref()) => Arc::clone(config),
            _ => return None,
        };
        self.followed = Some(Arc::clone(&config));
        Some(config)
    }
}

fn is_same<T>(config: &Arc<T>, other: Option<&Arc<T>>) -> bool {
    other.is_some_and(|other| Arc::ptr_eq(config, other))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    async fn has_order(orders: &mut Orders<&str>) -> bool {
        timeout(Duration::from_millis(20), orders.next()).await.is_ok()
    }

    #[tokio::test]
    async fn a_configuration_is_an_order_until_it_is_followed() {
        let (commander, mut orders) = channel();
        assert!(!has_order(&mut orders).await);
        for _ in 0..2 {
            commander.follow("another");
            assert!(has_order(&mut orders).await && has_order(&mut orders).await);
            assert!(orders.take_config().is_some() && orders.take_config().is_none());
            assert!(!has_order(&mut orders).await && !orders.is_stop());
        }
    }

    #[tokio::test]
    async fn to_stop_is_final() {
        let (commander, mut orders) = channel();
        commander.stop();
        commander.follow("another");
        assert!(has_order(&mut orders).await && orders.is_stop() && orders.take_config().is_none());
    }

    #[tokio::test]
    async fn without_a_commander_there_is_no_order() {
        let (commander, mut orders) = channel();
        drop(commander);
        assert!(!has_order(&mut orders).await);
    }
}
