//! Which image an archive holds, as `docker save` wrote it.

use std::path::Path;

use dpp_protocol::Failure;
use serde_json::Value;

use crate::Host;
use crate::commands::process::Finished;
use crate::system::tool::ask_tool;

/// What lies where an archive is to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Archived {
    /// Nothing.
    Missing,
    /// Something else than an archive of one image.
    Unreadable,
    /// An image, by its identifier with `sha256:` before it, and its names.
    Image { id: String, tags: Vec<String> },
}

/// Looks into an archive.
pub(super) fn archived(path: &Path, host: &Host) -> Result<Archived, Failure> {
    if !path.exists() {
        return Ok(Archived::Missing);
    }
    let words = ["-xOf".to_owned(), path.to_string_lossy().into_owned(), "manifest.json".to_owned()];
    let said = ask_tool("tar", &words, host)?;
    let said = said.filter(Finished::succeeded);
    Ok(said.and_then(|said| read(&said.stdout)).unwrap_or(Archived::Unreadable))
}

/// The only image of a manifest.
fn read(manifest: &str) -> Option<Archived> {
    let images: Vec<Value> = serde_json::from_str(manifest).ok()?;
    let [image] = images.as_slice() else { return None };
    let config = image["Config"].as_str()?;
    let hex = config.trim_end_matches(".json").rsplit('/').next()?;
    let tags = image["RepoTags"].as_array().cloned().unwrap_or_default();
    let tags = tags.iter().filter_map(|tag| tag.as_str().map(str::to_owned)).collect();
    Some(Archived::Image { id: format!("sha256:{hex}"), tags })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_of_old_and_new_engines_are_read() {
        let wanted = || Some(Archived::Image { id: "sha256:0a".to_owned(), tags: vec!["a:1".to_owned()] });
        for (manifest, found) in [
            (r#"[{"Config":"0a.json","RepoTags":["a:1"],"Layers":["b/layer.tar"]}]"#, wanted()),
            (r#"[{"Config":"blobs/sha256/0a","RepoTags":["a:1"],"Layers":[]}]"#, wanted()),
            (
                r#"[{"Config":"0a.json","RepoTags":null}]"#,
                Some(Archived::Image { id: "sha256:0a".to_owned(), tags: vec![] }),
            ),
            (r#"[{"Config":"0a.json"},{"Config":"0b.json"}]"#, None),
            ("nothing", None),
        ] {
            assert_eq!(read(manifest), found, "{manifest}");
        }
    }
}
