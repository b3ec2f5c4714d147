//! Connecting to a host that is about to come up: a refusal, a hang-up before anybody may log in and a handshake that
//! was cut are waited out, within the time that connecting may take.

use std::thread;
use std::time::{Duration, Instant};

use crate::transport::{Login, SshHost, SshTarget, TransportError};

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl SshHost {
    /// Connects and logs in; `alive` hears what is waited for.
    pub fn connect_patiently(
        target: &SshTarget,
        login: &Login,
        alive: &mut dyn FnMut(&str),
    ) -> Result<Self, TransportError> {
        patiently(target.timeout, &mut || Self::connect(target, login), alive)
    }
}

fn patiently<T>(
    within: Duration,
    attempt: &mut dyn FnMut() -> Result<T, TransportError>,
    alive: &mut dyn FnMut(&str),
) -> Result<T, TransportError> {
    let begun = Instant::now();
    let mut pause = FIRST_PAUSE;
    let mut handshakes = 0;
    loop {
        let error = match attempt() {
            Ok(made) => return Ok(made),
            Err(error) => error,
        };
        handshakes += usize::from(matches!(error, TransportError::Handshake { .. } | TransportError::Passage { .. }));
        // A handshake fails for good, too: when nothing is found that both sides speak.
        if !error.may_pass() || handshakes > 1 || begun.elapsed() + pause >= within {
            return Err(error);
        }
        alive(&format!("waiting: {error}"));
        thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> TransportError {
        TransportError::Refused { address: "es1:22".into() }
    }

    #[test]
    fn a_host_that_comes_up_is_waited_for_and_said_so() {
        let mut left = vec![refused(), TransportError::HungUp { address: "es1:22".into() }];
        let mut told = Vec::new();
        let mut attempt = || left.pop().map_or(Ok("in"), Err);
        let made = patiently(Duration::from_mins(1), &mut attempt, &mut |text| told.push(text.to_owned()));
        assert_eq!(made.unwrap(), "in");
        assert_eq!(
            told,
            ["waiting: es1:22 hung up during the login", "waiting: cannot connect to es1:22: connection refused"]
        );
    }

    #[test]
    fn the_time_for_connecting_bounds_it() {
        let made: Result<(), _> = patiently(Duration::ZERO, &mut || Err(refused()), &mut |_| {});
        assert!(matches!(made, Err(TransportError::Refused { .. })));
    }

    #[test]
    fn a_cut_handshake_is_tried_once_more_and_a_refused_login_never() {
        let mut attempts = 0;
        let mut cut = || -> Result<(), TransportError> {
            attempts += 1;
            Err(TransportError::Handshake { address: "es1:22".into(), cause: "cut".into() })
        };
        assert!(patiently(Duration::from_mins(1), &mut cut, &mut |_| {}).is_err());
        assert_eq!(attempts, 2);
        attempts = 0;
        let mut wrong = || -> Result<(), TransportError> {
            attempts += 1;
            Err(TransportError::LoginRefused { user: "ops".into(), address: "es1:22".into(), tried: Vec::new() })
        };
        assert!(patiently(Duration::from_mins(1), &mut wrong, &mut |_| {}).is_err());
        assert_eq!(attempts, 1);
    }
}
