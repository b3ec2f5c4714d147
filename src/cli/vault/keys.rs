//! Which passwords a vault command works with: all that open, and the one that seals.

use crate::cli::Stop;
use crate::cli::invocation::project;
use crate::cli::options::{Global, VaultArgs};
use crate::cli::passwords::{Typed, asked, vault_of};
use crate::secret::{Key, Vault};
use crate::source::{Problem, nearest};
use crate::ui::Ui;

/// All passwords that may open something; a person is asked when none is named.
pub(super) fn opening(global: &Global, args: &VaultArgs, ui: Ui) -> Result<Vault, Stop> {
    let vault = vault_of(&project(global)?, Some(args), Typed::Once, ui)?;
    if vault.is_empty() { Ok(vault.with(None, asked(None, Typed::Once, ui)?)) } else { Ok(vault) }
}

/// The password that seals something new.
pub(super) fn sealing(global: &Global, args: &VaultArgs, label: Option<&str>, ui: Ui) -> Result<Key, Stop> {
    let project = project(global)?;
    let vault = vault_of(&project, Some(args), Typed::Twice, ui)?;
    let label = label.or(project.settings.vault_encrypt_id.as_deref());
    if vault.is_empty() && label.is_none() {
        return Ok(Key::new(None, asked(None, Typed::Twice, ui)?));
    }
    Ok(chosen(&vault, label)?)
}

/// The key under this vault id; without one, the only one there is.
pub(super) fn chosen(vault: &Vault, label: Option<&str>) -> Result<Key, Problem> {
    let name = |key: &Key| key.label().unwrap_or("default").to_owned();
    let mut names: Vec<String> = vault.keys().iter().map(name).collect();
    names.dedup();
    let known = format!("vault ids with a password: {}", names.join(", "));
    match (label, vault.keys()) {
        (Some(label), keys) => vault.key(label).cloned().ok_or_else(|| {
            let problem = Problem::error("DPP1207", format!("there is no password for the vault id `{label}`"));
            let problem = if keys.is_empty() { problem } else { problem.note(known) };
            match nearest(label, names.iter().map(String::as_str)) {
                near @ Some(_) => problem.did_you_mean(near),
                None => problem.help(format!("give it with --vault-id {label}@FILE")),
            }
        }),
        (None, [key, others @ ..]) if others.iter().all(|other| other.label() == key.label()) => Ok(key.clone()),
        (None, _) => Err(Problem::error("DPP1207", "several vault ids could encrypt this")
            .note(known)
            .help("say which one: --encrypt-vault-id ID")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn the_key_that_seals_is_the_one_that_is_named_or_the_only_one() {
        let with = |vault: Vault, label: Option<&str>| vault.with(label.map(str::to_owned), Secret::new("x"));
        let one = with(Vault::new(), Some("dev"));
        let two = with(one.clone(), None);
        let label = |vault, name| chosen(vault, name).map(|key| key.label().map(str::to_owned));
        assert_eq!(label(&one, None), Ok(Some("dev".to_owned())));
        assert_eq!(label(&two, Some("default")), Ok(None));
        assert_eq!(label(&two, Some("dev")), Ok(Some("dev".to_owned())));
        let problems: Vec<String> = [chosen(&two, None), chosen(&two, Some("dve")), chosen(&two, Some("prod"))]
            .into_iter()
            .map(|refused| crate::source::excerpt(&refused.unwrap_err(), false, 100))
            .collect();
        insta::assert_snapshot!(problems.join("\n\n"));
    }
}
