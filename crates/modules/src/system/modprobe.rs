//! `modprobe`: a module of the kernel is loaded, now and after the next start, or is not.

use std::fs;
use std::path::{Path, PathBuf};

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use crate::files::content::{NewContent, Source};
use crate::presence::Presence;
use crate::system::tool::run_tool;
use crate::{Host, Module, Step, Survey};

/// Where systemd reads which modules it loads at the start.
const LOADS: &str = "/etc/modules-load.d";
/// Where modprobe reads their options.
const OPTIONS: &str = "/etc/modprobe.d";

/// Parameters of `modprobe`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Modprobe {
    name: String,
    #[serde(default)]
    state: Presence,
    #[serde(default)]
    params: String,
    #[serde(default)]
    persistent: Persistent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Persistent {
    #[default]
    Disabled,
    Present,
    Absent,
}

/// One thing that is done.
#[derive(Debug)]
pub enum ModprobeStep {
    /// A file that is read at the next start gets a new text.
    File(Box<NewContent>),
    /// The kernel loads the module, or lets it go.
    Kernel(Change),
}

impl Step for ModprobeStep {
    fn change(&self, diff: bool) -> Change {
        match self {
            Self::File(content) => content.change(diff),
            Self::Kernel(change) => change.clone(),
        }
    }
}

impl Module for Modprobe {
    const NAME: &'static str = "modprobe";
    type Step = ModprobeStep;

    fn survey(&self, _host: &Host) -> Result<Survey<ModprobeStep>, Failure> {
        self.words()?;
        let mut steps = self.lasting(Path::new(LOADS), Path::new(OPTIONS));
        let loaded = is_loaded(&self.name);
        let what = format!("kernel module {}", self.name);
        match (self.state, loaded) {
            (Presence::Present, false) => {
                let change = Change::new(Verb::Create, what).detail(self.params.trim());
                steps.push(ModprobeStep::Kernel(change));
            }
            (Presence::Absent, true) => steps.push(ModprobeStep::Kernel(Change::new(Verb::Delete, what))),
            _ => {}
        }
        Ok(Survey::steps(steps)
            .value("name", self.name.as_str())
            .value("params", self.params.as_str())
            .value("state", self.state.name()))
    }

    fn apply(&self, step: &ModprobeStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        match step {
            ModprobeStep::File(content) => {
                result.insert("_changed".into(), true.into());
                content.apply(host, result)
            }
            ModprobeStep::Kernel(_) if self.state == Presence::Absent => {
                run_tool("modprobe", &["-r".to_owned(), self.name.clone()], host)
            }
            ModprobeStep::Kernel(_) => self.load(host, result),
        }
    }
}

impl Modprobe {
    fn words(&self) -> Result<Vec<String>, Failure> {
        let wrong = || Failure::new(format!("a quote is not closed in `params: {}`", self.params)).code("DPP0104");
        shlex::split(&self.params).ok_or_else(wrong)
    }

    /// Loads it; an alias, or a module that something else keeps out, is not there afterwards.
    fn load(&self, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let arguments = [vec![self.name.clone()], self.words()?].concat();
        run_tool("modprobe", &arguments, host)?;
        if !is_loaded(&self.name) {
            result.entry("_changed").or_insert(false.into());
            let words = format!("modprobe succeeded, but the kernel lists no module {}", self.name);
            result.insert("_warnings".into(), vec![words].into());
        }
        Ok(())
    }

    /// What has to be written for the next start.
    fn lasting(&self, loads: &Path, options: &Path) -> Vec<ModprobeStep> {
        let load_files = texts(loads);
        let option_files = texts(options);
        let loads_it = |line: &str| self.is_load(line);
        let option = |line: &str| self.option(line).is_some();
        let has =
            |files: &[(PathBuf, String)], is: &dyn Fn(&str) -> bool| files.iter().any(|(_, text)| text.lines().any(is));
        let mut steps = Vec::new();
        match self.persistent {
            Persistent::Disabled => {}
            Persistent::Absent => {
                steps.extend(disabled(&load_files, &loads_it));
                steps.extend(disabled(&option_files, &option));
            }
            Persistent::Present => {
                if !has(&load_files, &loads_it) {
                    steps.push(written(loads.join(format!("{}.conf", self.name)), format!("{}\n", self.name)));
                }
                if self.lasting_options(&option_files) != self.wanted_options() {
                    let own = options.join(format!("{}.conf", self.name));
                    let others: Vec<_> = option_files.into_iter().filter(|(path, _)| *path != own).collect();
                    steps.extend(disabled(&others, &option));
                    let lines = self.wanted_options().into_iter();
                    let lines: String = lines.map(|option| format!("options {} {option}\n", self.name)).collect();
                    steps.push(written(own, lines));
                }
            }
        }
        steps
    }

    fn wanted_options(&self) -> Vec<String> {
        let mut options: Vec<String> = self.params.split_whitespace().map(str::to_owned).collect();
        options.sort();
        options.dedup();
        options
    }

