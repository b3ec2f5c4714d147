//! `parted`: a disk has a label and a partition of a number, with a name and flags; or what it has is told.
//!
//! Only parted of Debian 9 and later (3.2) is asked: older ones say nothing of a disk without a label.

mod script;
mod table;
mod units;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use crate::arguments::{Flag, Names, Whole, Words};
use crate::system::parted::table::{Partition, Table};
use crate::system::parted::units::Place;
use crate::{Host, Module, Step, Survey};

/// Parameters of `parted`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parted {
    device: Words,
    #[serde(default)]
    state: State,
    number: Option<Whole>,
    #[serde(default)]
    align: Align,
    #[serde(default)]
    unit: Unit,
    #[serde(default)]
    label: Label,
    #[serde(default)]
    part_type: PartType,
    #[serde(default = "begin")]
    part_start: Words,
    #[serde(default = "end")]
    part_end: Words,
    fs_type: Option<Words>,
    name: Option<Words>,
    flags: Option<Names>,
    #[serde(default)]
    resize: Flag,
    #[serde(default)]
    unit_preserve_case: Flag,
}

fn begin() -> Words {
    Words("0%".into())
}

fn end() -> Words {
    Words("100%".into())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Absent,
    #[default]
    Info,
    Present,
}

/// A word of parted's, out of a list that Ansible gives.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $default:literal, [$($word:literal),*]) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        struct $name(&'static str);

        impl Default for $name {
            fn default() -> Self {
                Self($default)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                const WORDS: &[&str] = &[$($word),*];
                let Words(text) = Words::deserialize(from)?;
                let known = WORDS.iter().find(|word| **word == text);
                known.map(|word| Self(word)).ok_or_else(|| serde::de::Error::unknown_variant(&text, WORDS))
            }
        }
    };
}

words!(
    /// How a new partition is aligned.
    Align, "optimal", ["cylinder", "minimal", "none", "optimal", "undefined"]
);
words!(
    /// In what places are told, and read where none is written.
    Unit, "KiB", ["s", "B", "KB", "KiB", "MB", "MiB", "GB", "GiB", "TB", "TiB", "%", "cyl", "chs", "compact"]
);
words!(
    /// The kind of the table of partitions.
    Label, "msdos", ["aix", "amiga", "bsd", "dvh", "gpt", "loop", "mac", "msdos", "pc98", "sun"]
);
words!(
    /// The kind of a partition.
    PartType, "primary", ["extended", "logical", "primary"]
);

/// What parted is told in one call.
#[derive(Debug)]
pub enum PartedStep {
    /// The label, a partition, its end; or that it goes away.
    Layout(Change, Vec<String>),
    /// Name and flags, which depend on what the layout brought; with what was told for that.
    Marks(Change, String),
}

impl Step for PartedStep {
    fn change(&self, _diff: bool) -> Change {
        match self {
            Self::Layout(change, _) | Self::Marks(change, _) => change.clone(),
        }
    }
}

impl Module for Parted {
    const NAME: &'static str = "parted";
    type Step = PartedStep;

    fn survey(&self, host: &Host) -> Result<Survey<PartedStep>, Failure> {
        self.check()?;
        if self.state == State::Present && self.is_still_to_come(host) {
            return Ok(Survey::steps(vec![self.layout_on(None, host)?].into_iter().flatten().collect()).unpredicted());
        }
        let table = self.table(host)?;
        let mut steps = Vec::new();
        let mut script = String::new();
        match self.state {
            State::Info => script = format!("unit '{}' print", self.unit.0),
            State::Absent => steps.extend(self.removal(&table)),
            State::Present => steps.extend(self.layout_on(Some(&table), host)?),
        }
        if let Some(PartedStep::Layout(_, words)) = steps.first() {
            script = line(words);
        }
        if self.state == State::Present {
            let stays = table.label == self.label.0;
            let partition = table.partition(self.number()).filter(|_| stays);
            if let Some((change, words)) = self.marks(partition) {
                steps.push(PartedStep::Marks(change, script.clone()));
                script = joined(&script, &words);
            }
        }
        let survey = Survey::steps(steps).value("script", script);
        Ok(told(&table).into_iter().fold(survey, |survey, (name, value)| survey.value(&name, value)))
    }

    fn apply(&self, step: &PartedStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        match step {
            PartedStep::Layout(_, script) => {
                result.insert("script".into(), line(script).into());
                self.run(script, host)
            }
            PartedStep::Marks(_, done) => {
                result.insert("script".into(), done.as_str().into());
                let table = self.table(host)?;
                let Some(partition) = table.partition(self.number()) else {
                    let words = format!("parted made no partition {} on {}", self.number(), self.device.0);
                    result.insert("_warnings".into(), vec![words].into());
                    return Ok(());
                };
                let Some((_, script)) = self.marks(Some(partition)) else { return Ok(()) };
                result.insert("script".into(), joined(done, &script).into());
                self.run(&script, host)
            }
        }
    }

    fn conclude(&self, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        result.extend(told(&self.table(host)?));
        Ok(())
    }
}

