//! `deb822_repository`: a repository as a `.sources` file, with the key that signs it beside.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use dpp_protocol::{Failure, ResultMap};
use serde::Deserialize;
use serde_json::Value;

use super::SourceStep;
use super::key;
use crate::arguments::{Flag, Names, Whole};
use crate::files::facts::{FACTS, add_facts};
use crate::files::mode::FileMode;
use crate::presence::Presence;
use crate::{Host, Module, Survey};

/// Parameters of `deb822_repository`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deb822Repository {
    name: String,
    #[serde(default)]
    state: Presence,
    #[serde(default = "deb")]
    types: Names,
    #[serde(default)]
    uris: Names,
    #[serde(default)]
    suites: Names,
    #[serde(default)]
    components: Names,
    #[serde(default)]
    architectures: Names,
    #[serde(default)]
    languages: Names,
    #[serde(default)]
    targets: Names,
    #[serde(default)]
    include: Names,
    #[serde(default)]
    exclude: Names,
    /// A key, the address of one, or where one lies on the host.
    #[serde(default)]
    signed_by: Option<String>,
    #[serde(default)]
    enabled: Option<Flag>,
    #[serde(default)]
    trusted: Option<Flag>,
    #[serde(default)]
    by_hash: Option<Flag>,
    #[serde(default)]
    pdiffs: Option<Flag>,
    #[serde(default)]
    check_date: Option<Flag>,
    #[serde(default)]
    check_valid_until: Option<Flag>,
    #[serde(default)]
    allow_insecure: Option<Flag>,
    #[serde(default)]
    allow_weak: Option<Flag>,
    #[serde(default)]
    allow_downgrade_to_insecure: Option<Flag>,
    #[serde(default)]
    date_max_future: Option<Whole>,
    #[serde(default)]
    inrelease_path: Option<String>,
    #[serde(default = "readable")]
    mode: FileMode,
    /// Nothing has to be installed for this module to work.
    #[serde(default, rename = "install_python_debian")]
    _install_python_debian: Flag,
}

fn readable() -> FileMode {
    FileMode::Bits(0o644)
}

fn deb() -> Names {
    Names(vec!["deb".into()])
}

impl Module for Deb822Repository {
    const NAME: &'static str = "deb822_repository";
    type Step = SourceStep;

    fn survey(&self, _host: &Host) -> Result<Survey<SourceStep>, Failure> {
        let file = PathBuf::from("/etc/apt/sources.list.d").join(format!("{}.sources", self.slug()));
        let dest = file.display().to_string();
        let (steps, repo, key) = match self.state {
            Presence::Present => {
                let text = self.text()?;
                let key = self.key_step();
                let source = SourceStep::write(file.clone(), text.clone().into_bytes(), Some(&self.mode), "");
                (key.into_iter().chain(source).collect(), Value::from(text), self.key_path())
            }
            Presence::Absent => {
                let keys = ["asc", "gpg"].map(|ending| self.keyring(ending));
                let last = keys[1].display().to_string();
                let gone = std::iter::once(file.clone()).chain(keys).filter_map(SourceStep::remove);
                (gone.collect(), Value::Null, Some(last))
            }
        };
        let mut survey = Survey::steps(steps).value("repo", repo).value("dest", dest).value("key_filename", key);
        add_facts(&file, &mut survey.result);
        Ok(survey)
    }

    fn conclude(&self, _host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        FACTS.iter().for_each(|name| drop(result.shift_remove(*name)));
        let dest = result.get("dest").and_then(Value::as_str).map(PathBuf::from).unwrap_or_default();
        add_facts(&dest, result);
        Ok(())
    }

    fn apply(&self, step: &SourceStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        step.make(host, result)
    }
}

impl Deb822Repository {
    /// Its name as that of a file, as Ansible makes it: a hyphen for blanks and underscores, and no other letters.
    fn slug(&self) -> String {
        let words = self.name.to_lowercase().replace('_', " ");
        let hyphened = words.split_whitespace().collect::<Vec<_>>().join("-");
        hyphened.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').collect()
    }

    fn keyring(&self, ending: &str) -> PathBuf {
        PathBuf::from("/etc/apt/keyrings").join(format!("{}.{ending}", self.slug()))
    }

    /// The file of the key that apt is to trust for this repository; none where the key or its fingerprint is in the source.
    fn key_path(&self) -> Option<String> {
        let signed_by = self.signed_by.as_deref()?;
        if key::is_url(signed_by) {
            return Some(self.keyring("gpg").display().to_string());
        }
        Path::new(signed_by).is_file().then(|| signed_by.to_owned())
    }

    /// A key that was fetched once is not asked for again: a repository that changes its key says so loudly.
    fn key_step(&self) -> Option<SourceStep> {
        let url = self.signed_by.as_deref().filter(|signed_by| key::is_url(signed_by))?;
        let path = self.keyring("gpg");
        (!path.exists()).then(|| SourceStep::Fetch { url: url.to_owned(), to: path })
    }

