//! `x509_certificate` with the openssl of this machine.

use std::process::Command;

use serde_json::{Value, json};

use crate::testing::Ground;

/// A ground with a key, a request, and an authority with its own.
fn ground() -> Ground {
    let ground = Ground::new();
    for name in ["key", "ca.key"] {
        let key = json!({"path": ground.at(name), "type": "ECC", "curve": "secp256r1"});
        ground.apply("openssl_privatekey", &key).unwrap();
    }
    let request = json!({"path": ground.at("csr"), "privatekey_path": ground.at("key"), "CN": "www.example.org", "O": "Ö",
        "key_usage": "digitalSignature", "key_usage_critical": true});
    ground.apply("openssl_csr", &request).unwrap();
    let request = json!({"path": ground.at("ca.csr"), "privatekey_path": ground.at("ca.key"), "CN": "our ca",
        "use_common_name_for_san": false, "basic_constraints": ["CA:TRUE"], "basic_constraints_critical": true});
    ground.apply("openssl_csr", &request).unwrap();
    let authority = json!({"path": ground.at("ca.pem"), "csr_path": ground.at("ca.csr"), "provider": "selfsigned",
        "privatekey_path": ground.at("ca.key")});
    ground.apply("x509_certificate", &authority).unwrap();
    ground
}

fn own(ground: &Ground, more: Value) -> Value {
    let mut params = json!({"path": ground.at("pem"), "provider": "selfsigned", "privatekey_path": ground.at("key"),
        "csr_path": ground.at("csr")});
    params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    params
}

fn of_authority(ground: &Ground, more: Value) -> Value {
    let mut params = json!({"path": ground.at("pem"), "provider": "ownca", "csr_path": ground.at("csr"),
        "ownca_path": ground.at("ca.pem"), "ownca_privatekey_path": ground.at("ca.key")});
    params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    params
}

fn read(ground: &Ground) -> String {
    let words = ["x509", "-noout", "-text", "-in", &ground.at("pem")];
    String::from_utf8(Command::new("openssl").args(words).output().unwrap().stdout).unwrap()
}

#[test]
fn a_certificate_holds_what_was_asked_for_and_is_made_once() {
    let ground = ground();
    let outcome = ground.converge("x509_certificate", &own(&ground, json!({"return_content": true, "mode": "0644"})));
    assert!(outcome.result["certificate"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE-----\n"));
    let text = read(&ground);
    for words in
        ["Version: 3", "CN = www.example.org", "DNS:www.example.org", "Key Usage: critical", "Subject Key Identifier"]
    {
        assert!(text.contains(words), "no {words} in {text}");
    }
    assert!(!text.contains("Authority Key Identifier"), "{text}");
    let nameless =
        json!({"path": ground.at("nameless"), "provider": "selfsigned", "privatekey_path": ground.at("key")});
    assert!(ground.converge("x509_certificate", &nameless).changed);
}

#[test]
fn an_authority_signs_and_another_one_signs_anew() {
    let ground = ground();
    let made = |params| ground.converge("x509_certificate", &params);
    made(own(&ground, json!({})));
    let outcome = made(of_authority(&ground, json!({})));
    assert!(outcome.changed);
    assert_eq!(outcome.result["ca_cert"], ground.at("ca.pem"));
    let text = read(&ground);
    assert!(text.contains("Issuer: CN = our ca") && text.contains("Authority Key Identifier"), "{text}");
    let verified =
        Command::new("openssl").args(["verify", "-CAfile", &ground.at("ca.pem"), &ground.at("pem")]).output();
    assert!(verified.unwrap().status.success());
    let (authority, key) = (ground.read("ca.pem"), ground.read("ca.key"));
    let mut texts = of_authority(&ground, json!({"ownca_content": authority, "ownca_privatekey_content": key}));
    texts.as_object_mut().unwrap().retain(|name, _| name != "ownca_path" && name != "ownca_privatekey_path");
    assert!(!made(texts.clone()).changed, "it is the same authority");
    texts["force"] = true.into();
    assert!(ground.apply("x509_certificate", &texts).unwrap().changed);
    let again = json!({"path": ground.at("ca.key"), "type": "ECC", "curve": "secp256r1", "force": true});
    ground.apply("openssl_privatekey", &again).unwrap();
    for (module, params) in [
        (
            "openssl_csr",
            json!({"path": ground.at("ca.csr"), "privatekey_path": ground.at("ca.key"), "CN": "our ca",
            "basic_constraints": ["CA:TRUE"]}),
        ),
        (
            "x509_certificate",
            json!({"path": ground.at("ca.pem"), "csr_path": ground.at("ca.csr"), "provider": "selfsigned",
            "privatekey_path": ground.at("ca.key")}),
        ),
    ] {
        ground.apply(module, &params).unwrap();
    }
    assert!(made(of_authority(&ground, json!({}))).changed, "the authority has another key");
}

#[test]
fn identifiers_and_times_count_as_the_task_says() {
    let ground = ground();
    let made = |params| ground.converge("x509_certificate", &params);
    let fixed = json!({"selfsigned_not_before": "20250101000000Z", "selfsigned_notAfter": "20600101000000Z",
        "ignore_timestamps": false, "selfsigned_create_subject_key_identifier": "never_create"});
    made(own(&ground, fixed));
    let text = read(&ground);
    assert!(text.contains("Jan  1 00:00:00 2025") && text.contains("Jan  1 00:00:00 2060"), "{text}");
    assert!(!text.contains("Subject Key Identifier"), "{text}");
    assert!(made(own(&ground, json!({}))).changed, "it names its key now");
    assert!(made(json!({"path": ground.at("pem"), "state": "absent"})).changed && !ground.path("pem").exists());
}

#[test]
fn what_is_not_there_yet_is_expected_and_what_is_not_done_here_is_refused() {
    let ground = ground();
    let early = own(&ground, json!({"csr_path": "/no/such"}));
    assert!(ground.survey("x509_certificate", &early).unwrap().unpredicted);
    assert_eq!(ground.apply("x509_certificate", &early).unwrap_err().message, "there is no /no/such");
    for more in [
        json!({"provider": "acme"}),
        json!({"provider": "ownca"}),
        json!({"selfsigned_not_after": "soon"}),
        json!({"selfsigned_version": 2}),
        json!({"csr_content": "x"}),
        json!({"selfsigned_digest": "a b"}),
    ] {
        let failure = ground.survey("x509_certificate", &own(&ground, more.clone())).unwrap_err();
        assert_eq!(failure.code, "DPP0104", "{more}");
    }
}
