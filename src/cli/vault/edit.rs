//! `dppctl vault edit`: the clear text in an editor, and back under the same key. A text that came back as it went leaves
//! the file alone, so that a look is no change in a repository.

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use zeroize::Zeroizing;

use crate::cli::Stop;
use crate::cli::options::{Global, VaultArgs};
use crate::cli::passwords::refused;
use crate::cli::vault::editor::edited;
use crate::cli::vault::keys;
use crate::cli::vault::paper::{Paper, Sealed, named, unseal, whole};
use crate::cli::vault::view::no_values;
use crate::secret::Vault;
use crate::source::{Place, Problem};
use crate::ui::Ui;
use crate::yaml::{SealedValue, replaced};

/// Options of `vault edit`.
#[derive(Debug, Args)]
pub(in crate::cli) struct EditArgs {
    /// The file
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,
    /// The encrypted value to be edited, in a file that has some: `db_password`, `users[0].password`
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Encrypt under this vault id from now on
    #[arg(long, value_name = "ID")]
    encrypt_vault_id: Option<String>,
    #[command(flatten)]
    vault: VaultArgs,
}

pub(super) fn edit(global: &Global, args: &EditArgs, ui: Ui) -> Result<(), Stop> {
    let paper = Paper::read(&args.file)?;
    let sealed = paper.sealed()?;
    let part = part(&sealed, args.name.as_deref(), &paper.name)?;
    let vault = keys::opening(global, &args.vault, ui)?;
    let Some(envelope) = turned(&part.place, &vault, args, &file_name(&args.file))? else {
        ui.story(&format!("unchanged, so {} is as it was", paper.name));
        return Ok(());
    };
    let text = match &part.value {
        Some(value) => replaced(part.place.source().text(), &[value.resealed(&envelope)]),
        None => Zeroizing::new(envelope),
    };
    paper.put(text.as_bytes(), None, "encrypted", ui)
}

/// What is edited: an envelope, and the value whose one it is.
struct Part {
    place: Place,
    value: Option<SealedValue>,
}

fn part(sealed: &Sealed, name: Option<&str>, file: &str) -> Result<Part, Problem> {
    match (sealed, name) {
        (Sealed::Whole(source), None) => Ok(Part { place: whole(source), value: None }),
        (Sealed::Whole(_), Some(_)) => Err(no_values(file)),
        (Sealed::Values(_, values), Some(name)) => {
            let value = named(values, name, file)?.clone();
            Ok(Part { place: value.place.clone(), value: Some(value) })
        }
        (Sealed::Values(_, values), None) => {
            let names: Vec<&str> = values.iter().map(|value| value.name.as_str()).collect();
            Err(Problem::error("DPP1206", format!("{file} is not encrypted whole, but in {} values", values.len()))
                .note(format!("encrypted values: {}", names.join(", ")))
                .help(format!("say which one: dppctl vault edit {file} --name '{}'", names[0])))
        }
    }
}

/// The new envelope, if the text became another one.
fn turned(place: &Place, vault: &Vault, args: &EditArgs, name: &str) -> Result<Option<String>, Stop> {
    let opened = unseal(vault, place)?;
    let key = match &args.encrypt_vault_id {
        Some(label) => keys::chosen(vault, Some(label))?,
        None => opened.key.clone(),
    };
    let content = edited(name, &opened.content)?;
    if content == opened.content && key.label() == opened.key.label() {
        return Ok(None);
    }
    let sealed = key.seal(&content).map_err(|error| refused(format!("cannot encrypt {name}: {error}"), &error))?;
    Ok(Some(sealed))
}

/// The name by which an editor knows what it is.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| "vault.yml".to_owned(), |name| name.to_string_lossy().into_owned())
}
