//! What a failed run of apt-get means, read off its last words.

use dpp_protocol::Failure;

use crate::packages::apt_get::process::Finished;
use crate::packages::dpkg::lock;

/// A cause that apt names in its own words, with the code and help it has here.
struct Cause {
    words: &'static [&'static str],
    code: &'static str,
    help: &'static str,
}

const CAUSES: &[Cause] = &[
    // First, because a lock that may not even be opened is said to be one that cannot be had.
    Cause { words: &["are you root?"], code: "DPP0501", help: "say `become: true`" },
    Cause {
        words: &["Could not get lock", "Unable to lock", "Unable to acquire the dpkg frontend lock"],
        code: "DPP0603",
        help: "another process works with packages; let it finish and run again, or raise `lock_timeout`",
    },
    Cause {
        words: &["No space left on device", "You don't have enough free space"],
        code: "DPP0604",
        help: "make room (`df -h`, `apt-get clean`, old logs) and run again",
    },
    Cause {
        words: &["dpkg: error processing"],
        code: "DPP0613",
        help: "a script of the package itself failed; correct what it complains about and run again: dpkg goes on where it stopped",
    },
    Cause {
        words: &["reinst-required", "needs to be reinstalled"],
        code: "DPP0605",
        help: "`apt-get install --reinstall NAME` on the host, or where its archive is gone `dpkg --remove --force-remove-reinstreq NAME`; then run again",
    },
    Cause {
        words: &["dpkg was interrupted"],
        code: "DPP0605",
        help: "repair it on the host with `dpkg --configure -a` or `apt-get install --fix-broken`, then run again",
    },
    Cause {
        words: &["Packages were downgraded and -y was used without"],
        code: "DPP0606",
        help: "say `allow_downgrade: true` if an older version is really wanted",
    },
    Cause {
        words: &["NO_PUBKEY", "is not signed", "could not be authenticated", "EXPKEYSIG"],
        code: "DPP0607",
        help: "give the repository its key: `deb822_repository` with `signed_by`",
    },
    Cause {
        words: &[
            "Unable to locate package",
            "has no installation candidate",
            " was not found",
            "Couldn't find any package",
        ],
        code: "DPP0602",
        help: "check name and version with `apt-cache policy NAME` on the host; `update_cache: true` refreshes the lists",
    },
    Cause {
        words: &["unmet dependencies", "held broken packages"],
        code: "DPP0610",
        help: "a dependency is missing from the configured repositories, or a held package stands against it",
    },
    Cause {
        words: &["Failed to fetch", "Could not resolve", "Temporary failure resolving", "Could not connect"],
        code: "DPP0611",
        help: "check that the host reaches its mirror; `apt-get update` on the host shows which one fails",
    },
];

/// The failure that a run of apt-get ended in; `attempt` completes `cannot …`.
pub fn explain(attempt: &str, finished: &Finished) -> Failure {
    let cause = CAUSES.iter().find(|cause| cause.words.iter().any(|words| finished.output.contains(words)));
    let errors = errors(&finished.output);
    let script = script_words(&finished.output);
    let reason = script.or_else(|| errors.first().cloned()).unwrap_or_else(|| format!("exit code {}", finished.code));
    let mut failure = Failure::new(format!("cannot {attempt}: {reason}"))
        .code(cause.map_or("DPP0601", |cause| cause.code))
        .value("rc", finished.code)
        .value("stdout", finished.output.clone())
        .value("stderr", errors.join("\n"));
    failure = match dpkg_words(&finished.output) {
        Some(words) => failure.note("dpkg", words),
        None if errors.len() > 1 => failure.note("apt", errors.join("\n")),
        None => failure.note("apt", finished.last_words()),
    };
    if let Some(holder) = lock::holder(lock::PACKAGES).filter(|_| failure.code == "DPP0603") {
        failure = failure.note("holder", format!("{}: {}", holder.words(), holder.command));
    }
    match cause {
        Some(cause) => failure.help(cause.help),
        None => failure.help("the notes are the last words of apt; the whole output is in the run's log"),
    }
}

fn errors(output: &str) -> Vec<String> {
    let mut errors: Vec<String> = Vec::new();
    for error in output.lines().filter_map(|line| line.strip_prefix("E: ")) {
        if !errors.iter().any(|known| known == error) {
            errors.push(error.to_owned());
        }
    }
    // "Sub-process returned an error code" says nothing when dpkg has said why.
    errors.sort_by_key(|error| error.starts_with("Sub-process"));
    errors
}

/// How dpkg names the script that failed: `installed logstash package post-installation script subprocess returned …`.
fn script_words(output: &str) -> Option<String> {
    let mut lines = output.lines().skip_while(|line| !line.starts_with("dpkg: error processing")).skip(1);
    lines.next().map(|line| line.trim().trim_start_matches("installed ").to_owned())
}

/// What dpkg said of the package that failed, with the lines of its maintainer script before it.
fn dpkg_words(output: &str) -> Option<String> {
    let lines: Vec<_> = output.lines().collect();
    let at = lines.iter().position(|line| line.starts_with("dpkg: error"))?;
    let end = lines.len().min(at + 4);
    Some(lines[at.saturating_sub(5)..end].join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(output: &str) -> Failure {
        explain("install x", &Finished { success: false, code: 100, output: output.into() })
    }

    #[test]
    fn each_cause_has_its_code() {
        let cases = [
            (
                "E: Could not open lock file /x - open (13: Permission denied)\nE: Unable to acquire the dpkg frontend lock (/x), are you root?",
                "DPP0501",
            ),
            ("E: Unable to locate package rabitmq", "DPP0602"),
            ("E: Version '9.9' for 'jq' was not found", "DPP0602"),
            ("E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 7 (apt)", "DPP0603"),
            ("E: You don't have enough free space in /var/cache/apt/archives/.", "DPP0604"),
            ("E: dpkg was interrupted, you must manually run 'dpkg --configure -a'", "DPP0605"),
            ("E: Packages were downgraded and -y was used without --allow-downgrades.", "DPP0606"),
            ("W: GPG error: http://x stable InRelease: NO_PUBKEY D27D666CD88E42B4\nE: not signed", "DPP0607"),
            ("The following packages have unmet dependencies:\nE: Unable to correct problems", "DPP0610"),
            ("E: Failed to fetch http://mirror/x.deb  Could not connect to mirror:80", "DPP0611"),
            ("E: something new", "DPP0601"),
        ];
        for (output, code) in cases {
            assert_eq!(explained(output).code, code, "{output}");
        }
    }

    #[test]
    fn a_failing_maintainer_script_is_quoted() {
        let output = "Setting up logstash (1:7.0.0-1) ...\nUsing provided startup.options file\n\
                      could not find java\ndpkg: error processing package logstash (--configure):\n \
                      installed logstash package post-installation script subprocess returned error exit status 1\n\
                      Errors were encountered while processing:\n logstash\n\
                      E: Sub-process /usr/bin/dpkg returned an error code (1)\n";
        let failure = explained(output);
        assert_eq!(
            failure.message,
            "cannot install x: logstash package post-installation script subprocess returned error exit status 1"
        );
        assert_eq!(failure.code, "DPP0613");
        let dpkg = failure.notes.iter().find(|note| note.label == "dpkg").unwrap();
        assert!(dpkg.text.contains("could not find java\ndpkg: error processing package logstash"), "{}", dpkg.text);
    }
}
