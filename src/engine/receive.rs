//! `fetch`: a file of a host comes here, piece by piece, when it is not here already.
//!
//! The host says what it has; what is here is compared with that, so that a file which did not change costs one question.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dpp_modules::files::checksum::Algorithm;
use dpp_protocol::{Answer, Change, Failure, Mode, Outcome, Task, Verb};
use serde_json::{Value as Json, json};

use crate::actions::{Arrival, Receipt};
use crate::engine::provisions::Alive;
use crate::transport::{Agent, LinkError};

/// What the host says of its file.
struct Offer {
    source: String,
    checksum: String,
    size: u64,
}

/// Has the file come here, or says what would be done.
pub(super) fn receive(agent: &mut Agent, task: Task, receipt: &Receipt, alive: Alive) -> Result<Answer, LinkError> {
    let (mode, next) = (task.mode, Task { owes: Vec::new(), settles: Vec::new(), ..task.clone() });
    let said = match agent.run(task, &mut |_| ())? {
        Ok(said) => said,
        Err(failure) => return Ok(absent(failure, receipt)),
    };
    let offer = offered(&said);
    let path = match receipt.path_for(&offer.source) {
        Ok(path) => path,
        Err(failure) => return Ok(Err(failure)),
    };
    let here = sum(Algorithm::Sha1, &path);
    if here.as_ref() == Some(&offer.checksum) {
        return Ok(Ok(unchanged(&offer, &path)));
    }
    let verb = if here.is_some() { Verb::Change } else { Verb::Create };
    let change = Change::new(verb, path.display().to_string()).detail("on this machine");
    if mode == Mode::Survey {
        return Ok(Ok(changed(&offer, &path, change, &offer.checksum, &Json::Null)));
    }
    let mut arrival = match Arrival::at(&path) {
        Ok(arrival) => arrival,
        Err(failure) => return Ok(Err(failure)),
    };
    if let Err(failure) = bring(agent, &next, &offer, &mut arrival, alive)? {
        return Ok(Err(failure));
    }
    Ok(accept(arrival, receipt, &offer, path, change))
}

/// Takes pieces until the file is whole.
fn bring(
    agent: &mut Agent,
    next: &Task,
    offer: &Offer,
    arrival: &mut Arrival,
    alive: Alive,
) -> Result<Result<(), Failure>, LinkError> {
    let text = format!("fetch {}", offer.source);
    let mut at = 0u64;
    while at < offer.size {
        let mut task = next.clone();
        task.params["_from"] = at.into();
        let piece = match agent.run(task, &mut |_| ())? {
            Ok(piece) => piece,
            Err(failure) => return Ok(Err(failure)),
        };
        let content = piece.result.get("content").and_then(Json::as_str).unwrap_or_default();
        let Ok(bytes) = STANDARD.decode(content) else {
            return Ok(Err(Failure::new(format!("a piece of {} arrived damaged", offer.source))));
        };
        if bytes.is_empty() {
            break;
        }
        if let Err(failure) = arrival.append(&bytes) {
            return Ok(Err(failure));
        }
        at += bytes.len() as u64;
        alive(&text, Some((at.min(offer.size), offer.size)));
    }
    Ok(Ok(()))
}

fn accept(arrival: Arrival, receipt: &Receipt, offer: &Offer, path: PathBuf, change: Change) -> Answer {
    let checksum = arrival.checksum(Algorithm::Sha1)?;
    if receipt.validate_checksum && checksum != offer.checksum {
        return Err(Failure::new(format!("{} changed while it was fetched: checksum mismatch", offer.source))
            .help("fetch it when nobody writes it, or a copy of it; `validate_checksum: false` takes what comes")
            .value("msg", "checksum mismatch")
            .value("file", offer.source.as_str())
            .value("dest", path.display().to_string())
            .value("checksum", checksum)
            .value("remote_checksum", offer.checksum.as_str()));
    }
    let md5 = arrival.checksum(Algorithm::Md5)?;
    arrival.finish()?;
    Ok(changed(offer, &path, change, &checksum, &md5.into()))
}

/// A file that is not there, or is none.
fn absent(failure: Failure, receipt: &Receipt) -> Answer {
    let Some(message) = failure.result.get("_absent").and_then(Json::as_str).filter(|_| !receipt.fail_on_missing)
    else {
        let mut failure = failure;
        failure.result.shift_remove("_absent");
        return Err(failure);
    };
    let mut outcome = Outcome::default();
    outcome.result.insert("msg".into(), message.into());
    if !message.contains("directory") {
        outcome.result.insert("file".into(), failure.result.get("file").cloned().unwrap_or_default());
    }
    Ok(outcome)
}

fn offered(said: &Outcome) -> Offer {
    let text = |name: &str| said.result.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let size = said.result.get("size").and_then(Json::as_u64).unwrap_or_default();
    Offer { source: text("source"), checksum: text("checksum"), size }
}

fn unchanged(offer: &Offer, path: &Path) -> Outcome {
    let mut outcome = Outcome::default();
    for (name, value) in [
        ("md5sum", sum(Algorithm::Md5, path).into()),
        ("file", offer.source.as_str().into()),
        ("dest", path.display().to_string().into()),
        ("checksum", offer.checksum.as_str().into()),
    ] {
        outcome.result.insert(name.into(), value);
    }
    outcome
}

fn changed(offer: &Offer, path: &Path, change: Change, checksum: &str, md5: &Json) -> Outcome {
    let result = json!({"md5sum": md5, "dest": path.display().to_string(), "remote_md5sum": null,
        "checksum": checksum, "remote_checksum": offer.checksum});
    let mut outcome = Outcome { changed: true, changes: vec![change], ..Outcome::default() };
    if let Json::Object(result) = result {
        outcome.result = result;
    }
    outcome
}

fn sum(algorithm: Algorithm, path: &Path) -> Option<String> {
    algorithm.of_file(path).ok()
}
