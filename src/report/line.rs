//! One event as a line of a stream: its schema's name and the run's number stand before it.

use serde::Serialize;

use crate::event::Stamped;

/// A line of `log.jsonl` and of `--output jsonl`.
#[derive(Debug, Serialize)]
pub struct Line<'a> {
    schema: &'static str,
    run: u64,
    #[serde(flatten)]
    event: &'a Stamped,
}

impl<'a> Line<'a> {
    /// The line of one event of this run.
    pub fn new(run: u64, event: &'a Stamped) -> Self {
        Self { schema: "dppctl.event/1", run, event }
    }

    /// Without a line's end.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;

    #[test]
    fn a_line_says_what_it_is_before_it_says_anything_else() {
        let event = Stamped { t: 0, event: Event::RunFinished { ms: 7 } };
        let wanted =
            r#"{"schema":"dppctl.event/1","run":42,"t":"1970-01-01T00:00:00.000Z","type":"run_finished","ms":7}"#;
        assert_eq!(Line::new(42, &event).to_json(), wanted);
    }
}
