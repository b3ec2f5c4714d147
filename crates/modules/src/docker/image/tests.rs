//! `docker_image` against a stand-in of `docker` that keeps its images in a file, and answers as Docker 20.10 does.

use std::collections::BTreeMap;

use dpp_protocol::{Failure, ResultMap};
use serde_json::{Value, json};

use super::{DockerImage, ImageStep};
use crate::testing::Ground;
use crate::{Host, Module, Survey};

/// Lines `NAME ID` are its images; orders go to a log, with the secret that they were told.
const DOCKER: &str = r#"images=$(dirname "$0")/images
[ "$1" = --host ] && shift 2
[ "$1 $2" = "image inspect" ] || echo "$* ${PASSWORD:+and a secret}" >>"$(dirname "$0")/log"
case "$1 $2" in
"image inspect") id=$(sed -n "s|^$3 ||p" "$images"); [ -n "$id" ] && echo "[{\"Id\": \"$id\", \"RepoTags\": [\"$3\"]}]" ||
    { echo "[]"; echo "Error: No such image: $3" >&2; exit 1; } ;;
"image rm") for last; do :; done; sed -i "\|^$last |d" "$images" ;;
pull*) for last; do :; done; case $last in gone*) echo "manifest for $last not found" >&2; exit 1 ;; esac
    sed -i "\|^$last |d" "$images"; echo "$last sha256:01" >>"$images" ;;
"build -t") echo "Step 1/1 : FROM scratch"; sed -i "\|^$3 |d" "$images"; echo "$3 sha256:02" >>"$images" ;;
load*) echo "Loaded image: a:1"; echo "Loaded image: b:2"; sed -i "\|^a:1 |d" "$images"; echo "a:1 sha256:03" >>"$images" ;;
tag*) id=$(sed -n "s|^$2 ||p" "$images"); sed -i "\|^$3 |d" "$images"; echo "$3 $id" >>"$images" ;;
push*) case $2 in new*) echo "5f70bf18a086: Pushed" ;; *) echo "5f70bf18a086: Layer already exists" ;; esac; echo "1: digest: sha256:0f" ;;
save*) echo archive >"$3" ;;
esac"#;

fn ground(images: &str) -> Ground {
    let ground = Ground::new();
    ground.program("docker", DOCKER);
    ground.write("images", images);
    ground.write("log", "");
    ground
}

fn with_host<T>(ground: &Ground, params: &Value, f: impl FnOnce(&DockerImage, &Host) -> T) -> T {
    let path = BTreeMap::from([("PATH".to_owned(), format!("{}:/usr/bin:/bin", ground.at("")))]);
    f(&serde_json::from_value(params.clone()).unwrap(), &Host::new(ground.state(), path, &|_, _| ()))
}

fn survey(ground: &Ground, params: &Value) -> Result<Survey<ImageStep>, Failure> {
    with_host(ground, params, Module::survey)
}

/// Does what a task wants; whether that changed something, and what it registers.
fn run(ground: &Ground, params: &Value) -> Result<(bool, ResultMap), Failure> {
    with_host(ground, params, |module, host| {
        let survey = module.survey(host)?;
        let mut result = survey.result.clone();
        for step in &survey.steps {
            module.apply(step, host, &mut result)?;
        }
        let changed = result.get("_changed").map_or(!survey.steps.is_empty(), |changed| changed == true);
        Ok((changed, result))
    })
}

#[test]
fn a_task_becomes_orders_of_docker() {
    let images = "have:latest sha256:01\nold:1 sha256:09\n";
    for (params, changed, orders) in [
        (json!({"name": "nginx", "source": "pull"}), true, "pull --quiet nginx:latest"),
        (
            json!({"name": "nginx:1", "source": "pull", "pull": {"platform": "amd64"}}),
            true,
            "pull --quiet --platform amd64 nginx:1",
        ),
        (json!({"name": "have", "source": "pull"}), false, ""),
        (json!({"name": "have", "source": "local"}), false, ""),
        (json!({"name": "have", "source": "pull", "force_source": true}), false, "pull --quiet have:latest"),
        (json!({"name": "old", "tag": 1, "source": "pull", "force_source": true}), true, "pull --quiet old:1"),
        (json!({"name": "old:1", "source": "local", "repository": "r.org/new"}), true, "tag old:1 r.org/new:1"),
        (json!({"name": "old:1", "source": "local", "repository": "have:latest"}), false, ""),
        (
            json!({"name": "old:1", "source": "local", "repository": "have:latest", "force_tag": true}),
            true,
            "tag old:1 have:latest",
        ),
        (json!({"name": "old:1", "source": "local", "push": true}), false, "push old:1"),
        (
            json!({"name": "old:1", "source": "local", "push": true, "repository": "new.org/a"}),
            true,
            "tag old:1 new.org/a:1,push new.org/a:1",
        ),
        (json!({"name": "a:1", "source": "load", "load_path": "/a.tar"}), true, "load --input /a.tar"),
        (json!({"name": "have", "state": "absent", "force_absent": true}), true, "image rm --force have:latest"),
        (json!({"name": "none", "state": "absent"}), false, ""),
        (json!({"name": "have", "source": "local", "docker_host": "tcp://a:2375", "tls": false}), false, ""),
    ] {
        let ground = ground(images);
        let (has_changed, _) = run(&ground, &params).unwrap();
        let log = ground.read("log");
        let log: Vec<&str> = log.lines().map(str::trim).collect();
        assert_eq!((has_changed, log.join(",").as_str()), (changed, orders), "{params}");
        let again =
            json!({"name": params["name"], "tag": params.get("tag").unwrap_or(&json!("latest")), "source": "local"});
        assert!(params.get("state").is_some() || survey(&ground, &again).unwrap().steps.is_empty(), "{params}");
    }
}

