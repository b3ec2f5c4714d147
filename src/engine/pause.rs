//! `pause`: a wait, or a question that somebody who watches the run answers.

use std::time::{Duration, Instant};

use dpp_protocol::{Failure, Outcome};

use crate::engine::batch::Batch;
use crate::engine::ending::Ending;
use crate::event::Event;
use crate::value::{Map, Value};

/// Who watches a run, if anybody does.
pub trait Operator {
    /// Whether questions can be answered.
    fn is_there(&self) -> bool;

    /// A line that is typed now, shown while it is typed if `echo`; empty when the run is broken off meanwhile.
    fn answer(&self, echo: bool) -> String;
}

/// What a `pause` wants.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pause {
    /// How long it lasts; a question lasts until it is answered.
    length: Option<Duration>,
    text: Option<String>,
    echo: bool,
}

impl Pause {
    /// From the task's arguments.
    pub(super) fn of(args: &Map) -> Result<Self, Failure> {
        let (minutes, seconds) = (number(args, "minutes")?, number(args, "seconds")?);
        if minutes.is_some() && seconds.is_some() {
            return Err(Failure::new("`pause` takes either minutes or seconds").code("DPP0104"));
        }
        let length = minutes.map(|minutes| minutes * 60.0).or(seconds);
        let echo = !matches!(args.get("echo"), Some(Value::Bool(false)));
        let text = args.get("prompt").and_then(Value::as_str).map(str::to_owned);
        Ok(Self { length: length.map(|seconds| Duration::from_secs_f64(seconds.clamp(0.0, 1e7))), text, echo })
    }
}

fn number(args: &Map, name: &str) -> Result<Option<f64>, Failure> {
    let found = match args.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Int(number)) => Some(*number as f64),
        Some(Value::Float(number)) => Some(*number),
        Some(Value::Text(text)) => text.as_str().trim().parse().ok(),
        Some(_) => None,
    };
    let wrong = || Failure::new(format!("`{name}` of `pause` wants a number")).code("DPP0104");
    found.filter(|number: &f64| number.is_finite()).map(Some).ok_or_else(wrong)
}

impl Batch<'_> {
    /// Begins a wait, of which a timer tells the end, or ends it; a question is answered at once.
    pub(super) fn pause(&mut self, index: usize, pause: &Pause) {
        let Some(doing) = &mut self.members[index].doing else { return };
        match pause.length {
            Some(length) if !doing.paused => {
                doing.paused = true;
                doing.waiting = true;
                self.engine.events.tell(Event::Pausing { text: told(pause), asks: false });
                self.due(Instant::now() + length, index);
            }
            Some(_) => self.go_on(index, String::new()),
            None if self.engine.operator.is_there() => {
                self.engine.events.tell(Event::Pausing { text: told(pause), asks: true });
                let answer = self.engine.operator.answer(pause.echo);
                self.engine.events.tell(Event::Answered);
                self.go_on(index, answer);
            }
            None => {
                let text = format!("nobody is there to answer \"{}\": the run goes on", told(pause));
                self.engine.events.tell(Event::Warning { text });
                self.go_on(index, String::new());
            }
        }
    }

    fn go_on(&mut self, index: usize, answer: String) {
        let mut outcome = Outcome::default();
        outcome.result.insert("user_input".into(), answer.into());
        self.item_ended(index, Ending::answered(Ok(outcome), false));
    }
}

fn told(pause: &Pause) -> String {
    match (&pause.text, pause.length) {
        (Some(text), None) => text.clone(),
        (None, None) => "Press enter to go on, Ctrl-C to stop".to_owned(),
        (Some(text), Some(length)) => format!("{text} (the run goes on in {} s)", length.as_secs_f64()),
        (None, Some(length)) => format!("the run goes on in {} s", length.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pause(args: &[(&str, Value)]) -> Result<Pause, String> {
        let args: Map = args.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Pause::of(&args).map_err(|failure| failure.message)
    }

    #[test]
    fn a_length_is_a_number_and_without_one_it_is_a_question() {
        let length = |args: &[(&str, Value)]| pause(args).map(|pause| pause.length);
        assert_eq!(length(&[("minutes", Value::plain("0.5"))]), Ok(Some(Duration::from_secs(30))));
        assert_eq!(length(&[("seconds", Value::Int(3))]), Ok(Some(Duration::from_secs(3))));
        assert_eq!(length(&[]), Ok(None));
        assert_eq!(length(&[("seconds", Value::plain("abc"))]), Err("`seconds` of `pause` wants a number".to_owned()));
        assert!(length(&[("seconds", Value::Int(3)), ("minutes", Value::Int(3))]).is_err());
    }
}
