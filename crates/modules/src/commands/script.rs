//! `script`: a script of the controller is run on the host and leaves nothing there.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use dpp_protocol::{Change, Failure, ResultMap};
use serde::Deserialize;

use crate::arguments::HostPath;
use crate::commands::run::{Run, lean};
use crate::files::refused;
use crate::{Host, Module, Survey};

/// Parameters of `script`; the script itself comes as a blob or inline.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Path of the script on the controller, and its arguments.
    #[serde(alias = "_raw_params")]
    cmd: String,
    executable: Option<String>,
    chdir: Option<HostPath>,
    creates: Option<HostPath>,
    removes: Option<HostPath>,
    #[serde(rename = "_blob", alias = "_sha256")]
    blob: Option<String>,
    #[serde(rename = "_content_base64")]
    content_base64: Option<String>,
    content: Option<String>,
}

impl Module for Script {
    const NAME: &'static str = "script";
    type Step = Change;

    fn survey(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        let run = self.run(Path::new("script"))?;
        Ok(match run.needless() {
            Some(needless) => {
                let survey = Survey::skipped(needless.reason()).value("skipped", true);
                survey.value("msg", needless.message_of_script())
            }
            None => run.survey(),
        })
    }

    fn apply(&self, _step: &Change, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let folder = host.private_folder().map_err(|error| refused("make", host.state(), &error))?;
        let mut file = tempfile::Builder::new()
            .prefix("dppctl-script-")
            .permissions(fs::Permissions::from_mode(0o700))
            .tempfile_in(folder)
            .map_err(|error| refused("write the script to", folder, &error))?;
        file.write_all(&self.bytes(host)?).map_err(|error| refused("write", file.path(), &error))?;
        // An open file cannot be run, so it is closed and removed when the path is dropped.
        let path = file.into_temp_path();
        let ran = self.run(&path)?.apply(host, result);
        lean(ran, result)
    }
}

impl Script {
    fn run(&self, script: &Path) -> Result<Run<'_>, Failure> {
        let words = shlex::split(&self.cmd)
            .ok_or_else(|| Failure::new(format!("a quote is not closed in `{}`", self.cmd)).code("DPP0104"))?;
        let interpreter = self.executable.as_deref().and_then(shlex::split).unwrap_or_default();
        let script = script.to_string_lossy().into_owned();
        Ok(Run {
            argv: interpreter.into_iter().chain([script]).chain(words.into_iter().skip(1)).collect(),
            shown: self.cmd.clone().into(),
            chdir: self.chdir.as_deref(),
            stdin: None,
            strip: false,
            creates: self.creates.as_deref(),
            removes: self.removes.as_deref(),
        })
    }

    fn bytes(&self, host: &Host) -> Result<Vec<u8>, Failure> {
        match (&self.content, &self.content_base64, &self.blob) {
            (Some(text), _, _) => Ok(text.clone().into_bytes()),
            (_, Some(text), _) => BASE64_STANDARD
                .decode(text)
                .map_err(|error| Failure::new(format!("the script `{}` arrived broken: {error}", self.cmd))),
            (_, _, Some(blob)) => {
                fs::read(host.blob(blob)).map_err(|error| refused("read the script", &host.blob(blob), &error))
            }
            _ => Err(Failure::new(format!("the script `{}` was not sent along", self.cmd))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Ground;

    #[test]
    fn a_script_gets_its_arguments_and_goes_away() {
        let ground = Ground::new();
        let params = json!({"cmd": "files/hello.sh 'a b' c", "content": "#!/bin/sh\necho \"$1,$2\"\n"});
        assert_eq!(ground.apply("script", &params).unwrap().result["stdout"], "a b,c\n");
        assert_eq!(std::fs::read_dir(ground.state()).unwrap().count(), 0);
        std::fs::remove_dir(ground.state()).unwrap();
        assert!(ground.apply("script", &params).is_ok(), "nothing was kept on this host yet");
    }

    #[test]
    fn a_script_that_is_needless_is_skipped_and_says_why() {
        let ground = Ground::new();
        let params = json!({"cmd": "hello.sh", "content": "", "creates": ground.at("")});
        let result = ground.apply("script", &params).unwrap().result;
        let message = format!("{} exists, matching creates option", ground.at(""));
        assert_eq!(json!(result), json!({"skipped": true, "msg": message}));
    }
}
