//! `dppctl vault encrypt-string`: one value as it is pasted into a YAML file.

use std::io::{self, Read as _};

use clap::Args;

use crate::cli::options::{Global, VaultArgs};
use crate::cli::passwords::refused;
use crate::cli::vault::keys;
use crate::cli::{Stop, ask};
use crate::secret::Secret;
use crate::source::Problem;
use crate::ui::Ui;

/// As ansible-vault indents it, so that the same value looks the same.
const INDENT: &str = "          ";

/// Options of `vault encrypt-string`.
#[derive(Debug, Args)]
pub(in crate::cli) struct EncryptStringArgs {
    /// The value; better left away, for then it is asked for or read from standard input, and no list of processes shows it
    #[arg(value_name = "VALUE", conflicts_with_all = ["prompt", "stdin_name"])]
    value: Option<String>,
    /// Name of the variable
    #[arg(short, long, value_name = "NAME")]
    name: Option<String>,
    /// Ask for the value, even where standard input is no terminal
    #[arg(short, long)]
    prompt: bool,
    /// Show what is typed
    #[arg(long)]
    show_input: bool,
    /// Read the value from standard input, and give it this name
    #[arg(long, value_name = "NAME", conflicts_with_all = ["name", "prompt"])]
    stdin_name: Option<String>,
    /// The vault id that encrypts, where several have a password
    #[arg(long, value_name = "ID")]
    encrypt_vault_id: Option<String>,
    #[command(flatten)]
    vault: VaultArgs,
}

pub(super) fn encrypt_string(global: &Global, args: &EncryptStringArgs, ui: Ui) -> Result<(), Stop> {
    let name = args.name.as_deref().or(args.stdin_name.as_deref());
    let key = keys::sealing(global, &args.vault, args.encrypt_vault_id.as_deref(), ui)?;
    let value = value(args, name, ui)?;
    if value.reveal().is_empty() {
        return Err(Problem::error("DPP1206", "the value is empty").help("nothing needs no encryption").into());
    }
    let envelope = key.seal(value.reveal().as_bytes());
    let envelope = envelope.map_err(|error| refused(format!("cannot encrypt the value: {error}"), &error))?;
    ui.answer(&tagged(name, &envelope));
    Ok(())
}

/// `NAME: !vault |` with the envelope's lines below it.
fn tagged(name: Option<&str>, envelope: &str) -> String {
    let head = name.map(|name| format!("{name}: ")).unwrap_or_default();
    let lines: String = envelope.lines().map(|line| format!("{INDENT}{line}\n")).collect();
    format!("{head}!vault |\n{lines}")
}

fn value(args: &EncryptStringArgs, name: Option<&str>, ui: Ui) -> Result<Secret, Stop> {
    let what = name.map_or_else(|| "the value".to_owned(), |name| format!("the value of {name}"));
    match args.value.as_deref() {
        Some(value) if value != "-" => {
            ui.warning(
                "the value stood on the command line, where a list of processes and the shell's history show it",
            );
            Ok(Secret::new(value))
        }
        None if args.prompt || (ask::is_possible() && args.stdin_name.is_none()) => typed(args, &what, ui),
        _ => piped(&what),
    }
}

fn typed(args: &EncryptStringArgs, what: &str, ui: Ui) -> Result<Secret, Stop> {
    if args.show_input && ask::is_possible() {
        return ask::line(&format!("{what}:"), ui).map(Secret::new);
    }
    ask::secret(what, "standard input without --prompt")
}

/// One line loses its end, which `echo` put there; several lines are kept as they are.
fn piped(what: &str) -> Result<Secret, Stop> {
    let mut text = String::new();
    io::stdin()
        .lock()
        .read_to_string(&mut text)
        .map_err(|error| Stop::Trouble(format!("cannot read {what}: {error}")))?;
    Ok(Secret::new(one_line(&text)))
}

fn one_line(text: &str) -> &str {
    let line = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    if line.contains('\n') { text } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_loses_its_end_and_a_file_keeps_it() {
        for (given, kept) in
            [("a\n", "a"), ("a\r\n", "a"), ("a", "a"), ("a\nb\n", "a\nb\n"), ("a\n\n", "a\n\n"), ("", "")]
        {
            assert_eq!(one_line(given), kept);
        }
    }

    #[test]
    fn it_looks_as_ansible_vault_writes_it() {
        assert_eq!(tagged(Some("x"), "H\n61\n"), "x: !vault |\n          H\n          61\n");
        assert_eq!(tagged(None, "H\n"), "!vault |\n          H\n");
    }
}
