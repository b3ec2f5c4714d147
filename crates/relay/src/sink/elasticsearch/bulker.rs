//! Documents into bulk requests, and each document to its end: written, refused for what it is, or tried again.
//!
//! A request that is refused as too large is halved; a document that has to wait is sent again without its neighbours.
//! Nothing is given up for lack of time. When the bulker is dropped, so is all that it still had.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

use super::answer::Fate;
use super::cluster::{Cluster, Trouble};
use super::document::Document;
use crate::backoff::Backoff;
use crate::config::ElasticsearchConfig;
use crate::flow::{Report, Verdict};
use crate::voice::Voice;

/// The way into the bulk requests.
pub(super) struct Bulker {
    documents: UnboundedSender<Document>,
    work: AbortHandle,
}

/// What one request needs to end well.
struct Desk {
    cluster: Arc<Cluster>,
    reports: UnboundedSender<Report>,
    voice: Voice,
    /// A document that was taken: while it still is, a refused request is refused for what is in it.
    good: Mutex<Option<Document>>,
}

/// How many documents go together.
struct Measure {
    documents: usize,
    bytes: usize,
    linger: Duration,
    requests: usize,
}

impl Bulker {
    pub(super) fn start(
        config: &ElasticsearchConfig,
        cluster: Arc<Cluster>,
        reports: UnboundedSender<Report>,
        voice: Voice,
    ) -> Self {
        let (documents, arriving) = unbounded_channel();
        let desk = Arc::new(Desk { cluster, reports, voice, good: Mutex::default() });
        let measure = Measure {
            documents: config.batch_documents.into(),
            bytes: config.batch_bytes,
            linger: config.linger,
            requests: config.requests.into(),
        };
        let work = tokio::spawn(work(desk, measure, arriving)).abort_handle();
        Self { documents, work }
    }

    /// Takes a document; what becomes of it is reported.
    pub(super) fn put(&self, document: Document) {
        // The other end lives as long as this one.
        let _ = self.documents.send(document);
    }
}

impl Drop for Bulker {
    fn drop(&mut self) {
        self.work.abort();
    }
}

async fn work(desk: Arc<Desk>, measure: Measure, mut arriving: UnboundedReceiver<Document>) {
    let room = Arc::new(Semaphore::new(measure.requests));
    let mut requests = JoinSet::new();
    let mut next = None;
    // A permit first: while all requests are on their way, documents gather and the next batch is a full one.
    while let Ok(permit) = Arc::clone(&room).acquire_owned().await {
        let Some(batch) = gather(&mut arriving, &mut next, &measure).await else { return };
        while requests.try_join_next().is_some() {}
        requests.spawn(request(Arc::clone(&desk), batch, permit));
    }
}

async fn request(desk: Arc<Desk>, batch: Vec<Document>, _room: OwnedSemaphorePermit) {
    desk.settle(batch).await;
}

/// Collects a batch; what did not fit into it stays in `next`.
async fn gather(
    arriving: &mut UnboundedReceiver<Document>,
    next: &mut Option<Document>,
    measure: &Measure,
) -> Option<Vec<Document>> {
    let first = match next.take() {
        Some(document) => document,
        None => arriving.recv().await?,
    };
    let mut bytes = first.length();
    let mut batch = vec![first];
    let filled = async {
        while batch.len() < measure.documents && bytes < measure.bytes {
            let Some(document) = arriving.recv().await else { return };
            if bytes + document.length() > measure.bytes {
                *next = Some(document);
                return;
            }
            bytes += document.length();
            batch.push(document);
        }
    };
    // An end by the clock only means that there was no more to gather.
    let _ = timeout(measure.linger, filled).await;
    Some(batch)
}

impl Desk {
    /// Sends documents until none of them is without an end.
    async fn settle(&self, mut documents: Vec<Document>) {
        let mut backoff = Backoff::new();
        while !documents.is_empty() {
            match self.cluster.post(&documents).await {
                Ok(answer) => match answer.fates(documents.len()) {
                    Some(fates) => documents = self.judge(documents, fates),
                    None => self.voice.says("Elasticsearch answered about other documents than were sent"),
                },
                Err(Trouble::TooLarge(words)) => return self.settle_apart(documents, words).await,
                Err(Trouble::Refused(words)) => {
                    if self.takes_others().await {
                        return self.settle_apart(documents, words).await;
                    }
                    self.voice.says(&words);
                }
                Err(Trouble::Away(words)) => self.voice.says(&words),
            }
            if !documents.is_empty() {
                sleep(backoff.wait()).await;
            }
        }
    }

    /// Returns whether the cluster takes a request at all; sent again, the good document is only found to be there.
    async fn takes_others(&self) -> bool {
        let good = self.good.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match good {
            Some(good) => self.cluster.post(&[good]).await.is_ok(),
            None => false,
        }
    }

    /// Halves what is refused as a whole, down to the one document that is the cause.
    async fn settle_apart(&self, mut documents: Vec<Document>, words: String) {
        if documents.len() <= 1 {
            documents.into_iter().for_each(|document| self.refuse(&document, words.clone()));
            return;
        }
        let rest = documents.split_off(documents.len() / 2);
        Box::pin(self.settle(documents)).await;
        Box::pin(self.settle(rest)).await;
    }

    /// Reports what is at its end and returns what has to wait.
    fn judge(&self, documents: Vec<Document>, fates: Vec<Fate>) -> Vec<Document> {
        let mut waiting = Vec::new();
        let (mut trouble, mut good) = (None, None);
        for (document, fate) in documents.into_iter().zip(fates) {
            match fate {
                Fate::Written => {
                    self.report(Report::Confirmed(document.of));
                    good = Some(document);
                }
                Fate::Poison(words) => self.refuse(&document, words),
                Fate::Wait(words) => {
                    trouble = Some(format!("index {}: {words}", document.index));
                    waiting.push(document);
                }
            }
        }
        match trouble {
            Some(words) => self.voice.says(&words),
            None => self.voice.is_content(),
        }
        if good.is_some() {
            *self.good.lock().unwrap_or_else(PoisonError::into_inner) = good;
        }
        waiting
    }

    fn refuse(&self, document: &Document, words: String) {
        let verdict = Verdict::Poison(format!("Elasticsearch refused it: {words}"));
        self.report(Report::Refused { id: document.of, verdict });
    }

    fn report(&self, report: Report) {
        // A closed channel means that this generation has ended and its records are read again.
        let _ = self.reports.send(report);
    }
}
