//! `mount`: a mount point stands in fstab or not, and something is mounted there or not, by the host's own `mount`.

mod fstab;
mod kernel;
mod table;

use std::fs;
use std::path::Path;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use crate::arguments::{Flag, HostPath, Words};
use crate::files::attributes::Attributes;
use crate::files::content::{NewContent, Source};
use crate::files::edit::TextFile;
use crate::files::step::{FileStep, folders};
use crate::system::mount::fstab::Entry;
use crate::system::mount::kernel::{OldFstab, Order, Undo};
use crate::system::mount::table::Table;
use crate::{Host, Module, Step, Survey};

/// What Ansible shows for a value that is not to be shown.
const UNTOLD: &str = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER";

/// Parameters of `mount`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mount {
    #[serde(alias = "name")]
    path: HostPath,
    state: State,
    src: Option<HostPath>,
    fstype: Option<Words>,
    opts: Option<Words>,
    #[serde(default)]
    opts_no_log: Flag,
    dump: Option<Words>,
    passno: Option<Words>,
    fstab: Option<HostPath>,
    boot: Option<Flag>,
    #[serde(default)]
    backup: Flag,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Absent,
    AbsentFromFstab,
    Ephemeral,
    Mounted,
    Present,
    Remounted,
    Unmounted,
}

/// One thing that is done.
#[derive(Debug)]
pub enum MountStep {
    /// A folder is made, or fstab gets a new text.
    File(Box<FileStep>),
    /// The same for fstab, with options that nobody is to see.
    Untold(Box<FileStep>),
    /// The kernel's table of mounts changes.
    Kernel(Order, Change),
}

impl Step for MountStep {
    fn change(&self, diff: bool) -> Change {
        match self {
            Self::File(step) => step.change(diff),
            Self::Untold(step) => step.change(false),
            Self::Kernel(_, change) => change.clone(),
        }
    }
}

impl Module for Mount {
    const NAME: &'static str = "mount";
    type Step = MountStep;

    fn survey(&self, _host: &Host) -> Result<Survey<MountStep>, Failure> {
        self.check()?;
        let table = Table::of_this_process();
        let steps = match self.state {
            State::Present | State::AbsentFromFstab => self.written(&self.new_fstab()?)?,
            State::Absent => self.removal(&table)?,
            State::Mounted => self.mounting(&table)?,
            State::Ephemeral => self.passing(&table)?,
            State::Remounted => vec![self.kernel(Order::Remount(Undo::default()))],
            State::Unmounted => table.has(self.path.text()).then(|| self.kernel(Order::Unmount)).into_iter().collect(),
        };
        Ok(self.described(Survey::steps(steps)))
    }

    fn apply(&self, step: &MountStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        match step {
            MountStep::File(step) | MountStep::Untold(step) => step.apply(host, result),
            MountStep::Kernel(order, _) => self.obey(order, host),
        }
    }
}

impl Mount {
    fn check(&self) -> Result<(), Failure> {
        let needs = matches!(self.state, State::Mounted | State::Present | State::Ephemeral);
        let wrong = match self {
            Self { src: None, .. } if needs => "`src` is needed to mount something",
            Self { fstype: None, .. } if needs => "`fstype` is needed to mount something",
            Self { path, .. } if path.text().starts_with('-') => "a mount point does not begin with a hyphen",
            _ => return Ok(()),
        };
        Err(Failure::new(wrong).code("DPP0104"))
    }

    /// The options as fstab has them.
    fn options(&self) -> String {
        let given = self.opts.as_ref().map_or("defaults", |opts| &opts.0);
        let is_for_boot = self.boot.is_none_or(|boot| boot.0) || given.split(',').any(|one| one == "noauto");
        if is_for_boot { given.to_owned() } else { format!("{given},noauto") }
    }

    fn fstab(&self) -> &Path {
        self.fstab.as_ref().map_or(Path::new("/etc/fstab"), |path| path)
    }

    fn src(&self) -> &str {
        self.src.as_ref().map_or("", HostPath::text)
    }

    fn entry(&self) -> Entry {
        let word =
            |word: &Option<Words>, otherwise: &str| word.as_ref().map_or(otherwise.to_owned(), |word| word.0.clone());
        Entry {
            src: self.src().to_owned(),
            path: self.path.text().to_owned(),
            fstype: word(&self.fstype, ""),
            opts: self.options(),
            dump: word(&self.dump, "0"),
            passno: word(&self.passno, "0"),
        }
    }

