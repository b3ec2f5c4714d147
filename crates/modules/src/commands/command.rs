//! `command`: a program is run with these arguments, by no shell.

use dpp_protocol::{Change, Failure, ResultMap};
use serde::Deserialize;

use crate::arguments::{Flag, HostPath, Words};
use crate::commands::run::Run;
use crate::expansion::expand;
use crate::{Host, Module, Survey};

/// Parameters of `command`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    #[serde(alias = "_raw_params")]
    cmd: Option<String>,
    argv: Option<Vec<Words>>,
    chdir: Option<HostPath>,
    creates: Option<HostPath>,
    removes: Option<HostPath>,
    stdin: Option<Words>,
    #[serde(default = "yes")]
    stdin_add_newline: Flag,
    #[serde(default = "yes")]
    strip_empty_ends: Flag,
    #[serde(default = "yes")]
    expand_argument_vars: Flag,
    /// Means something to a shell only; Ansible says so and goes on.
    executable: Option<String>,
    /// Ansible's advice to use another module is gone since 2.14; old playbooks still switch it off.
    #[serde(rename = "warn")]
    _warn: Option<Flag>,
}

fn yes() -> Flag {
    Flag(true)
}

impl Module for Command {
    const NAME: &'static str = "command";
    type Step = Change;

    fn survey(&self, host: &Host) -> Result<Survey<Change>, Failure> {
        let survey = self.run(host)?.survey();
        Ok(match &self.executable {
            Some(shell) => survey
                .warning(format!("`command` uses no shell: `executable: {shell}` has no effect; `shell` takes it")),
            None => survey,
        })
    }

    fn apply(&self, _step: &Change, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        self.run(host)?.apply(host, result)
    }
}

impl Command {
    fn run(&self, host: &Host) -> Result<Run<'_>, Failure> {
        let words = self.words()?;
        let shown = words.clone().into();
        let argv: Vec<String> = if self.expand_argument_vars.0 {
            words.iter().map(|word| expand(word, host.environment())).collect()
        } else {
            words
        };
        Ok(Run {
            shown,
            argv,
            chdir: self.chdir.as_deref(),
            stdin: self.stdin.as_ref().map(|stdin| input(stdin, self.stdin_add_newline.0)),
            strip: self.strip_empty_ends.0,
            creates: self.creates.as_deref(),
            removes: self.removes.as_deref(),
        })
    }

    fn words(&self) -> Result<Vec<String>, Failure> {
        match (&self.cmd, &self.argv) {
            (Some(line), None) => shlex::split(line)
                .filter(|words| !words.is_empty())
                .ok_or_else(|| Failure::new(format!("`{line}` is no command: a quote is not closed, or it is empty"))),
            (None, Some(argv)) if !argv.is_empty() => Ok(argv.iter().map(|word| word.0.clone()).collect()),
            _ => Err(Failure::new("`command` needs either `cmd` or `argv`").code("DPP0104")),
        }
    }
}

