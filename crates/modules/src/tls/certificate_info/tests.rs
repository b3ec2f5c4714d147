//! `x509_certificate_info` beside what the openssl of this machine says of the same certificates.

use std::process::Command;

use serde_json::{Value, json};

use crate::testing::Ground;

const CONFIG: &str = "[req]\nprompt = no\nutf8 = yes\ndistinguished_name = dn\nx509_extensions = exts
[dn]\n0.C = DE\n1.OU = Crypto Department\n2.OU = ACME Department\nCN = www.example.org
[exts]\nkeyUsage = critical,digitalSignature,keyCertSign,keyAgreement,decipherOnly\nextendedKeyUsage = serverAuth,1.2.3.4
basicConstraints = critical,CA:TRUE,pathlen:23\ntlsfeature = status_request\nsubjectKeyIdentifier = 00112233
subjectAltName = DNS:www.example.org,DNS:xn--bcher-kva.org,IP:1.2.3.4,IP:::1,email:a@example.org,URI:https://example.org/a,RID:1.2.3.4,dirName:dir
authorityInfoAccess = OCSP;URI:http://ocsp.example.org,caIssuers;URI:http://ca.example.org/ca.pem
authorityKeyIdentifier = ASN1:SEQUENCE:aki\n[dir]\nO = \"A, B\"\nCN = c
[aki]\nkeyid = IMPLICIT:0,FORMAT:HEX,OCTETSTRING:44556677\nissuer = IMPLICIT:1,SEQUENCE:ca\nserial = IMPLICIT:2,INTEGER:12345
[ca]\n0 = IMPLICIT:2,IA5STRING:ca.example.org\n";

fn openssl(words: &[&str]) -> String {
    let done = Command::new("openssl").args(words).output().unwrap();
    assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// A certificate of a new key that openssl makes of these words.
fn made(ground: &Ground, key: &[&str]) {
    let (config, key_file, pem) = (ground.write("conf", CONFIG), ground.at("key"), ground.at("pem"));
    openssl(&[&["genpkey", "-out", &key_file], key].concat());
    let words = ["req", "-x509", "-new", "-config", &config, "-key", &key_file, "-days", "30", "-out", &pem];
    openssl(&[&words[..], &["-set_serial", "12345"]].concat());
}

fn info(ground: &Ground, params: &Value) -> serde_json::Map<String, Value> {
    ground.converge("x509_certificate_info", params).result
}

#[test]
fn every_extension_and_name_is_told() {
    let ground = Ground::new();
    made(&ground, &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]);
    let told =
        info(&ground, &json!({"path": ground.at("pem"), "valid_at": {"soon": "+1w", "late": "+5w", "early": "-1d"}}));
    let subject = json!([
        ["countryName", "DE"],
        ["organizationalUnitName", "Crypto Department"],
        ["organizationalUnitName", "ACME Department"],
        ["commonName", "www.example.org"]
    ]);
    for (name, wanted) in [
        ("version", json!(3)),
        ("serial_number", json!(12345)),
        ("signature_algorithm", json!("sha256WithRSAEncryption")),
        ("subject_ordered", subject.clone()),
        ("issuer_ordered", subject),
        ("expired", json!(false)),
        ("valid_at", json!({"soon": true, "late": false, "early": false})),
        ("key_usage", json!(["Certificate Sign", "Decipher Only", "Digital Signature", "Key Agreement"])),
        ("key_usage_critical", json!(true)),
        ("extended_key_usage", json!(["1.2.3.4", "TLS Web Server Authentication"])),
        ("extended_key_usage_critical", json!(false)),
        ("basic_constraints", json!(["CA:TRUE", "pathlen:23"])),
        ("ocsp_must_staple", json!(true)),
        ("subject_key_identifier", json!("00:11:22:33")),
        ("authority_key_identifier", json!("44:55:66:77")),
        ("authority_cert_issuer", json!(["DNS:ca.example.org"])),
        ("authority_cert_serial_number", json!(12345)),
        ("ocsp_uri", json!("http://ocsp.example.org")),
        ("issuer_uri", json!("http://ca.example.org/ca.pem")),
        ("public_key_type", json!("RSA")),
    ] {
        assert_eq!(told[name], wanted, "{name}");
    }
    assert_eq!(told["subject"]["organizationalUnitName"], "ACME Department");
    let names = json!([
        "DNS:www.example.org",
        "DNS:xn--bcher-kva.org",
        "IP:1.2.3.4",
        "IP:::1",
        "email:a@example.org",
        "URI:https://example.org/a",
        "RID:1.2.3.4",
        "dirName:CN=c,O=A\\, B"
    ]);
    assert_eq!(told["subject_alt_name"], names);
    assert_eq!(told["extensions_by_oid"]["1.3.6.1.5.5.7.1.24"], json!({"critical": false, "value": "MAMCAQU="}));
    let in_letters = info(&ground, &json!({"path": ground.at("pem"), "name_encoding": "unicode"}));
    assert_eq!(in_letters["subject_alt_name"][1], "DNS:bücher.org");
}