    /// fstab before and after.
    fn new_fstab(&self) -> Result<(TextFile, String), Failure> {
        let file = TextFile::read(self.fstab())?;
        let text = match self.state {
            State::Present | State::Mounted => fstab::with(file.text(), &self.entry()),
            _ => fstab::without(file.text(), self.path.text(), self.src.as_ref().map(HostPath::text)),
        };
        Ok((file, text))
    }

    /// Steps to the new text of fstab.
    fn written(&self, (file, new): &(TextFile, String)) -> Result<Vec<MountStep>, Failure> {
        if file.text() == new {
            return Ok(Vec::new());
        }
        let path = fs::canonicalize(self.fstab()).unwrap_or_else(|_| self.fstab().to_owned());
        let parent = path.parent().map(|parent| folders(parent, &Attributes::default())).unwrap_or_default();
        let detail = format!("{} {}", self.path.text(), if self.is_wanted() { "" } else { "taken out" });
        let content = FileStep::content(NewContent {
            backup: self.backup.0,
            detail: detail.trim_end().to_owned(),
            ..NewContent::new(path, Source::Bytes(new.clone().into_bytes()))
        });
        let parent = parent.into_iter().map(|step| MountStep::File(Box::new(step)));
        let shown = if self.opts_no_log.0 { MountStep::Untold } else { MountStep::File };
        Ok(parent.chain([shown(Box::new(content))]).collect())
    }

    fn is_wanted(&self) -> bool {
        matches!(self.state, State::Mounted | State::Present)
    }

    /// Unmounted first: what is busy keeps its line, and the next run finds it.
    fn removal(&self, table: &Table) -> Result<Vec<MountStep>, Failure> {
        let written = self.written(&self.new_fstab()?)?;
        if written.is_empty() {
            return Ok(written);
        }
        let unmounted = table.has(self.path.text()).then(|| self.kernel(Order::Unmount));
        let removed = self.path.exists().then(|| self.kernel(Order::RemoveFolder));
        Ok(unmounted.into_iter().chain(written).chain(removed).collect())
    }

    fn mounting(&self, table: &Table) -> Result<Vec<MountStep>, Failure> {
        let fstab = self.new_fstab()?;
        let (mut steps, mut undo) = self.prepared();
        let written = self.written(&fstab)?;
        let differs = !written.is_empty();
        if differs {
            undo.fstab = fstab.0.old.map_or(OldFstab::Lacking, OldFstab::Text);
        }
        steps.extend(written);
        if !table.has_from(self.path.text(), self.src()) {
            steps.push(self.kernel(Order::Mount(undo)));
        } else if differs {
            steps.push(self.kernel(Order::Remount(undo)));
        }
        Ok(steps)
    }

    fn passing(&self, table: &Table) -> Result<Vec<MountStep>, Failure> {
        if !table.has_from(self.path.text(), self.src()) {
            let (mut steps, undo) = self.prepared();
            steps.push(self.kernel(Order::Mount(undo)));
            return Ok(steps);
        }
        if table.is_from(self.path.text(), self.src()) {
            return Ok(vec![self.kernel(Order::Remount(Undo::default()))]);
        }
        Err(Failure::new(format!("something else than {} is mounted on {} already", self.src(), self.path.text()))
            .help("`state: unmounted` first lets it go, or take another `path`"))
    }

    /// Folders for the mount point, and how they are taken back.
    fn prepared(&self) -> (Vec<MountStep>, Undo) {
        let steps = folders(&self.path, &Attributes::default());
        let made = steps.iter().filter_map(|step| match step {
            FileStep::Folder(folder) => Some(folder.path.clone()),
            _ => None,
        });
        let undo = Undo { fstab: OldFstab::Untouched, folders: made.collect() };
        (steps.into_iter().map(|step| MountStep::File(Box::new(step))).collect(), undo)
    }

