//! `openssl_pkcs12` with the openssl of this machine, which reads what it writes and writes what it reads.

use std::process::Command;

use serde_json::{Value, json};

use crate::testing::Ground;

/// A ground with two keys with their certificates: `own` and `ca`.
fn ground() -> Ground {
    let ground = Ground::new();
    for name in ["own", "ca"] {
        let (key, pem) = (ground.at(&format!("{name}.key")), ground.at(&format!("{name}.pem")));
        let new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", &key];
        openssl(&[&["req", "-x509", "-subj", &format!("/CN={name}"), "-out", &pem], &new[..]].concat());
    }
    ground
}

fn openssl(words: &[&str]) -> String {
    let done = Command::new("openssl").args(words).output().unwrap();
    assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).into_owned()
}

fn with(ground: &Ground, more: Value) -> Value {
    let mut params = json!({"path": ground.at("p12"), "friendly_name": "our key", "passphrase": "sesame",
        "privatekey_path": ground.at("own.key"), "certificate_path": ground.at("own.pem"),
        "other_certificates": [ground.at("ca.pem")]});
    for (name, value) in more.as_object().unwrap() {
        match value {
            Value::Null => drop(params.as_object_mut().unwrap().remove(name)),
            value => params[name] = value.clone(),
        }
    }
    params
}

#[test]
fn a_file_is_made_once_and_openssl_opens_it() {
    for (more, in_it) in [
        (json!({}), 2),
        (json!({"encryption_level": "compatibility2022", "iter_size": 1000}), 2),
        (json!({"passphrase": null}), 2),
        (json!({"friendly_name": "köy"}), 2),
        (json!({"other_certificates": null}), 1),
        (json!({"privatekey_path": null}), 2),
        (json!({"privatekey_path": null, "certificate_path": null}), 1),
        (json!({"certificate_path": null, "other_certificates": null}), 0),
    ] {
        let ground = ground();
        let params = with(&ground, more.clone());
        assert!(ground.converge("openssl_pkcs12", &params).changed, "{more}");
        assert_eq!(ground.mode("p12"), 0o400);
        let password = if more.get("passphrase").is_some() { "pass:" } else { "pass:sesame" };
        let words = ["pkcs12", "-nodes", "-in", &ground.at("p12"), "-passin", password];
        let said = openssl(&words);
        assert_eq!(said.matches("BEGIN CERTIFICATE").count(), in_it, "{more}");
        assert_eq!(said.contains("BEGIN PRIVATE KEY"), params.get("privatekey_path").is_some(), "{more}");
    }
}

#[test]
fn whatever_is_otherwise_has_it_made_anew() {
    let ground = ground();
    let made = |more| ground.converge("openssl_pkcs12", &with(&ground, more)).changed;
    made(json!({}));
    let texts = json!({"privatekey_path": null, "privatekey_content": ground.read("own.key"), "certificate_path": null,
        "certificate_content": ground.read("own.pem"), "other_certificates": null,
        "other_certificates_content": [ground.read("ca.pem")]});
    assert!(!made(texts), "the same as texts");
    assert!(made(json!({"friendly_name": "other"})));
    assert!(made(json!({"other_certificates": []})));
    assert!(made(json!({"passphrase": "another"})));
    assert!(made(json!({"privatekey_path": ground.at("ca.key"), "certificate_path": ground.at("ca.pem"),
        "other_certificates": null})));
    let bundle = ground.write("bundle", ground.read("own.pem") + &ground.read("ca.pem"));
    assert!(made(json!({"other_certificates": [bundle]})), "the first of the bundle");
    assert!(made(json!({"other_certificates": bundle, "other_certificates_parse_all": true})));
    assert!(made(json!({"mode": "0640"})) && ground.mode("p12") == 0o640);
    let forced = ground.apply("openssl_pkcs12", &with(&ground, json!({"force": true, "backup": true}))).unwrap();
    assert!(forced.changed && forced.result["backup_file"].as_str().is_some_and(|name| name.ends_with('~')));
    assert!(made(json!({"state": "absent"})) && !ground.path("p12").exists());
}

