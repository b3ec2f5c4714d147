//! The actions on artifacts, from a task's arguments to what a module is asked.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use dpp_protocol::Failure;
use serde_json::json;

use crate::actions::{ActionContext, Deed, Done, Remote, find, supply};
use crate::artifacts::Store;
use crate::files::Disk;
use crate::template::{Scope, SearchPath, Surroundings, Templates};
use crate::value::{Map, Value};

/// Runs an action for a playbook in this folder.
fn run(folder: &Path, action: &str, args: &Map) -> Result<Deed, Failure> {
    let search = SearchPath { folders: vec![folder.to_owned()] };
    let scope = Scope::new(Arc::new(Map::new()), Arc::new(search));
    let templates = Templates::new(Surroundings::of_this_process());
    let context = ActionContext { templates: &templates, scope: &scope, files: &Disk, host: "es1", verbosity: 0 };
    (find(action).unwrap().run)(&context, args)
}

fn args(json: &serde_json::Value) -> Map {
    match Value::from(json) {
        Value::Map(map) => map.as_ref().clone(),
        other => panic!("{other:?}"),
    }
}

fn remote(folder: &Path, action: &str, json: &serde_json::Value) -> Remote {
    match run(folder, action, &args(json)).unwrap() {
        Deed::Remote(remote) => remote,
        Deed::Done(done) => panic!("{done:?}"),
    }
}

fn refusal(folder: &Path, action: &str, json: &serde_json::Value) -> String {
    run(folder, action, &args(json)).unwrap_err().message
}

/// A folder of files as a mirror has them.
fn mirror(file: &str, content: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join(file).parent().unwrap()).unwrap();
    fs::write(folder.path().join(file), content).unwrap();
    folder
}

#[test]
fn a_package_is_surveyed_by_its_version_and_supplied_only_when_it_is_wanted() {
    let folder = mirror("logstash/logstash-6.2.1.deb", "deb");
    let asked = json!({"product": "logstash", "version": "6.2.1", "sources": [folder.path()], "conffiles": "replace"});
    let remote = remote(folder.path(), "artifact_package", &asked);
    let surveyed = json!({
        "conffiles": "replace", "restore_conffiles": true, "hold": true, "start": false, "allow_downgrade": false,
        "_package": "logstash", "_version": "1:6.2.1-1", "_architecture": "all", "_installed_size": 0,
        "_upgrades_from": "",
        "_no_return": "",
    });
    assert_eq!((remote.module.as_str(), &remote.params), ("deb", &surveyed));
    assert!(remote.blobs.is_empty());
    let store = Store::new(folder.path().join("cache"));
    let supplied = supply(remote.supply.as_ref().unwrap(), &remote.params, &store, &mut |_, _| {}).unwrap();
    assert_eq!(supplied.params["_blob"], supplied.blobs[0].sha256.as_str());
    assert_eq!(supplied.params["_version"], "1:6.2.1-1");
    assert_eq!((supplied.blobs[0].size, fs::read(&supplied.blobs[0].path).unwrap()), (3, b"deb".to_vec()));
}

#[test]
fn a_version_that_is_not_to_be_had_fails_when_it_is_wanted_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    let asked = json!({"product": "elasticsearch", "version": "6.2.9", "sources": folder.path()});
    let remote = remote(folder.path(), "artifact_package", &asked);
    let store = Store::new(folder.path().join("cache"));
    let failure = supply(remote.supply.as_ref().unwrap(), &remote.params, &store, &mut |_, _| {}).unwrap_err();
    assert_eq!(
        (failure.code.as_str(), failure.help.as_deref()),
        ("DPP0602", Some("versions near it: 6.2.1, 6.8.23, 5.6.2"))
    );
}

#[test]
fn a_plugin_goes_to_its_folder_with_its_class() {
    let folder = tempfile::tempdir().unwrap();
    let asked = json!({
        "product": "kafka-connect-elasticsearch", "version": "15.1.3", "path": "/usr/share/confluent-hub-components",
        "url": "http://localhost:8083",
    });
    let remote = remote(folder.path(), "artifact_archive", &asked);
    let surveyed = json!({
        "name": "confluentinc-kafka-connect-elasticsearch", "version": "15.1.3",
        "path": "/usr/share/confluent-hub-components",
        "_original_basename": "confluentinc-kafka-connect-elasticsearch-15.1.3.zip",
        "class": "io.confluent.connect.elasticsearch.ElasticsearchSinkConnector", "url": "http://localhost:8083",
    });
    assert_eq!((remote.module.as_str(), remote.params), ("kafka_connect_plugin", surveyed));
}