    fn kernel(&self, order: Order) -> MountStep {
        let what = format!("mount {}", self.path.text());
        let change = match order {
            Order::Mount(_) => Change::new(Verb::Create, what).detail(self.src()),
            Order::Remount(_) => Change::new(Verb::Restart, what).detail("mounted anew"),
            Order::Unmount => Change::new(Verb::Delete, what),
            Order::RemoveFolder => Change::new(Verb::Delete, self.path.text()).detail("folder"),
        };
        MountStep::Kernel(order, change)
    }

    fn described(&self, survey: Survey<MountStep>) -> Survey<MountStep> {
        let entry = self.entry();
        let options = if self.opts_no_log.0 && self.opts.is_some() { UNTOLD } else { &entry.opts };
        let is_for_boot = self.boot.is_none_or(|boot| boot.0);
        let ignored = is_for_boot && self.boot.is_some() && entry.opts.split(',').any(|one| one == "noauto");
        let mut survey = survey
            .value("name", entry.path.as_str())
            .value("opts", options)
            .value("dump", entry.dump)
            .value("passno", entry.passno)
            .value("fstab", self.fstab().to_string_lossy())
            .value("boot", if is_for_boot { "yes" } else { "no" })
            .value("backup_file", "");
        if let Some(src) = &self.src {
            survey = survey.value("src", src.text());
        }
        if let Some(fstype) = &self.fstype {
            survey = survey.value("fstype", fstype.0.as_str());
        }
        if ignored { survey.warning("`boot` has no effect: `opts` contains `noauto`") } else { survey }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::Ground;

    #[test]
    fn a_line_comes_into_fstab_changes_and_goes() {
        let ground = Ground::new();
        let fstab = ground.at("etc/fstab");
        let params = |state: &str, opts: &str| {
            json!({"path": "/srv/no such", "src": "/dev/x", "fstype": "ext4", "opts": opts,
            "state": state, "fstab": fstab, "passno": 2, "boot": false, "backup": true})
        };
        let outcome = ground.converge("mount", &params("present", "ro"));
        assert_eq!(ground.read("etc/fstab"), "/dev/x /srv/no\\040such ext4 ro,noauto 0 2\n");
        for (name, value) in [("name", "/srv/no such"), ("opts", "ro,noauto"), ("boot", "no"), ("backup_file", "")] {
            assert_eq!(outcome.result[name], value, "{name}");
        }
        let changed = ground.converge("mount", &params("present", "noauto"));
        assert!(changed.result["backup_file"].as_str().unwrap().ends_with('~'));
        ground.converge("mount", &params("absent_from_fstab", ""));
        assert_eq!(ground.read("etc/fstab"), "");
        assert!(!ground.apply("mount", &params("unmounted", "")).unwrap().changed);
    }

    #[test]
    fn a_mount_that_fails_leaves_nothing_behind() {
        let ground = Ground::new();
        let fstab = ground.write("fstab", "# ours\n");
        let params = json!({"path": ground.at("a/b"), "src": "/no/such/device", "fstype": "ext4", "opts": "pass=secret",
            "opts_no_log": true, "state": "mounted", "fstab": fstab});
        let foreseen = ground.survey("mount", &params).unwrap();
        assert_eq!(foreseen.changes.len(), 4, "two folders, a line, a mount: {:?}", foreseen.changes);
        let failure = ground.apply("mount", &params).unwrap_err();
        assert_eq!(ground.read("fstab"), "# ours\n");
        assert!(!ground.path("a").exists());
        assert!(failure.message.starts_with("`mount -T "), "{failure:?}");
        assert!(!format!("{foreseen:?} {failure:?}").contains("secret"), "{foreseen:?} {failure:?}");
    }

    #[test]
    fn what_a_mount_cannot_do_without_is_refused() {
        let ground = Ground::new();
        for params in [
            json!({"path": "/a", "state": "mounted", "fstype": "ext4"}),
            json!({"path": "/a", "state": "present", "src": "/dev/x"}),
            json!({"path": "/a", "src": "/dev/x", "fstype": "ext4"}),
            json!({"path": "-a", "state": "unmounted"}),
        ] {
            assert_eq!(ground.survey("mount", &params).unwrap_err().code, "DPP0104", "{params}");
        }
        let over = json!({"path": "/proc", "src": "/dev/x", "fstype": "ext4", "state": "ephemeral"});
        assert!(ground.survey("mount", &over).unwrap_err().message.contains("is mounted on /proc already"));
    }
}
