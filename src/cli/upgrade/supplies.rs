//! What can be said of an upgrade without asking any host: whether each version can be reached, whether all of them go
//! together, and whether the packages are to be had.

use dpp_protocol::Failure;
use serde_json::Value as Json;

use super::preflight::Move;
use super::target::Target;
use crate::artifacts::{Artifact, Origin, Product, Products, Store, Version, fits, reachable};
use crate::pipeline::Finding;
use crate::source::{Problem, Problems, Severity};
use crate::ui::Ui;

/// Versions and packages of an upgrade.
pub(super) struct Supplies<'a> {
    pub(super) products: &'a Products,
    pub(super) targets: &'a [Target],
    pub(super) ui: Ui,
}

impl Supplies<'_> {
    /// Whether each version can be reached from those that are there.
    pub(super) fn path(&self, moves: &[Move]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for step in moves {
            let Ok(product) = self.products.find(step.product) else { continue };
            let Some(to) = Version::parse(&step.to) else {
                findings.push(Finding::fail("path", "DPP0104", format!("`{}` is no version", step.to)));
                continue;
            };
            for from in &step.from {
                findings.extend(told("path", self.way(product, from, &to)));
            }
        }
        if findings.is_empty() {
            let names: Vec<&str> = moves.iter().map(|step| step.product).collect();
            findings.push(Finding::ok(
                "path",
                format!("each can be reached from what is there; order: {}", names.join(", ")),
            ));
        }
        findings
    }

    fn way(&self, product: &Product, from: &str, to: &Version) -> Problems {
        let package = product.release(to).map(|release| release.package_name(to)).unwrap_or_default();
        let mut problems = reachable(self.products, &[(&product.name, to.as_str())], &[(&package, from)]);
        if Version::parse(from).is_some_and(|from| from > *to) {
            let words = format!("{} {from} is installed, and {to} is older", product.title);
            let help = "what a newer version wrote, an older one does not read; a snapshot leads back";
            problems.push(Problem::error("DPP0106", words).help(help));
        }
        problems
    }

    /// Whether the versions that the project comes to go together.
    pub(super) fn fits(&self, set: &Json) -> Vec<Finding> {
        let pairs = set.as_object().into_iter().flatten().filter_map(|(name, version)| {
            let version = version.as_str().map_or_else(|| version.to_string(), str::to_owned);
            (!version.is_empty()).then(|| (name.clone(), version))
        });
        let pairs: Vec<(String, String)> = pairs.collect();
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, version)| (name.as_str(), version.as_str())).collect();
        told("versions", fits(self.products, &pairs))
    }

    /// Brings the packages here, as long as everything still runs.
    pub(super) fn packages(&self, sources: &Json, store: &Store) -> Vec<Finding> {
        let list = match sources {
            Json::Array(list) => list.clone(),
            one => vec![one.clone()],
        };
        let origins: Result<Vec<Origin>, String> =
            list.iter().map(|source| Origin::parse(source.as_str().unwrap_or_default())).collect();
        let origins = match origins {
            Ok(origins) => origins,
            Err(words) => return vec![Finding::fail("packages", "DPP0104", format!("no source of files: {words}"))],
        };
        let (mut findings, mut bytes) = (Vec::new(), 0);
        for target in self.targets {
            let artifact =
                self.products.find(target.product).map(|product| product.artifact(&target.version, "amd64", &origins));
            match artifact {
                Ok(Ok(artifact)) => match self.bring(store, &artifact) {
                    Ok(size) => bytes += size,
                    Err(failure) => findings.push(unavailable(failure)),
                },
                Ok(Err(error)) => findings.push(unavailable(error.failure())),
                Err(problem) => findings.extend(told("packages", vec![problem])),
            }
        }
        if findings.is_empty() {
            let words = format!("{} here with their checksums, {} MiB to push", self.targets.len(), bytes >> 20);
            findings.push(Finding::ok("packages", words));
        }
        findings
    }

    fn bring(&self, store: &Store, artifact: &Artifact) -> Result<u64, Failure> {
        let mut is_told = false;
        let fetched = store.fetch(artifact, &mut |_, _| {
            if !is_told {
                is_told = true;
                self.ui.headline(&format!("fetching {}", artifact.file));
            }
        });
        fetched.map(|fetched| fetched.size).map_err(|error| error.failure())
    }
}

/// Problems as findings.
pub(super) fn told(aspect: &'static str, problems: Problems) -> Vec<Finding> {
    let finding = |problem: Problem| {
        let words: Vec<String> = problem.notes.iter().cloned().chain(problem.help).collect();
        let finding = match problem.severity {
            Severity::Error => Finding::fail(aspect, problem.code, problem.message),
            Severity::Warning | Severity::Note => Finding::warn(aspect, problem.message),
        };
        finding.help(words.join("; "))
    };
    problems.into_iter().map(finding).collect()
}

fn unavailable(failure: Failure) -> Finding {
    let notes = failure.notes.iter().map(|note| format!("{}: {}", note.label, note.text));
    let help: Vec<String> = notes.chain(failure.help.clone()).collect();
    Finding::fail("packages", "", failure.message).help(help.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::Mark;

    fn paths(from: &str, to: &str) -> Vec<(Mark, &'static str)> {
        let supplies = Supplies { products: Products::embedded(), targets: &[], ui: Ui::plain() };
        let hosts = vec!["es1".to_owned()];
        let step = Move { product: "elasticsearch", from: vec![from.to_owned()], to: to.to_owned(), hosts };
        supplies.path(&[step]).into_iter().map(|finding| (finding.mark, finding.code)).collect()
    }

    #[test]
    fn a_version_between_is_not_jumped_over_and_nothing_goes_back() {
        for (from, to, expected) in [
            ("5.6.2", "6.2.1", (Mark::Ok, "")),
            ("6.2.1", "6.2.1", (Mark::Ok, "")),
            ("6.8.23", "7.17.29", (Mark::Ok, "")),
            ("6.2.1", "7.17.29", (Mark::Fail, "DPP0614")),
            ("6.8.23", "6.2.1", (Mark::Fail, "DPP0106")),
            ("5.6.2", "new", (Mark::Fail, "DPP0104")),
        ] {
            assert_eq!(paths(from, to), [expected], "{from} -> {to}");
        }
    }
}