impl Parted {
    fn check(&self) -> Result<(), Failure> {
        let wrong = |message: String| Err(Failure::new(message).code("DPP0104"));
        match self.number {
            None if self.state != State::Info => return wrong("`number` is needed, unless with state=info".to_owned()),
            Some(Whole(number)) if number < 1 => return wrong("`number` is one above zero".to_owned()),
            _ => {}
        }
        for (name, place) in [("part_start", &self.part_start), ("part_end", &self.part_end)] {
            if !Place::read(&place.0).is_some_and(|place| place.is_complete()) {
                return wrong(format!("`{name}: {}` is no place on a disk like 10GiB, 15% or -1MB", place.0));
            }
        }
        if self.name.as_ref().is_some_and(|name| name.0.contains(['"', '\n'])) {
            return wrong("`name` must not contain quotation marks".to_owned());
        }
        Ok(())
    }

    fn number(&self) -> i64 {
        self.number.map_or(0, |number| number.0)
    }

    /// The call that makes label and partition what they are to be, for a disk that has this or nothing.
    fn layout_on(&self, table: Option<&Table>, host: &Host) -> Result<Option<PartedStep>, Failure> {
        let (mut script, mut words) = (Vec::new(), Vec::new());
        let mut add = |more: &[&str], detail: String| {
            script.extend(more.iter().map(|word| (*word).to_owned()));
            words.push(detail);
        };
        let found = table.map_or("unknown", |table| &table.label);
        let lost = table.map_or(0, |table| table.partitions.len());
        let is_new = found != self.label.0;
        if is_new {
            let instead =
                if lost > 0 { format!(" instead of {found} and its {lost} partitions") } else { String::new() };
            add(&["mklabel", self.label.0], format!("label {}{instead}", self.label.0));
        }
        let there = table.and_then(|table| table.partition(self.number())).filter(|_| !is_new);
        let (start, end) = (self.part_start.0.as_str(), self.part_end.0.as_str());
        if there.is_none() {
            let kind = self.fs_type.as_ref().map(|kind| kind.0.as_str());
            let order: Vec<&str> = ["mkpart", self.part_type.0].into_iter().chain(kind).chain([start, end]).collect();
            add(&order, format!("partition {} from {start} to {end}", self.number()));
        }
        if self.resize.0 && there.is_some() && self.ends_elsewhere(host)? {
            add(&["resizepart", &self.number().to_string(), end], format!("partition {} to {end}", self.number()));
        }
        let verb = if there.is_none() && !is_new { Verb::Create } else { Verb::Change };
        let change = Change::new(verb, &self.device.0).detail(words.join(", "));
        // Where a partition is to end is written with its unit.
        let script = if there.is_some() || script.is_empty() { script } else { self.in_unit(script) };
        Ok((!script.is_empty()).then_some(PartedStep::Layout(change, script)))
    }

    /// Name and flags that the partition lacks or has too much, and the script for them.
    fn marks(&self, partition: Option<&Partition>) -> Option<(Change, Vec<String>)> {
        let number = self.number().to_string();
        let (mut script, mut words) = (Vec::new(), Vec::new());
        let named = partition.map_or("", |partition| &partition.name);
        if let Some(Words(name)) = self.name.as_ref().filter(|name| partition.is_none() || name.0 != named) {
            script.extend(["name".to_owned(), number.clone(), format!("\"{name}\"")]);
            words.push(format!("name {name}"));
        }
        for (flag, state) in self.flag_changes(partition.map_or(&[], |partition| &partition.flags)) {
            words.push(format!("{flag} {state}"));
            script.extend(["set".to_owned(), number.clone(), flag, state.to_owned()]);
        }
        let change = Change::new(Verb::Change, format!("partition {number} of {}", self.device.0));
        (!script.is_empty()).then(|| (change.detail(words.join(", ")), self.in_unit(script)))
    }

    fn flag_changes(&self, now: &[String]) -> Vec<(String, &'static str)> {
        let mut wanted = self.flags.as_ref().map(|flags| flags.0.clone()).unwrap_or_default();
        if wanted.is_empty() {
            return Vec::new();
        }
        // On a GPT both are one.
        if wanted.iter().any(|flag| flag == "esp") && !wanted.iter().any(|flag| flag == "boot") {
            wanted.push("boot".to_owned());
        }
        let on = wanted.iter().filter(|flag| !now.contains(flag)).map(|flag| (flag.clone(), "on"));
        let off = now.iter().filter(|flag| !wanted.contains(flag)).map(|flag| (flag.clone(), "off"));
        on.chain(off).collect()
    }

    fn removal(&self, table: &Table) -> Option<PartedStep> {
        table.partition(self.number())?;
        let change = Change::new(Verb::Delete, format!("partition {} of {}", self.number(), self.device.0));
        Some(PartedStep::Layout(change, vec!["rm".to_owned(), self.number().to_string()]))
    }

    fn in_unit(&self, script: Vec<String>) -> Vec<String> {
        ["unit".to_owned(), self.unit.0.to_owned()].into_iter().chain(script).collect()
    }
}

/// What parted is told, as a result has it: on one line, and a name's quotation marks safe from a shell.
fn line(script: &[String]) -> String {
    let shown = |word: &String| if word.starts_with('"') { format!("'{word}'") } else { word.clone() };
    script.iter().map(shown).collect::<Vec<_>>().join(" ")
}

fn joined(done: &str, script: &[String]) -> String {
    format!("{done} {}", line(script)).trim_start().to_owned()
}

/// Disk and partitions as `register` sees them.
fn told(table: &Table) -> ResultMap {
    let partitions: Vec<_> = table.partitions.iter().map(|partition| partition.told.clone()).collect();
    [("disk", table.disk.clone().into()), ("partitions", partitions.into())]
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests;
