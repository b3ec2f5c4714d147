//! Random schedules of two brokers against the rules; and the same schedules against relays that make a mistake.
//!
//! `DPP_RELAY_SCHEDULES=200000 cargo test -p dpp-relay --lib flow` plays more of them than a plain test does.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};

use super::world::{HEAVIEST, Mistake, Step, World};
use super::{Flow, Patience, Report, Todo, Verdict};

const SCHEDULES: u32 = 4_000;

/// Playing ends with the first schedule that shows the mistake; the rarest may take some thousand.
const UNTIL_NOTICED: u32 = 200_000;

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        4 => Just(Verdict::Wait("NOT_ENOUGH_REPLICAS".to_owned())),
        2 => Just(Verdict::Suspect),
        2 => Just(Verdict::Poison("MSG_SIZE_TOO_LARGE".to_owned())),
        1 => Just(Verdict::Broken("fenced".to_owned())),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let pick = || 0..8_usize;
    prop_oneof![
        10 => Just(Step::Publish),
        20 => (1..=HEAVIEST).prop_map(|weight| Step::Deliver { weight }),
        10 => pick().prop_map(|pick| Step::Confirm { pick }),
        4 => (pick(), verdict()).prop_map(|(pick, verdict)| Step::Refuse { pick, verdict }),
        4 => pick().prop_map(|pick| Step::WriteLetter { pick }),
        18 => Just(Step::Hear),
        8 => (0..5_usize).prop_map(|at_least| Step::Acknowledge { at_least }),
        8 => Just(Step::AcknowledgementArrives),
        8 => prop_oneof![1 => 0..5_u64, 2 => 0..800_u64].prop_map(|seconds| Step::Wait { seconds }),
        4 => pick().prop_map(|stored_unheard| Step::LoseConnection { stored_unheard }),
        1 => Just(Step::Stop),
        1 => pick().prop_map(|stored_unheard| Step::Kill { stored_unheard }),
    ]
}

/// Plays schedules until one shows a fault, which the smallest such schedule then tells.
fn play(mistake: Mistake, schedules: u32) -> Result<(), TestError<Vec<Step>>> {
    let config = ProptestConfig { cases: schedules, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config).run(&prop::collection::vec(step(), 1..120), |steps| {
        let mut world = World::new(mistake);
        let played = steps.iter().try_for_each(|step| world.play(step));
        played.and_then(|()| world.heal()).map_err(TestCaseError::fail)
    })
}

#[test]
fn no_schedule_loses_a_message_or_acknowledges_one_too_early() {
    let wanted = std::env::var("DPP_RELAY_SCHEDULES").ok().map(|count| count.parse().expect("a number of schedules"));
    if let Err(error) = play(Mistake::None, wanted.unwrap_or(SCHEDULES)) {
        panic!("{error}");
    }
}

#[test]
fn every_mistake_is_noticed() {
    for mistake in [
        Mistake::AcknowledgesOnArrival,
        Mistake::DropsWhatIsRefused,
        Mistake::BelievesOldConnections,
        Mistake::ForgetsLetters,
        Mistake::AcknowledgesPastGaps,
        Mistake::NeverHandsBack,
        Mistake::TakesWithoutBound,
    ] {
        assert!(play(mistake, UNTIL_NOTICED).is_err(), "{mistake:?} went unnoticed in {UNTIL_NOTICED} schedules");
    }
}

fn holding(count: u64, patience: Patience) -> (Flow<u64>, Instant) {
    let (mut flow, now) = (Flow::new(1_000, patience), Instant::now());
    flow.open();
    (1..=count).for_each(|tag| flow.admit(tag, 1, tag, now).unwrap());
    (flow, now)
}

const PATIENCE: Patience = Patience { hand_back_after: Some(Duration::from_mins(15)), drain: Duration::from_secs(20) };