#[test]
fn a_file_of_the_project_is_taken_without_a_product() {
    let folder = mirror("files/plugin.zip", "zip");
    let asked = json!({"file": "plugin.zip", "name": "mine", "version": 1.5, "path": "/plugins"});
    let remote = remote(folder.path(), "artifact_archive", &asked);
    assert_eq!((remote.params["name"].clone(), remote.params["version"].clone()), (json!("mine"), json!("1.5")));
    let supplied = supply(remote.supply.as_ref().unwrap(), &remote.params, &Store::new("/nowhere"), &mut |_, _| {});
    assert_eq!(supplied.unwrap().blobs[0].path, folder.path().join("files/plugin.zip"));
}

#[test]
fn a_project_describes_a_product_of_its_own_in_data() {
    let text = "product: gauge\nversions: [1.0]\nreleases:\n  - {versions: \"*\", kind: deb, file: \"g_{version}.deb\", package: gauge}\n";
    let folder = mirror("data/gauge.yml", text);
    let remote =
        remote(folder.path(), "artifact_package", &json!({"product": "gauge", "version": "1.0", "sources": "."}));
    assert_eq!(remote.params["_package"], "gauge");
    fs::write(folder.path().join("data/gauge.yml"), "product: gauge\nverions: []\n").unwrap();
    let failure =
        run(folder.path(), "artifact_package", &args(&json!({"product": "gauge", "version": "1"}))).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.help.as_deref()), ("DPP0103", Some("did you mean `versions`?")));
    assert!(failure.notes[0].text.ends_with("gauge.yml:2:1"), "{failure:?}");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let folder = mirror("files/x.deb", "no deb at all");
    let cases = [
        ("artifact_package", json!({}), "`artifact_package` wants `product` and `version`, or `file`"),
        ("artifact_package", json!({"product": "kibanna", "version": "5.1.1"}), "there is no product `kibanna`"),
        ("artifact_package", json!({"product": "kibana", "version": "latest"}), "Kibana has no version `latest`"),
        (
            "artifact_package",
            json!({"product": "kibana", "version": "5.1.1", "sources": ["ftp://m"]}),
            "no source of files: `ftp://m`: files come over http, https or file",
        ),
        (
            "artifact_package",
            json!({"product": "kafka-connect-elasticsearch", "version": "15.1.3"}),
            "Elasticsearch sink connector 15.1.3 is an archive",
        ),
        (
            "artifact_archive",
            json!({"product": "kibana", "version": "5.1.1", "path": "/x"}),
            "Kibana 5.1.1 is a package",
        ),
        ("artifact_package", json!({"file": "missing.deb"}), "there is no file `missing.deb`"),
    ];
    for (action, asked, message) in cases {
        assert_eq!(refusal(folder.path(), action, &asked), message);
    }
    let failure = run(folder.path(), "artifact_package", &args(&json!({"file": "x.deb"}))).unwrap_err();
    assert_eq!(failure.code, "DPP0609", "an error page saved as a .deb: {}", failure.message);
}

#[test]
fn versions_that_do_not_go_together_are_refused_all_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let products = json!({
        "elasticsearch": "6.8.23", "kafka-connect-elasticsearch": "15.1.3", "confluent-kafka": "4.0.2", "kibana": "",
    });
    let failure = run(folder.path(), "artifact_fits", &args(&json!({"products": products}))).unwrap_err();
    assert_eq!(failure.code, "DPP0620");
    assert_eq!(failure.notes.iter().filter(|note| note.label == "also").count(), 1, "{failure:?}");
    let fine = json!({"products": {"elasticsearch": "5.6.2", "kibana": "5.1.1", "java": 8}});
    let Deed::Done(Done { outcome, .. }) = run(folder.path(), "artifact_fits", &args(&fine)).unwrap() else {
        panic!("it is no task for a host");
    };
    assert_eq!((outcome.changed, outcome.warnings.len()), (false, 1));
}