    fn lasting_options(&self, files: &[(PathBuf, String)]) -> Vec<String> {
        let lines = files.iter().flat_map(|(_, text)| text.lines());
        let mut options: Vec<String> = lines.filter_map(|line| self.option(line)).map(str::to_owned).collect();
        options.sort();
        options.dedup();
        options
    }

    fn is_load(&self, line: &str) -> bool {
        line.split(['#', ';']).next().is_some_and(|text| text.trim() == self.name)
    }

    /// The option that a line `options NAME a=b` sets.
    fn option<'a>(&self, line: &'a str) -> Option<&'a str> {
        let text = line.split(['#', ';']).next()?;
        let mut words = text.split_whitespace();
        let own = words.next() == Some("options") && words.next() == Some(&self.name);
        let option = words.next().filter(|option| own && option.contains('='))?;
        words.next().is_none().then_some(option)
    }
}

/// The files of a folder, in the order of their names.
fn texts(folder: &Path) -> Vec<(PathBuf, String)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    paths.sort();
    paths.into_iter().filter_map(|path| Some((path.clone(), fs::read_to_string(path).ok()?))).collect()
}

/// Files in which such lines stand, with a `#` before them.
fn disabled(files: &[(PathBuf, String)], is: &dyn Fn(&str) -> bool) -> Vec<ModprobeStep> {
    let found = files.iter().filter(|(_, text)| text.lines().any(is));
    found
        .map(|(path, text)| {
            let lines = text.split_inclusive('\n');
            let text =
                lines.map(|line| if is(line.trim_end()) { format!("#{line}") } else { line.to_owned() }).collect();
            written(path.clone(), text)
        })
        .collect()
}

fn written(path: PathBuf, text: String) -> ModprobeStep {
    ModprobeStep::File(Box::new(NewContent::new(path, Source::Bytes(text.into_bytes()))))
}

/// Whether the kernel has it, loaded or built in.
fn is_loaded(name: &str) -> bool {
    let loaded = fs::read_to_string("/proc/modules").unwrap_or_default();
    let plain = |name: &str| name.replace('-', "_");
    if loaded.lines().any(|line| line.split(' ').next() == Some(&plain(name))) {
        return true;
    }
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let built_in = fs::read_to_string(format!("/lib/modules/{release}/modules.builtin")).unwrap_or_default();
    let names = built_in.lines().filter_map(|line| line.rsplit('/').next()?.strip_suffix(".ko"));
    names.map(plain).any(|built_in| built_in == plain(name))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json};

    use super::*;

    /// What stands in both folders after the steps of this task, file by file.
    fn after(files: &[(&str, &str)], params: Value) -> Vec<(String, String)> {
        let folder = tempfile::tempdir().unwrap();
        let (loads, options) = (folder.path().join("l"), folder.path().join("o"));
        fs::create_dir(&loads).unwrap();
        fs::create_dir(&options).unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let task: Modprobe = from_value(params).unwrap();
        let host = Host::new(folder.path().join("state"), std::collections::BTreeMap::new(), &|_, _| ());
        for step in task.lasting(&loads, &options) {
            task.apply(&step, &host, &mut ResultMap::new()).unwrap();
        }
        assert!(task.lasting(&loads, &options).is_empty(), "it is not done after it was done");
        let name = |path: &Path| path.strip_prefix(folder.path()).unwrap().display().to_string();
        [texts(&loads), texts(&options)].concat().into_iter().map(|(path, text)| (name(&path), text)).collect()
    }

    #[test]
    fn a_module_lasts_with_its_options_and_lasts_no_more() {
        let pair = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let params = json!({"name": "dummy", "params": "numdummies=2 b=1", "persistent": "present"});
        let wanted =
            [pair("l/dummy.conf", "dummy\n"), pair("o/dummy.conf", "options dummy b=1\noptions dummy numdummies=2\n")];
        assert_eq!(after(&[], params.clone()), wanted);
        let old = [("l/all.conf", "# ours\n dummy # yes\n"), ("o/old.conf", "options dummy a=1\noptions other a=1\n")];
        let wanted = [
            pair("l/all.conf", "# ours\n dummy # yes\n"),
            pair("o/dummy.conf", "options dummy b=1\noptions dummy numdummies=2\n"),
            pair("o/old.conf", "#options dummy a=1\noptions other a=1\n"),
        ];
        assert_eq!(after(&old, params), wanted);
        let wanted = [
            pair("l/all.conf", "# ours\n# dummy # yes\n"),
            pair("o/old.conf", "#options dummy a=1\noptions other a=1\n"),
        ];
        assert_eq!(after(&old, json!({"name": "dummy", "persistent": "absent"})), wanted);
        assert!(after(&[], json!({"name": "dummy", "persistent": "disabled"})).is_empty());
    }

    #[test]
    fn a_module_that_no_kernel_has_is_not_loaded() {
        assert!(!is_loaded("no_such_module"));
        let open: Modprobe = from_value(json!({"name": "a", "params": "b='c"})).unwrap();
        assert_eq!(open.words().unwrap_err().code, "DPP0104");
    }
}
