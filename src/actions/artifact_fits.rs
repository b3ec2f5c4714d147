//! `artifact_fits`: refuses versions that do not go together, before any of them is installed.

use dpp_protocol::Failure;

use crate::actions::artifact::{own, word};
use crate::actions::{Action, ActionContext, Deed, Done};
use crate::artifacts::{Products, fits};
use crate::source::Severity;
use crate::value::{Map, Value};

pub(super) const ACTION: Action = Action { name: "artifact_fits", params: &["products"], required: &["products"], run };

fn run(context: &ActionContext, args: &Map) -> Result<Deed, Failure> {
    let Some(Value::Map(named)) = args.get("products") else {
        return Err(Failure::new("`artifact_fits` wants `products`, a mapping of names to versions").code("DPP0104"));
    };
    let mut products = Products::embedded().clone();
    let mut set = Vec::new();
    for name in named.keys() {
        if let Some(product) = own(context, name)? {
            products = products.with(product);
        }
        set.extend(word(named, name).filter(|version| !version.is_empty()).map(|version| (name.as_str(), version)));
    }
    let set: Vec<_> = set.iter().map(|(name, version)| (*name, version.as_str())).collect();
    let (errors, warnings): (Vec<_>, Vec<_>) =
        fits(&products, &set).into_iter().partition(|problem| problem.severity == Severity::Error);
    let Some(first) = errors.first() else {
        let mut done = Done::default();
        done.outcome.warnings = warnings.iter().map(ToString::to_string).collect();
        return Ok(Deed::Done(done));
    };
    let mut failure = super::artifact::failure(first);
    for other in &errors[1..] {
        failure = failure.note("also", other.to_string());
    }
    Err(failure)
}