    /// A path, a fingerprint, or the key itself on lines of its own.
    fn signer(&self) -> Option<String> {
        let signed_by = self.signed_by.as_deref()?.trim();
        if !signed_by.contains('\n') {
            return self.key_path().or_else(|| Some(signed_by.to_owned()));
        }
        let lines = signed_by.lines().map(|line| Some(line.trim()).filter(|line| !line.is_empty()).unwrap_or("."));
        Some(lines.fold(String::new(), |text, line| format!("{text}\n    {line}")))
    }

    /// Fields in the order of Ansible's module, so that a file written by it is recognised.
    fn text(&self) -> Result<String, Failure> {
        for (list, name) in [(&self.uris, "uris"), (&self.suites, "suites")] {
            if list.0.is_empty() {
                return Err(Failure::new(format!("`deb822_repository` needs `{name}`")).code("DPP0104"));
            }
        }
        if let Some(kind) = self.types.0.iter().find(|kind| !matches!(kind.as_str(), "deb" | "deb-src")) {
            return Err(Failure::new(format!("`types: {kind}` is neither deb nor deb-src")).code("DPP0104"));
        }
        let list = |names: &Names| Some(names.0.join(" ")).filter(|text| !text.is_empty());
        let flag = |flag: Option<Flag>| flag.map(|flag| if flag.0 { "yes" } else { "no" }.to_owned());
        let fields = [
            ("Allow-Downgrade-To-Insecure", flag(self.allow_downgrade_to_insecure)),
            ("Allow-Insecure", flag(self.allow_insecure)),
            ("Allow-Weak", flag(self.allow_weak)),
            ("Architectures", list(&self.architectures)),
            ("By-Hash", flag(self.by_hash)),
            ("Check-Date", flag(self.check_date)),
            ("Check-Valid-Until", flag(self.check_valid_until)),
            ("Components", list(&self.components)),
            ("Date-Max-Future", self.date_max_future.map(|seconds| seconds.0.to_string())),
            ("Enabled", flag(self.enabled)),
            ("Exclude", list(&self.exclude)),
            ("Include", list(&self.include)),
            ("Inrelease-Path", self.inrelease_path.clone()),
            ("Languages", list(&self.languages)),
            ("X-Repolib-Name", Some(self.name.clone())),
            ("Pdiffs", flag(self.pdiffs)),
            ("Signed-By", self.signer()),
            ("Suites", list(&self.suites)),
            ("Targets", list(&self.targets)),
            ("Trusted", flag(self.trusted)),
            ("Types", list(&self.types)),
            ("URIs", list(&self.uris)),
        ];
        let mut text = String::new();
        for (name, value) in fields {
            if let Some(value) = value {
                let gap = if value.starts_with('\n') { "" } else { " " };
                let _ = writeln!(text, "{name}:{gap}{value}");
            }
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn a_repository_is_written_as_apt_and_ansible_write_it() {
        let module: Deb822Repository = from_value(json!({
            "name": "Elastic 6.x", "uris": "https://artifacts.elastic.co/packages/6.x/apt", "suites": "stable",
            "components": ["main"], "signed_by": "https://artifacts.elastic.co/GPG-KEY-elasticsearch", "enabled": "yes"
        }))
        .unwrap();
        assert_eq!(
            module.text().unwrap(),
            "Components: main\nEnabled: yes\nX-Repolib-Name: Elastic 6.x\nSigned-By: /etc/apt/keyrings/elastic-6x.gpg\n\
             Suites: stable\nTypes: deb\nURIs: https://artifacts.elastic.co/packages/6.x/apt\n"
        );
        assert!(matches!(module.key_step(), Some(SourceStep::Fetch { .. })));
        assert_eq!(module.mode, FileMode::Bits(0o644), "as Ansible has it, also of a file that is there");
    }

    #[test]
    fn a_key_itself_stands_in_the_source() {
        let module: Deb822Repository = from_value(
            json!({"name": "My_own x", "uris": "u", "suites": "s", "signed_by": "-----BEGIN\n\nabc\n-----END\n"}),
        )
        .unwrap();
        assert!(
            module.text().unwrap().contains("\nSigned-By:\n    -----BEGIN\n    .\n    abc\n    -----END\nSuites: s\n")
        );
        assert_eq!((module.slug().as_str(), module.key_path()), ("my-own-x", None));
        assert!(module.key_step().is_none());
    }

    #[test]
    fn a_key_on_the_host_is_named_and_not_touched() {
        let module: Deb822Repository =
            from_value(json!({"name": "x", "uris": "u", "suites": "s", "signed_by": "/usr/share/keyrings/x.gpg"}))
                .unwrap();
        assert!(module.text().unwrap().contains("Signed-By: /usr/share/keyrings/x.gpg\n"));
        assert!(module.key_step().is_none());
        let nothing: Deb822Repository = from_value(json!({"name": "x"})).unwrap();
        assert_eq!(nothing.text().unwrap_err().message, "`deb822_repository` needs `uris`");
    }
}
