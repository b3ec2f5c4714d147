//! `deb822_repository`: a repository as a `.sources` file, with the key that signs it beside.

use std::fmt::Write;
use std::path::PathBuf;

use dpp_protocol::{Failure, ResultMap};
use serde::Deserialize;

use super::SourceStep;
use super::key;
use super::line::file_name;
use crate::arguments::{Flag, Names, Whole};
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
    #[serde(default)]
    mode: Option<FileMode>,
    /// Nothing has to be installed for this module to work.
    #[serde(default, rename = "install_python_debian")]
    _install_python_debian: Flag,
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
        let (steps, repo) = match self.state {
            Presence::Present => {
                let text = self.text()?;
                let key = self.key_step();
                let source = SourceStep::write(file, text.clone().into_bytes(), self.mode.as_ref(), "");
                (key.into_iter().chain(source).collect(), text)
            }
            Presence::Absent => {
                let keys = ["asc", "gpg"].map(|ending| self.keyring(ending));
                (std::iter::once(file).chain(keys).filter_map(SourceStep::remove).collect(), String::new())
            }
        };
        Ok(Survey::steps(steps).value("repo", repo).value("dest", dest).value("key_filename", self.key_path()))
    }

    fn apply(&self, step: &SourceStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        step.make(host, result)
    }
}

impl Deb822Repository {
    fn slug(&self) -> String {
        file_name(&self.name.to_lowercase())
    }

    fn keyring(&self, ending: &str) -> PathBuf {
        PathBuf::from("/etc/apt/keyrings").join(format!("{}.{ending}", self.slug()))
    }

    /// Where the key lies that apt is to trust for this repository.
    fn key_path(&self) -> Option<String> {
        let signed_by = self.signed_by.as_deref()?;
        Some(if key::is_armoured(signed_by) {
            self.keyring("asc").display().to_string()
        } else if key::is_url(signed_by) {
            self.keyring("gpg").display().to_string()
        } else {
            signed_by.to_owned()
        })
    }

    /// A key that was fetched once is not asked for again: a repository that changes its key says so loudly.
    fn key_step(&self) -> Option<SourceStep> {
        let signed_by = self.signed_by.as_deref()?;
        let path = PathBuf::from(self.key_path()?);
        if key::is_armoured(signed_by) {
            return SourceStep::write(path, format!("{}\n", signed_by.trim_end()).into_bytes(), None, "");
        }
        let missing = key::is_url(signed_by) && !path.exists();
        missing.then(|| SourceStep::Fetch { url: signed_by.to_owned(), to: path })
    }

    /// Fields in the order of Ansible's module, so that a file written by it is recognised.
    fn text(&self) -> Result<String, Failure> {
        for (list, name) in [(&self.uris, "uris"), (&self.suites, "suites")] {
            if list.0.is_empty() {
                return Err(Failure::new(format!("`deb822_repository` needs `{name}`")).code("DPP0104"));
            }
        }
        let list = |names: &Names| Some(names.0.join(" ")).filter(|text| !text.is_empty());
        let flag = |flag: Option<Flag>| flag.map(|flag| if flag.0 { "yes" } else { "no" }.to_owned());
        let fields = [
            ("X-Repolib-Name", Some(self.name.clone())),
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
            ("InRelease-Path", self.inrelease_path.clone()),
            ("Languages", list(&self.languages)),
            ("PDiffs", flag(self.pdiffs)),
            ("Signed-By", self.key_path()),
            ("Suites", list(&self.suites)),
            ("Targets", list(&self.targets)),
            ("Trusted", flag(self.trusted)),
            ("Types", list(&self.types)),
            ("URIs", list(&self.uris)),
        ];
        let mut text = String::new();
        for (name, value) in fields {
            if let Some(value) = value {
                let _ = writeln!(text, "{name}: {value}");
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
            "X-Repolib-Name: Elastic 6.x\nComponents: main\nEnabled: yes\nSigned-By: /etc/apt/keyrings/elastic_6_x.gpg\n\
             Suites: stable\nTypes: deb\nURIs: https://artifacts.elastic.co/packages/6.x/apt\n"
        );
        assert!(matches!(module.key_step(), Some(SourceStep::Fetch { .. })));
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
