//! Passwords as commands are given them: in files, by programmes, by a person at a prompt; those of vaults with their ids.

use std::path::Path;

use crate::cli::options::VaultArgs;
use crate::cli::{Stop, ask};
use crate::project::Project;
use crate::secret::{Secret, Vault, VaultError};
use crate::source::Problem;
use crate::ui::Ui;

/// Whether a password is known already, or is chosen now and so typed twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Typed {
    Once,
    Twice,
}

/// The passwords that settings and command line name for vaults.
pub(super) fn vault_of(project: &Project, args: Option<&VaultArgs>, typed: Typed, ui: Ui) -> Result<Vault, Stop> {
    let settings = &project.settings;
    let mut vault = of_settings(&settings.vault_ids, typed, ui)?;
    for given in args.iter().flat_map(|args| &args.vault_id) {
        let (label, source) = parted(given);
        vault = vault.with(label.map(str::to_owned), labelled(label, source, typed, ui)?);
    }
    if args.is_some_and(|args| args.ask_vault_pass) {
        vault = vault.with(None, asked(None, typed, ui)?);
    }
    let named = args.and_then(|args| args.vault_password_file.clone());
    Ok(match named.or_else(|| settings.vault_password_file.value.clone()) {
        Some(file) => vault.with(None, secret_of(&file)?),
        None => vault,
    })
}

/// Of the ids that settings list, few people have all passwords: one that cannot be had stops nobody who has another.
fn of_settings(ids: &[String], typed: Typed, ui: Ui) -> Result<Vault, Stop> {
    let mut vault = Vault::new();
    let mut missing = Vec::new();
    for (label, source) in ids.iter().map(|id| parted(id)) {
        if is_prompt(source) && !ask::is_possible() {
            continue;
        }
        match labelled(label, source, typed, ui) {
            Ok(password) => vault = vault.with(label.map(str::to_owned), password),
            Err(Stop::Refused(problems)) => missing.extend(problems),
            Err(stop) => return Err(stop),
        }
    }
    if vault.is_empty() && !missing.is_empty() {
        return Err(Stop::Refused(missing));
    }
    missing.iter().for_each(|problem| ui.warning(&problem.message));
    Ok(vault)
}

/// `LABEL@SOURCE`, as Ansible reads it: the first `@` parts, and none leaves the source alone.
pub(super) fn parted(id: &str) -> (Option<&str>, &str) {
    match id.split_once('@') {
        Some((label, source)) => (Some(label).filter(|label| !label.is_empty()), source),
        None => (None, id),
    }
}

/// The password of a vault id, from its file, its programme or a person.
pub(super) fn labelled(label: Option<&str>, source: &str, typed: Typed, ui: Ui) -> Result<Secret, Stop> {
    if let Some(label) = label.filter(|label| label.contains([';', '\n'])) {
        return Err(Problem::error("DPP1207", format!("`{label}` cannot be a vault id: it has a `;` in it")).into());
    }
    if is_prompt(source) { asked(label, typed, ui) } else { of_file(Path::new(source), label) }
}

fn is_prompt(source: &str) -> bool {
    matches!(source, "prompt" | "prompt_ask_vault_pass")
}

/// Asks for the password of a vault.
pub(super) fn asked(label: Option<&str>, typed: Typed, ui: Ui) -> Result<Secret, Stop> {
    const INSTEAD: &str = "--vault-password-file or --vault-id LABEL@FILE";
    let of = label.map(|label| format!(" {label}")).unwrap_or_default();
    if typed == Typed::Once {
        return ask::secret(&format!("the password of the vault{of}"), INSTEAD);
    }
    loop {
        let password = ask::secret(&format!("a new password for the vault{of}"), INSTEAD)?;
        if password.reveal().is_empty() {
            ui.story("an empty password protects nothing");
        } else if ask::secret("the same once more", INSTEAD)? == password {
            return Ok(password);
        } else {
            ui.story("these were two different ones");
        }
    }
}

/// A secret from a file, or from a programme that prints it.
pub(super) fn secret_of(file: &Path) -> Result<Secret, Stop> {
    of_file(file, None)
}

fn of_file(file: &Path, label: Option<&str>) -> Result<Secret, Stop> {
    Secret::from_file(file, label).map_err(|error| refused(error.to_string(), &error).into())
}

/// What went wrong with a vault, in words of one's own, with what to do about it.
pub(super) fn refused(message: impl Into<String>, error: &VaultError) -> Problem {
    let problem = Problem::error(error.code(), message);
    match error.help() {
        Some(help) => problem.help(help),
        None => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_parted_as_ansible_parts_it() {
        assert_eq!(parted("dev@file"), (Some("dev"), "file"));
        assert_eq!(parted("dev@me@home"), (Some("dev"), "me@home"));
        assert_eq!(parted("@prompt"), (None, "prompt"));
        assert_eq!(parted("file"), (None, "file"));
    }

    #[test]
    fn of_the_ids_in_settings_those_count_that_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| format!("{name}@{}", folder.path().join(name).display());
        std::fs::write(folder.path().join("dev"), "one\n").unwrap();
        let ids = [at("dev"), at("prod"), "ask@prompt".to_owned()];
        let vault = of_settings(&ids, Typed::Once, Ui::plain()).unwrap();
        assert_eq!(vault.keys().iter().map(|key| key.label()).collect::<Vec<_>>(), [Some("dev")]);
        let Err(Stop::Refused(problems)) = of_settings(&ids[1..], Typed::Once, Ui::plain()) else { panic!() };
        assert_eq!((problems.len(), problems[0].code), (1, "DPP1205"));
    }
}
