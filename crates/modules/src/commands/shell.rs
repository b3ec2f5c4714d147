//! `shell`: a script line is run by a shell of the host.

use dpp_protocol::{Change, Failure, ResultMap};
use serde::Deserialize;

use crate::arguments::{Flag, HostPath, Words};
use crate::commands::command::input;
use crate::commands::run::Run;
use crate::{Host, Module, Survey};

/// Parameters of `shell`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shell {
    #[serde(alias = "_raw_params")]
    cmd: String,
    executable: Option<String>,
    chdir: Option<HostPath>,
    creates: Option<HostPath>,
    removes: Option<HostPath>,
    stdin: Option<Words>,
    #[serde(default = "yes")]
    stdin_add_newline: Flag,
    #[serde(default = "yes")]
    strip_empty_ends: Flag,
    /// Ansible's advice to use another module is gone since 2.14; old playbooks still switch it off.
    #[serde(rename = "warn")]
    _warn: Option<Flag>,
}

fn yes() -> Flag {
    Flag(true)
}

impl Module for Shell {
    const NAME: &'static str = "shell";
    type Step = Change;

    fn survey(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        Ok(self.run().survey())
    }

    fn apply(&self, _step: &Change, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        self.run().apply(host, result)
    }
}

impl Shell {
    fn run(&self) -> Run<'_> {
        let shell = self.executable.clone().unwrap_or_else(|| "/bin/sh".into());
        Run {
            argv: vec![shell, "-c".into(), self.cmd.clone()],
            shown: self.cmd.clone().into(),
            chdir: self.chdir.as_deref(),
            stdin: self.stdin.as_ref().map(|stdin| input(stdin, self.stdin_add_newline.0)),
            strip: self.strip_empty_ends.0,
            creates: self.creates.as_deref(),
            removes: self.removes.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Ground;

    #[test]
    fn pipes_variables_and_input_work_in_the_shell_that_is_asked_for() {
        let ground = Ground::new();
        let params = json!({"cmd": "read x; echo \"${x^^}\" | tr O 0", "executable": "/bin/bash", "stdin": "foo"});
        assert_eq!(ground.apply("shell", &params).unwrap().result["stdout"], "F00");
        let params = json!({"cmd": "pwd", "chdir": ground.at("")});
        let stdout = ground.apply("shell", &params).unwrap().result["stdout"].clone();
        assert!(ground.at("").starts_with(stdout.as_str().unwrap()));
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let failure = Ground::new().apply("shell", &json!({"cmd": "pwd", "chdir": "/no/such"})).unwrap_err();
        assert_eq!(failure.message, "cannot change to the folder /no/such: No such file or directory");
    }
}
