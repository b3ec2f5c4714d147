//! `openssl_csr` with the openssl of this machine.

use std::process::Command;

use serde_json::{Value, json};

use crate::testing::Ground;

/// A ground with a key.
fn ground() -> Ground {
    let ground = Ground::new();
    let key = json!({"path": ground.at("key.pem"), "type": "ECC", "curve": "secp256r1"});
    ground.apply("openssl_privatekey", &key).unwrap();
    ground
}

fn with(ground: &Ground, mut params: Value) -> Value {
    params["path"] = ground.at("a.csr").into();
    if params.get("privatekey_content").is_none() && params.get("privatekey_path").is_none() {
        params["privatekey_path"] = ground.at("key.pem").into();
    }
    params
}

/// What openssl reads in the request.
fn read(ground: &Ground) -> String {
    let words = ["req", "-noout", "-verify", "-text", "-in", &ground.at("a.csr")];
    let output = Command::new("openssl").args(words).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_request_holds_what_the_task_says_and_is_made_once() {
    for (params, wanted) in [
        (json!({"common_name": "www.example.org"}), &["CN = www.example.org", "DNS:www.example.org"][..]),
        (json!({}), &["Subject: \n"]),
        (
            json!({"C": "FR", "O": "A $1 #2, \\\"x\\\"", "subject": {"OU": ["a", "b"]}, "email_address": "a@b.c"}),
            &["C = FR, O = \"A $1 #2, \\\\\\\"x\\\\\\\"\"", "emailAddress = a@b.c, OU = a, OU = b"],
        ),
        (
            json!({"subject_ordered": [{"O": "x"}, {"CN": "z"}], "use_common_name_for_san": false}),
            &["Subject: O = x, CN = z"],
        ),
        (
            json!({"CN": "a", "subjectAltName": "DNS:a,IP:10.0.0.1,email:a@b.c,URI:http://h,dirName:/CN=x",
                "subject_alt_name_critical": true}),
            &["Alternative Name: critical", "DNS:a, IP Address:10.0.0.1, email:a@b.c, URI:http://h, DirName:/CN=x"],
        ),
        (
            json!({"key_usage": ["digitalSignature", "keyCertSign"], "key_usage_critical": true,
                "extended_key_usage": ["serverAuth", "1.2.3.4"], "basic_constraints": ["CA:TRUE", "pathlen:0"],
                "ocsp_must_staple": true}),
            &[
                "Key Usage: critical",
                "Digital Signature, Certificate Sign",
                "TLS Web Server Authentication, 1.2.3.4",
                "CA:TRUE, pathlen:0",
                "status_request",
            ],
        ),
        (
            json!({"name_constraints_permitted": ["DNS:.a", "IP:10.0.0.0/8"], "name_constraints_excluded": "DNS:.b"}),
            &["DNS:.a", "IP:10.0.0.0/255.0.0.0", "Excluded:", "DNS:.b"],
        ),
        (
            json!({"create_subject_key_identifier": true, "authority_key_identifier": "00:11:22",
                "authority_cert_issuer": ["DNS:ca"], "authority_cert_serial_number": 12345}),
            &["Subject Key Identifier", "00:11:22", "DNS:ca", "serial:30:39"],
        ),
        (
            json!({"crl_distribution_points": [{"full_name": ["URI:http://a/crl"], "crl_issuer": ["/CN=ca"],
                "reasons": ["key_compromise", "ca_compromise"]}, {"relative_name": ["/CN=rel"]}]}),
            &["URI:http://a/crl", "Key Compromise, CA Compromise", "CN = ca", "CN = rel"],
        ),
    ] {
        let ground = ground();
        ground.converge("openssl_csr", &with(&ground, params.clone()));
        let text = read(&ground);
        for words in wanted {
            assert!(text.contains(words), "{params}: no {words} in {text}");
        }
    }
}

#[test]
fn what_is_otherwise_is_made_anew() {
    let ground = ground();
    let made = |params| ground.converge("openssl_csr", &with(&ground, params));
    let outcome = made(json!({"CN": "a", "return_content": true, "mode": "0640"}));
    assert_eq!(outcome.result["subject"], json!([["CN", "a"]]));
    assert_eq!((&outcome.result["subjectAltName"], &outcome.result["keyUsage"]), (&json!(["DNS:a"]), &Value::Null));
    assert!(outcome.result["csr"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE REQUEST-----\n"));
    let content = ground.read("key.pem");
    assert!(!made(json!({"CN": "a", "privatekey_content": content})).changed, "it is the same key");
    assert!(
        made(json!({"CN": "a", "key_usage": "digitalSignature", "backup": true})).result.contains_key("backup_file")
    );
    let other = json!({"path": ground.at("other.pem"), "type": "Ed25519"});
    ground.apply("openssl_privatekey", &other).unwrap();
    assert!(
        made(json!({"CN": "a", "key_usage": "digitalSignature", "privatekey_path": ground.at("other.pem")})).changed
    );
    let forced = json!({"CN": "a", "force": true});
    assert!(ground.apply("openssl_csr", &with(&ground, forced)).unwrap().changed);
    assert!(made(json!({"state": "absent"})).changed && !ground.path("a.csr").exists());
}

#[test]
fn a_key_may_still_come_and_contradictions_are_refused() {
    let ground = ground();
    let early = with(&ground, json!({"CN": "a", "privatekey_path": "/no/such.pem"}));
    assert!(ground.survey("openssl_csr", &early).unwrap().unpredicted);
    assert!(ground.apply("openssl_csr", &early).unwrap_err().message.contains("there is no private key /no/such.pem"));
    for params in [
        json!({"privatekey_content": "x", "privatekey_path": "y"}),
        json!({"subject": {}, "subject_ordered": []}),
        json!({"CN": "a", "subject_ordered": [{"O": "x"}]}),
        json!({"subject_alt_name": "example.org"}),
        json!({"subject_key_identifier": "xy"}),
        json!({"authority_cert_issuer": ["DNS:a"]}),
        json!({"version": 3}),
        json!({"digest": "sha256 -x"}),
    ] {
        assert_eq!(
            ground.survey("openssl_csr", &with(&ground, params.clone())).unwrap_err().code,
            "DPP0104",
            "{params}"
        );
    }
}
