//! What `copy` registers of a file, in Ansible's words.

use std::fs;
use std::path::Path;

use dpp_protocol::{Failure, ResultMap};
use serde_json::Value;
use sha1::Sha1;

use crate::files::checksum::{Algorithm, digest};
use crate::files::copy::Copy;
use crate::files::facts::add_facts;
use crate::files::refusal::refused;

/// Set by a step that put new content in its place.
pub(super) const REPLACED: &str = "_replaced";

/// Of larger files the MD5 is not told: nobody looks at it, and they would be read once more.
const MD5_LIMIT: u64 = 8 << 20;

/// Of what came along, as far as its bytes are here.
pub(super) fn sha1_of_content(copy: &Copy) -> Option<String> {
    let text = copy.content.as_ref().and_then(Value::as_str);
    copy.sha1.clone().or_else(|| digest::<Sha1>(text?.as_bytes()).ok())
}

/// What lies there: after content was put there with its MD5, after attributes alone with `path`, and where `force` is
/// off without a look at it.
pub(super) fn describe(copy: &Copy, dest: &Path, result: &mut ResultMap) -> Result<(), Failure> {
    let is_new = result.shift_remove(REPLACED).is_some();
    if !copy.force.0 && !is_new {
        return Ok(());
    }
    add_facts(dest, result);
    if !dest.is_file() {
        return Ok(());
    }
    if is_new || copy.remote_src.0 {
        result.insert("md5sum".into(), md5_of(dest)?);
    } else {
        result.insert("path".into(), dest.to_string_lossy().into());
    }
    // What was put there was checked on its way.
    let sum = copy.sha1.clone().filter(|_| is_new);
    let sum = sum.map_or_else(|| sum_of(Algorithm::Sha1, dest), Ok)?;
    result.insert("checksum".into(), sum.into());
    Ok(())
}

/// What is known of a source on the host before it is copied: its sums.
pub(super) fn foretell(copy: &Copy, result: &mut ResultMap) -> Result<(), Failure> {
    let Some(src) = copy.src.as_deref().filter(|src| copy.remote_src.0 && src.is_file()) else { return Ok(()) };
    result.insert("md5sum".into(), md5_of(src)?);
    result.insert("checksum".into(), sum_of(Algorithm::Sha1, src)?.into());
    Ok(())
}

fn md5_of(path: &Path) -> Result<Value, Failure> {
    if fs::metadata(path).is_ok_and(|found| found.len() <= MD5_LIMIT) {
        return sum_of(Algorithm::Md5, path).map(Value::from);
    }
    Ok(Value::Null)
}

fn sum_of(algorithm: Algorithm, path: &Path) -> Result<String, Failure> {
    algorithm.of_file(path).map_err(|error| refused("read", path, &error))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::Ground;

    const KEYS: [&str; 6] = ["path", "dest", "md5sum", "checksum", "mode", "backup_file"];

    fn keys(ground: &Ground, mut params: Value) -> Vec<&'static str> {
        params["dest"] = ground.at("f").into();
        let result = ground.apply("copy", &params).unwrap().result;
        KEYS.into_iter().filter(|key| result.contains_key(*key)).collect()
    }

    #[test]
    fn new_content_attributes_and_nothing_are_told_apart() {
        let ground = Ground::new();
        for (params, wanted) in [
            (json!({"content": "a"}), vec!["dest", "md5sum", "checksum", "mode"]),
            (json!({"content": "a"}), vec!["path", "dest", "checksum", "mode"]),
            (json!({"content": "a", "mode": "0600"}), vec!["path", "dest", "checksum", "mode"]),
            (json!({"content": "b", "backup": true}), vec!["dest", "md5sum", "checksum", "mode", "backup_file"]),
            (json!({"content": "c", "force": false}), vec!["dest"]),
        ] {
            assert_eq!(keys(&ground, params.clone()), wanted, "{params}");
        }
    }

    #[test]
    fn refused_content_is_told_with_what_the_command_said() {
        let ground = Ground::new();
        let params = json!({"content": "a", "dest": ground.at("f"), "validate": "sh -c 'echo no; exit 3' %s"});
        let failure = ground.apply("copy", &params).unwrap_err();
        let told = ["msg", "exit_status", "stdout", "stdout_lines", "checksum"].map(|key| failure.result[key].clone());
        let sum = "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8";
        assert_eq!(told, [json!("failed to validate"), json!(3), json!("no\n"), json!(["no"]), json!(sum)]);
        let line = json!({"path": ground.write("g", ""), "line": "x", "validate": "sh -c 'echo no >&2; exit 3' %s"});
        let failure = ground.apply("lineinfile", &line).unwrap_err();
        assert_eq!(json!(failure.result), json!({"msg": "failed to validate: rc:3 error:no\n"}));
    }
}
