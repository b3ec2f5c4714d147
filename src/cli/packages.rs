//! `dppctl packages`: the files a project is made of, locked by their hashes, fetched beforehand, listed.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};

use crate::artifacts::{Artifact, ArtifactError, Fetched, Locked, Lockfile, Origin, Product, Products, Store};
use crate::cli::Stop;
use crate::cli::invocation::surroundings;
use crate::cli::options::Global;
use crate::exit::Exit;
use crate::project::Project;
use crate::source::Problem;
use crate::ui::{Ui, answer_json};

/// A line tells how far a download is, this often.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Options of `packages`.
#[derive(Debug, Args)]
pub(super) struct PackagesArgs {
    #[command(subcommand)]
    command: PackagesCommand,
    /// Folder of the cache
    #[arg(long, global = true, value_name = "DIR", env = "DPPCTL_CACHE")]
    cache: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum PackagesCommand {
    /// Fetch files and keep their hashes in packages.lock
    Lock(LockArgs),
    /// Bring locked files into the cache
    Fetch(FetchArgs),
    /// Show locked files, and whether they are here
    List,
}

#[derive(Debug, Args)]
struct LockArgs {
    /// Products with their versions
    #[arg(required = true, value_name = "PRODUCT=VERSION", value_parser = product_and_version)]
    packages: Vec<(String, String)>,
    /// Where to look: `upstream`, a mirror's URL, a folder; in this order
    #[arg(short, long = "source", value_name = "SOURCE", default_value = "upstream", value_parser = Origin::parse)]
    sources: Vec<Origin>,
    /// Architecture of the hosts
    #[arg(long, value_name = "ARCH", default_value = "amd64")]
    architecture: String,
}

#[derive(Debug, Args)]
struct FetchArgs {
    /// Only these products
    #[arg(value_name = "PRODUCT")]
    products: Vec<String>,
}

pub(super) fn run(global: &Global, args: &PackagesArgs, ui: Ui) -> Result<Exit, Stop> {
    let project = Project::discover(&surroundings(global)?)?;
    let path = project.root.join("packages.lock");
    let store = Store::new(cache(&project, args.cache.as_deref())?);
    let ended = match &args.command {
        PackagesCommand::Lock(args) => lock(&project, &path, args, &store, ui)?,
        PackagesCommand::Fetch(args) => fetch(&path, args, &store, ui),
        PackagesCommand::List => list(&path, &store, ui),
    };
    match ended {
        Ok(()) => Ok(Exit::Ok),
        Err(error) => Ok(tell(&error, ui)),
    }
}

/// The folder of the cache: as asked for, or the user's.
pub(super) fn cache(project: &Project, named: Option<&Path>) -> Result<PathBuf, Stop> {
    if let Some(named) = named {
        return Ok(named.join("artifacts"));
    }
    let users = std::env::var_os("XDG_CACHE_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    users
        .or_else(|| project.home().map(|home| home.join(".cache")))
        .map(|folder| folder.join("dppctl/artifacts"))
        .ok_or_else(|| Stop::Trouble("cannot tell where the cache is: HOME is not set; use --cache".into()))
}

/// Products that are not known stop the command; whatever comes of their files is told by the caller.
fn lock(
    project: &Project,
    path: &Path,
    args: &LockArgs,
    store: &Store,
    ui: Ui,
) -> Result<Result<(), ArtifactError>, Stop> {
    let products = Products::embedded().clone().with_folder(&project.root.join("data"))?;
    let mut wanted = Vec::new();
    for (product, version) in &args.packages {
        wanted.push((products.find(product)?.as_ref(), version.as_str()));
    }
    Ok(lock_all(&wanted, path, args, store, ui))
}

fn lock_all(
    wanted: &[(&Product, &str)],
    path: &Path,
    args: &LockArgs,
    store: &Store,
    ui: Ui,
) -> Result<(), ArtifactError> {
    let store = store.clone().trusting_first_use();
    let mut locked = Lockfile::read(path)?;
    let mut meant = Vec::new();
    for (product, version) in wanted {
        let artifact = product.artifact(version, &args.architecture, &args.sources)?;
        let fetched = bring(&store, &artifact, ui)?;
        if locked.find(&artifact).is_some_and(|before| before.sha256 != fetched.sha256) {
            ui.story(&format!("{} has another hash than was locked", artifact.file));
        }
        locked.keep(&artifact, &fetched);
        locked.write(path)?;
        meant.push(artifact);
    }
    if ui.output.is_json() {
        let is_meant = |entry: &&Locked| meant.iter().any(|artifact: &Artifact| locked.find(artifact) == Some(*entry));
        tell_entries("dppctl.packages.lock/1", path, locked.entries().iter().filter(is_meant), &store, ui);
    } else {
        ui.answer(&format!("{} locked, {} entries in {}", wanted.len(), locked.entries().len(), path.display()));
    }
    Ok(())
}

fn fetch(path: &Path, args: &FetchArgs, store: &Store, ui: Ui) -> Result<(), ArtifactError> {
    let lock = Lockfile::read(path)?;
    let store = store.clone().with_lock(lock.clone());
    let wanted = |locked: &&Locked| args.products.is_empty() || args.products.contains(&locked.product);
    let wanted: Vec<&Locked> = lock.entries().iter().filter(wanted).collect();
    for locked in &wanted {
        bring(&store, &locked.artifact(), ui)?;
    }
    if ui.output.is_json() {
        tell_entries("dppctl.packages.fetch/1", path, wanted, &store, ui);
    } else {
        ui.answer(&format!("{} of {} locked files are here", wanted.len(), lock.entries().len()));
    }
    Ok(())
}

fn list(path: &Path, store: &Store, ui: Ui) -> Result<(), ArtifactError> {
    let lock = Lockfile::read(path)?;
    if ui.output.is_json() {
        tell_entries("dppctl.packages.list/1", path, lock.entries(), store, ui);
        return Ok(());
    }
    let rows = lock.entries().iter().map(|locked| {
        let here = if store.has(&locked.artifact()) { "here" } else { "not here" };
        let size = format!("{:.1} MiB", locked.size as f64 / f64::from(1 << 20));
        [locked.product.clone(), locked.version.clone(), size, locked.sha256.chars().take(12).collect(), here.into()]
    });
    let head = ["product", "version", "size", "sha256", "cache"].map(str::to_owned);
    let rows: Vec<[String; 5]> = std::iter::once(head).chain(rows).collect();
    ui.answer(&table(&rows));
    Ok(())
}

/// The entries of a lock file, for programmes.
fn tell_entries<'a>(schema: &str, lock: &Path, entries: impl IntoIterator<Item = &'a Locked>, store: &Store, ui: Ui) {
    let entry = |locked: &Locked| {
        json!({
            "product": locked.product,
            "version": locked.version,
            "file": locked.artifact().file,
            "size": locked.size,
            "sha256": locked.sha256,
            "here": store.has(&locked.artifact()),
        })
    };
    let packages: Vec<Json> = entries.into_iter().map(entry).collect();
    answer_json(&ui, schema, Exit::Ok, &json!({"lock": lock.display().to_string(), "packages": packages}));
}

fn bring(store: &Store, artifact: &Artifact, ui: Ui) -> Result<Fetched, ArtifactError> {
    let mut told = Instant::now();
    let fetched = store.fetch(artifact, &mut |here, of| {
        if told.elapsed() >= HEARTBEAT {
            told = Instant::now();
            let of = of.map_or_else(String::new, |of| format!(" of {}", of >> 20));
            ui.story(&format!("{}  {}{of} MiB", artifact.file, here >> 20));
        }
    })?;
    ui.story(&format!("{}  {}  from {}", artifact.file, &fetched.sha256[..12], fetched.from));
    Ok(fetched)
}

fn tell(error: &ArtifactError, ui: Ui) -> Exit {
    let failure = error.failure();
    let mut problem = Problem::error(error.code(), failure.message);
    for note in failure.notes {
        problem = problem.note(format!("{}: {}", note.label, note.text));
    }
    problem.help = failure.help;
    let exit = match error {
        ArtifactError::Unreachable { .. } | ArtifactError::Full { .. } | ArtifactError::Local { .. } => Exit::Internal,
        _ => Exit::Refused,
    };
    ui.refusal_as(&[problem], exit);
    exit
}

fn table(rows: &[[String; 5]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 5] = std::array::from_fn(width);
    let line = |row: &[String; 5]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn product_and_version(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((product, version)) if !product.is_empty() && !version.is_empty() => {
            Ok((product.to_owned(), version.to_owned()))
        }
        _ => Err("write PRODUCT=VERSION, such as elasticsearch=6.2.1".into()),
    }
}
