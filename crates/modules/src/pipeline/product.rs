//! A module whose product may not be up yet when it is surveyed: what it will do is foreseen rather than a failure.
//!
//! A survey runs ahead of the tasks that start the product and set its passwords. So a product out of reach makes the survey foresee the
//! whole change; when the task is really run and the product is still out of reach, the failure says so.

use dpp_protocol::{Change, Failure, ResultMap};
use serde::de::DeserializeOwned;

use crate::journal::Former;
use crate::{Host, Module, Step, Survey};

/// Code of failures that say the product does not answer.
pub(super) const UNREACHABLE: &str = "DPP0801";

/// Code of failures that say the product does not let us in: in a look ahead, a task before may yet set the password.
pub(super) const NOT_LET_IN: &str = "DPP0809";

/// What a product's module gives; [`Module`] follows from it.
pub trait Product: DeserializeOwned {
    /// See [`Module::NAME`].
    const NAME: &'static str;
    /// See [`Module::Step`].
    type Step: Step;

    /// The change in one line, for when the product cannot be asked; `None` when the module changes nothing.
    fn gist(&self) -> Option<Change>;

    /// Asks the product and returns what would have to change; touches nothing.
    fn look(&self, host: &Host) -> Result<Survey<Self::Step>, Failure>;

    /// Makes one change that [`look`](Product::look) found.
    fn make(&self, step: &Self::Step, host: &Host, result: &mut ResultMap) -> Result<(), Failure>;

    /// See [`Module::conclude`].
    fn finish(&self, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        Ok(())
    }
}

/// Completes the [`Product`] of a module that only asks and changes nothing. Where the product was out of reach for the survey,
/// it is asked again; the value of this name, which every answer has, tells that.
macro_rules! only_asks {
    ($sign:literal) => {
        only_asks!();

        fn finish(
            &self,
            host: &crate::Host,
            result: &mut dpp_protocol::ResultMap,
        ) -> Result<(), dpp_protocol::Failure> {
            if !result.contains_key($sign) {
                result.extend(self.look(host)?.result);
            }
            Ok(())
        }
    };
    () => {
        fn gist(&self) -> Option<dpp_protocol::Change> {
            None
        }

        fn make(
            &self,
            step: &Self::Step,
            _host: &crate::Host,
            _result: &mut dpp_protocol::ResultMap,
        ) -> Result<(), dpp_protocol::Failure> {
            match *step {}
        }
    };
}

/// A step that the product was asked about, or one that is only foreseen.
pub enum Foreseen<S> {
    /// Found by asking the product.
    Seen(S),
    /// The product did not answer; it is asked again when the step is made.
    Unseen(Change),
}

impl<S: Step> Step for Foreseen<S> {
    fn change(&self, diff: bool) -> Change {
        match self {
            Self::Seen(step) => step.change(diff),
            Self::Unseen(change) => change.clone(),
        }
    }

    fn former(&self) -> Result<Vec<Former>, Failure> {
        match self {
            Self::Seen(step) => step.former(),
            Self::Unseen(_) => Ok(vec![Former::Unknown]),
        }
    }
}

impl<P: Product> Module for P {
    const NAME: &'static str = P::NAME;
    type Step = Foreseen<P::Step>;

    fn survey(&self, host: &Host) -> Result<Survey<Self::Step>, Failure> {
        match self.look(host) {
            Ok(seen) => Ok(Survey {
                steps: seen.steps.into_iter().map(Foreseen::Seen).collect(),
                result: seen.result,
                skipped: seen.skipped,
                unpredicted: seen.unpredicted,
                warnings: seen.warnings,
            }),
            Err(failure) if [UNREACHABLE, NOT_LET_IN].contains(&failure.code.as_str()) => {
                Ok(Survey::steps(self.gist().into_iter().map(Foreseen::Unseen).collect()).unpredicted())
            }
            Err(failure) => Err(failure),
        }
    }

    fn apply(&self, step: &Self::Step, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        match step {
            Foreseen::Seen(step) => self.make(step, host, result),
            Foreseen::Unseen(_) => {
                let seen = self.look(host)?;
                result.extend(seen.result);
                seen.steps.iter().try_for_each(|step| self.make(step, host, result))
            }
        }
    }

    fn conclude(&self, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        self.finish(host, result)
    }
}

/// The step of a module that changes nothing.
pub enum Never {}

impl Step for Never {
    fn change(&self, _diff: bool) -> Change {
        match *self {}
    }
}
