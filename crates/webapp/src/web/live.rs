//! The strip of a message as a stream of server-sent events, until nothing more can come.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::stream;
use tokio::{
    sync::{mpsc, watch},
    time,
};

use super::{App, message};
use crate::log_entry::MessageId;

/// Notes such as how long a message is missing change without an event.
const LOOK: Duration = Duration::from_secs(5);

pub(super) async fn follow(State(app): State<App>, Path(id): Path<String>) -> Response {
    let Some(journey) = message::find(&app, &id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let (events, stream_end) = mpsc::channel(4);
    let stop = app.stop.clone();
    let follower = Follower { id: journey.entry.id, changes: app.tracker.changes(), app, events };
    tokio::spawn(async move { stop.run_until_cancelled(follower.run()).await });
    let stream = stream::unfold(stream_end, async |mut events| {
        let event: Event = events.recv().await?;
        Some((Ok::<_, Infallible>(event), events))
    });
    Sse::new(stream).keep_alive(KeepAlive::default()).into_response()
}

struct Follower {
    id: MessageId,
    app: App,
    changes: watch::Receiver<()>,
    events: mpsc::Sender<Event>,
}

impl Follower {
    /// Ends when the message is settled or forgotten, or when the browser has gone.
    async fn run(mut self) -> Option<()> {
        let mut shown = String::new();
        loop {
            let journey = self.app.tracker.find(self.id)?;
            let strip = self.app.pages.strip(&journey).ok()?;
            if strip != shown {
                self.send("strip", &strip).await?;
                self.send("summary", &journey.summary()).await?;
                shown = strip;
            }
            if journey.is_settled() {
                // An event without data would never reach the script.
                return self.send("settled", "yes").await;
            }
            // Either way the message is looked up again: at a change, or after a while.
            let _ = time::timeout(LOOK, self.changes.changed()).await;
        }
    }

    async fn send(&self, kind: &str, data: &str) -> Option<()> {
        self.events.send(Event::default().event(kind).data(data)).await.ok()
    }
}
