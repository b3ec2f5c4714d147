//! The forms in which findings are told: for people, for programmes, for the two great CI systems.

use clap::ValueEnum;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::cli::options::{Global, OutputArg};
use crate::exit::Exit;
use crate::source::{Problem, Severity};
use crate::ui::{Output, Ui, answer_json, problem_document};

/// A form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// With the line and a caret
    Text,
    /// A document
    Json,
    /// Annotations of GitHub
    Github,
    /// A report of GitLab's code quality
    Gitlab,
}

impl Format {
    /// The form that was asked for; a report for GitLab only when its name was said, as it is a file of its own there.
    pub(super) fn of(named: Option<Self>, global: &Global, ui: &Ui) -> Self {
        match (named, global.output, ui.output) {
            (Some(named), ..) => named,
            (None, OutputArg::Gitlab, _) => Self::Gitlab,
            (None, _, Output::Json | Output::Jsonl) => Self::Json,
            (None, _, Output::Github) => Self::Github,
            _ => Self::Text,
        }
    }

    /// Tells the findings in this form.
    pub(super) fn tell(self, problems: &[Problem], exit: Exit, ui: &Ui) {
        match self {
            Self::Text => problems.iter().for_each(|problem| ui.problem(problem)),
            Self::Json => {
                let problems: Vec<Json> = problems.iter().map(problem_document).collect();
                answer_json(ui, "dppctl.lint/1", exit, &json!({"problems": problems}));
            }
            Self::Github => problems.iter().for_each(|problem| ui.answer(&annotation(problem))),
            Self::Gitlab => {
                let report: Vec<Json> = problems.iter().map(quality).collect();
                ui.answer(&serde_json::to_string_pretty(&report).unwrap_or_default());
            }
        }
    }
}

fn annotation(problem: &Problem) -> String {
    let level = match problem.severity {
        Severity::Note => "notice",
        told => told.name(),
    };
    let at = problem.at.as_ref().map_or_else(String::new, |(place, _)| {
        format!("file={},line={},col={},", place.source().name(), place.line(), place.column())
    });
    let help = problem.help.as_ref().map(|help| format!("%0A{}", help.replace('\n', "%0A"))).unwrap_or_default();
    format!("::{level} {at}title={}::{}{help}", problem.code, problem.message)
}

/// One finding of GitLab's report; its fingerprint stays the same when lines above it come or go.
fn quality(problem: &Problem) -> Json {
    let (path, line) = problem
        .at
        .as_ref()
        .map_or_else(|| (String::new(), 1), |(place, _)| (place.source().name().to_owned(), place.line()));
    let whole = format!("{}\0{path}\0{}", problem.code, problem.message);
    let fingerprint: String = Sha256::digest(whole).iter().map(|byte| format!("{byte:02x}")).collect();
    let help = problem.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
    json!({
        "description": format!("{}{help}", problem.message),
        "check_name": problem.code,
        "fingerprint": fingerprint,
        "severity": match problem.severity {
            Severity::Error => "major",
            Severity::Warning => "minor",
            Severity::Note => "info",
        },
        "location": {"path": path, "lines": {"begin": line}},
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Place, Source};

    fn finding(before: &str) -> Problem {
        let source = Source::new("site.yml", format!("{before}- debgu:\n"));
        let at = before.len() + 2;
        Problem::error("DPP0103", "there is no module `debgu`")
            .at(&Place::new(&source, at..at + 5), "")
            .help("did you mean `debug`?")
    }

    #[test]
    fn each_ci_system_gets_the_place_in_its_own_form() {
        assert_eq!(
            annotation(&finding("")),
            "::error file=site.yml,line=1,col=3,title=DPP0103::there is no module `debgu`%0Adid you mean `debug`?"
        );
        let report = quality(&finding("---\n"));
        assert_eq!(report["location"], json!({"path": "site.yml", "lines": {"begin": 2}}));
        assert_eq!(report["description"], "there is no module `debgu` (did you mean `debug`?)");
        assert_eq!(report["fingerprint"], quality(&finding(""))["fingerprint"], "a line above changes nothing");
    }
}
