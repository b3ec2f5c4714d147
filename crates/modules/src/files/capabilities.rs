//! `capabilities`: a program has a part of the superuser's rights, or has not, by libcap's `getcap` and `setcap`.

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use crate::arguments::HostPath;
use crate::presence::Presence;
use crate::system::tool::{accepted, ask_tool, run_tool};
use crate::{Host, Module, Survey};

/// Parameters of `capabilities`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capabilities {
    #[serde(alias = "key")]
    path: HostPath,
    #[serde(alias = "cap")]
    capability: String,
    #[serde(default)]
    state: Presence,
}

/// A capability and the sets it is in: `cap_net_raw`, `+ep`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Capability {
    name: String,
    flags: String,
}

impl Module for Capabilities {
    const NAME: &'static str = "capabilities";
    type Step = Change;

    fn survey(&self, host: &Host) -> Result<Survey<Change>, Failure> {
        let wanted = self.wanted()?;
        let change = Change::new(Verb::Change, self.path.to_string_lossy()).detail(self.capability.trim());
        let Some(current) = self.current(host)? else {
            // An earlier task may bring the program, or libcap's.
            return Ok(self.described(Survey::steps(vec![change]).unpredicted()));
        };
        let differs = match self.state {
            Presence::Present => !current.contains(&wanted),
            Presence::Absent => current.iter().any(|one| one.name == wanted.name),
        };
        Ok(self.described(Survey::steps(differs.then_some(change).into_iter().collect())))
    }

    fn apply(&self, _step: &Change, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let wanted = self.wanted()?;
        let mut current = self.current(host)?.ok_or_else(|| self.cannot_be_read())?;
        current.retain(|one| one.name != wanted.name);
        if self.state == Presence::Present {
            current.push(wanted);
        }
        let words: Vec<String> = current.iter().map(|one| format!("{}{}", one.name, one.flags)).collect();
        run_tool("setcap", &[words.join(" "), self.path.text().to_owned()], host)?;
        result.insert("msg".into(), "capabilities changed".into());
        result.insert("stdout".into(), "".into());
        Ok(())
    }
}

impl Capabilities {
    fn wanted(&self) -> Result<Capability, Failure> {
        let text = self.capability.trim().to_lowercase();
        let wanted = capability(&text);
        if wanted.flags.is_empty() && self.state == Presence::Present {
            return Err(Failure::new(format!("`capability: {text}` does not say in which sets"))
                .code("DPP0104")
                .help("with an operator and flags: `cap_net_bind_service+ep`"));
        }
        Ok(wanted)
    }

    /// What the file has now; nothing where that cannot be known yet.
    fn current(&self, host: &Host) -> Result<Option<Vec<Capability>>, Failure> {
        if !self.path.exists() {
            return Ok(None);
        }
        let arguments = ["-v".to_owned(), self.path.text().to_owned()];
        let Some(answer) = ask_tool("getcap", &arguments, host)? else { return Ok(None) };
        let answer = accepted(answer, "getcap", &arguments)?;
        let line = answer.stdout.trim();
        if !answer.stderr.trim().is_empty() || line.ends_with(')') {
            return Err(
                answer.describe(Failure::new(format!("cannot read the capabilities of {}", self.path.display())))
            );
        }
        Ok(Some(listed(line.strip_prefix(self.path.text()).unwrap_or(line))))
    }

    fn cannot_be_read(&self) -> Failure {
        let failure = Failure::new(format!("cannot set capabilities of {}", self.path.display()));
        failure.help(if self.path.exists() {
            "`getcap` and `setcap` are in the package libcap2-bin"
        } else {
            "there is no such file; install what brings it first"
        })
    }

    fn described(&self, survey: Survey<Change>) -> Survey<Change> {
        survey.value("state", self.state.name())
    }
}

/// Reads `cap_a,cap_b=ep cap_c+i`, in front of which older libcaps write a `=` of its own.
fn listed(text: &str) -> Vec<Capability> {
    let text = text.trim();
    let words = text.strip_prefix("= ").unwrap_or(text).split_whitespace().filter(|word| *word != "=");
    let group = |word: &str| {
        let last = capability(&word.to_lowercase());
        let names: Vec<String> = last.name.split(',').map(str::to_owned).collect();
        names.into_iter().map(|name| Capability { name, flags: last.flags.clone() }).collect::<Vec<_>>()
    };
    words.flat_map(group).collect()
}

fn capability(text: &str) -> Capability {
    let at = text.find(['=', '-', '+']).unwrap_or(text.len());
    Capability { name: text[..at].to_owned(), flags: text[at..].to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::Ground;

    #[test]
    fn both_ways_in_which_getcap_writes_are_read() {
        let pair = |name: &str, flags: &str| Capability { name: name.into(), flags: flags.into() };
        for (text, wanted) in [
            ("", vec![]),
            (" =", vec![]),
            (" cap_net_raw=ep", vec![pair("cap_net_raw", "=ep")]),
            (
                " = cap_chown,cap_net_raw+ep cap_kill+i",
                vec![pair("cap_chown", "+ep"), pair("cap_net_raw", "+ep"), pair("cap_kill", "+i")],
            ),
        ] {
            assert_eq!(listed(text), wanted, "{text}");
        }
    }

    #[test]
    fn flags_are_needed_to_set_one_and_a_file_may_still_come() {
        let ground = Ground::new();
        let params = json!({"path": ground.at("none"), "capability": "cap_net_raw"});
        assert_eq!(ground.survey("capabilities", &params).unwrap_err().code, "DPP0104");
        let params = json!({"key": ground.at("none"), "cap": "CAP_NET_RAW+ep"});
        assert!(ground.survey("capabilities", &params).unwrap().unpredicted);
        assert!(ground.apply("capabilities", &params).unwrap_err().message.starts_with("cannot set capabilities of"));
    }
}
