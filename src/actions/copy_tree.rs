//! `copy` of a folder: everything in it is listed for the host, small files with their bytes, large ones pushed before.
//!
//! As in Ansible, `src: a/` brings what is in the folder, `src: a` the folder itself.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dpp_protocol::Failure;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::actions::action::{flag, text};
use crate::actions::copy::{INLINE, blob};
use crate::actions::{ActionContext, Blob, Deed, Remote};
use crate::files::FileKind;
use crate::value::{Map, Value};

/// What the host is to do with this folder, which the task calls `src`.
pub(super) fn deed(
    context: &ActionContext,
    args: &Map,
    mut params: Map,
    src: &str,
    folder: &Path,
) -> Result<Deed, Failure> {
    let keeps_modes = text(args, "mode") == Some("preserve");
    if keeps_modes {
        params.shift_remove("mode");
    }
    params.shift_remove("src");
    let dest = text(args, "dest").ok_or_else(|| Failure::new("`copy` wants `dest`").code("DPP0104"))?;
    let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let source =
        format!("{}{}", whole.to_string_lossy().trim_end_matches('/'), if src.ends_with('/') { "/" } else { "" });
    let name = folder.file_name().filter(|_| !src.ends_with('/'));
    let dest = name.map_or_else(|| Path::new(dest).to_owned(), |name| Path::new(dest).join(name));
    params.insert("dest".into(), Value::plain(dest.to_string_lossy().as_ref()));
    let mut tree = Tree {
        context,
        keeps_modes,
        follows: flag(args, "local_follow", true),
        opens: flag(args, "decrypt", true),
        inline: 0,
        whole: Vec::new(),
        lean: Vec::new(),
        blobs: Vec::new(),
    };
    tree.folder(folder, Path::new(""), 0)?;
    let with = |entries: Vec<Json>| {
        let mut json = Json::from(&Value::from(params.clone()));
        json["_tree"] = entries.into();
        json["_folder"] = source.as_str().into();
        json
    };
    let (whole, lean) = (with(tree.whole), with(tree.lean));
    Ok(Deed::Remote(Remote { lean: Some(lean), blobs: tree.blobs, ..Remote::new("copy", whole) }))
}

/// Links that lead into a folder above them would never come to an end.
const DEEPEST: usize = 40;

struct Tree<'a> {
    context: &'a ActionContext<'a>,
    keeps_modes: bool,
    follows: bool,
    opens: bool,
    /// Bytes that travel inside the request.
    inline: u64,
    whole: Vec<Json>,
    /// The same without contents, which suffices for a look.
    lean: Vec<Json>,
    blobs: Vec<Blob>,
}