#[test]
fn what_openssl_made_is_recognised_and_taken_apart() {
    let ground = ground();
    let words =
        ["pkcs12", "-export", "-name", "our key", "-inkey", &ground.at("own.key"), "-in", &ground.at("own.pem")];
    let more = ["-certfile", &ground.at("ca.pem"), "-passout", "pass:sesame", "-out", &ground.at("p12")];
    openssl(&[&words[..], &more].concat());
    let same = with(&ground, json!({"mode": "0600"}));
    assert!(!ground.converge("openssl_pkcs12", &same).changed);
    let parse =
        json!({"action": "parse", "src": ground.at("p12"), "path": ground.at("all.pem"), "passphrase": "sesame"});
    assert!(ground.converge("openssl_pkcs12", &parse).changed);
    let text = ground.read("all.pem");
    assert!(text.starts_with("-----BEGIN EC PRIVATE KEY-----\n"), "{text}");
    assert!(text.ends_with(&(ground.read("own.pem") + &ground.read("ca.pem"))), "{text}");
    let wrong = json!({"action": "parse", "src": ground.at("p12"), "path": ground.at("x.pem"), "passphrase": "x"});
    let failure = ground.survey("openssl_pkcs12", &wrong).unwrap_err();
    assert!(failure.message.contains("cannot open the PKCS #12 file"), "{failure:?}");
}

#[test]
fn an_encrypted_key_is_opened_and_no_secret_is_shown() {
    let ground = ground();
    let locked = ground.at("locked.key");
    openssl(&["pkey", "-in", &ground.at("own.key"), "-aes256", "-passout", "pass:opensesame", "-out", &locked]);
    let params = with(
        &ground,
        json!({"privatekey_path": locked, "privatekey_passphrase": "opensesame",
        "return_content": true}),
    );
    let foreseen = ground.survey("openssl_pkcs12", &params).unwrap();
    let outcome = ground.converge("openssl_pkcs12", &params);
    assert!(outcome.result["pkcs12"].as_str().is_some_and(|text| text.starts_with("MII")));
    let told = format!("{foreseen:?} {:?}", outcome.changes);
    assert!(!told.contains("sesame") && !told.contains("BEGIN"), "{told}");
    let wrong =
        with(&ground, json!({"privatekey_path": locked, "privatekey_passphrase": "x", "path": ground.at("new")}));
    let failure = ground.survey("openssl_pkcs12", &wrong).unwrap_err();
    assert!(failure.message.contains("openssl pkey") && !ground.path("new").exists(), "{failure:?}");
}

#[test]
fn what_is_not_there_yet_is_expected_and_contradictions_are_refused() {
    let ground = ground();
    let early = with(&ground, json!({"privatekey_path": "/no/such"}));
    assert!(ground.survey("openssl_pkcs12", &early).unwrap().unpredicted);
    assert_eq!(ground.apply("openssl_pkcs12", &early).unwrap_err().message, "there is no /no/such");
    for more in [
        json!({"friendly_name": null}),
        json!({"privatekey_content": "x"}),
        json!({"certificate_content": "x"}),
        json!({"other_certificates_content": ["x"]}),
        json!({"action": "parse"}),
        json!({"encryption_level": "compatibility2022", "iter_size": 0}),
    ] {
        let failure = ground.survey("openssl_pkcs12", &with(&ground, more.clone())).unwrap_err();
        assert_eq!(failure.code, "DPP0104", "{more}");
    }
    let unused = ground.survey("openssl_pkcs12", &with(&ground, json!({"maciter_size": 1, "iter_size": 2}))).unwrap();
    assert_eq!(unused.warnings, ["no effect here: `iter_size`, `maciter_size`"]);
}
