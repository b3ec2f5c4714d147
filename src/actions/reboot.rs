//! `reboot`: the host starts anew, and is logged in to when it has; what comes of it is seen from here.

use std::time::Duration;

use dpp_protocol::Failure;
use serde_json::json;

use crate::actions::action::text;
use crate::actions::{Action, ActionContext, Aside, Deed, Remote};
use crate::value::{Map, Value};

pub(super) const ACTION: Action = Action {
    name: "reboot",
    params: &[
        "boot_time_command",
        "connect_timeout",
        "msg",
        "post_reboot_delay",
        "pre_reboot_delay",
        "reboot_command",
        "reboot_timeout",
        "search_paths",
        "test_command",
    ],
    required: &[],
    run,
};

/// Where `shutdown` is looked for, whatever the `PATH`.
const FOLDERS: [&str; 5] = ["/sbin", "/bin", "/usr/sbin", "/usr/bin", "/usr/local/sbin"];

/// How a host is started anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reboot {
    /// What has it go down, for a shell.
    pub command: String,
    /// What prints something else once it was started anew.
    pub boot_time_command: String,
    /// What succeeds when it is ready.
    pub test_command: String,
    /// Before the first look whether it is back.
    pub post_delay: Duration,
    /// After which it is no longer waited for; once for the start, once for the test.
    pub timeout: Duration,
    /// What one attempt may take to connect.
    pub connect_timeout: Duration,
}

fn run(_context: &ActionContext, args: &Map) -> Result<Deed, Failure> {
    let word = |name: &str, otherwise: &str| text(args, name).unwrap_or(otherwise).to_owned();
    let timeout = seconds(args, "reboot_timeout", 600)?.max(0);
    let connect_timeout = seconds(args, "connect_timeout", 5)?.max(1);
    let post_delay = seconds(args, "post_reboot_delay", 0)?.max(0);
    let reboot = Reboot {
        command: command(args)?,
        boot_time_command: word("boot_time_command", "cat /proc/sys/kernel/random/boot_id"),
        test_command: word("test_command", "whoami"),
        post_delay: Duration::from_secs(post_delay.unsigned_abs()),
        timeout: Duration::from_secs(timeout.unsigned_abs()),
        connect_timeout: Duration::from_secs(connect_timeout.unsigned_abs()),
    };
    let remote = Remote::new("raw", json!({}));
    Ok(Deed::Remote(Remote { aside: Some(Box::new(Aside::Reboot(reboot))), ..remote }))
}

/// The command with its folder looked for on the host.
fn command(args: &Map) -> Result<String, Failure> {
    let given = text(args, "reboot_command").map(str::trim).filter(|given| !given.is_empty());
    let (program, arguments) = match given {
        Some(given) => {
            let (program, arguments) = given.split_once(' ').unwrap_or((given, ""));
            (program, arguments.to_owned())
        }
        None => {
            let minutes = seconds(args, "pre_reboot_delay", 0)?.max(0) / 60;
            let message = text(args, "msg").unwrap_or("Reboot initiated by dppctl");
            ("shutdown", format!("-r {minutes} {}", quoted(message)?))
        }
    };
    if program.starts_with('/') {
        return Ok(format!("{program} {arguments}").trim_end().to_owned());
    }
    let folders = folders(args)?;
    let words = folders.iter().map(|folder| quoted(folder)).collect::<Result<Vec<_>, _>>()?.join(" ");
    let lacking = quoted(&format!("there is no `{program}` in {}", folders.join(", ")))?;
    let program = quoted(program)?;
    Ok(format!(
        "for folder in {words}; do\n  if [ -x \"$folder\"/{program} ]; then\n    \"$folder\"/{program} {arguments}\n    \
         exit $?\n  fi\ndone\necho {lacking} >&2\nexit 127"
    ))
}

fn folders(args: &Map) -> Result<Vec<String>, Failure> {
    let wrong = || Failure::new("`search_paths` of `reboot` wants a list of folders").code("DPP0104");
    match args.get("search_paths") {
        None | Some(Value::Null) => Ok(FOLDERS.map(str::to_owned).to_vec()),
        Some(Value::List(items)) => {
            items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
        }
        Some(Value::Text(text)) => Ok(text.as_str().split(',').map(|folder| folder.trim().to_owned()).collect()),
        Some(_) => Err(wrong()),
    }
}

fn quoted(word: &str) -> Result<String, Failure> {
    let quoted = shlex::try_quote(word).map_err(|_| Failure::new("a word for `reboot` holds a NUL").code("DPP0104"))?;
    Ok(quoted.into_owned())
}

fn seconds(args: &Map, name: &str, otherwise: i64) -> Result<i64, Failure> {
    let number = match args.get(name) {
        None | Some(Value::Null) => Some(otherwise),
        Some(Value::Int(number)) => Some(*number),
        Some(Value::Text(text)) => text.as_str().trim().parse().ok(),
        Some(_) => None,
    };
    let wrong = || Failure::new(format!("`{name}` of `reboot` wants a whole number of seconds")).code("DPP0104");
    number.filter(|number| number.abs() < 10_000_000).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(args: &[(&str, Value)]) -> Map {
        args.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    #[test]
    fn shutdown_is_looked_for_and_told_minutes_and_a_message() {
        let given = [("pre_reboot_delay", Value::plain("130")), ("msg", Value::plain("it's time"))];
        let line = command(&args(&given)).unwrap();
        assert!(line.starts_with("for folder in /sbin /bin /usr/sbin /usr/bin /usr/local/sbin; do"), "{line}");
        assert!(line.contains("\"$folder\"/shutdown -r 2 \"it's time\"\n"), "{line}");
        let given = [("reboot_command", Value::plain("/opt/down --now a")), ("msg", Value::plain("x"))];
        assert_eq!(command(&args(&given)).unwrap(), "/opt/down --now a");
        let given = [("reboot_command", Value::plain("down")), ("search_paths", Value::plain("/opt/a b"))];
        let line = command(&args(&given)).unwrap();
        assert!(line.starts_with("for folder in '/opt/a b'; do\n  if [ -x \"$folder\"/down ]"), "{line}");
    }

    #[test]
    fn times_are_whole_numbers_of_seconds() {
        for (value, wanted) in [
            (Value::Null, Ok(600)),
            (Value::plain("30"), Ok(30)),
            (Value::Int(-5), Ok(-5)),
            (Value::plain("soon"), Err("DPP0104".to_owned())),
            (Value::Bool(true), Err("DPP0104".to_owned())),
        ] {
            let read = seconds(&args(&[("reboot_timeout", value.clone())]), "reboot_timeout", 600);
            assert_eq!(read.map_err(|failure| failure.code), wanted, "{value:?}");
        }
    }
}
