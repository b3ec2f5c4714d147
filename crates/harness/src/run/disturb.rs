//! One disturbance: made, ended, and watched until Kafka answers again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::evidence::Disturbance;
use crate::lab::Error;
use crate::nemesis::{Fault, Step};
use crate::proxy::Manner;
use crate::relay::Relay;
use crate::stage::Stage;
use crate::wire::Wires;

/// A recovery that takes longer is none.
const PATIENCE: Duration = Duration::from_mins(3);

/// The relay may be busy for at least this long after a broker went away: with what it had in hands.
const WORKS_OFF: Duration = Duration::from_millis(1_500);

/// The end of a wait is looked at: shorter ones say nothing of the processor's time, which is counted in hundredths of a second.
const TELLING: Duration = Duration::from_secs(2);

/// How long a port belongs to nobody.
const BETWEEN: Duration = Duration::from_secs(1);

const SLOW: Duration = Duration::from_millis(40);
const SLOW_RATE: u32 = 500_000;

/// Plays one step of a schedule.
pub(super) async fn disturb(
    stage: &Stage,
    wires: &Arc<Wires>,
    relay: &mut Relay,
    topic: &str,
    step: Step,
) -> Result<Disturbance, Error> {
    sleep(step.after).await;
    begin(stage, relay, topic, step.fault).await?;
    let busy = last(relay, step).await;
    end(stage, relay, topic, step.fault).await?;
    let healed = Instant::now();
    let recovery = recovery(wires, healed).await;
    Ok(Disturbance {
        name: step.to_string(),
        repeats: step.fault.repeats(),
        refuses: step.fault == Fault::KafkaRefuses,
        recovery,
        busy,
    })
}

async fn begin(stage: &Stage, relay: &mut Relay, topic: &str, fault: Fault) -> Result<(), Error> {
    match fault {
        Fault::KafkaCut => stage.kafka.cut(),
        Fault::KafkaAnswersLost => stage.kafka.lose_answers(true),
        Fault::KafkaSilent => stage.kafka.behave(Manner::Swallow),
        Fault::KafkaHeld => stage.kafka.behave(Manner::Hold),
        Fault::KafkaAway => stage.kafka.behave(Manner::Refuse),
        Fault::KafkaSlow => stage.kafka.slow_down(SLOW, Some(SLOW_RATE)),
        Fault::KafkaKilled => stage.kill_kafka().await?,
        Fault::KafkaStopped => stage.stop_kafka().await?,
        Fault::KafkaImpostor => take_port(stage).await,
        Fault::KafkaReplaced => {
            stage.stop_kafka().await?;
            take_port(stage).await;
        }
        Fault::KafkaRefuses => stage.forbid_writing(topic).await?,
        Fault::RabbitmqCut => stage.rabbitmq.cut(),
        Fault::RabbitmqSilent => stage.rabbitmq.behave(Manner::Swallow),
        Fault::RabbitmqHeld => stage.rabbitmq.behave(Manner::Hold),
        Fault::RabbitmqSlow => stage.rabbitmq.slow_down(SLOW, Some(SLOW_RATE)),
        Fault::RabbitmqKilled => stage.kill_rabbitmq().await?,
        Fault::RabbitmqStopped => stage.stop_rabbitmq_application().await?,
        Fault::RelayKilled => relay.kill()?,
        Fault::RelayStopped => tokio::task::block_in_place(|| relay.stop())?,
        Fault::RelayFrozen => relay.signal("STOP")?,
    }
    Ok(())
}

async fn end(stage: &Stage, relay: &mut Relay, topic: &str, fault: Fault) -> Result<(), Error> {
    match fault {
        Fault::KafkaCut | Fault::RabbitmqCut => {}
        Fault::KafkaAnswersLost => stage.kafka.lose_answers(false),
        Fault::KafkaSilent | Fault::KafkaHeld | Fault::KafkaAway => stage.kafka.behave(Manner::Pass),
        Fault::KafkaSlow => stage.kafka.slow_down(Duration::ZERO, None),
        Fault::KafkaKilled | Fault::KafkaStopped => stage.start_kafka().await?,
        Fault::KafkaImpostor => give_port_back(stage).await,
        Fault::KafkaReplaced => {
            stage.kafka.behave(Manner::Refuse);
            stage.start_kafka().await?;
            give_port_back(stage).await;
        }
        Fault::KafkaRefuses => stage.allow_writing(topic).await?,
        Fault::RabbitmqSilent | Fault::RabbitmqHeld => stage.rabbitmq.behave(Manner::Pass),
        Fault::RabbitmqSlow => stage.rabbitmq.slow_down(Duration::ZERO, None),
        Fault::RabbitmqKilled => stage.start_rabbitmq().await?,
        Fault::RabbitmqStopped => stage.start_rabbitmq_application().await?,
        Fault::RelayKilled | Fault::RelayStopped => relay.start()?,
        Fault::RelayFrozen => relay.signal("CONT")?,
    }
    Ok(())
}

/// Nobody listens at Kafka's address, and then somebody who takes connections and says nothing.
async fn take_port(stage: &Stage) {
    stage.kafka.behave(Manner::Refuse);
    sleep(BETWEEN).await;
    stage.kafka.behave(Manner::Swallow);
}

async fn give_port_back(stage: &Stage) {
    stage.kafka.behave(Manner::Refuse);
    sleep(BETWEEN).await;
    stage.kafka.behave(Manner::Pass);
}

/// Lets a step last; returns the share of a core that the relay used, when it had nothing to do for long enough.
async fn last(relay: &Relay, step: Step) -> Option<f64> {
    let is_telling = step.fault.is_absence() && step.lasts >= WORKS_OFF + TELLING;
    if !is_telling {
        sleep(step.lasts).await;
        return None;
    }
    sleep(step.lasts.saturating_sub(TELLING)).await;
    let (before, begun) = (relay.processor_time(), Instant::now());
    sleep(TELLING).await;
    let used = relay.processor_time()?.saturating_sub(before?);
    Some(used.as_secs_f64() / begun.elapsed().as_secs_f64())
}

async fn recovery(wires: &Wires, healed: Instant) -> Option<Duration> {
    while healed.elapsed() < PATIENCE {
        if let Some(answered) = wires.answered_after(healed) {
            return Some(answered - healed);
        }
        sleep(Duration::from_millis(20)).await;
    }
    None
}
