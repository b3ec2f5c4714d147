//! `dppctl vault` as somebody types it: files and values that ansible-vault wrote, and what becomes of them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use regex::Regex;

use crate::lab::Lab;
use crate::run::Run;

/// A file of `tests/fixtures/vault`, as ansible-vault wrote it.
fn theirs(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/vault");
    fs::read_to_string(folder.join(name)).unwrap()
}

/// A project with files of ansible-vault and their passwords.
fn lab() -> Lab {
    Lab::empty()
        .file("dev", "one\n")
        .file("prod", "correct horse\n")
        .file("mixed.yml", &theirs("mixed.yml"))
        .file("whole.yml", &theirs("file-1.2.yml"))
}

const BOTH: [&str; 4] = ["--vault-id", "dev@dev", "--vault-id", "prod@prod"];

/// `dppctl vault` with the passwords of both ids.
fn vault(lab: &Lab, words: &[&str]) -> Run {
    let words: Vec<&str> = ["vault"].iter().chain(words).chain(&BOTH).copied().collect();
    lab.vault(&words, &[])
}

fn edited(lab: &Lab, editor: &str, words: &[&str]) -> Run {
    let words: Vec<&str> = ["vault", "edit"].iter().chain(words).chain(&BOTH).copied().collect();
    lab.vault(&words, &[("EDITOR", editor)])
}

/// The screen with envelopes as their first line.
fn short(run: &Run) -> String {
    Regex::new(r"(?m)^ *[0-9a-f]{4,80}\n").unwrap().replace_all(&run.to_string(), "").into_owned()
}

#[test]
fn what_ansible_vault_wrote_is_shown_file_by_file_and_value_by_value() {
    let lab = lab();
    insta::assert_snapshot!("vault_view", vault(&lab, &["view", "mixed.yml", "whole.yml"]));
    let one = vault(&lab, &["view", "mixed.yml", "--name", "accounts[1].password"]).exits(0);
    assert_eq!(one.stdout, "prod secret: #1");
    insta::assert_snapshot!("vault_view_no_such_value", vault(&lab, &["view", "mixed.yml", "--name", "tls_kye"]));
    let without = lab.vault(&["vault", "view", "mixed.yml", "--vault-id", "dev@dev"], &[]);
    insta::assert_snapshot!("vault_view_without_a_password", without);
    insta::assert_snapshot!("vault_without_any", lab.vault(&["vault", "view", "whole.yml"], &[]));
}

#[test]
fn a_file_is_encrypted_in_its_place_and_comes_back() {
    let lab = lab().file("vars.yml", "a: 1\n");
    fs::set_permissions(lab.path("vars.yml"), fs::Permissions::from_mode(0o640)).unwrap();
    insta::assert_snapshot!("vault_encrypt_with_two_ids", vault(&lab, &["encrypt", "vars.yml"]));
    let _ = vault(&lab, &["encrypt", "vars.yml", "--encrypt-vault-id", "prod"]).exits(0);
    let text = fs::read_to_string(lab.path("vars.yml")).unwrap();
    assert!(text.starts_with("$ANSIBLE_VAULT;1.2;AES256;prod\n"), "{text}");
    insta::assert_snapshot!("vault_encrypt_twice", vault(&lab, &["encrypt", "vars.yml", "--encrypt-vault-id", "prod"]));
    insta::assert_snapshot!("vault_decrypt", vault(&lab, &["decrypt", "vars.yml"]));
    assert_eq!(fs::read_to_string(lab.path("vars.yml")).unwrap(), "a: 1\n");
    let mode = fs::metadata(lab.path("vars.yml")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o640);
    insta::assert_snapshot!("vault_decrypt_clear_text", vault(&lab, &["decrypt", "vars.yml"]));
}

