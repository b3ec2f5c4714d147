//! `filesystem`: a device carries a file system of a kind, grown to its end if wanted, or none.

mod kind;

use std::fs;
use std::os::unix::fs::FileTypeExt;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use crate::arguments::{Flag, HostPath, Words};
use crate::files::refusal::refused;
use crate::presence::Presence;
use crate::system::filesystem::kind::Kind;
use crate::system::tool::{accepted, ask_tool, installed, run_tool};
use crate::{Host, Module, Step, Survey};

/// Parameters of `filesystem`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filesystem {
    #[serde(default)]
    state: Presence,
    #[serde(alias = "type")]
    fstype: Option<Kind>,
    #[serde(alias = "device")]
    dev: HostPath,
    #[serde(default)]
    force: Flag,
    #[serde(default)]
    resizefs: Flag,
    opts: Option<Words>,
    uuid: Option<Words>,
}

/// One call of a program.
#[derive(Debug)]
pub struct FilesystemStep {
    change: Change,
    program: String,
    arguments: Vec<String>,
    /// Whether what the program says is the result's message.
    is_told: bool,
}

impl Step for FilesystemStep {
    fn change(&self, _diff: bool) -> Change {
        self.change.clone()
    }
}

impl Module for Filesystem {
    const NAME: &'static str = "filesystem";
    type Step = FilesystemStep;

    fn survey(&self, host: &Host) -> Result<Survey<FilesystemStep>, Failure> {
        let kind = self.kind()?;
        if !self.dev.exists() {
            let message = format!("Device {} not found.", self.dev.text());
            // An earlier task may make the volume or the partition.
            let steps = kind.map(|kind| self.make(kind)).into_iter().collect();
            let survey = Survey::steps(steps).value("msg", message);
            return Ok(if kind.is_some() { survey.unpredicted() } else { survey });
        }
        let now = self.found("TYPE", host)?;
        let Some(kind) = kind else {
            let wiped = (!now.is_empty()).then(|| self.wipe(&now));
            return Ok(Survey::steps(wiped.into_iter().collect()));
        };
        if now.is_empty() {
            return Ok(Survey::steps(vec![self.make(kind)]));
        }
        if now != kind.found_as() {
            return if self.force.0 { Ok(Survey::steps(vec![self.make(kind)])) } else { Err(self.taken(&now)) };
        }
        match &self.uuid {
            _ if self.resizefs.0 => self.growing(kind, host),
            Some(uuid) => {
                let has_it = kind != Kind::Lvm && self.found("UUID", host)?.eq_ignore_ascii_case(&uuid.0);
                let step = if has_it { None } else { self.naming(kind, &uuid.0)? };
                Ok(Survey::steps(step.into_iter().collect()))
            }
            None if self.force.0 => Ok(Survey::steps(vec![self.make(kind)])),
            None => Ok(Survey::unchanged()),
        }
    }

    fn apply(&self, step: &FilesystemStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        if !self.dev.exists() {
            return Err(Failure::new(format!("there is no device {}", self.dev.text()))
                .help("`lsblk` on the host lists those that are there"));
        }
        if let Some(kind) = self.fstype.filter(|_| installed(&step.program, host).is_none()) {
            return Err(kind.lacking(&step.program));
        }
        host.life(&format!("{} {}", step.program, step.arguments.join(" ")), None);
        if !step.is_told {
            run_tool(&step.program, &step.arguments, host)?;
            return self.named_after(step, host);
        }
        let said = ask_tool(&step.program, &step.arguments, host)?;
        let said = said.map(|said| accepted(said, &step.program, &step.arguments)).transpose()?;
        result.extend(said.map(|said| ("msg".to_owned(), said.stdout.into())));
        Ok(())
    }
}

impl Filesystem {
    /// The kind that is wanted; none when there is to be none.
    fn kind(&self) -> Result<Option<Kind>, Failure> {
        let wrong = |message: String| Failure::new(message).code("DPP0104");
        if self.state == Presence::Absent {
            return Ok(None);
        }
        let kind = self.fstype.ok_or_else(|| wrong("`fstype` is needed to make a file system".to_owned()))?;
        if self.resizefs.0 && self.uuid.is_some() {
            return Err(wrong("`resizefs` and `uuid` exclude each other".to_owned()));
        }
        let has_uuid = kind.uuid_options().is_some() || kind.new_uuid("", "").is_some();
        if self.uuid.is_some() && !has_uuid {
            return Err(wrong(format!("a {} takes no `uuid`", kind.word())));
        }
        if self.resizefs.0 && kind.growth().is_none() {
            return Err(wrong(format!("a {} does not grow: `resizefs` is nothing for it", kind.word())));
        }
        Ok(Some(kind))
    }

