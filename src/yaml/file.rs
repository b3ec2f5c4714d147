//! A YAML file from the disk, whole-file vaults included.

use std::path::Path;
use std::sync::Arc;

use crate::files::{Disk, Files};
use crate::secret::{Decrypt, HEADER, VaultError};
use crate::source::{Place, Problem, Problems, Source};
use crate::value::Text;
use crate::yaml::{Data, Key, Node, parse_with};

/// Reads the documents of a file. Of an encrypted file every text is a secret, and every place is the file's first
/// line, so that no excerpt can show what was decrypted.
pub fn read(path: &Path, vault: &dyn Decrypt) -> Result<Vec<Node>, Problems> {
    documents(&open(path).map_err(|problem| vec![problem])?, vault)
}

/// The same for a file of a project, with the project's own keys.
pub fn load(files: &dyn Files, path: &Path) -> Result<Vec<Node>, Problems> {
    documents(&files.source(path).map_err(|problem| vec![problem])?, files.keys())
}

/// Reads a text file of this machine as a source under the name by which it was asked for.
pub fn open(path: &Path) -> Result<Arc<Source>, Problem> {
    let disk: &dyn Files = &Disk;
    disk.source(path)
}

fn documents(source: &Arc<Source>, vault: &dyn Decrypt) -> Result<Vec<Node>, Problems> {
    if source.text().starts_with(HEADER) { read_sealed(source, vault) } else { parse_with(source, vault) }
}

fn read_sealed(source: &Arc<Source>, vault: &dyn Decrypt) -> Result<Vec<Node>, Problems> {
    let header = source.text().lines().next().map_or(0, str::len);
    let place = Place::new(source, 0..header);
    let text = vault.decrypt(source.text()).map_err(|error| vec![refused(&error, &place)])?;
    let opened = Source::new(source.name(), text.as_str());
    match parse_with(&opened, vault) {
        Ok(documents) => Ok(documents.into_iter().map(|node| sealed(node, &place)).collect()),
        Err(problems) => Err(problems.into_iter().map(|problem| hidden(problem, &place)).collect()),
    }
}

fn refused(error: &VaultError, place: &Place) -> Problem {
    let message = format!("cannot read the encrypted file `{}`: {error}", place.source().name());
    let problem = Problem::error(error.code(), message).at(place, "");
    match error.help() {
        Some(help) => problem.help(help),
        None => problem,
    }
}

fn hidden(mut problem: Problem, place: &Place) -> Problem {
    let line = problem.at.take().map(|(inside, _)| inside.line());
    problem.context = None;
    let problem = problem.at(place, "in this encrypted file");
    match line {
        Some(line) => problem.note(format!("line {line} of the decrypted text; see it with `dppctl vault view`")),
        None => problem,
    }
}

fn sealed(node: Node, place: &Place) -> Node {
    let data = match node.data {
        Data::Text(text, style) => Data::Text(Text::secret(text.as_str()).at(place.clone()), style),
        Data::List(items) => Data::List(items.into_iter().map(|item| sealed(item, place)).collect()),
        Data::Map(entries) => Data::Map(
            entries
                .into_iter()
                .map(|(key, node)| (Key { text: key.text, place: place.clone() }, sealed(node, place)))
                .collect(),
        ),
        other => other,
    };
    Node { place: place.clone(), data }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::NoPassword;
    use crate::source::excerpt;
    use zeroize::Zeroizing;

    struct Holds(&'static str);

    impl Decrypt for Holds {
        fn decrypt(&self, _envelope: &str) -> Result<Zeroizing<String>, VaultError> {
            Ok(Zeroizing::new(self.0.to_owned()))
        }
    }

    fn vault_file() -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "$ANSIBLE_VAULT;1.1;AES256\n3132\n").unwrap();
        file
    }

    #[test]
    fn texts_of_an_encrypted_file_are_secret_and_its_mistakes_show_none_of_it() {
        let file = vault_file();
        let nodes = read(file.path(), &Holds("a: hunter2\nb: [hunter3]\n")).unwrap();
        assert!(!format!("{nodes:?}").contains("hunter"));
        let problems = read(file.path(), &Holds("a: hunter2\nb: hunter3: x\n")).unwrap_err();
        let screen = excerpt(&problems[0], false, 100);
        assert!(!screen.contains("hunter") && screen.contains("line 2 of the decrypted text"), "{screen}");
    }

    #[test]
    fn without_a_password_the_file_and_the_option_are_named() {
        let problems = read(vault_file().path(), &NoPassword).unwrap_err();
        assert_eq!(problems[0].code, "DPP1202");
        assert!(problems[0].help.as_ref().unwrap().contains("--vault-password-file"));
    }

    #[test]
    fn what_is_missing_or_no_text_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("latin1.yml"), b"a: 1\nb: \xe4\n").unwrap();
        let message = |name: &str| read(&folder.path().join(name), &NoPassword).unwrap_err()[0].message.clone();
        assert!(message("latin1.yml").contains("line 2"));
        assert!(message("none.yml").contains("there is no file"));
    }
}
