//! Checkouts of real repositories in a temporary folder, by the git of this machine.

use std::process::Command;

use serde_json::{Value, json};

use super::*;
use crate::testing::Ground;

const CONFIG: &str = "[user]\nname = t\nemail = t@example.org\n[init]\ndefaultBranch = main\n[protocol \"file\"]\nallow = always\n[advice]\ndetachedHead = false\n";

/// A folder with a repository of two commits: a tag `v1` on the first, a branch `next` on the second.
fn stage() -> (Ground, Value) {
    let ground = Ground::new();
    ground.write(".gitconfig", CONFIG);
    ground.write("origin/f", "one\n");
    git(&ground, "origin", "init -q");
    git(&ground, "origin", "add f");
    git(&ground, "origin", "commit -q -m one");
    git(&ground, "origin", "tag -a v1 -m v1");
    commit(&ground, "two");
    git(&ground, "origin", "branch next");
    let params = json!({"repo": ground.at("origin"), "dest": ground.at("work/app")});
    (ground, params)
}

fn git(ground: &Ground, folder: &str, line: &str) -> String {
    let mut command = Command::new("git");
    command.current_dir(ground.path(folder)).args(line.split(' ')).env_remove("GIT_DIR").env("HOME", ground.path(""));
    let output = command.output().unwrap();
    assert!(output.status.success(), "git {line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn commit(ground: &Ground, text: &str) {
    ground.write("origin/f", format!("{text}\n"));
    git(ground, "origin", &format!("commit -q -a -m {text}"));
}

#[test]
fn a_repository_is_cloned_once_and_follows_its_remote() {
    let (ground, params) = stage();
    let first = ground.converge("git", &params).result;
    let head = git(&ground, "origin", "rev-parse HEAD");
    assert_eq!((&first["before"], &first["after"]), (&Value::Null, &json!(head)));
    assert_eq!(ground.read("work/app/f"), "two\n");
    commit(&ground, "three");
    let second = ground.converge("git", &params).result;
    assert_eq!((&second["before"], &second["remote_url_changed"]), (&json!(head), &json!(false)));
    assert_eq!(ground.read("work/app/f"), "three\n");
}

#[test]
fn a_version_is_a_branch_a_tag_or_a_commit() {
    let (ground, mut params) = stage();
    let second = git(&ground, "origin", "rev-parse HEAD");
    commit(&ground, "three");
    for (version, text) in
        [("next", "two\n"), ("v1", "one\n"), (&second, "two\n"), (&second[..9], "two\n"), ("main", "three\n")]
    {
        params["version"] = version.into();
        assert_eq!(ground.apply("git", &params).unwrap().result["after"].as_str().map(str::len), Some(40));
        assert_eq!(ground.read("work/app/f"), text, "{version}");
        assert!(!ground.survey("git", &params).unwrap().changed, "{version}");
    }
    params["version"] = "no-such".into();
    let failure = ground.apply("git", &params).unwrap_err();
    assert!(
        failure.message.starts_with("`git checkout --force no-such` ended with exit code 1"),
        "{}",
        failure.message
    );
}

#[test]
fn modifications_are_thrown_away_only_when_told() {
    let (ground, mut params) = stage();
    ground.converge("git", &params);
    ground.write("work/app/f", "mine\n");
    ground.write("work/app/unknown", "");
    let failure = ground.survey("git", &params).unwrap_err();
    assert!(failure.message.ends_with("has modifications of its own"), "{}", failure.message);
    params["force"] = true.into();
    let outcome = ground.converge("git", &params);
    assert!(outcome.result["msg"].as_str().unwrap().starts_with("Local modifications exist"));
    assert_eq!(ground.read("work/app/f"), "two\n");
    assert!(ground.path("work/app/unknown").exists());
}

#[test]
fn another_remote_and_a_switch_without_a_new_commit() {
    let (ground, mut params) = stage();
    ground.converge("git", &params);
    git(&ground, "", "clone -q --bare origin mirror.git");
    params["repo"] = ground.at("mirror.git").into();
    assert_eq!(ground.converge("git", &params).result["remote_url_changed"], true);
    params["version"] = "next".into();
    assert!(!ground.apply("git", &params).unwrap().changed, "the commit is the same");
    assert_eq!(git(&ground, "work/app", "branch --show-current"), "next");
    assert!(!ground.survey("git", &params).unwrap().changed);
}

#[test]
fn shallow_single_bare_and_separate_clones() {
    let (ground, params) = stage();
    let with = |more: Value| {
        let mut params = params.clone();
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ground.converge("git", &params);
    };
    with(json!({"depth": 1, "version": "next", "dest": ground.at("shallow")}));
    assert_eq!(git(&ground, "shallow", "rev-list --count HEAD"), "1");
    commit(&ground, "three");
    with(json!({"depth": 1, "version": "main", "dest": ground.at("shallow")}));
    assert_eq!(git(&ground, "shallow", "branch --show-current"), "main");
    with(json!({"single_branch": true, "version": "next", "dest": ground.at("single")}));
    assert_eq!(git(&ground, "single", "branch -r"), "origin/next");
    with(json!({"bare": true, "dest": ground.at("bare")}));
    assert!(ground.path("bare/HEAD").exists());
    commit(&ground, "four");
    with(json!({"bare": true, "dest": ground.at("bare")}));
    with(json!({"separate_git_dir": ground.at("kept"), "dest": ground.at("apart")}));
    assert!(ground.path("kept/HEAD").exists() && ground.path("apart/.git").is_file());
    with(json!({"dest": ground.at("later")}));
    with(json!({"separate_git_dir": ground.at("kept-later"), "dest": ground.at("later")}));
    assert!(ground.path("kept-later/HEAD").exists() && ground.path("later/.git").is_file());
}

#[test]
fn submodules_come_along() {
    let (ground, params) = stage();
    ground.write("lib/l", "l\n");
    for line in ["init -q", "add l", "commit -q -m l"] {
        git(&ground, "lib", line);
    }
    git(&ground, "origin", &format!("submodule --quiet add {} lib", ground.at("lib")));
    git(&ground, "origin", "commit -q -m lib");
    assert_eq!(ground.converge("git", &params).result["submodules_changed"], true);
    assert_eq!(ground.read("work/app/lib/l"), "l\n");
    std::fs::remove_dir_all(ground.path("work/app/lib")).unwrap();
    let mut forced = params.clone();
    forced["force"] = true.into();
    ground.converge("git", &forced);
    assert_eq!(ground.read("work/app/lib/l"), "l\n");
}

#[test]
fn an_archive_is_written_when_it_is_not_current() {
    let (ground, mut params) = stage();
    params["archive"] = ground.at("app.tar").into();
    params["archive_prefix"] = "app/".into();
    ground.converge("git", &params);
    let listed = Command::new("tar").args(["-tf", &ground.at("app.tar")]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&listed.stdout), "app/\napp/f\n");
    ground.write("app.tar", "old");
    params["update"] = false.into();
    assert!(ground.converge("git", &params).changed);
    params["archive"] = ground.at("app.rar").into();
    assert_eq!(ground.survey("git", &params).unwrap_err().code, "DPP0104");
}

