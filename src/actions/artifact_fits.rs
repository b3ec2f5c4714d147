//! `artifact_fits`: refuses versions that do not go together, or that what is installed cannot be upgraded to at once.

use dpp_protocol::Failure;

use crate::actions::artifact::{own, word};
use crate::actions::{Action, ActionContext, Deed, Done};
use crate::artifacts::{Products, fits, reachable};
use crate::source::Severity;
use crate::value::{Map, Value};

pub(super) const ACTION: Action =
    Action { name: "artifact_fits", params: &["products", "installed"], required: &["products"], run };

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
    let problems = match args.get("installed") {
        Some(lines) => reachable(&products, &set, &packages(lines)),
        None => fits(&products, &set),
    };
    let (errors, warnings): (Vec<_>, Vec<_>) =
        problems.into_iter().partition(|problem| problem.severity == Severity::Error);
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

/// What a host has: a package and its version a line, as `dpkg-query` tells it.
fn packages(lines: &Value) -> Vec<(&str, &str)> {
    let Value::List(lines) = lines else { return Vec::new() };
    lines
        .iter()
        .filter_map(Value::as_str)
        .filter_map(|line| {
            let (package, rest) = line.split_once(' ')?;
            Some((package, rest.split(' ').next().unwrap_or(rest)))
        })
        .collect()
}