#[test]
fn a_build_tells_its_output_and_no_secret() {
    let ground = ground("");
    let params =
        json!({"name": "own", "source": "build", "build": {"path": ground.at(""), "args": {"PASSWORD": "sesame"}}});
    let (changed, result) = run(&ground, &params).unwrap();
    assert!(
        changed && result["stdout"] == "Step 1/1 : FROM scratch" && result["image"]["Id"] == "sha256:02",
        "{result:?}"
    );
    let log = ground.read("log");
    assert!(log.contains("--build-arg PASSWORD") && log.contains("and a secret") && !log.contains("sesame"), "{log}");
    assert!(!run(&ground, &params).unwrap().0);
    let gone = json!({"name": "x", "source": "build", "build": {"path": "/no/such"}});
    assert_eq!(run(&ground, &gone).unwrap_err().message, "there is no folder /no/such to build from");
}

#[test]
fn an_archive_is_written_once() {
    let ground = ground("a:1 sha256:0a\n");
    let archive = |manifest: &str| {
        let folder = ground.write("manifest.json", manifest);
        let folder = std::path::Path::new(&folder).parent().unwrap().to_owned();
        let done = std::process::Command::new("tar")
            .arg("-C")
            .arg(folder)
            .args(["-cf", &ground.at("a.tar"), "manifest.json"])
            .status();
        assert!(done.unwrap().success());
    };
    let params = json!({"name": "a:1", "source": "local", "archive_path": ground.at("a.tar")});
    let action = || survey(&ground, &params).unwrap().result["actions"].to_string();
    assert!(action().contains("since none present"));
    archive(r#"[{"Config": "0a.json", "RepoTags": ["a:1"]}]"#);
    assert_eq!(action(), "[]");
    archive(r#"[{"Config": "0b.json", "RepoTags": ["b:1"]}]"#);
    assert!(action().contains("overwriting archive with image 0b named b:1"));
    ground.write("a.tar", "x");
    assert!(action().contains("overwriting an unreadable archive file"));
    assert!(run(&ground, &params).unwrap().0 && ground.read("a.tar") == "archive\n");
}

#[test]
fn what_cannot_be_is_refused_and_told_in_dockers_words() {
    let ground = ground("");
    let id = format!("sha256:{}", "0a".repeat(32));
    for params in [
        json!({"name": "a"}),
        json!({"name": "", "source": "pull"}),
        json!({"name": "a", "source": "build"}),
        json!({"name": "a", "source": "load"}),
        json!({"name": id, "source": "pull"}),
        json!({"name": id, "source": "local", "push": true}),
        json!({"name": "a", "source": "local", "repository": id}),
        json!({"name": "a", "source": "build", "build": {"path": "/a", "shm_size": "big"}}),
    ] {
        assert_eq!(survey(&ground, &params).unwrap_err().code, "DPP0104", "{params}");
    }
    let local = json!({"name": "a", "source": "local"});
    assert!(survey(&ground, &local).unwrap().unpredicted);
    assert_eq!(run(&ground, &local).unwrap_err().message, "there is no image a:latest on this host");
    let gone = run(&ground, &json!({"name": "gone", "source": "pull"})).unwrap_err();
    assert!(gone.notes.iter().any(|note| note.text.contains("manifest for gone:latest not found")), "{gone:?}");
    let other = run(&ground, &json!({"name": "c", "source": "load", "load_path": "/a.tar"})).unwrap_err();
    assert!(other.message.contains("holds no image c:latest, but a:1, b:2"), "{other:?}");
    let (_, more) =
        run(&ground, &json!({"name": "a:1", "source": "load", "load_path": "/a.tar", "force_source": true})).unwrap();
    assert!(more["_warnings"][0].as_str().unwrap().ends_with("held more images: b:2"));
    let unused = survey(&ground, &json!({"name": "a", "source": "pull", "timeout": 5, "debug": true})).unwrap();
    assert_eq!(unused.warnings, ["no effect here: `timeout`, `debug`"]);
}
