//! `dppctl vault`: files and values in Ansible's vault format. What ansible-vault wrote is read here, and the other way
//! round; beyond it, values that stand encrypted in a YAML file are seen, edited and rekeyed where they stand.

mod create;
mod decrypt;
mod edit;
mod editor;
mod encrypt;
mod encrypt_string;
mod keys;
mod paper;
mod rekey;
mod scratch;
mod view;

use clap::Subcommand;

use crate::cli::Stop;
use crate::cli::options::Global;
use crate::exit::Exit;
use crate::ui::Ui;

/// What can be done with a vault.
#[derive(Debug, Subcommand)]
pub(super) enum VaultCommand {
    /// Encrypt files whole, or standard input
    Encrypt(encrypt::EncryptArgs),
    /// Decrypt files, or the values in them
    Decrypt(decrypt::DecryptArgs),
    /// Show what is encrypted; the files stay as they are
    View(view::ViewArgs),
    /// Edit what is encrypted; a text that was not changed leaves the file as it is
    Edit(edit::EditArgs),
    /// Write a new encrypted file in an editor
    Create(create::CreateArgs),
    /// Encrypt files, and the values in them, with another password
    Rekey(rekey::RekeyArgs),
    /// Encrypt one value, to be put into a YAML file
    #[command(alias = "encrypt_string")]
    EncryptString(encrypt_string::EncryptStringArgs),
}

pub(super) fn vault(global: &Global, command: &VaultCommand, ui: Ui) -> Result<Exit, Stop> {
    match command {
        VaultCommand::Encrypt(args) => encrypt::encrypt(global, args, ui),
        VaultCommand::Decrypt(args) => decrypt::decrypt(global, args, ui),
        VaultCommand::View(args) => view::view(global, args, ui),
        VaultCommand::Edit(args) => edit::edit(global, args, ui),
        VaultCommand::Create(args) => create::create(global, args, ui),
        VaultCommand::Rekey(args) => rekey::rekey(global, args, ui),
        VaultCommand::EncryptString(args) => encrypt_string::encrypt_string(global, args, ui),
    }
    .map(|()| Exit::Ok)
}
