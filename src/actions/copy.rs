//! `copy`: brings a text, a file or a folder of the project to a place on the host.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dpp_modules::files::checksum::digest;
use dpp_protocol::Failure;
use serde_json::Value as Json;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::actions::action::{failure, flag, text, unreadable};
use crate::actions::{Action, ActionContext, Blob, Deed, Remote, copy_tree, form};
use crate::files::FileKind;
use crate::value::{Map, Value};

/// Files larger than this are pushed as blobs, smaller ones travel inside the request.
pub(super) const INLINE: u64 = 256 << 10;

pub(super) const ACTION: Action = Action {
    name: "copy",
    params: &[
        "src",
        "content",
        "dest",
        "mode",
        "owner",
        "group",
        "backup",
        "force",
        "follow",
        "validate",
        "remote_src",
        "directory_mode",
        "local_follow",
        "checksum",
        "decrypt",
        "attributes",
        "attr",
        "selevel",
        "serole",
        "setype",
        "seuser",
        "unsafe_writes",
    ],
    required: &["dest"],
    run,
};

fn run(context: &ActionContext, args: &Map) -> Result<Deed, Failure> {
    let mut params: Map = args
        .iter()
        .filter(|(name, _)| !["local_follow", "decrypt"].contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if flag(args, "remote_src", false) {
        return Ok(Deed::Remote(plain(params)));
    }
    if let Some(content) = params.shift_remove("content").filter(|content| !matches!(content, Value::Null)) {
        if text(args, "src").is_some() {
            return Err(Failure::new("`src` and `content` exclude each other")
                .code("DPP0104")
                .value("msg", "src and content are mutually exclusive"));
        }
        let text = match &content {
            Value::Text(text) => text.as_str().to_owned(),
            other => context.templates.written(other, context.scope).map_err(|error| failure(&error))?,
        };
        form::checked(&mut params, text.as_bytes())?;
        return Ok(Deed::Remote(put(&params, text.as_bytes())));
    }
    let src = text(args, "src").ok_or_else(|| Failure::new("`copy` wants `src` or `content`").code("DPP0104"))?;
    let path = context.find("files", src)?;
    if context.files.kind(&path) == FileKind::Folder {
        return copy_tree::deed(context, args, params, src, &path);
    }
    params.shift_remove("src");
    if text(args, "mode") == Some("preserve") {
        let mode = std::fs::metadata(&path).map_or(0o644, |metadata| metadata.permissions().mode() & 0o7777);
        params.insert("mode".into(), Value::plain(format!("{mode:04o}")));
    }
    let base = path.file_name().unwrap_or_default().to_string_lossy();
    params.insert("_original_basename".into(), Value::plain(base.as_ref()));
    let is_sealed = flag(args, "decrypt", true) && context.files.is_sealed(&path);
    if form::asked(&params).is_some() {
        form::checked(&mut params, &context.read(&path)?)?;
    }
    if is_sealed {
        return Ok(Deed::Remote(put(&params, &context.read(&path)?)));
    }
    large_or_small(context, &path, &params)
}

fn large_or_small(context: &ActionContext, path: &Path, params: &Map) -> Result<Deed, Failure> {
    let size = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    if size <= INLINE {
        return Ok(Deed::Remote(put(params, &context.raw(path)?)));
    }
    // Ansible reports SHA-1; two cores take both digests in the time of one, and the host need not read the file again.
    let read = print(path)?;
    let (blob, sha1) = thread::scope(|scope| {
        let sha1 = scope.spawn(|| digest_of::<Sha1>(&read));
        (blob_of(&read, size), sha1.join().unwrap_or_else(|panic| resume_unwind(panic)))
    });
    let blob = blob?;
    if print(path)? != read {
        let changed = Failure::new(format!("{} changed while it was read", path.display())).code("DPP0106");
        return Err(changed.help("run again when whoever writes it has finished"));
    }
    let mut lean = hashed(params, &blob.sha256, size);
    lean["_sha1"] = sha1?.into();
    let mut whole = lean.clone();
    whole["_blob"] = blob.sha256.as_str().into();
    Ok(Deed::Remote(Remote { lean: Some(lean), blobs: vec![blob], ..Remote::new("copy", whole) }))
}

/// A file as it was when it was hashed: path, size and time.
type Print = (PathBuf, u64, SystemTime);

/// Hashes of this run, by function: a task is made ready once to look and once to be done, for each host.
static HASHES: Mutex<BTreeMap<(Print, TypeId), String>> = Mutex::new(BTreeMap::new());

/// A file to be pushed, with its hash.
pub(super) fn blob(path: &Path, size: u64) -> Result<Blob, Failure> {
    blob_of(&print(path)?, size)
}

fn blob_of(print: &Print, size: u64) -> Result<Blob, Failure> {
    Ok(Blob { path: print.0.clone(), sha256: digest_of::<Sha256>(print)?, size })
}

fn print(path: &Path) -> Result<Print, Failure> {
    let found = std::fs::metadata(path).and_then(|found| Ok((found.len(), found.modified()?)));
    let (size, modified) = found.map_err(|error| unreadable(path, &error))?;
    Ok((path.to_owned(), size, modified))
}

fn digest_of<D: Digest + 'static>(print: &Print) -> Result<String, Failure> {
    let known = || HASHES.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (print.clone(), TypeId::of::<D>());
    if let Some(hash) = known().get(&key) {
        return Ok(hash.clone());
    }
    let hash = File::open(&print.0).and_then(digest::<D>).map_err(|error| unreadable(&print.0, &error))?;
    known().insert(key, hash.clone());
    Ok(hash)
}

