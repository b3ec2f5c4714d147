//! A file that is fetched only when a host turns out to need it, once for all hosts.
//!
//! A survey decides by the package's name and version; what it asks for is brought here, then pushed, before the change.

use dpp_protocol::Failure;
use serde_json::Value as Json;

use crate::actions::Blob;
use crate::artifacts::{Artifact, Store};

/// A file that a change needs, not yet here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supply {
    /// The file, and where it may come from.
    pub artifact: Artifact,
}

/// What a change is made with once its file is here.
#[derive(Debug, Clone, PartialEq)]
pub struct Supplied {
    /// The parameters, complete.
    pub params: Json,
    /// The files to be pushed.
    pub blobs: Vec<Blob>,
}

/// Brings the file here, and completes the parameters that a survey was content with. It blocks as long as the download
/// takes; `progress` hears how many bytes are here, and of how many.
pub fn supply(
    supply: &Supply,
    params: &Json,
    store: &Store,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Supplied, Failure> {
    let fetched = store.fetch(&supply.artifact, progress).map_err(|error| error.failure())?;
    let mut params = params.clone();
    params["_blob"] = fetched.sha256.as_str().into();
    let blob = Blob { path: fetched.path, sha256: fetched.sha256, size: fetched.size };
    Ok(Supplied { params, blobs: vec![blob] })
}
