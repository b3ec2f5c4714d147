//! A unit as systemd sees it now.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::bus::Value;

/// Properties that `register` sees under `status`, as `systemctl show` names them.
const TOLD: &[&str] = &[
    "Id",
    "Description",
    "LoadState",
    "ActiveState",
    "SubState",
    "UnitFileState",
    "FragmentPath",
    "DropInPaths",
    "Type",
    "Result",
    "MainPID",
    "ExecMainStatus",
    "ExecMainCode",
    "NRestarts",
    "NeedDaemonReload",
    "ActiveEnterTimestamp",
    "MemoryCurrent",
    "Restart",
];

/// A unit and its properties.
#[derive(Debug, Clone)]
pub struct Unit {
    /// Its object on the bus.
    pub path: String,
    properties: BTreeMap<String, Value>,
}

impl Unit {
    /// A unit with what systemd said of it.
    pub fn new(path: String, properties: BTreeMap<String, Value>) -> Self {
        Self { path, properties }
    }

    /// A property that is a text; empty when there is none of that name.
    pub fn text(&self, name: &str) -> &str {
        self.properties.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A property that is a list of texts; empty when there is none of that name.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let items = self.properties.get(name).map(Value::items).unwrap_or_default();
        items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// A property that is a number; 0 when there is none of that name, or systemd says that it does not know.
    pub fn number(&self, name: &str) -> u64 {
        self.properties.get(name).and_then(Value::as_u64).filter(|number| *number != u64::MAX).unwrap_or(0)
    }

    /// True when a file describes it, or systemd made it up from something else.
    pub fn exists(&self) -> bool {
        self.text("LoadState") != "not-found"
    }

    /// True when it runs or is just about to; one that is started again and again does neither.
    pub fn is_up(&self) -> bool {
        matches!(self.text("ActiveState"), "active" | "reloading" | "refreshing" | "activating")
            && !self.is_restarting()
    }

    /// True when it died and waits to be started again.
    pub fn is_restarting(&self) -> bool {
        self.text("SubState").starts_with("auto-restart")
    }

    /// True when its main process died, whatever became of it since.
    pub fn has_crashed(&self) -> bool {
        let dead = self.text("ActiveState") == "inactive" && !matches!(self.text("Result"), "success" | "");
        self.text("ActiveState") == "failed" || self.is_restarting() || dead
    }

    /// True when systemd waits for the service to say that it is ready, so that there is nothing more to watch.
    pub fn says_when_ready(&self) -> bool {
        !matches!(self.text("Type"), "simple" | "exec" | "idle")
    }

    /// True when something is about to be done with it: the property is the number of the job, and its object.
    pub fn has_job(&self) -> bool {
        let job = self.properties.get("Job").and_then(|job| job.items().first());
        job.and_then(Value::as_u64).is_some_and(|number| number != 0)
    }

    /// True when a file of it changed since systemd read it.
    pub fn needs_reload(&self) -> bool {
        self.properties.get("NeedDaemonReload").and_then(Value::as_bool).unwrap_or(false)
    }

    /// `kibana.service: activating (auto-restart), exit-code, exit 1, 3 restarts`.
    pub fn words(&self) -> String {
        let result = match self.text("Result") {
            "success" | "" => String::new(),
            result => format!(", {result}, {}", self.ending()),
        };
        let restarts = match self.number("NRestarts") {
            0 => String::new(),
            1 => ", 1 restart".to_owned(),
            count => format!(", {count} restarts"),
        };
        format!("{}: {} ({}){result}{restarts}", self.text("Id"), self.text("ActiveState"), self.text("SubState"))
    }

    /// How the main process ended; `CLD_EXITED` is 1, what is above it are signals.
    fn ending(&self) -> String {
        let how = if self.number("ExecMainCode") > 1 { "signal" } else { "exit" };
        format!("{how} {}", self.number("ExecMainStatus"))
    }

    /// What `register` sees under `status`; texts all, as Ansible has them.
    pub fn status(&self) -> Map<String, Json> {
        TOLD.iter().filter_map(|name| Some(((*name).to_owned(), shown(self.properties.get(*name)?)?.into()))).collect()
    }
}

fn shown(value: &Value) -> Option<String> {
    if let Some(text) = value.as_str() {
        return Some(text.to_owned());
    }
    if let Some(yes) = value.as_bool() {
        return Some(if yes { "yes" } else { "no" }.to_owned());
    }
    match value {
        Value::Array(..) => Some(value.items().iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")),
        // The largest number is how systemd says that it does not know.
        Value::UnsignedLong(u64::MAX) => Some("[not set]".to_owned()),
        number => number.as_u64().map(|number| number.to_string()),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A unit with these properties, numbers where they read as numbers.
    pub(in crate::services) fn unit(properties: &[(&str, &str)]) -> Unit {
        let value = |text: &str| match (text, text.parse()) {
            ("yes", _) => Value::Bool(true),
            (_, Ok(number)) => Value::Unsigned(number),
            _ => Value::text(text),
        };
        let properties = properties.iter().map(|(name, text)| ((*name).to_owned(), value(text))).collect();
        Unit::new("/unit".into(), properties)
    }

    #[test]
    fn a_crash_loop_is_told_from_a_start_and_from_a_proper_end() {
        let cases = [
            ("active", "running", "success", true, false),
            ("activating", "start", "success", true, false),
            ("activating", "auto-restart", "exit-code", false, true),
            ("failed", "failed", "exit-code", false, true),
            ("inactive", "dead", "success", false, false),
            ("inactive", "dead", "signal", false, true),
            ("reloading", "reload", "success", true, false),
        ];
        for (active, sub, result, up, crashed) in cases {
            let unit = unit(&[("ActiveState", active), ("SubState", sub), ("Result", result)]);
            assert_eq!((unit.is_up(), unit.has_crashed()), (up, crashed), "{active} {sub} {result}");
        }
    }

    #[test]
    fn its_state_is_said_in_one_line() {
        let unit = unit(&[
            ("Id", "kibana.service"),
            ("ActiveState", "activating"),
            ("SubState", "auto-restart"),
            ("Result", "exit-code"),
            ("ExecMainCode", "1"),
            ("ExecMainStatus", "64"),
            ("NRestarts", "3"),
        ]);
        assert_eq!(unit.words(), "kibana.service: activating (auto-restart), exit-code, exit 64, 3 restarts");
    }

    #[test]
    fn the_status_holds_texts() {
        let unit = unit(&[("Id", "a.service"), ("MainPID", "7"), ("NeedDaemonReload", "yes"), ("Unheard", "x")]);
        assert_eq!(
            serde_json::Value::from(unit.status()),
            serde_json::json!({"Id": "a.service", "MainPID": "7", "NeedDaemonReload": "yes"})
        );
    }
}
