//! Why a file could not be had, in the operator's terms.

use std::io;
use std::path::PathBuf;

use dpp_protocol::Failure;

/// Why a file could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// The product has no such version, whatever the sources hold.
    #[error("{product} has no version `{version}`")]
    UnknownVersion {
        /// The product.
        product: String,
        /// The version that was asked for.
        version: String,
    },
    /// A version comes out of an apt repository.
    #[error("{product} comes from an apt repository, not as a file")]
    FromRepository {
        /// The product.
        product: String,
        /// Its package.
        package: String,
    },
    /// There is no file for this architecture.
    #[error("{product} {version} is not made for {architecture}")]
    NotForMachine {
        /// The product.
        product: String,
        /// The version.
        version: String,
        /// The architecture that was asked for.
        architecture: String,
        /// Those there are.
        known: String,
    },
    /// No source was given that could hold the file.
    #[error("no source to fetch {file} from")]
    NoSource {
        /// The file.
        file: String,
    },
    /// No source holds the file.
    #[error("{file} is at none of its sources")]
    Missing {
        /// The file.
        file: String,
        /// Each place that was asked, and its answer.
        tried: Vec<(String, String)>,
        /// Versions that exist near the one asked for.
        near: Vec<String>,
    },
    /// A file is not what it was promised to be.
    #[error("{file} has the wrong {algorithm} checksum")]
    Checksum {
        /// The file.
        file: String,
        /// Where it came from.
        from: String,
        /// The hash function.
        algorithm: String,
        /// What it is.
        found: String,
        /// What it should be.
        wanted: String,
        /// Who says so.
        said: String,
    },
    /// Nothing says what the file should be.
    #[error("nothing tells whether {file} is the right file")]
    Unvouched {
        /// The file.
        file: String,
        /// Where it would come from.
        from: String,
        /// The product, for the next step.
        product: String,
        /// The version, for the next step.
        version: String,
    },
    /// A source could not be reached, or broke off again and again.
    #[error("cannot fetch {file}: {cause}")]
    Unreachable {
        /// The file.
        file: String,
        /// The last word of the last source.
        cause: String,
        /// Each place that was asked, and its answer.
        tried: Vec<(String, String)>,
    },
    /// The file does not fit on this machine.
    #[error("no room for {file} in {}", folder.display())]
    Full {
        /// The file.
        file: String,
        /// The cache.
        folder: PathBuf,
        /// Bytes that are still wanted.
        wanted: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// The cache, or a local source, could not be read or written.
    #[error("cannot {attempt} {}: {source}", path.display())]
    Local {
        /// `read`, `write`, `lock`.
        attempt: &'static str,
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is no package, whatever its name says.
    #[error("{} is not a readable .deb: {why}", path.display())]
    NoPackage {
        /// Where it is.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The lock file cannot be understood.
    #[error("{} is not a readable packages.lock: {why}", path.display())]
    Lockfile {
        /// Where it is.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl ArtifactError {
    /// Its stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownVersion { .. }
            | Self::FromRepository { .. }
            | Self::NotForMachine { .. }
            | Self::NoSource { .. }
            | Self::Missing { .. } => "DPP0602",
            Self::Checksum { .. } | Self::Unvouched { .. } => "DPP0803",
            Self::Full { .. } => "DPP0604",
            Self::Unreachable { .. } => "DPP0801",
            Self::Local { .. } => "DPP0106",
            Self::NoPackage { .. } => "DPP0609",
            Self::Lockfile { .. } => "DPP0624",
        }
    }

    /// As the failure of a task.
    pub fn failure(&self) -> Failure {
        let failure = Failure::new(self.to_string()).code(self.code());
        match self {
            Self::UnknownVersion { .. } => failure.help("a version begins with a number, such as 6.2.1"),
            Self::FromRepository { package, .. } => failure.help(format!("install `{package}` with `apt`")),
            Self::NotForMachine { known, .. } => failure.note("made for", known),
            Self::NoSource { .. } => {
                failure.help("name a mirror or a folder in `sources`; its makers do not offer it to the world")
            }
            Self::Missing { tried, near, .. } => missing(failure, tried, near),
            Self::Checksum { from, found, wanted, said, .. } => failure
                .note("file", from)
                .note("has", found)
                .note("wanted", wanted)
                .note("says", said)
                .help("do not install it; ask who runs the source what happened, or take another one"),
            Self::Unvouched { from, product, version, .. } => failure
                .note("file", from)
                .note("looked for", "a checksum file beside it, and its hash in packages.lock")
                .help(format!("`dppctl packages lock {product}={version}` fetches it once and keeps its hash")),
            Self::Unreachable { tried, .. } => each(failure, tried)
                .help("try again when the source answers, or name another one in `sources`; what came is kept"),
            Self::Full { wanted, free, .. } => failure
                .note("wanted", mebibytes(*wanted))
                .note("free", mebibytes(*free))
                .help("make room, or keep the cache on another disk"),
            Self::Local { .. } => failure,
            Self::NoPackage { .. } => {
                failure.help("fetch it again: it may be cut short or be an error page saved under this name")
            }
            Self::Lockfile { .. } => failure.help("`dppctl packages lock` writes it anew"),
        }
    }

    /// A trouble with a file of this machine.
    pub(super) fn local(attempt: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Local { attempt, path, source }
    }
}

fn missing(failure: Failure, tried: &[(String, String)], near: &[String]) -> Failure {
    let failure = each(failure, tried);
    if near.is_empty() {
        return failure.help("check the version, and what the sources hold");
    }
    failure.help(format!("versions near it: {}", near.join(", ")))
}

fn each(failure: Failure, tried: &[(String, String)]) -> Failure {
    let lines: Vec<_> = tried.iter().map(|(place, answer)| format!("{place}: {answer}")).collect();
    failure.note("asked", lines.join("\n"))
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}
