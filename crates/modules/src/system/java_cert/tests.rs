//! `java_cert` against a stand-in that keeps a keystore's entries in a file and takes one password.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::testing::Ground;

const KEYTOOL: &str = r#"#!/bin/sh
order=$1
while [ $# -gt 0 ]; do case $1 in
    -keystore | -destkeystore) store=$2 ;;
    -alias | -destalias) alias=$2 ;;
esac; shift; done
case $order in
-printcert) echo '-----BEGIN CERTIFICATE-----
MAED
-----END CERTIFICATE-----'; exit ;;
-importkeystore) echo '-----BEGIN CERTIFICATE-----
MAEF
-----END CERTIFICATE-----' >"$store"; exit ;;
esac
[ "${store%.p12}" = "$store" ] || { [ "$DPP_PKCS12_PASSWORD" = p12 ] && echo '-----BEGIN CERTIFICATE-----
MAEF
-----END CERTIFICATE-----'; exit; }
[ "$DPP_KEYSTORE_PASSWORD" = changeit ] || { echo 'keytool error: password was incorrect'; exit 1; }
case $order in
-list) [ -s "$store" ] && cat "$store" || { echo "keytool error: Alias <$alias> does not exist"; exit 1; } ;;
-importcert) cat >"$store" ;;
-delete) : >"$store" ;;
esac
"#;

const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMAEC\n-----END CERTIFICATE-----\n";

fn ground() -> Ground {
    let ground = Ground::new();
    let path = ground.write("keytool", KEYTOOL);
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    ground
}

fn with(ground: &Ground, mut params: Value) -> Value {
    for (name, value) in [
        ("executable", ground.at("keytool")),
        ("keystore_path", ground.at("store")),
        ("keystore_pass", "changeit".to_owned()),
    ] {
        if params.get(name).is_none() {
            params[name] = value.into();
        }
    }
    params
}

#[test]
fn a_certificate_comes_changes_and_goes() {
    let ground = ground();
    let new = json!({"cert_content": CERTIFICATE, "cert_alias": "a", "keystore_create": true, "mode": "0640"});
    let outcome = ground.converge("java_cert", &with(&ground, new));
    assert_eq!(ground.read("store"), CERTIFICATE);
    assert_eq!(ground.mode("store"), 0o640);
    assert!(!outcome.result["cmd"].to_string().contains("changeit"), "{:?}", outcome.result);
    let other = with(&ground, json!({"cert_url": "es1", "cert_alias": "a"}));
    assert_eq!(ground.converge("java_cert", &other).changes.len(), 2);
    assert!(ground.read("store").contains("MAED"));
    ground.write("key.p12", "");
    let key = json!({"pkcs12_path": ground.at("key.p12"), "pkcs12_password": "p12", "cert_alias": "a"});
    ground.converge("java_cert", &with(&ground, key));
    assert!(ground.read("store").contains("MAEF"));
    assert!(ground.converge("java_cert", &with(&ground, json!({"cert_alias": "a", "state": "absent"}))).changed);
}

#[test]
fn what_is_still_to_come_is_expected_and_a_wrong_password_is_none() {
    let ground = ground();
    let early = with(&ground, json!({"cert_path": "/no/such.pem", "cert_alias": "a"}));
    assert!(ground.survey("java_cert", &early).unwrap().unpredicted);
    assert!(ground.apply("java_cert", &early).unwrap_err().message.contains("there is no keystore"));
    let params = with(
        &ground,
        json!({"cert_content": CERTIFICATE, "cert_alias": "a", "executable": "/no/keytool",
        "keystore_create": true}),
    );
    let failure = ground.apply("java_cert", &params).unwrap_err();
    assert!(failure.help.is_some_and(|words| words.contains("default-jre-headless")));
    ground.write("store", CERTIFICATE);
    let wrong = with(&ground, json!({"cert_content": CERTIFICATE, "cert_alias": "a", "keystore_pass": "wrong"}));
    let failure = ground.survey("java_cert", &wrong).unwrap_err();
    assert!(failure.notes.iter().any(|note| note.text.contains("password was incorrect")), "{failure:?}");
    for params in [
        json!({"cert_alias": "a"}),
        json!({"cert_content": "x"}),
        json!({"cert_content": "x", "cert_path": "/y", "cert_alias": "a"}),
        json!({"state": "absent"}),
    ] {
        assert_eq!(ground.survey("java_cert", &with(&ground, params)).unwrap_err().code, "DPP0104");
    }
}
