//! `openssl_privatekey` with the openssl of this machine.

use serde_json::{Value, json};

use crate::testing::Ground;

fn with(ground: &Ground, mut params: Value) -> Value {
    params["path"] = ground.at("key.pem").into();
    params
}

fn first_line(ground: &Ground) -> String {
    ground.read("key.pem").lines().next().unwrap_or_default().to_owned()
}

#[test]
fn keys_of_every_kind_are_made_once() {
    for (params, line) in [
        (json!({"size": 1024}), "-----BEGIN RSA PRIVATE KEY-----"),
        (json!({"size": 1024, "format": "pkcs8"}), "-----BEGIN PRIVATE KEY-----"),
        (json!({"type": "ECC", "curve": "secp256r1"}), "-----BEGIN EC PRIVATE KEY-----"),
        (json!({"type": "ECC", "curve": "secp384r1", "passphrase": "secret"}), "-----BEGIN EC PRIVATE KEY-----"),
        (json!({"type": "Ed25519"}), "-----BEGIN PRIVATE KEY-----"),
        (json!({"type": "Ed25519", "passphrase": "secret"}), "-----BEGIN ENCRYPTED PRIVATE KEY-----"),
        (json!({"type": "X448"}), "-----BEGIN PRIVATE KEY-----"),
        (json!({"type": "DSA", "size": 1024}), "-----BEGIN DSA PRIVATE KEY-----"),
    ] {
        let ground = Ground::new();
        let outcome = ground.converge("openssl_privatekey", &with(&ground, params.clone()));
        assert_eq!((first_line(&ground).as_str(), ground.mode("key.pem")), (line, 0o600), "{params}");
        assert_eq!(outcome.result["fingerprint"]["sha256"].as_str().map(str::len), Some(95), "{params}");
        assert_eq!(ground.read("key.pem").contains("ENCRYPTED"), params.get("passphrase").is_some(), "{params}");
    }
}

#[test]
fn a_raw_key_is_its_bytes_alone() {
    for (kind, length) in [("X25519", 32), ("X448", 56), ("Ed25519", 32), ("Ed448", 57)] {
        let ground = Ground::new();
        let params = with(&ground, json!({"type": kind, "format": "raw", "return_content": true}));
        let outcome = ground.converge("openssl_privatekey", &params);
        assert_eq!(std::fs::read(ground.path("key.pem")).unwrap().len(), length, "{kind}");
        assert!(outcome.result.contains_key("fingerprint"), "{kind}");
    }
}

#[test]
fn what_is_otherwise_is_made_anew_converted_or_refused() {
    let ground = Ground::new();
    let made = |params| ground.converge("openssl_privatekey", &with(&ground, params));
    let first = made(json!({"size": 1024}));
    let same_key = made(json!({"size": 1024, "format": "pkcs8", "format_mismatch": "convert", "backup": true}));
    assert_eq!(first_line(&ground), "-----BEGIN PRIVATE KEY-----");
    assert_eq!(same_key.result["fingerprint"], first.result["fingerprint"]);
    assert!(same_key.result["backup_file"].as_str().is_some_and(|name| name.ends_with('~')));
    let failure = |params| ground.survey("openssl_privatekey", &with(&ground, params)).unwrap_err().message;
    assert!(failure(json!({"size": 2048, "regenerate": "fail"})).contains("another type or size"));
    assert!(failure(json!({"passphrase": "x", "size": 1024, "regenerate": "never"})).contains("another passphrase"));
    assert!(!made(json!({"size": 2048, "regenerate": "never"})).changed);
    let second = made(json!({"type": "ECC", "curve": "secp256r1"}));
    assert_ne!(second.result["fingerprint"], first.result["fingerprint"]);
    let forced =
        ground.apply("openssl_privatekey", &with(&ground, json!({"type": "ECC", "curve": "secp256r1", "force": true})));
    assert!(forced.unwrap().changed);
    assert!(made(json!({"state": "absent"})).changed && !ground.path("key.pem").exists());
}

#[test]
fn no_key_and_no_passphrase_is_shown() {
    let ground = Ground::new();
    let params = with(&ground, json!({"type": "Ed25519", "passphrase": "opensesame"}));
    let foreseen = ground.survey("openssl_privatekey", &params).unwrap();
    let outcome = ground.apply("openssl_privatekey", &params).unwrap();
    let told = format!("{foreseen:?} {outcome:?}");
    assert!(!told.contains("opensesame") && !told.contains("BEGIN"), "{told}");
    for params in [json!({"type": "ECC"}), json!({"format": "raw"}), json!({"type": "X448", "format": "pkcs1"})] {
        assert_eq!(ground.survey("openssl_privatekey", &with(&ground, params)).unwrap_err().code, "DPP0104");
    }
}