/// What a process reads, with the newline at its end that most expect.
pub(super) fn input(text: &Words, newline: bool) -> Vec<u8> {
    let mut bytes = text.0.clone().into_bytes();
    if newline && !bytes.ends_with(b"\n") {
        bytes.push(b'\n');
    }
    bytes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Ground;

    #[test]
    fn outputs_and_times_are_registered() {
        let result = Ground::new().apply("command", &json!({"_raw_params": "printf 'a b\\nc\\n\\n'"})).unwrap().result;
        assert_eq!((&result["stdout"], &result["rc"]), (&json!("a b\nc"), &json!(0)));
        assert_eq!(result["stdout_lines"], json!(["a b", "c"]));
        assert_eq!(result["cmd"], json!(["printf", "a b\\nc\\n\\n"]));
        assert!(result["delta"].as_str().unwrap().starts_with("0:00:00."));
        assert_eq!(result["start"].as_str().unwrap().len(), "2024-01-01 12:00:00.123456".len());
    }

    #[test]
    fn a_survey_runs_nothing_and_says_that_it_cannot_know() {
        let ground = Ground::new();
        let outcome = ground.survey("command", &json!({"cmd": format!("touch {}", ground.at("f"))})).unwrap();
        assert!(outcome.changed && outcome.unpredicted && !ground.path("f").exists());
    }

    #[test]
    fn a_shell_is_passed_over_with_a_word_as_in_ansible() {
        let outcome = Ground::new().apply("command", &json!({"cmd": "echo a", "executable": "/bin/bash"})).unwrap();
        assert_eq!(outcome.result["stdout"], "a");
        assert!(outcome.warnings[0].contains("`executable: /bin/bash` has no effect"), "{:?}", outcome.warnings);
    }

    #[test]
    fn creates_and_removes_leave_it_out() {
        let ground = Ground::new();
        ground.write("kafka_2.13/bin", "");
        let created = json!({"cmd": "false", "creates": ground.at("kafka_*/bin")});
        let outcome = ground.apply("command", &created).unwrap();
        assert_eq!((outcome.changed, outcome.result["rc"].as_i64()), (false, Some(0)));
        assert_eq!(outcome.result["stdout"], format!("skipped, since {} exists", ground.at("kafka_*/bin")));
        assert_eq!(outcome.result["delta"], json!(null));
        assert!(outcome.skipped.unwrap().ends_with("kafka_*/bin' exists"));
        let removed = json!({"argv": ["false"], "chdir": ground.at(""), "removes": "nothing"});
        assert!(ground.apply("command", &removed).unwrap().skipped.is_some());
    }

    #[test]
    fn what_cannot_begin_is_told_as_ansible_tells_it() {
        let ground = Ground::new();
        let told = |params: &serde_json::Value| {
            let result = ground.apply("command", params).unwrap_err().result;
            ["msg", "rc", "cmd", "stdout", "stderr_lines"].map(|name| result[name].clone())
        };
        let missing = "[Errno 2] No such file or directory: b'/no/such'";
        let started = json!([missing, 2, "/no/such 'a b'", "", []]);
        assert_eq!(json!(told(&json!({"cmd": "/no/such 'a b'"}))), started);
        let folder = json!([format!("Unable to change directory before execution: {missing}"), null, ["pwd"], "", []]);
        assert_eq!(json!(told(&json!({"cmd": "pwd", "chdir": "/no/such"}))), folder);
        let ran = ground.apply("command", &json!({"cmd": "echo $HOME"})).unwrap().result;
        assert_eq!(ran["cmd"], json!(["echo", "$HOME"]), "as it was written");
    }

    #[test]
    fn home_is_where_it_runs_and_where_it_looks() {
        let ground = Ground::new();
        ground.write("there/f", "");
        let ran = ground.apply("command", &json!({"cmd": "echo ~/x $HOME", "chdir": "~/there"})).unwrap().result;
        assert_eq!(ran["stdout"], format!("{} {}", ground.at("x"), ground.at("").trim_end_matches('/')));
        let created = ground.apply("shell", &json!({"cmd": "false", "creates": "~/th*/f"})).unwrap();
        assert_eq!(created.skipped.unwrap(), format!("'{}' exists", ground.at("th*/f")));
    }

    #[test]
    fn a_failure_carries_what_would_be_registered() {
        let failure =
            Ground::new().apply("command", &json!({"argv": ["sh", "-c", "echo no >&2; exit 3"]})).unwrap_err();
        assert_eq!(failure.message, "`sh -c echo no >&2; exit 3` ended with exit code 3");
        assert_eq!((&failure.result["rc"], &failure.result["stderr"]), (&json!(3), &json!("no")));
        assert_eq!(failure.notes[0].text, "no");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let failure = Ground::new().apply("command", &json!({"cmd": "no-such-program -x"})).unwrap_err();
        assert_eq!(failure.message, "cannot start `no-such-program`: No such file or directory");
        assert_eq!(failure.result["rc"], 2);
    }
}