#[test]
fn keys_and_digests_are_as_openssl_has_them() {
    for (words, kind, size) in [
        (
            &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"][..],
            "RSA",
            json!({"size": 1024, "exponent": 65537}),
        ),
        (
            &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-pkeyopt", "ec_param_enc:named_curve"],
            "ECC",
            json!({"curve": "secp256r1", "exponent_size": 256}),
        ),
        (&["-algorithm", "ED25519"], "Ed25519", json!({})),
    ] {
        let ground = Ground::new();
        made(&ground, words);
        let told = info(&ground, &json!({"path": ground.at("pem")}));
        assert_eq!(told["public_key_type"], kind);
        for (name, wanted) in size.as_object().unwrap() {
            assert_eq!(told["public_key_data"][name], *wanted, "{kind} {name}");
        }
        let public = openssl(&["x509", "-noout", "-pubkey", "-in", &ground.at("pem")]);
        assert_eq!(told["public_key"], public);
        let print = openssl(&["x509", "-noout", "-fingerprint", "-sha256", "-in", &ground.at("pem")]);
        let print = print.trim().split_once('=').unwrap().1.to_lowercase();
        assert_eq!(told["fingerprints"]["sha256"], print);
        assert_eq!(told["public_key_fingerprints"]["sha512"].as_str().map(str::len), Some(191));
    }
}

#[test]
fn a_modulus_is_all_its_digits() {
    let ground = Ground::new();
    made(&ground, &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]);
    let told = info(&ground, &json!({"path": ground.at("pem")}));
    let hex = openssl(&["x509", "-noout", "-modulus", "-in", &ground.at("pem")]);
    let hex = hex.trim().strip_prefix("Modulus=").unwrap();
    let digits = told["public_key_data"]["modulus"].as_str().unwrap();
    let rest = |digits: &str, base: u128| {
        digits.chars().fold(0u128, |rest, c| (rest * base + u128::from(c.to_digit(16).unwrap())) % 1_000_000_007)
    };
    assert_eq!(rest(digits, 10), rest(hex, 16));
}

#[test]
fn der_text_and_bundles_are_read_and_what_is_none_is_refused() {
    let ground = Ground::new();
    made(&ground, &["-algorithm", "ED25519"]);
    let told = info(&ground, &json!({"path": ground.at("pem")}));
    openssl(&["x509", "-outform", "DER", "-in", &ground.at("pem"), "-out", &ground.at("der")]);
    assert_eq!(info(&ground, &json!({"path": ground.at("der")})), told);
    let bundle = format!("{}\n{}", ground.read("key"), ground.read("pem"));
    assert_eq!(info(&ground, &json!({"content": bundle})), told);
    let failure = |params: Value| ground.survey("x509_certificate_info", &params).unwrap_err();
    for (params, code, words) in [
        (json!({}), "DPP0104", "either `path` or `content`"),
        (json!({"path": "/a", "content": "b"}), "DPP0104", "either `path` or `content`"),
        (json!({"content": "b", "valid_at": {"x": "soon"}}), "DPP0104", "`soon` (`valid_at.x`)"),
        (json!({"content": "b"}), "", "there is no certificate in `content`"),
        (json!({"path": ground.write("bad", [0x30, 3, 2, 1, 1])}), "", "its bytes are damaged"),
        (json!({"path": "/no/such"}), "", "cannot read /no/such: No such file"),
    ] {
        let failure = failure(params);
        assert!(failure.code == code && failure.message.contains(words), "{failure:?}");
    }
}
