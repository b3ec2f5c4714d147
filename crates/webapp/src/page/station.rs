//! The stations of the strip: what the page says about each hop of a message. Words only, no HTML.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    config::Config,
    hop::{Hop, HopState},
    journey::Journey,
    kibana,
    tracker::Tracker,
};

/// After so long without a sighting the page says what to look at.
const LONG: Duration = Duration::from_secs(30);

/// One station of the strip.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Station {
    name: &'static str,
    /// The class of its mark: `done`, `waiting`, `stopped`, `uncertain`, `idle` or `open`.
    state: &'static str,
    words: String,
    place: Option<String>,
    at: Option<Moment>,
    after: Option<String>,
    note: Option<String>,
    link: Option<String>,
}

/// A time, for machines and for people.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Moment {
    iso: String,
    clock: String,
}

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Self {
        let iso = format!("{at:.3}");
        let clock = iso.get(11..23).unwrap_or_default().to_owned();
        Self { iso, clock }
    }
}

/// The strip before anything was sent: what is there and what is not watched.
pub(super) fn idle(config: &Config, tracker: &Tracker) -> Vec<Station> {
    let page = Station { name: "Web page", state: "idle", words: "here".into(), ..Station::default() };
    let watched = config.watched();
    let hops = Hop::ALL.into_iter().map(|hop| idle_hop(hop, watched.contains(&hop), tracker));
    let kibana = config.kibana.as_ref().map(|kibana| kibana.url.to_string());
    std::iter::once(page).chain(hops).chain([last(kibana, "open")]).collect()
}

fn idle_hop(hop: Hop, watched: bool, tracker: &Tracker) -> Station {
    let station = Station { name: hop.name(), state: "idle", ..Station::default() };
    match tracker.hindrance(hop) {
        _ if !watched => Station { words: "not watched".into(), ..station },
        Some(why) => Station { state: "stopped", words: "not ready".into(), note: Some(why), ..station },
        None => Station { words: "watched".into(), ..station },
    }
}

/// The strip of a message.
pub(super) fn along(journey: &Journey, config: &Config, tracker: &Tracker, now: Timestamp) -> Vec<Station> {
    let hops = Hop::ALL.into_iter().map(|hop| passed(hop, journey, tracker, now));
    let kibana = match &config.kibana {
        Some(_) if journey.is_stopped() => Station { words: "not reached".into(), ..last(None, "") },
        configured => last(configured.as_ref().map(|it| kibana::discover(it, journey.entry.id)), "open in Discover"),
    };
    std::iter::once(sent(journey)).chain(hops).chain([kibana]).collect()
}

fn sent(journey: &Journey) -> Station {
    Station {
        name: "Web page",
        state: "done",
        words: "received".into(),
        place: Some(format!("from {}", journey.entry.client)),
        at: Some(journey.entry.datetime.into()),
        ..Station::default()
    }
}

fn passed(hop: Hop, journey: &Journey, tracker: &Tracker, now: Timestamp) -> Station {
    let station = Station { name: hop.name(), ..Station::default() };
    match journey.at(hop) {
        HopState::NotWatched => Station { state: "idle", words: "not watched".into(), ..station },
        HopState::Waiting if journey.is_stopped() => Station { state: "idle", words: "not reached".into(), ..station },
        HopState::Waiting => Station {
            state: "waiting",
            words: "waiting".into(),
            note: tracker.hindrance(hop).or_else(|| overdue(hop, journey.age(now))),
            ..station
        },
        HopState::Reached { at, place } => Station {
            state: "done",
            words: arrival(hop).into(),
            place: Some(place.clone()),
            at: Some((*at).into()),
            after: Some(format!("+{}", spoken(journey.age(*at)))),
            ..station
        },
        HopState::Stopped { at, why } => Station {
            state: "stopped",
            words: "stopped here".into(),
            at: Some((*at).into()),
            note: Some(why.clone()),
            ..station
        },
        HopState::Uncertain { at, why } => Station {
            state: "uncertain",
            words: "not confirmed".into(),
            at: Some((*at).into()),
            note: Some(why.clone()),
            ..station
        },
    }
}

fn arrival(hop: Hop) -> &'static str {
    match hop {
        Hop::Broker => "confirmed",
        Hop::Kafka => "in the topic",
        Hop::Elasticsearch => "found",
    }
}

