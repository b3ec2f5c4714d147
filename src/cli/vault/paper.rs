//! What a vault command works on: a file or standard input, encrypted whole, or with encrypted values in it.

use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::cli::Stop;
use crate::cli::passwords::refused;
use crate::files;
use crate::secret::{Unsealed, Vault, VaultError};
use crate::source::{Place, Problem, Problems, Source};
use crate::ui::Ui;
use crate::yaml::{SealedValue, replaced, sealed_values};

/// Standard input or output, as a path.
const STREAM: &str = "-";

/// One text that was read.
pub(super) struct Paper {
    pub(super) name: String,
    pub(super) path: Option<PathBuf>,
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

/// How a text is encrypted.
pub(super) enum Sealed {
    /// From its first line to its last.
    Whole(Arc<Source>),
    /// In some of its values.
    Values(Arc<Source>, Vec<SealedValue>),
}

/// A text that takes the place of a range of bytes.
pub(super) type Change = (std::ops::Range<usize>, Zeroizing<String>);

impl Paper {
    /// Reads all of these, or tells all that cannot be read. No path at all is standard input.
    pub(super) fn all(paths: &[PathBuf]) -> Result<Vec<Self>, Stop> {
        if paths.is_empty() {
            return Ok(vec![Self::read(Path::new(STREAM))?]);
        }
        each(paths, |path| Self::read(path).map_err(|problem| vec![problem]))
    }

    /// Reads one.
    pub(super) fn read(path: &Path) -> Result<Self, Problem> {
        let is_stream = path == Path::new(STREAM);
        let name = if is_stream { "standard input".to_owned() } else { path.display().to_string() };
        let mut bytes = Zeroizing::new(Vec::new());
        let read = if is_stream {
            io::stdin().lock().read_to_end(&mut bytes)
        } else {
            std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes))
        };
        match read {
            Ok(_) => Ok(Self { name, path: (!is_stream).then(|| path.to_owned()), bytes }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(Problem::error("DPP0106", format!("there is no file {name}")))
            }
            Err(error) => Err(Problem::error("DPP0106", format!("cannot read {name}: {error}"))),
        }
    }

    /// Whether it is encrypted whole.
    pub(super) fn is_envelope(&self) -> bool {
        std::str::from_utf8(&self.bytes).is_ok_and(Vault::is_envelope)
    }

    /// How it is encrypted; that it is not is a mistake.
    pub(super) fn sealed(&self) -> Result<Sealed, Problems> {
        let plain = || Problem::error("DPP1206", format!("{} is not encrypted", self.name));
        let Ok(text) = std::str::from_utf8(&self.bytes) else { return Err(vec![plain()]) };
        let source = Source::new(self.name.as_str(), text);
        if self.is_envelope() {
            return Ok(Sealed::Whole(source));
        }
        if !text.contains("!vault") {
            return Err(vec![plain()]);
        }
        let values = sealed_values(&source)?;
        if values.is_empty() { Err(vec![plain()]) } else { Ok(Sealed::Values(source, values)) }
    }

    /// Puts a content where the command line wants it: at its own place, at another one, or on standard output.
    pub(super) fn put(&self, content: &[u8], out: Option<&Path>, done: &str, ui: Ui) -> Result<(), Stop> {
        let target = out.or(self.path.as_deref()).filter(|path| *path != Path::new(STREAM));
        let Some(path) = target else {
            ui.answer_bytes(content);
            return Ok(());
        };
        files::replace(path, content)
            .map_err(|error| Stop::Trouble(format!("cannot write {}: {error}", path.display())))?;
        ui.story(&format!("{done} {}", path.display()));
        Ok(())
    }
}

impl Sealed {
    /// The text with everything decrypted.
    pub(super) fn opened(&self, vault: &Vault) -> Result<Zeroizing<Vec<u8>>, Problems> {
        match self {
            Self::Whole(source) => Ok(unseal(vault, &whole(source))?.content),
            Self::Values(source, values) => {
                let changes = each_of(values, |value| Ok(value.opened(&text_of(vault, value)?)))?;
                Ok(Zeroizing::new(replaced(source.text(), &changes).as_bytes().to_vec()))
            }
        }
    }
}

/// The value under this name.
pub(super) fn named<'a>(values: &'a [SealedValue], name: &str, file: &str) -> Result<&'a SealedValue, Problem> {
    values.iter().find(|value| value.name == name).ok_or_else(|| {
        let names: Vec<&str> = values.iter().map(|value| value.name.as_str()).collect();
        let near = crate::source::nearest(name, names.iter().copied());
        let problem = Problem::error("DPP1206", format!("{file} has no encrypted value `{name}`"));
        problem.note(format!("encrypted values: {}", names.join(", "))).did_you_mean(near)
    })
}

/// The text of a value.
pub(super) fn text_of(vault: &Vault, value: &SealedValue) -> Result<Zeroizing<String>, Problems> {
    let content = unseal(vault, &value.place)?.content;
    match std::str::from_utf8(&content) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(vec![undecrypted(&VaultError::NotText, &value.place)]),
    }
}

/// Opens the envelope at a place.
pub(super) fn unseal<'v>(vault: &'v Vault, place: &Place) -> Result<Unsealed<'v>, Problems> {
    vault.unseal(&written(place)).map_err(|error| vec![undecrypted(&error, place)])
}

fn undecrypted(error: &VaultError, place: &Place) -> Problem {
    refused(format!("cannot decrypt this: {error}"), error).at(&header(place), "")
}

/// The envelope at a place; in quotes its line ends are escaped.
pub(super) fn written(place: &Place) -> String {
    place.text().replace("\\n", "\n")
}

/// A whole file's envelope.
pub(super) fn whole(source: &Arc<Source>) -> Place {
    Place::new(source, 0..source.text().len())
}

/// The first line alone: no screen needs the rest.
fn header(place: &Place) -> Place {
    place.within(0..place.text().lines().next().map_or(0, str::len))
}

/// Does something with each, or tells everything that went wrong.
pub(super) fn each<T, U>(items: &[T], work: impl Fn(&T) -> Result<U, Problems>) -> Result<Vec<U>, Stop> {
    Ok(each_of(items, work)?)
}

fn each_of<T, U>(items: &[T], work: impl Fn(&T) -> Result<U, Problems>) -> Result<Vec<U>, Problems> {
    let (mut done, mut problems) = (Vec::new(), Problems::new());
    for item in items {
        match work(item) {
            Ok(result) => done.push(result),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(done) } else { Err(problems) }
}

/// Refuses several texts for one place.
pub(super) fn require_one(papers: &[Paper], out: Option<&Path>) -> Result<(), Stop> {
    if papers.len() > 1 && out.is_some() {
        let problem = Problem::error("DPP1206", "several files cannot be written to one place");
        return Err(problem.help("leave --out away, or name one file").into());
    }
    Ok(())
}

/// Says that a file with clear text in it can be read by others.
pub(super) fn warn_of_readers(path: &Path, ui: Ui) {
    let mode = std::fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode());
    if mode & 0o044 != 0 {
        let path = path.display();
        ui.warning(&format!("{path} is in clear text now, and others on this machine may read it: chmod 600 {path}"));
    }
}