impl Tree<'_> {
    fn folder(&mut self, folder: &Path, inside: &Path, depth: usize) -> Result<(), Failure> {
        if depth > DEEPEST {
            return Err(Failure::new(format!("{} leads in a circle", folder.display())).code("DPP0106"));
        }
        for path in self.context.files.list(folder) {
            let inside = inside.join(path.file_name().unwrap_or_default());
            if !self.follows && self.context.files.is_link(&path) {
                self.link(&path, &inside)?;
                continue;
            }
            match self.context.files.kind(&path) {
                FileKind::Folder => {
                    self.add(json!({"path": inside, "kind": "folder"}), None);
                    self.folder(&path, &inside, depth + 1)?;
                }
                FileKind::File => self.file(&path, &inside)?,
                FileKind::Missing | FileKind::Other => {
                    let message = format!("{} is no file that can be copied", path.display());
                    return Err(Failure::new(message).code("DPP0106"));
                }
            }
        }
        Ok(())
    }

    fn link(&mut self, path: &Path, inside: &Path) -> Result<(), Failure> {
        let target = std::fs::read_link(path)
            .map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())).code("DPP0106"))?;
        self.add(json!({"path": inside, "kind": "link", "target": target}), None);
        Ok(())
    }

    fn file(&mut self, path: &Path, inside: &Path) -> Result<(), Failure> {
        let metadata = std::fs::metadata(path).ok();
        let mut entry = json!({"path": inside});
        if self.keeps_modes {
            let mode = metadata.as_ref().map_or(0o644, |metadata| metadata.permissions().mode() & 0o7777);
            entry["mode"] = format!("{mode:04o}").into();
        }
        let size = metadata.map_or(0, |metadata| metadata.len());
        let is_sealed = self.opens && self.context.files.is_sealed(path);
        if !is_sealed && self.inline + size > INLINE {
            let blob = blob(path, size)?;
            entry["sha256"] = blob.sha256.as_str().into();
            entry["size"] = size.into();
            self.blobs.push(blob);
            self.add(entry, None);
            return Ok(());
        }
        let bytes = if is_sealed { self.context.read(path)? } else { self.context.raw(path)? };
        self.inline += bytes.len() as u64;
        entry["sha256"] = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>().into();
        entry["size"] = bytes.len().into();
        self.add(entry, Some(&bytes));
        Ok(())
    }

    fn add(&mut self, entry: Json, content: Option<&[u8]>) {
        self.lean.push(entry.clone());
        let mut whole = entry;
        if let Some(content) = content {
            whole["content"] = STANDARD.encode(content).into();
        }
        self.whole.push(whole);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use super::*;
    use crate::actions::find;
    use crate::files::Disk;
    use crate::template::{Scope, SearchPath, Surroundings, Templates};

    fn remote(folder: &Path, args: &Json) -> Remote {
        let scope = Scope::new(Arc::new(Map::new()), Arc::new(SearchPath { folders: vec![folder.to_owned()] }));
        let templates = Templates::new(Surroundings::of_this_process());
        let context = ActionContext { templates: &templates, scope: &scope, files: &Disk, host: "es1", verbosity: 0 };
        let Value::Map(args) = Value::from(args) else { panic!("no arguments") };
        match (find("copy").unwrap().run)(&context, &args).unwrap() {
            Deed::Remote(remote) => remote,
            Deed::Done(done) => panic!("{done:?}"),
        }
    }

    fn project() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let conf = folder.path().join("files/conf");
        fs::create_dir_all(conf.join("sub")).unwrap();
        fs::create_dir(conf.join("empty")).unwrap();
        fs::write(conf.join("a"), "1").unwrap();
        fs::set_permissions(conf.join("a"), fs::Permissions::from_mode(0o750)).unwrap();
        fs::write(conf.join("sub/large"), vec![b'x'; 300 << 10]).unwrap();
        std::os::unix::fs::symlink("a", conf.join("l")).unwrap();
        folder
    }

    fn paths(remote: &Remote) -> Vec<String> {
        remote.params["_tree"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["path"].as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn a_slash_behind_the_folder_means_what_is_in_it() {
        let folder = project();
        let whole = remote(folder.path(), &json!({"src": "conf", "dest": "/etc/x"}));
        assert_eq!(whole.params["dest"], "/etc/x/conf");
        assert!(whole.params["_folder"].as_str().unwrap().ends_with("/files/conf"), "{}", whole.params["_folder"]);
        let content = remote(folder.path(), &json!({"src": "conf/", "dest": "/etc/x", "directory_mode": "0750"}));
        assert_eq!((&content.params["dest"], &content.params["directory_mode"]), (&json!("/etc/x"), &json!("0750")));
        assert_eq!(paths(&content), ["a", "empty", "l", "sub", "sub/large"]);
    }

    #[test]
    fn small_files_travel_along_large_ones_before_and_a_look_needs_neither() {
        let folder = project();
        let asked = remote(folder.path(), &json!({"src": "conf/", "dest": "/x", "mode": "preserve"}));
        let tree = &asked.params["_tree"];
        assert_eq!((&tree[0]["mode"], &tree[0]["content"]), (&json!("0750"), &json!("MQ==")));
        assert_eq!((tree[4]["size"].as_u64(), tree[4]["content"].is_null()), (Some(300 << 10), true));
        assert_eq!((asked.blobs.len(), asked.blobs[0].sha256.as_str()), (1, tree[4]["sha256"].as_str().unwrap()));
        assert!(!asked.lean.unwrap().to_string().contains("MQ=="));
        assert!(asked.params.get("mode").is_none());
    }

    #[test]
    fn links_are_followed_unless_the_task_says_otherwise() {
        let folder = project();
        let kind = |follow: bool| {
            let asked = remote(folder.path(), &json!({"src": "conf/", "dest": "/x", "local_follow": follow}));
            asked.params["_tree"][2].clone()
        };
        assert_eq!(kind(true)["content"], "MQ==");
        assert_eq!(kind(false), json!({"path": "l", "kind": "link", "target": "a"}));
    }
}
