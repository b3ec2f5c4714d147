//! Keywords of a play that hold for all its hosts at once: `serial`, `max_fail_percentage`, `force_handlers`. They are
//! rendered with what is known before any host is: variables of the play and of the command line.

use crate::playbook::Play;
use crate::source::Problem;
use crate::value::{Text, Value};

/// How a play goes about its hosts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Manner {
    /// Sizes of its batches: numbers or percentages.
    pub serial: Vec<Value>,
    /// Of how many hundredths of a batch more may not fail; all may when nothing is said.
    pub max_fail_percentage: Option<f64>,
    /// Whether handlers that were notified run also on hosts that failed.
    pub force_handlers: bool,
}

type Render<'a> = &'a dyn Fn(&Text) -> Result<String, Problem>;

impl Manner {
    /// What a play says.
    ///
    /// # Errors
    /// What cannot be rendered, and what is no percentage or no yes or no, as Ansible refuses it.
    pub(super) fn of(play: &Play, render: Render) -> Result<Self, Problem> {
        let percentage = play.max_fail_percentage.as_ref().map(|value| percentage(value, play, render)).transpose()?;
        let force = play.force_handlers.as_ref().map(|value| flag(value, play, render)).transpose()?;
        Ok(Self {
            serial: play.serial.iter().map(|size| rendered(size, render)).collect::<Result<_, _>>()?,
            max_fail_percentage: percentage,
            force_handlers: force.unwrap_or(false),
        })
    }
}

fn rendered(value: &Value, render: Render) -> Result<Value, Problem> {
    match value {
        Value::Text(text) => Ok(Value::plain(render(text)?)),
        other => Ok(other.clone()),
    }
}

fn percentage(value: &Value, play: &Play, render: Render) -> Result<f64, Problem> {
    let number = match rendered(value, render)? {
        Value::Int(number) => Some(number as f64),
        Value::Float(number) => Some(number),
        Value::Text(text) => text.as_str().trim().trim_end_matches('%').trim_end().parse().ok(),
        _ => None,
    };
    number.ok_or_else(|| refused("`max_fail_percentage` wants a number from 0 to 100", value, play))
}

fn flag(value: &Value, play: &Play, render: Render) -> Result<bool, Problem> {
    let value_now = rendered(value, render)?;
    let yes = match &value_now {
        Value::Bool(yes) => Some(*yes),
        Value::Int(number @ (0 | 1)) => Some(*number == 1),
        Value::Text(text) => match text.as_str().trim().to_lowercase().as_str() {
            "true" | "yes" | "on" | "y" | "t" | "1" => Some(true),
            "false" | "no" | "off" | "n" | "f" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    };
    yes.ok_or_else(|| refused("`force_handlers` wants yes or no", value, play))
}

fn refused(words: &str, value: &Value, play: &Play) -> Problem {
    let place = match value {
        Value::Text(text) => text.place(),
        _ => None,
    };
    Problem::error("DPP0105", words.to_owned()).at(place.unwrap_or(&play.place), "in this play")
}