#[test]
fn each_verdict_has_its_consequence() {
    let (mut flow, now) = holding(1, PATIENCE);
    let id = flow.id(1);
    let mut hear = |verdict| flow.hear(Report::Refused { id, verdict }, now);
    assert_eq!(hear(Verdict::Poison("large".into())), Some(Todo::Bury(id, "large".into())));
    assert_eq!(hear(Verdict::Suspect), Some(Todo::SendAlone(id)));
    assert_eq!(hear(Verdict::Broken("fenced".into())), Some(Todo::GiveUp("fenced".into())));
    assert_eq!(hear(Verdict::Wait("no leader".into())), None);
    assert_eq!(flow.refusal(), Some("no leader"));
    assert!(flow.due(now + Duration::from_secs(1)).is_empty());
    assert_eq!(flow.due(now + Duration::from_secs(2)), [id]);
    assert_eq!(flow.hear(Report::Confirmed(id), now), None);
    assert_eq!((flow.refusal(), flow.is_settled()), (None, true));
}

#[test]
fn what_is_said_of_an_old_connection_changes_nothing() {
    let (mut flow, now) = holding(2, PATIENCE);
    let old = flow.id(1);
    flow.open();
    flow.admit(1, 1, 7, now).unwrap();
    for verdict in
        [Verdict::Suspect, Verdict::Poison("p".into()), Verdict::Broken("b".into()), Verdict::Wait("w".into())]
    {
        assert_eq!(flow.hear(Report::Refused { id: old, verdict }, now), None);
    }
    assert_eq!(flow.hear(Report::Confirmed(old), now), None);
    assert_eq!((flow.take_ack(1), flow.refusal(), flow.ledger().in_flight), (None, None, 1));
}

#[test]
fn only_a_source_that_asks_for_it_gets_messages_back() {
    let later = Duration::from_hours(2);
    for (hand_back_after, overdue) in
        [(Some(Duration::from_mins(15)), Some(later)), (Some(later * 2), None), (None, None)]
    {
        let (flow, now) = holding(1, Patience { hand_back_after, ..PATIENCE });
        assert_eq!(flow.overdue(now + later), overdue);
    }
}

#[test]
fn a_drain_takes_nothing_more_and_ends_with_the_last_settled() {
    let (mut flow, now) = holding(1, PATIENCE);
    flow.begin_drain(now);
    assert_eq!((flow.takes_more(), flow.is_drained()), (false, false));
    assert_eq!(flow.drain_until(), Some(now + Duration::from_secs(20)));
    flow.begin_drain(now + Duration::from_secs(5));
    assert_eq!(flow.drain_until(), Some(now + Duration::from_secs(20)), "a second order does not prolong it");
    flow.hear(Report::Confirmed(flow.id(1)), now);
    assert!(flow.is_drained());
}

#[test]
fn a_client_is_in_doubt_after_a_minute_of_silence_and_later_when_another_one_did_not_help() {
    let (mut flow, now) = holding(3, PATIENCE);
    let after = |seconds| now + Duration::from_secs(seconds);
    assert_eq!((flow.silence(after(59)), flow.silence(after(60))), (None, Some(Duration::from_mins(1))));
    let refusal = Report::Refused { id: flow.id(1), verdict: Verdict::Wait("no leader".into()) };
    flow.hear(refusal, after(60));
    assert_eq!((flow.silence(after(119)), flow.silence(after(120))), (None, Some(Duration::from_mins(1))));
    flow.replace_client();
    assert_eq!((flow.silence(after(179)), flow.silence(after(180))), (None, Some(Duration::from_mins(2))));
    flow.hear(Report::Confirmed(flow.id(1)), after(180));
    assert_eq!(
        flow.silence(after(240)),
        Some(Duration::from_mins(1)),
        "it was of use, and is asked as much as the first"
    );
    flow.hear(Report::Confirmed(flow.id(2)), after(240));
    flow.hear(Report::Confirmed(flow.id(3)), after(240));
    flow.take_ack(1);
    assert_eq!(flow.silence(after(10_000)), None, "nothing is held");
}