#[test]
fn a_rotation_reaches_the_values_in_a_file_and_is_whole_or_not_at_all() {
    let lab = lab().file("new", "fresh\n");
    let before = fs::read_to_string(lab.path("mixed.yml")).unwrap();
    let rekey = ["vault", "rekey", "mixed.yml", "whole.yml", "--new-vault-id", "next@new", "--vault-id", "prod@prod"];
    insta::assert_snapshot!("vault_rekey_without_a_password", lab.vault(&rekey, &[]));
    assert_eq!(fs::read_to_string(lab.path("mixed.yml")).unwrap(), before);
    insta::assert_snapshot!("vault_rekey", vault(&lab, &rekey[1..6]));
    let shown = lab.vault(&["vault", "view", "mixed.yml", "whole.yml", "--vault-id", "next@new"], &[]).exits(0);
    let was = lab.file("mixed.yml", &before).file("whole.yml", &theirs("file-1.2.yml"));
    assert_eq!(shown.stdout, vault(&was, &["view", "mixed.yml", "whole.yml"]).exits(0).stdout);
    let only = vault(&was, &["rekey", "mixed.yml", "--new-vault-id", "next@new", "--only-vault-id", "dev"]).exits(0);
    assert!(only.stderr.contains("rekeyed 1 value in mixed.yml"), "{only}");
}

#[test]
fn an_edit_that_changes_nothing_leaves_the_file_and_one_that_fails_too() {
    let lab = lab();
    let before = fs::read(lab.path("whole.yml")).unwrap();
    insta::assert_snapshot!("vault_edit_nothing", edited(&lab, "true", &["whole.yml"]));
    insta::assert_snapshot!("vault_edit_fails", edited(&lab, "false", &["whole.yml"]));
    insta::assert_snapshot!("vault_edit_without_a_terminal", vault(&lab, &["edit", "whole.yml"]));
    insta::assert_snapshot!("vault_edit_which_value", edited(&lab, "true", &["mixed.yml"]));
    assert_eq!(fs::read(lab.path("whole.yml")).unwrap(), before);
    let _ = edited(&lab, "sed -i s/two/three/", &["whole.yml"]).exits(0);
    assert!(vault(&lab, &["view", "whole.yml"]).stdout.contains("[1, three]"));
    let _ = edited(&lab, "sed -i s/dev/DEV/", &["mixed.yml", "--name", "accounts[0].password"]).exits(0);
    assert!(vault(&lab, &["view", "mixed.yml"]).stdout.contains("password: \"DEV-secret\"\n"));
}

#[test]
fn clear_text_is_gone_when_a_signal_ends_the_edit() {
    let lab = lab().file("runtime/x", "");
    // It says where it was given the file, and waits for ever.
    lab.write("editor", "#!/bin/sh\necho \"$1\" >seen.new\nmv seen.new seen\nexec sleep 600\n");
    fs::set_permissions(lab.path("editor"), fs::Permissions::from_mode(0o700)).unwrap();
    let mut edit = Command::new(env!("CARGO_BIN_EXE_dppctl"));
    edit.args(["vault", "edit", "whole.yml", "--vault-id", "prod@prod"]).current_dir(lab.path("")).env_clear();
    edit.env("EDITOR", "./editor").env("XDG_RUNTIME_DIR", lab.path("runtime")).env("PATH", "/usr/bin:/bin");
    let mut child = edit.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while !lab.path("seen").exists() && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let seen = fs::read_to_string(lab.path("seen")).unwrap();
    let file = Path::new(seen.trim());
    assert!(file.starts_with(lab.path("runtime")) && file.ends_with("whole.yml"), "{seen}");
    assert_eq!(fs::metadata(file.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert!(!file.exists() && !file.parent().unwrap().exists(), "clear text is left in {}", file.display());
}

#[test]
fn new_secrets_are_written_encrypted() {
    let lab = lab();
    let editor = [("EDITOR", "sh -c 'echo key: geheim >$0'")];
    let create = ["vault", "create", "new.yml", "--vault-id", "prod@prod"];
    insta::assert_snapshot!("vault_create", lab.vault(&create, &editor));
    assert_eq!(fs::metadata(lab.path("new.yml")).unwrap().permissions().mode() & 0o777, 0o600);
    insta::assert_snapshot!("vault_create_again", lab.vault(&create, &editor));
    assert_eq!(vault(&lab, &["view", "new.yml"]).stdout, "key: geheim\n");
    let value = ["vault", "encrypt_string", "geheim", "--name", "pw", "--vault-id", "prod@prod"];
    let said = lab.vault(&value, &[]).exits(0);
    insta::assert_snapshot!("vault_encrypt_string", short(&said));
    lab.write("string.yml", &said.stdout);
    assert_eq!(vault(&lab, &["view", "string.yml", "--name", "pw"]).stdout, "geheim");
}
