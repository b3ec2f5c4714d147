//! `dpkg_selections`: what the administrator wants of a package; above all `hold`.

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use crate::packages::dpkg::status::Installed;
use crate::packages::dpkg::{lock, selections};
use crate::{Host, Module, Survey};

/// Parameters of `dpkg_selections`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DpkgSelections {
    name: String,
    selection: Selection,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Selection {
    Install,
    Hold,
    Deinstall,
    Purge,
}

impl Selection {
    fn name(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Hold => "hold",
            Self::Deinstall => "deinstall",
            Self::Purge => "purge",
        }
    }
}

impl Module for DpkgSelections {
    const NAME: &'static str = "dpkg_selections";
    type Step = Change;

    fn survey(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        let installed = Installed::read()?;
        let after = self.selection.name();
        let before = installed.find(&self.name).map(|package| package.selection.as_str());
        let step = (before != Some(after)).then(|| {
            Change::new(Verb::Change, self.name.clone())
                .detail(format!("{} -> {after}", before.unwrap_or("not present")))
        });
        let survey = Survey::steps(step.into_iter().collect());
        let survey = survey.value("before", before.unwrap_or("not present")).value("after", after);
        // dpkg knows no such package yet: an earlier task may bring it.
        Ok(if before.is_none() { survey.unpredicted() } else { survey })
    }

    fn apply(&self, _step: &Change, host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        selections::select(&[&self.name], self.selection.name(), lock::PATIENCE, host)
    }
}
