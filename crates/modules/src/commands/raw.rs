//! `raw`: a line is given to the login shell's own syntax; here it differs from `shell` only in what it registers.

use dpp_protocol::{Change, Failure, ResultMap};
use serde::Deserialize;

use crate::commands::run::{Run, lean};
use crate::{Host, Module, Survey};

/// Parameters of `raw`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Raw {
    #[serde(alias = "_raw_params")]
    cmd: String,
    executable: Option<String>,
}

impl Module for Raw {
    const NAME: &'static str = "raw";
    type Step = Change;

    fn survey(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        Ok(self.run().survey())
    }

    fn apply(&self, _step: &Change, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let ran = self.run().apply(host, result);
        lean(ran, result)
    }
}

impl Raw {
    fn run(&self) -> Run<'_> {
        let shell = self.executable.clone().unwrap_or_else(|| "/bin/sh".into());
        Run {
            argv: vec![shell, "-c".into(), self.cmd.clone()],
            shown: self.cmd.clone().into(),
            chdir: None,
            stdin: None,
            strip: false,
            creates: None,
            removes: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Ground;

    #[test]
    fn output_comes_back_as_it_was_written() {
        let result = Ground::new().apply("raw", &json!({"_raw_params": "echo a; echo"})).unwrap().result;
        assert_eq!(result["stdout"], "a\n\n");
        assert!(!result.contains_key("delta") && !result.contains_key("msg"));
        let failure = Ground::new().apply("raw", &json!({"_raw_params": "exit 3"})).unwrap_err();
        assert_eq!((&failure.result["rc"], failure.result.contains_key("cmd")), (&json!(3), false));
    }
}
