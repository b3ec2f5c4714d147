//! `dppctl vault rekey`: another password for files, and for the values that stand encrypted in them. All are opened
//! before the first one is written, so that a rotation is never left half done by a wrong password.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use zeroize::Zeroizing;

use crate::cli::Stop;
use crate::cli::options::{Global, VaultArgs};
use crate::cli::passwords::{Typed, asked, labelled, parted, refused, secret_of};
use crate::cli::vault::keys;
use crate::cli::vault::paper::{Change, Paper, Sealed, each, unseal, whole, written};
use crate::secret::{Key, Vault};
use crate::source::{Place, Problem, Problems};
use crate::ui::Ui;
use crate::yaml::{SealedValue, replaced};

/// Options of `vault rekey`.
#[derive(Debug, Args)]
pub(in crate::cli) struct RekeyArgs {
    /// Files that are encrypted, or have encrypted values
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// The new password with its vault id: LABEL@FILE or LABEL@prompt
    #[arg(long, value_name = "ID", conflicts_with = "new_vault_password_file")]
    new_vault_id: Option<String>,
    /// File with the new password, or a programme that prints it
    #[arg(long, value_name = "FILE")]
    new_vault_password_file: Option<PathBuf>,
    /// Only what is encrypted under this vault id; the rest stays as it is
    #[arg(long, value_name = "ID")]
    only_vault_id: Option<String>,
    #[command(flatten)]
    vault: VaultArgs,
}

/// From which passwords to which one.
struct Rotation<'a> {
    old: Vault,
    new: Key,
    only: Option<&'a str>,
}

pub(super) fn rekey(global: &Global, args: &RekeyArgs, ui: Ui) -> Result<(), Stop> {
    let papers = Paper::all(&args.files)?;
    let sealed = each(&papers, Paper::sealed)?;
    let old = keys::opening(global, &args.vault, ui)?;
    let rotation = Rotation { old, new: new_key(args, ui)?, only: args.only_vault_id.as_deref() };
    let texts = each(&sealed, |sealed| rotation.of(sealed))?;
    if texts.iter().all(Option::is_none) {
        let problem = Problem::error("DPP1206", "nothing here is encrypted under this vault id");
        return Err(problem.help("see the header of a file: $ANSIBLE_VAULT;1.2;AES256;ID").into());
    }
    for (paper, text) in papers.iter().zip(texts) {
        match text {
            Some((text, count)) => paper.put(text.as_bytes(), None, &told(count), ui)?,
            None => ui.story(&format!("kept {}", paper.name)),
        }
    }
    Ok(())
}

/// A count of nought is a whole file.
fn told(values: usize) -> String {
    match values {
        0 => "rekeyed".to_owned(),
        1 => "rekeyed 1 value in".to_owned(),
        many => format!("rekeyed {many} values in"),
    }
}

fn new_key(args: &RekeyArgs, ui: Ui) -> Result<Key, Stop> {
    if let Some(id) = &args.new_vault_id {
        let (label, source) = parted(id);
        return Ok(Key::new(label.map(str::to_owned), labelled(label, source, Typed::Twice, ui)?));
    }
    let password = match &args.new_vault_password_file {
        Some(file) => secret_of(file)?,
        None => asked(None, Typed::Twice, ui)?,
    };
    Ok(Key::new(None, password))
}

impl Rotation<'_> {
    /// The text under the new key, and how many values of it; nothing when there is nothing to do.
    fn of(&self, sealed: &Sealed) -> Result<Option<(Zeroizing<String>, usize)>, Problems> {
        match sealed {
            Sealed::Whole(source) if self.is_meant(&whole(source)) => {
                Ok(Some((Zeroizing::new(self.turned(&whole(source))?), 0)))
            }
            Sealed::Whole(_) => Ok(None),
            Sealed::Values(source, values) => {
                let meant: Vec<&SealedValue> = values.iter().filter(|value| self.is_meant(&value.place)).collect();
                let turned = |value: &&SealedValue| self.turned(&value.place).map(|envelope| value.resealed(&envelope));
                let (changes, problems): (Vec<_>, Vec<_>) = meant.iter().map(turned).partition(Result::is_ok);
                let problems: Problems = problems.into_iter().filter_map(Result::err).flatten().collect();
                if !problems.is_empty() {
                    let hint = "--only-vault-id ID rekeys what is encrypted under one vault id and leaves the rest";
                    return Err(problems.into_iter().map(|problem| problem.note(hint)).collect());
                }
                let changes: Vec<Change> = changes.into_iter().flatten().collect();
                Ok((!changes.is_empty()).then(|| (replaced(source.text(), &changes), changes.len())))
            }
        }
    }

    fn is_meant(&self, place: &Place) -> bool {
        let label = || Vault::label_of(&written(place)).ok().flatten();
        self.only.is_none_or(|only| label().as_deref().unwrap_or("default") == only)
    }

    fn turned(&self, place: &Place) -> Result<String, Problems> {
        let opened = unseal(&self.old, place)?;
        let sealed = self.new.seal(&opened.content);
        sealed.map_err(|error| vec![refused(format!("cannot encrypt this: {error}"), &error)])
    }
}
