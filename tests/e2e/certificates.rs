//! Certificates and PKCS #12 files of a host: what its openssl makes is read, and what we make it reads.

use crate::lab::Lab;

const PLAYBOOK: &str = r#"
- hosts: lab
  gather_facts: false
  become: true
  vars: {own: /etc/ssl/own, secret: open sesame}
  tasks:
    - apt: {name: openssl, update_cache: true, cache_valid_time: 86400}
    - file: {path: "{{ own }}", state: directory, mode: "0700"}
    - community.crypto.openssl_privatekey: {path: "{{ own }}/key", type: ECC, curve: secp384r1, passphrase: "{{ secret }}"}
    - openssl_csr: {path: "{{ own }}/csr", privatekey_path: "{{ own }}/key", privatekey_passphrase: "{{ secret }}", CN: es1, O: "Ö & Co"}
    - openssl_certificate: {path: "{{ own }}/pem", csr_path: "{{ own }}/csr", privatekey_path: "{{ own }}/key",
        privatekey_passphrase: "{{ secret }}", provider: selfsigned, selfsigned_not_after: "+400d"}
    - community.crypto.openssl_pkcs12: {path: "{{ own }}/ours.p12", name: "our key", passphrase: "{{ secret }}", privatekey_path:
        "{{ own }}/key", privatekey_passphrase: "{{ secret }}", certificate_path: "{{ own }}/pem"}
    - openssl_pkcs12: {path: "{{ own }}/old.p12", name: "our key", passphrase: "{{ secret }}", privatekey_path: "{{ own }}/key",
        privatekey_passphrase: "{{ secret }}", certificate_path: "{{ own }}/pem", encryption_level: compatibility2022}
    - openssl_pkcs12: {action: parse, src: "{{ own }}/ours.p12", path: "{{ own }}/all.pem", passphrase: "{{ secret }}"}
    - shell: "openssl pkcs12 -export -name theirs -inkey all.pem -in all.pem -passout 'pass:{{ secret }}' -out theirs.p12"
      args: {chdir: "{{ own }}", creates: "{{ own }}/theirs.p12"}
      no_log: true
    - openssl_pkcs12: {action: parse, src: "{{ own }}/theirs.p12", path: "{{ own }}/theirs.pem", passphrase: "{{ secret }}"}
    - openssl_pkcs12: {path: "{{ own }}/theirs.p12", name: theirs, passphrase: "{{ secret }}", privatekey_path: "{{ own }}/key",
        privatekey_passphrase: "{{ secret }}", certificate_path: "{{ own }}/pem", mode: "0600"}
    - community.crypto.x509_certificate_info: {path: "{{ own }}/pem", valid_at: {soon: "+1d", late: "+2000d"}}
      register: told
      when: not ansible_check_mode
    - assert:
        that:
          - "told.subject == {'commonName': 'es1', 'organizationName': 'Ö & Co'} and told.issuer == told.subject"
          - told.public_key_type == 'ECC' and told.public_key_data.curve == 'secp384r1'
          - "told.valid_at == {'soon': true, 'late': false} and not told.expired"
          - told.subject_alt_name == ['DNS:es1']
      when: not ansible_check_mode
"#;

/// Two files that hold the same key and certificate; and openssl's word on ours, of both kinds.
const LOOK: &str = "cd /etc/ssl/own; cmp all.pem theirs.pem && for f in ours old; do openssl pkcs12 -in $f.p12 -info -nokeys -passin \
    'pass:open sesame' 2>&1 | grep -E 'MAC:|Bag:|friendlyName|subject'; done; stat -c '%a %n' *.p12 all.pem";

#[test]
fn the_hosts_openssl_and_the_modules_read_each_other() {
    let lab = Lab::boot("certificates", &["web1"]).file("site.yml", PLAYBOOK);
    let foreseen = lab.dppctl(["run", "site.yml", "--check"]).exits(0);
    let first = lab.dppctl(["run", "site.yml", "-D"]).exits(0);
    assert!(!format!("{foreseen}{first}").contains("sesame"), "{first}");
    assert!(!format!("{first}").contains("PRIVATE KEY"), "{first}");
    let said = lab.on("web1", LOOK);
    for words in [
        "MAC: sha256, Iteration 20000",
        "MAC: sha1, Iteration 50000",
        "friendlyName: our key",
        "400 ours.p12",
        "600 theirs.p12",
    ] {
        assert!(said.contains(words), "no {words} in {said}");
    }
    assert_eq!(lab.dppctl(["run", "site.yml"]).exits(0).changes(), 0);
}