    /// What `blkid` finds on the device, past its own memory.
    fn found(&self, tag: &str, host: &Host) -> Result<String, Failure> {
        let words = ["-c", "/dev/null", "-o", "value", "-s", tag, self.dev.text()].map(str::to_owned);
        let said = ask_tool("blkid", &words, host)?;
        let said =
            said.ok_or_else(|| Failure::new("there is no `blkid` on this host").help("`apt-get install util-linux`"))?;
        Ok(said.stdout.trim().to_owned())
    }

    fn step(&self, verb: Verb, detail: String, program: &str, arguments: Vec<String>) -> FilesystemStep {
        let change = Change::new(verb, self.dev.text()).detail(detail);
        FilesystemStep { change, program: program.to_owned(), arguments, is_told: false }
    }

    fn make(&self, kind: Kind) -> FilesystemStep {
        let (program, force) = kind.maker();
        let given: Vec<String> =
            self.opts.iter().flat_map(|opts| opts.0.split_whitespace().map(str::to_owned)).collect();
        let mut arguments: Vec<String> = force.iter().map(|word| (*word).to_owned()).chain(given.clone()).collect();
        if let (Some(uuid), Some((options, more))) = (&self.uuid, kind.uuid_options())
            && !given.iter().any(|word| options.contains(&word.as_str()))
        {
            arguments.extend([options[0].to_owned(), uuid.0.clone()]);
            arguments.extend(more.iter().map(|word| (*word).to_owned()));
        }
        arguments.push(self.dev.text().to_owned());
        self.step(Verb::Create, format!("{} file system", kind.word()), &program, arguments)
    }

    /// Where the program that makes it takes no UUID, one is set afterwards.
    fn named_after(&self, step: &FilesystemStep, host: &Host) -> Result<(), Failure> {
        let kind = self.fstype.filter(|kind| kind.maker().0 == step.program && kind.uuid_options().is_none());
        let (Some(kind), Some(uuid)) = (kind, &self.uuid) else { return Ok(()) };
        match kind.new_uuid(&uuid.0, self.dev.text()) {
            Some((program, arguments)) => run_tool(program, &arguments, host),
            None => Ok(()),
        }
    }

    fn naming(&self, kind: Kind, uuid: &str) -> Result<Option<FilesystemStep>, Failure> {
        let call = kind.new_uuid(uuid, self.dev.text());
        let (program, arguments) = call.ok_or_else(|| {
            Failure::new(format!("the UUID of a {} that is there cannot be changed", kind.word()))
                .help("`force: true` makes the file system anew, and loses what is on it")
        })?;
        let step = self.step(Verb::Change, format!("UUID {uuid}"), program, arguments);
        Ok(Some(FilesystemStep { is_told: true, ..step }))
    }

    fn wipe(&self, now: &str) -> FilesystemStep {
        let arguments = vec!["--all".to_owned(), self.dev.text().to_owned()];
        self.step(Verb::Delete, format!("signatures of the {now}"), "wipefs", arguments)
    }

    fn taken(&self, now: &str) -> Failure {
        Failure::new(format!("{} is used as {now} already", self.dev.text()))
            .help("`force: true` overwrites it, and loses what is on it")
            .value("msg", format!("'{}' is already used as {now}, use force=true to overwrite", self.dev.text()))
    }

    fn growing(&self, kind: Kind, host: &Host) -> Result<Survey<FilesystemStep>, Failure> {
        let Some(growth) = kind.growth() else { return Ok(Survey::unchanged()) };
        let mounted = self.mount_point(host)?;
        if growth.is_mounted && mounted.is_none() {
            return Err(Failure::new(format!("{} has to be mounted for its {} to grow", self.dev.text(), kind.word()))
                .help("`mount` with `state: mounted` before this task mounts it"));
        }
        let (whole, used) = (self.size(host)?, kind.size(self.dev.text(), mounted.as_deref(), host)?);
        if used >= whole {
            let message = format!("{} filesystem is using the whole device {}", kind.title(), self.dev.text());
            return Ok(Survey::unchanged().value("msg", message));
        }
        let target = mounted.filter(|_| growth.is_mounted).unwrap_or_else(|| self.dev.text().to_owned());
        let arguments = growth.words.iter().map(|word| (*word).to_owned()).chain([target]).collect();
        let step = self.step(Verb::Change, format!("grown from {used} to {whole} bytes"), growth.program, arguments);
        let message = format!("resizing filesystem {} on device {}", kind.title(), self.dev.text());
        Ok(Survey::steps(vec![FilesystemStep { is_told: true, ..step }]).value("msg", message))
    }