/// What to look at when a message takes long, by the hop at which it is missed.
fn overdue(hop: Hop, age: Duration) -> Option<String> {
    let look_at = match hop {
        Hop::Broker => "RabbitMQ has not answered yet; does it have disk and memory left?",
        Hop::Kafka => "Is the relay (or Logstash) between RabbitMQ and Kafka running?",
        Hop::Elasticsearch => "Is the connector between Kafka and Elasticsearch running?",
    };
    (age >= LONG).then(|| format!("Not seen for {}. {look_at}", spoken(age)))
}

fn last(link: Option<String>, words: &str) -> Station {
    let station = Station { name: "Kibana", state: "idle", words: "not configured".into(), ..Station::default() };
    match link {
        Some(link) => Station { state: "open", words: words.into(), link: Some(link), ..station },
        None => station,
    }
}

/// A span as one says it; whole seconds suffice beyond a minute.
fn spoken(span: Duration) -> String {
    match span.as_secs() {
        0 => format!("{} ms", span.as_millis()),
        1..60 => format!("{:.2} s", span.as_secs_f64()),
        seconds @ 60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        seconds => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        hop::Observation,
        log_entry::{Level, LogEntry, MessageId},
    };

    fn config() -> Config {
        serde_saphyr::from_str(
            "amqp: {user: a, password: b}\nkafka: {bootstrap_servers: 'k:9092'}\nelasticsearch: {url: 'http://e:9200'}\n\
             kibana: {url: 'http://kibana:5601'}\n",
        )
        .unwrap()
    }

    fn sent_at(second: i64) -> Journey {
        let entry = LogEntry {
            id: MessageId::random(),
            message: "hello".into(),
            level: Level::Info,
            client: "192.168.10.1".parse().unwrap(),
            page: "/".into(),
            datetime: Timestamp::from_second(second).unwrap(),
        };
        Journey::begin(entry, |_| true)
    }

    fn strip(journey: &Journey, tracker: &Tracker, now: i64) -> Vec<Station> {
        along(journey, &config(), tracker, Timestamp::from_second(now).unwrap())
    }

    #[test]
    fn the_strip_follows_the_pipeline() {
        let stations = strip(&sent_at(100), &Tracker::new(&Hop::ALL), 100);
        let names: Vec<_> = stations.iter().map(|station| station.name).collect();
        assert_eq!(names, ["Web page", "RabbitMQ", "Kafka", "Elasticsearch", "Kibana"]);
    }

    #[test]
    fn a_reached_hop_tells_when_and_where() {
        let mut journey = sent_at(100);
        let seen = Observation::Seen { place: "partition 0, offset 42".into() };
        journey.observe(Hop::Kafka, seen, Timestamp::from_millisecond(101_250).unwrap());
        let stations = strip(&journey, &Tracker::new(&Hop::ALL), 102);
        let expected = Station {
            name: "Kafka",
            state: "done",
            words: "in the topic".into(),
            place: Some("partition 0, offset 42".into()),
            at: Some(Moment { iso: "1970-01-01T00:01:41.250Z".into(), clock: "00:01:41.250".into() }),
            after: Some("+1.25 s".into()),
            ..Station::default()
        };
        assert_eq!(stations[2], expected);
    }

    #[test]
    fn behind_a_refusal_nothing_is_waited_for_and_nothing_linked() {
        let mut journey = sent_at(100);
        journey.observe(Hop::Broker, Observation::Stopped { why: "NO_ROUTE".into() }, Timestamp::UNIX_EPOCH);
        let states: Vec<_> = strip(&journey, &Tracker::new(&Hop::ALL), 101).iter().map(|s| s.state).collect();
        assert_eq!(states, ["done", "stopped", "idle", "idle", "idle"]);
    }

    #[test]
    fn a_hindrance_is_said_where_it_hinders() {
        let tracker = Tracker::new(&Hop::ALL);
        tracker.hinder(Hop::Kafka, Some("refused".into()));
        let stations = strip(&sent_at(100), &tracker, 101);
        assert_eq!(stations[2].note.as_deref(), Some("refused"));
        assert_eq!(stations[3].note, None);
    }

    #[test]
    fn a_long_wait_says_what_to_look_at() {
        let stations = strip(&sent_at(100), &Tracker::new(&Hop::ALL), 100 + 75);
        let note = stations[2].note.as_deref().unwrap();
        assert!(note.starts_with("Not seen for 1 min 15 s.") && note.contains("relay"), "{note}");
    }

    #[test]
    fn spans_are_said_as_people_say_them() {
        let said = [7, 1_250, 59_999, 61_000, 3_725_000].map(|ms| spoken(Duration::from_millis(ms)));
        assert_eq!(said, ["7 ms", "1.25 s", "60.00 s", "1 min 1 s", "1 h 2 min"]);
    }
}