#[test]
fn nothing_is_cloned_where_the_task_only_asks() {
    let (ground, mut params) = stage();
    params["clone"] = false.into();
    let outcome = ground.apply("git", &params).unwrap();
    assert_eq!(outcome.result["after"], json!(git(&ground, "origin", "rev-parse HEAD")));
    assert!(!ground.path("work").exists());
}

#[test]
fn another_program_that_is_not_there_is_not_replaced_by_git() {
    let (ground, mut params) = stage();
    params["executable"] = "/no/such/git".into();
    assert!(ground.survey("git", &params).unwrap().unpredicted);
    assert!(ground.apply("git", &params).unwrap_err().message.contains("/no/such/git"));
}

#[test]
fn a_umask_holds_for_what_git_writes() {
    let (ground, mut params) = stage();
    params["umask"] = "0077".into();
    ground.converge("git", &params);
    assert_eq!(ground.mode("work/app/f"), 0o600);
    params["umask"] = json!(63);
    assert_eq!(ground.survey("git", &params).unwrap_err().code, "DPP0104");
}

#[test]
fn ssh_asks_nobody_and_takes_what_the_task_says() {
    let command = |params: Value| {
        let mut params = params;
        params["repo"] = "git@example.org:a.git".into();
        params["dest"] = "/a".into();
        let environment = [("GIT_SSH_COMMAND".to_owned(), "ssh".to_owned())].into();
        let host = Host::new("/nonexistent", environment, &|_, _| ());
        let task: Git = serde_json::from_value(params).unwrap();
        Repository::new(&task, &host).unwrap().ssh_command()
    };
    assert_eq!(command(json!({})), "ssh -o BatchMode=yes");
    assert_eq!(command(json!({"accept_hostkey": true})), "ssh -o StrictHostKeyChecking=no -o BatchMode=yes");
    assert_eq!(
        command(
            json!({"ssh_opts": "-p 2222 -o StrictHostKeyChecking=yes", "accept_newhostkey": true, "key_file": "/k y"})
        ),
        "ssh -p 2222 -o StrictHostKeyChecking=yes -o BatchMode=yes -i '/k y' -o IdentitiesOnly=yes"
    );
}

#[test]
fn a_password_in_a_url_is_never_shown() {
    for (url, shown) in [
        ("https://me:secret@example.org/a.git", "https://me@example.org/a.git"),
        ("https://example.org/a@b:c", "https://example.org/a@b:c"),
        ("git@example.org:a.git", "git@example.org:a.git"),
    ] {
        assert_eq!(without_password(url), shown);
    }
    let (ground, _) = stage();
    let params = json!({"repo": "https://me:s3cret@127.0.0.1:1/a.git", "dest": ground.at("x")});
    let failure = ground.apply("git", &params).unwrap_err();
    assert!(!format!("{failure:?}").contains("s3cret"), "{failure:?}");
}
