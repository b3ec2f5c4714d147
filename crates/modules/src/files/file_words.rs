//! What `file` registers of its path, in Ansible's words: under which key, and where it failed.

use std::fs;
use std::path::Path;

use dpp_protocol::{Failure, ResultMap};

use crate::files::facts::add_facts;
use crate::files::file::{File, State};

/// Ansible calls the path `dest` where it is touched or made a link, and tells then where the link leads.
pub(super) fn name(file: &File, path: &Path, result: &mut ResultMap) {
    let is_link = match file.state {
        None => fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()),
        Some(state) => matches!(state, State::Link | State::Hard),
    };
    let named = if is_link || file.state == Some(State::Touch) { "dest" } else { "path" };
    result.insert(named.into(), path.to_string_lossy().into());
    if is_link {
        let now = || fs::read_link(path).ok().filter(|_| file.follow.0 && path.exists());
        let src = file.src.as_deref().map(Path::to_owned).or_else(now);
        result.insert("src".into(), src.map(|src| src.to_string_lossy().into_owned()).into());
    }
}

/// A failure with the facts of the path, and with the `msg` for which roles look.
pub(super) fn of_failure(file: &File, failure: Failure) -> Failure {
    let path = file.real_path();
    let failure = match (file.state, file.src.as_deref()) {
        (Some(State::Hard), _) => failure.value("dest", path.to_string_lossy()),
        _ => failure.value("path", path.to_string_lossy()),
    };
    let mut failure = match (file.state, file.src.as_deref()) {
        (Some(State::Link), Some(src)) => of_missing_source(failure.value("src", src.to_string_lossy()), &path, src),
        (Some(State::Hard), Some(src)) if !src.exists() => {
            failure.value("src", src.to_string_lossy()).value("msg", "src does not exist")
        }
        (Some(State::File) | None, _) if fs::symlink_metadata(&path).is_err() => {
            let message = format!("file ({}) is absent, cannot continue", path.display());
            failure.value("state", "absent").value("msg", message)
        }
        _ => failure,
    };
    add_facts(&path, &mut failure.result);
    failure
}

fn of_missing_source(failure: Failure, path: &Path, src: &Path) -> Failure {
    let target = path.parent().unwrap_or(Path::new("/")).join(src);
    if target.exists() {
        return failure;
    }
    let words = "src file does not exist, use \"force=yes\" if you really want to create the link:";
    failure.value("msg", format!("{words} {}", target.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use serde_json::{Value, json};

    use crate::testing::Ground;

    #[test]
    fn the_path_has_the_name_that_ansible_gives_it() {
        let ground = Ground::new();
        ground.write("f", "");
        let keys = |params: Value| {
            let mut params = params;
            params["path"] = ground.at(params["path"].as_str().unwrap()).into();
            let result = ground.apply("file", &params).unwrap().result;
            ["path", "dest", "src", "mode"].into_iter().filter(|key| result.contains_key(*key)).collect::<Vec<_>>()
        };
        for (params, wanted) in [
            (json!({"path": "f"}), vec!["path", "mode"]),
            (json!({"path": "f", "state": "touch"}), vec!["dest", "mode"]),
            (json!({"path": "l", "state": "link", "src": "f"}), vec!["dest", "src", "mode"]),
            (json!({"path": "nowhere", "state": "link", "src": "x", "force": true}), vec!["dest", "src"]),
            (json!({"path": "h", "state": "hard", "src": ground.at("f")}), vec!["dest", "src", "mode"]),
            (json!({"path": "d", "state": "directory"}), vec!["path", "mode"]),
            (json!({"path": "l", "state": "absent"}), vec!["path"]),
        ] {
            assert_eq!(keys(params.clone()), wanted, "{params}");
        }
    }

    #[test]
    fn a_failure_has_the_words_that_roles_look_for() {
        let ground = Ground::new();
        symlink("x", ground.path("l")).unwrap();
        ground.write("f", "");
        for (params, message, key) in [
            (json!({"path": "no", "state": "file"}), "file (/no) is absent, cannot continue", "state"),
            (
                json!({"path": "new", "state": "link", "src": "none"}),
                "src file does not exist, use \"force=yes\" if you really want to create the link: /none",
                "src",
            ),
            (json!({"path": "new", "state": "hard", "src": "/none"}), "src does not exist", "dest"),
            (json!({"path": "f", "owner": "nosuch"}), "chown failed: failed to look up user nosuch", "mode"),
            (json!({"path": "f", "group": "nosuch"}), "chgrp failed: failed to look up group nosuch", "path"),
        ] {
            let mut params = params;
            params["path"] = ground.at(params["path"].as_str().unwrap()).into();
            let failure = ground.apply("file", &params).unwrap_err();
            let told = failure.result["msg"].as_str().unwrap().replace(ground.at("").trim_end_matches('/'), "");
            assert_eq!((told.as_str(), failure.result.contains_key(key)), (message, true), "{params}");
        }
    }
}