/// The host's part of `copy` for this content; a look needs only its hash.
pub(super) fn put(params: &Map, content: &[u8]) -> Remote {
    let sha256: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    let lean = hashed(params, &sha256, content.len() as u64);
    let mut whole = lean.clone();
    match std::str::from_utf8(content) {
        Ok(text) => whole["content"] = text.into(),
        Err(_) => whole["_content_base64"] = STANDARD.encode(content).into(),
    }
    Remote { lean: Some(lean), ..Remote::new("copy", whole) }
}

fn hashed(params: &Map, sha256: &str, size: u64) -> Json {
    let mut json = Json::from(&Value::from(params.clone()));
    json["_sha256"] = sha256.into();
    json["_size"] = size.into();
    json
}

fn plain(params: Map) -> Remote {
    Remote::new("copy", Json::from(&Value::from(params)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::files::Disk;
    use crate::template::{Scope, SearchPath, Surroundings, Templates};

    fn content(value: Value) -> Result<String, String> {
        let templates = Templates::new(Surroundings::of_this_process());
        let scope = Scope::new(Arc::new(Map::new()), Arc::new(SearchPath::default()));
        let value = templates.value(&value, &scope).unwrap();
        let args = Map::from_iter([("content".to_owned(), value), ("dest".to_owned(), Value::plain("/etc/x"))]);
        let context = ActionContext { templates: &templates, scope: &scope, files: &Disk, host: "web1", verbosity: 0 };
        match run(&context, &args) {
            Ok(Deed::Remote(remote)) => Ok(remote.params["content"].as_str().unwrap_or_default().to_owned()),
            Ok(Deed::Done(_)) => Err("done here".to_owned()),
            Err(failure) => Err(failure.code),
        }
    }

    #[test]
    fn content_that_is_no_text_is_written_as_ansible_writes_it() {
        for (template, written) in [
            ("{{ {'a': [1, true]} }}", r#"{"a": [1, true]}"#),
            ("{{ {'a': [1, true]} }}\n", r#"{"a": [1, true]}"#),
            ("{{ {'ü': ['é😀', none, 1.5, {}]} }}", r#"{"\u00fc": ["\u00e9\ud83d\ude00", null, 1.5, {}]}"#),
            ("{{ [] }}", "[]"),
            ("{{ 5 }}", "5"),
            ("{{ true }}", "True"),
            ("{{ none }}", ""),
            ("{\"a\":   1}", "{\"a\":   1}"),
        ] {
            assert_eq!(content(Value::template(template)).as_deref(), Ok(written), "{template}");
        }
        for (value, written) in [(Value::Bool(true), "True"), (Value::Int(5), "5"), (Value::Float(1.5), "1.5")] {
            assert_eq!(content(value).as_deref(), Ok(written));
        }
        assert_eq!(content(Value::Null), Err("DPP0104".to_owned()));
    }
}
