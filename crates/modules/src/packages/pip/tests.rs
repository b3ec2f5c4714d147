//! `pip` against a stand-in that keeps its packages in a file, so that no index is asked.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::testing::Ground;

/// Lists, installs and removes lines of a file, in pip's words.
const PIP: &str = r#"#!/bin/sh
at=$(dirname "$0")/packages
case $1 in
list) cat "$at" 2>/dev/null; true ;;
install)
    shift
    for word; do case $word in
        -* | *.txt) ;;
        refused) echo "error: externally-managed-environment" >&2; exit 1 ;;
        *) grep -qs "^$word" "$at" || { echo "$word==$(umask)" >>"$at"; echo "Successfully installed $word"; } ;;
    esac; done ;;
uninstall)
    grep -q "^$3==" "$at" || { echo "WARNING: Skipping $3 as it is not installed."; exit 0; }
    sed -i "/^$3==/d" "$at"
    echo "Successfully uninstalled $3" ;;
esac
"#;

/// Makes an environment in which the stand-in is pip.
const VIRTUALENV: &str = "#!/bin/sh\nfor last; do :; done\nmkdir -p \"$last/bin\"\ntouch \"$last/bin/activate\"\n\
    cp \"$(dirname \"$0\")/pip3\" \"$last/bin/pip3\"\n";

fn ground() -> Ground {
    let ground = Ground::new();
    for (name, text) in [("pip3", PIP), ("venv", VIRTUALENV)] {
        let path = ground.write(name, text);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    ground.write("packages", "Flask==2.0\n");
    ground
}

fn with(ground: &Ground, mut params: Value) -> Value {
    params["executable"] = ground.at("pip3").into();
    params
}

#[test]
fn a_package_comes_and_goes_once() {
    let ground = ground();
    let outcome = ground.converge("pip", &with(&ground, json!({"name": "redis", "umask": "0027"})));
    assert_eq!(outcome.result["cmd"], json!([ground.at("pip3"), "install", "redis"]));
    assert_eq!(outcome.result["stdout"], "Successfully installed redis\n");
    assert_eq!(ground.read("packages"), "Flask==2.0\nredis==0027\n");
    assert!(!ground.converge("pip", &with(&ground, json!({"name": ["flask>=1,<3", "redis"]}))).changed);
    let outcome = ground.converge("pip", &with(&ground, json!({"name": "redis", "state": "absent"})));
    assert!(outcome.changed && outcome.result["name"] == json!(["redis"]));
    assert_eq!(ground.read("packages"), "Flask==2.0\n");
}

#[test]
fn what_only_pip_can_tell_is_told_by_pip() {
    let ground = ground();
    for (params, changes) in [
        (json!({"name": "Flask", "state": "latest"}), false),
        (json!({"name": "Flask", "extra_args": "--index-url 'http://h/x'"}), true),
        (json!({"requirements": "/r.txt"}), false),
        (json!({"name": "git+http://h/r", "state": "present"}), true),
    ] {
        let params = with(&ground, params);
        let foreseen = ground.survey("pip", &params).unwrap();
        assert!(foreseen.changed && foreseen.unpredicted, "{params}");
        let outcome = ground.apply("pip", &params).unwrap();
        assert_eq!(outcome.changed, changes, "{params}");
    }
}

#[test]
fn a_virtual_environment_is_made_for_its_packages() {
    let ground = ground();
    let params = json!({"name": "redis", "virtualenv": ground.at("env"), "virtualenv_command": ground.at("venv"),
        "virtualenv_site_packages": true});
    let outcome = ground.converge("pip", &params);
    assert_eq!((outcome.changes.len(), &outcome.result["virtualenv"]), (2, &json!(ground.at("env"))));
    assert!(ground.read("env/bin/packages").starts_with("redis=="));
}

#[test]
fn what_is_lacking_on_the_host_is_told_with_what_brings_it() {
    let ground = ground();
    let none = json!({"name": "redis", "executable": "/no/such/pip"});
    assert!(ground.survey("pip", &none).unwrap().unpredicted);
    let no_maker = json!({"name": "redis", "virtualenv": ground.at("env"), "virtualenv_command": "no-such-maker"});
    let managed = with(&ground, json!({"name": "refused"}));
    for (params, message, help) in [
        (none, "there is no `/no/such/pip` on this host", "python3-pip"),
        (no_maker, "there is no `no-such-maker`", "python3-venv"),
        (managed, "install refused` ended with exit code 1", "break_system_packages"),
    ] {
        let failure = ground.apply("pip", &params).unwrap_err();
        assert!(failure.message.contains(message), "{failure:?}");
        assert!(failure.help.is_some_and(|words| words.contains(help)), "{params}");
    }
}

#[test]
fn contradictions_are_refused() {
    let ground = ground();
    for params in [
        json!({}),
        json!({"name": "a", "requirements": "r"}),
        json!({"name": "a", "executable": "p", "virtualenv": "v"}),
        json!({"name": "a", "version": "1", "state": "latest"}),
        json!({"name": "a,b", "version": "1"}),
        json!({"name": "a>1", "version": "1"}),
        json!({"name": "a", "umask": "9"}),
        json!({"name": "a", "virtualenv": "v", "virtualenv_command": "python3 -m venv", "virtualenv_python": "p"}),
    ] {
        assert_eq!(ground.survey("pip", &params).unwrap_err().code, "DPP0104", "{params}");
    }
}
