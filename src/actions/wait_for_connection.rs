//! `wait_for_connection`: the host is logged in to anew, as often as it takes, until its agent answers.

use std::time::Duration;

use dpp_protocol::Failure;
use serde_json::json;

use crate::actions::{Action, ActionContext, Aside, Deed, Remote};
use crate::value::{Map, Value};

pub(super) const ACTION: Action = Action {
    name: "wait_for_connection",
    params: &["connect_timeout", "delay", "sleep", "timeout"],
    required: &[],
    run,
};

/// How a host that is away is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconnect {
    /// Before the first attempt.
    pub delay: Duration,
    /// Between two attempts.
    pub sleep: Duration,
    /// After which no attempt is made any more.
    pub timeout: Duration,
    /// What one attempt may take to connect.
    pub connect_timeout: Duration,
}

fn run(_context: &ActionContext, args: &Map) -> Result<Deed, Failure> {
    let seconds = |name: &str, otherwise: f64| seconds(args, name, otherwise);
    let reconnect = Reconnect {
        delay: seconds("delay", 0.0)?,
        sleep: seconds("sleep", 1.0)?,
        timeout: seconds("timeout", 600.0)?,
        connect_timeout: seconds("connect_timeout", 5.0)?.max(Duration::from_secs(1)),
    };
    let remote = Remote::new("ping", json!({}));
    Ok(Deed::Remote(Remote { aside: Some(Box::new(Aside::Reconnect(reconnect))), ..remote }))
}

fn seconds(args: &Map, name: &str, otherwise: f64) -> Result<Duration, Failure> {
    let number = match args.get(name) {
        None | Some(Value::Null) => Some(otherwise),
        Some(Value::Int(number)) => Some(*number as f64),
        Some(Value::Float(number)) => Some(*number),
        Some(Value::Text(text)) => text.as_str().trim().parse().ok(),
        Some(_) => None,
    };
    let number = number.filter(|number| number.is_finite() && (0.0..1e7).contains(number));
    let wrong = || Failure::new(format!("`{name}` of `wait_for_connection` wants a number of seconds")).code("DPP0104");
    number.map(Duration::from_secs_f64).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_numbers_of_seconds() {
        let read = |value: Value| seconds(&Map::from_iter([("sleep".to_owned(), value)]), "sleep", 1.0);
        assert_eq!(read(Value::Null).unwrap(), Duration::from_secs(1));
        assert_eq!(read(Value::plain("0.5")).unwrap(), Duration::from_millis(500));
        assert_eq!(read(Value::Int(7)).unwrap(), Duration::from_secs(7));
        for wrong in [Value::plain("soon"), Value::Int(-1)] {
            assert_eq!(read(wrong).unwrap_err().code, "DPP0104");
        }
    }
}
