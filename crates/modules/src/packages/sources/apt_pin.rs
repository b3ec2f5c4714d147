//! `apt_pin`: which version of a package apt prefers, as a file in `/etc/apt/preferences.d`.

use std::path::PathBuf;

use dpp_protocol::{Failure, ResultMap};
use serde::Deserialize;

use super::SourceStep;
use super::line::file_name;
use crate::arguments::{Names, Whole};
use crate::presence::Presence;
use crate::{Host, Module, Survey};

/// Parameters of `apt_pin`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AptPin {
    /// Names the file; the first package when not given.
    #[serde(default)]
    name: Option<String>,
    /// The packages, patterns allowed.
    #[serde(alias = "packages")]
    package: Names,
    /// The preferred version, patterns allowed: `6.2.*`.
    #[serde(default)]
    version: Option<String>,
    /// Any other pin, as in `apt_preferences(5)`: `origin artifacts.elastic.co`, `release a=stable`.
    #[serde(default)]
    pin: Option<String>,
    /// Above 1000, apt goes back to an older version for it.
    #[serde(default = "above_all")]
    priority: Whole,
    #[serde(default)]
    state: Presence,
}

fn above_all() -> Whole {
    Whole(1001)
}

impl Module for AptPin {
    const NAME: &'static str = "apt_pin";
    type Step = SourceStep;

    fn survey(&self, _host: &Host) -> Result<Survey<SourceStep>, Failure> {
        let file = self.file()?;
        let step = match self.state {
            Presence::Present => SourceStep::write(file, self.text()?.into_bytes(), None, ""),
            Presence::Absent => SourceStep::remove(file),
        };
        Ok(Survey::steps(step.into_iter().collect()))
    }

    fn apply(&self, step: &SourceStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        step.make(host, result)
    }
}

impl AptPin {
    fn file(&self) -> Result<PathBuf, Failure> {
        let name = self.name.as_ref().or(self.package.0.first());
        let name = name.ok_or_else(|| Failure::new("`apt_pin` needs a package").code("DPP0104"))?;
        Ok(PathBuf::from("/etc/apt/preferences.d").join(format!("{}.pref", file_name(name).replace('.', "_"))))
    }

    fn text(&self) -> Result<String, Failure> {
        let pin = match (&self.version, &self.pin) {
            (Some(version), None) => format!("version {version}"),
            (None, Some(pin)) => pin.clone(),
            _ => {
                return Err(Failure::new("`apt_pin` needs either `version` or `pin`")
                    .code("DPP0104")
                    .help("`version: 6.2.*`, or `pin: release a=stable`"));
            }
        };
        Ok(format!("Package: {}\nPin: {pin}\nPin-Priority: {}\n", self.package.0.join(" "), self.priority.0))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn a_pin_is_written_as_apt_reads_it() {
        let pin: AptPin = from_value(json!({"package": "erlang*", "version": "1:25.*"})).unwrap();
        assert_eq!(pin.text().unwrap(), "Package: erlang*\nPin: version 1:25.*\nPin-Priority: 1001\n");
        assert_eq!(pin.file().unwrap(), PathBuf::from("/etc/apt/preferences.d/erlang.pref"));
        let pin: AptPin =
            from_value(json!({"name": "es 6.x", "package": ["a", "b"], "pin": "origin x", "priority": 500})).unwrap();
        assert_eq!(pin.text().unwrap(), "Package: a b\nPin: origin x\nPin-Priority: 500\n");
        assert_eq!(pin.file().unwrap(), PathBuf::from("/etc/apt/preferences.d/es_6_x.pref"));
        let neither: AptPin = from_value(json!({"package": "a"})).unwrap();
        assert_eq!(neither.text().unwrap_err().code, "DPP0104");
    }
}