    fn mount_point(&self, host: &Host) -> Result<Option<String>, Failure> {
        let words = ["--mtab", "--noheadings", "--output", "TARGET", "--source", self.dev.text()].map(str::to_owned);
        let said = ask_tool("findmnt", &words, host)?.filter(crate::commands::process::Finished::succeeded);
        Ok(said.and_then(|said| said.stdout.lines().next().map(|line| line.trim().to_owned())))
    }

    /// Bytes of the device.
    fn size(&self, host: &Host) -> Result<u64, Failure> {
        let found = fs::metadata(&self.dev).map_err(|error| refused("read", &self.dev, &error))?;
        if !found.file_type().is_block_device() {
            return Ok(found.len());
        }
        let words = ["--getsize64".to_owned(), self.dev.text().to_owned()];
        let said = ask_tool("blockdev", &words, host)?.map(|said| accepted(said, "blockdev", &words)).transpose()?;
        let bytes = said.and_then(|said| said.stdout.trim().parse().ok());
        bytes.ok_or_else(|| Failure::new(format!("cannot tell the size of {}", self.dev.text())))
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use serde_json::{Value, json};

    use crate::testing::Ground;

    const UUID: &str = "0b5d1f9e-54f5-4c4a-a7a7-0d6d6c3f8a11";

    /// A ground with an image of so many megabytes.
    fn ground(megabytes: u64) -> Ground {
        let ground = Ground::new();
        File::create(ground.path("image")).unwrap().set_len(megabytes << 20).unwrap();
        ground
    }

    fn with(ground: &Ground, mut params: Value) -> Value {
        params["dev"] = ground.at("image").into();
        params
    }

    #[test]
    fn an_image_gets_a_file_system_once_and_loses_it() {
        let ground = ground(8);
        let made = |params| ground.converge("filesystem", &with(&ground, params));
        assert!(made(json!({"fstype": "ext4", "opts": "-m 0", "uuid": UUID})).changed);
        assert!(!made(json!({"type": "ext4"})).changed);
        let other = UUID.replace("0b", "1c");
        assert!(made(json!({"fstype": "ext4", "uuid": other})).changed);
        let failure = ground.survey("filesystem", &with(&ground, json!({"fstype": "swap"}))).unwrap_err();
        assert!(failure.message.ends_with("is used as ext4 already"), "{failure:?}");
        let force = with(&ground, json!({"fstype": "swap", "force": true}));
        assert!(ground.apply("filesystem", &force).unwrap().changed);
        assert!(!made(json!({"fstype": "swap"})).changed);
        assert!(made(json!({"state": "absent"})).changed);
    }

    #[test]
    fn a_file_system_grows_with_its_device() {
        let ground = ground(8);
        ground.converge("filesystem", &with(&ground, json!({"fstype": "ext4"})));
        let grown = with(&ground, json!({"fstype": "ext4", "resizefs": true}));
        let full = ground.survey("filesystem", &grown).unwrap();
        assert!(!full.changed && full.result["msg"].as_str().unwrap().contains("using the whole device"));
        File::options().write(true).open(ground.path("image")).unwrap().set_len(16 << 20).unwrap();
        assert!(ground.converge("filesystem", &grown).changed);
    }

    #[test]
    fn a_device_may_still_come_and_contradictions_are_refused() {
        let ground = ground(1);
        let early = json!({"dev": "/dev/no-such", "fstype": "xfs"});
        assert!(ground.survey("filesystem", &early).unwrap().unpredicted);
        assert!(ground.apply("filesystem", &early).unwrap_err().message.contains("there is no device"));
        assert!(!ground.apply("filesystem", &json!({"dev": "/dev/no-such", "state": "absent"})).unwrap().changed);
        for params in [
            json!({}),
            json!({"fstype": "ext4", "resizefs": true, "uuid": UUID}),
            json!({"fstype": "vfat", "uuid": UUID}),
            json!({"fstype": "swap", "resizefs": true}),
        ] {
            assert_eq!(ground.survey("filesystem", &with(&ground, params)).unwrap_err().code, "DPP0104");
        }
    }
}
