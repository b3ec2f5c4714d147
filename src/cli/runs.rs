//! `dppctl runs`: what earlier runs of the project did, from their logs.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value as Json, json};

use crate::cli::Stop;
use crate::cli::invocation::surroundings;
use crate::cli::options::Global;
use crate::event::{iso, minute};
use crate::exit::Exit;
use crate::project::Project;
use crate::report::{PastRun, ReportFile, ReportKind};
use crate::source::Problem;
use crate::ui::{Close, Shows, Table, Ui, answer_json, reporter};

/// What is wanted of them.
#[derive(Debug, Subcommand)]
pub(super) enum RunsCommand {
    /// Show all runs, the last one last
    List,
    /// Show a run as its screen was; -v shows what was as it should be, -D differences of files
    Show(ShowArgs),
    /// Write a report of a run
    Report(ReportArgs),
}

/// Options of `runs show`.
#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// The run; the last one when none is named
    #[arg(value_name = "N")]
    number: Option<u64>,
    /// Show differences of files
    #[arg(short = 'D', long)]
    diff: bool,
}

/// Options of `runs report`.
#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// The run; the last one when none is named
    #[arg(value_name = "N")]
    number: Option<u64>,
    /// What it is written as
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "junit")]
    format: Format,
    /// Where it is written to; standard output when not given
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// A format of reports.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// JUnit's XML
    Junit,
    /// Markdown, for a ticket or the summary of a CI job
    Md,
    /// One page that needs no other file
    Html,
    /// The stream of events
    Jsonl,
}

pub(super) fn runs(global: &Global, command: &RunsCommand, ui: Ui) -> Result<Exit, Stop> {
    let project = Project::discover(&surroundings(global)?)?;
    match command {
        RunsCommand::List => list(&project, ui),
        RunsCommand::Show(args) => show(&find(&project, args.number)?, args.diff, ui),
        RunsCommand::Report(args) => report(&find(&project, args.number)?, args),
    }
    .map(|()| Exit::Ok)
}

/// The run of this number, or the last one.
pub(super) fn find(project: &Project, number: Option<u64>) -> Result<PastRun, Stop> {
    let known = PastRun::numbers(&project.root);
    let Some(last) = known.last() else {
        let words = format!("{} has no runs yet", project.root.join(".dppctl/runs").display());
        return Err(Problem::error("DPP1104", words).help("--project names another folder").into());
    };
    let number = number.unwrap_or(*last);
    if !known.contains(&number) {
        let problem = Problem::error("DPP1104", format!("there is no run {number}"));
        return Err(problem.help(format!("the last one is {last}; `dppctl runs list` shows all")).into());
    }
    PastRun::read(&project.root, number).map_err(|error| Stop::Trouble(format!("cannot read run {number}: {error}")))
}

fn list(project: &Project, ui: Ui) -> Result<(), Stop> {
    let read = |number: &u64| PastRun::read(&project.root, *number).ok();
    let runs: Vec<PastRun> = PastRun::numbers(&project.root).iter().filter_map(read).collect();
    if ui.output.is_json() {
        let runs: Vec<Json> = runs.iter().map(document).collect();
        answer_json(&ui, "dppctl.runs/1", Exit::Ok, &json!({"runs": runs}));
        return Ok(());
    }
    let mut table = Table::new(&["RUN", "BEGAN", "COMMAND", "HOSTS", "CHANGES", "TOOK", "END"]);
    for run in &runs {
        let report = &run.report;
        let changes = if report.check { format!("{} (check)", report.changes()) } else { report.changes().to_string() };
        let took = if run.is_over { format!("{:.1}s", report.ms as f64 / 1000.0) } else { "-".to_owned() };
        table.row([
            run.number.to_string(),
            minute(run.began()),
            run.command().to_owned(),
            report.hosts.len().to_string(),
            changes,
            took,
            run.end().to_owned(),
        ]);
    }
    ui.answer(&table.to_text());
    Ok(())
}

fn document(run: &PastRun) -> Json {
    let report = &run.report;
    json!({
        "run": run.number, "began": iso(run.began()), "command": run.command(), "check": report.check,
        "end": run.end(), "hosts": report.hosts, "changes": report.changes(), "ms": report.ms, "log": run.log,
    })
}

fn show(run: &PastRun, diff: bool, ui: Ui) -> Result<(), Stop> {
    let mut screen = reporter(ui, diff, run.number, Shows::Story);
    run.events.iter().for_each(|event| screen.on(event));
    let exit = match run.end() {
        "failed" => Exit::Failed,
        "unreachable" => Exit::Unreachable,
        "no end" => Exit::Interrupted,
        _ => Exit::Ok,
    };
    let close = Close {
        run: run.number,
        command: run.command().to_owned(),
        exit,
        next: Vec::new(),
        log: Some(run.log.clone()),
        proof: None,
    };
    let mut report = run.report.clone();
    if !run.is_over {
        report.break_off();
    }
    screen.end(&report, &close);
    Ok(())
}

fn report(run: &PastRun, args: &ReportArgs) -> Result<(), Stop> {
    let kind = match args.format {
        Format::Junit => ReportKind::Junit,
        Format::Md => ReportKind::Markdown,
        Format::Html => ReportKind::Html,
        Format::Jsonl => ReportKind::Jsonl,
    };
    let path = args.file.clone().unwrap_or_else(|| "/dev/stdout".into());
    let failed = |error: std::io::Error| Stop::Trouble(format!("cannot write the report: {error}"));
    let mut file = ReportFile::create(kind, path, run.number).map_err(failed)?;
    run.events.iter().for_each(|event| file.absorb(event));
    file.finish().map_err(failed)
}
