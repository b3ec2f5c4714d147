//! What the actions on artifacts have in common: from their arguments to a file and its sources.

use std::sync::Arc;

use dpp_protocol::Failure;
use serde_json::Value as Json;

use crate::actions::ActionContext;
use crate::actions::action::text;
use crate::artifacts::{Artifact, Kind, Origin, Product, Products};
use crate::files::FileKind;
use crate::source::Problem;
use crate::value::{Map, Value};

/// The file that a task names: a product and its version, or a file of the project.
pub(super) fn artifact(context: &ActionContext, action: &str, args: &Map, kind: Kind) -> Result<Artifact, Failure> {
    if let Some(file) = text(args, "file") {
        return Ok(Artifact::of_file(&context.find("files", file)?, kind));
    }
    let (Some(product), Some(version)) = (text(args, "product"), word(args, "version")) else {
        return Err(Failure::new(format!("`{action}` wants `product` and `version`, or `file`")).code("DPP0104"));
    };
    let product = product_named(context, product)?;
    let machine = text(args, "architecture").unwrap_or("amd64");
    let artifact = product.artifact(&version, machine, &origins(args)?).map_err(|error| error.failure())?;
    if artifact.kind == kind {
        return Ok(artifact);
    }
    let other = if kind == Kind::Deb { "artifact_archive" } else { "artifact_package" };
    let what = if kind == Kind::Deb { "an archive" } else { "a package" };
    Err(Failure::new(format!("{} {version} is {what}", product.title)).code("DPP0104").help(format!("use `{other}`")))
}

/// A product of the binary, or the project's own description of it in `data/`.
pub(super) fn product_named(context: &ActionContext, name: &str) -> Result<Arc<Product>, Failure> {
    match own(context, name)? {
        Some(product) => Ok(Arc::new(product)),
        None => Products::embedded().find(name).cloned().map_err(|problem| failure(&problem)),
    }
}

/// The project's own description of a product, if it has one.
pub(super) fn own(context: &ActionContext, name: &str) -> Result<Option<Product>, Failure> {
    let candidates = context.scope.search().candidates("data", &format!("{name}.yml"));
    let own = candidates.iter().find(|path| {
        let beside = path.parent().is_some_and(|folder| folder.ends_with("data"));
        beside && context.files.kind(path) == FileKind::File
    });
    let Some(path) = own else { return Ok(None) };
    let product = Product::read(&context.source(path)?);
    product.map(Some).map_err(|problems| problems.first().map_or_else(Failure::default, failure))
}

/// Where to look for the file, in order: a list, or one text.
fn origins(args: &Map) -> Result<Vec<Origin>, Failure> {
    let texts: Vec<&Value> = match args.get("sources") {
        None | Some(Value::Null) => return Ok(vec![Origin::Upstream]),
        Some(Value::List(items)) => items.iter().collect(),
        Some(one) => vec![one],
    };
    let wrong = |words: String| Failure::new(format!("no source of files: {words}")).code("DPP0104");
    texts
        .into_iter()
        .map(|text| Origin::parse(text.as_str().ok_or_else(|| wrong(format!("a {}", text.kind())))?).map_err(wrong))
        .collect()
}

/// An argument as it was written, also when YAML takes it for a number.
pub(super) fn word(args: &Map, name: &str) -> Option<String> {
    match args.get(name)? {
        Value::Text(text) => Some(text.as_str().to_owned()),
        number @ (Value::Int(_) | Value::Float(_)) => Some(Json::from(number).to_string()),
        _ => None,
    }
}

/// A mistake in a file as a task's failure; the place goes along as words.
pub(super) fn failure(problem: &Problem) -> Failure {
    let mut failure = Failure::new(problem.message.clone()).code(problem.code);
    if let Some((place, _)) = &problem.at {
        failure = failure.note("at", place.to_string());
    }
    for note in &problem.notes {
        failure = failure.note("note", note.clone());
    }
    failure.help.clone_from(&problem.help);
    failure
}
