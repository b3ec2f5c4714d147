//! What is read from whole documents, and the screens of what cannot be.

use std::fmt::Write;

use zeroize::Zeroizing;

use crate::secret::{Decrypt, VaultError};
use crate::source::{Problems, Source, excerpt};
use crate::value::{Trust, Value};
use crate::yaml::{Data, Node, parse, parse_with};

fn one(text: &str) -> Node {
    let mut documents = parse(&Source::new("site.yml", text)).unwrap();
    assert_eq!(documents.len(), 1);
    documents.remove(0)
}

fn json(text: &str) -> String {
    serde_json::Value::from(&one(text).to_value()).to_string()
}

fn screen(problems: &Problems) -> String {
    problems.iter().map(|problem| excerpt(problem, false, 100)).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn a_document_becomes_values() {
    let text = "a: yes\nb: 0644\nc: [1, 2.5, ~]\nd: {x: 'on', 80: z}\ne: |\n  {{ y }}\n  two\nf: >-\n  p\n  q\n";
    assert_eq!(
        json(text),
        r#"{"a":true,"b":420,"c":[1,2.5,null],"d":{"x":"on","80":"z"},"e":"{{ y }}\ntwo\n","f":"p q"}"#
    );
}

#[test]
fn lines_inside_of_brackets_begin_in_any_column() {
    let text = "é:\n  b: [\n# why\n\"c # d\",\ne ]\n  f: {\n}\ng:\n  - {h: i,\n j: [\n1]}\n  - k\n";
    assert_eq!(json(text), r#"{"é":{"b":["c # d","e"],"f":{}},"g":[{"h":"i","j":[1]},"k"]}"#);
    let last = one(text).get("g").unwrap().as_list().unwrap()[1].place.clone();
    assert_eq!(&text[last.range()], "k");
}

#[test]
fn own_keys_win_over_merged_ones_and_the_first_merged_over_the_next() {
    let text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz:\n  c: 3\n  <<: [*x, *y]\n";
    assert_eq!(json(text), r#"{"x":{"a":1,"b":1},"y":{"b":2,"c":2},"z":{"a":1,"b":1,"c":3}}"#);
}

#[test]
fn every_text_knows_exactly_where_its_characters_stand() {
    let text = "ü: plain {{ a }}\nq: 'single {{ b }}'\nd: &x \"double {{ c }}\"\nl: |\n  first\n  {{ d }}\ns: !unsafe '{{ e }}'\n";
    let node = one(text);
    for (key, part) in [("ü", "a }}"), ("q", "b }}"), ("d", "c }}"), ("l", "d }}"), ("s", "e }}")] {
        let Data::Text(value, _) = &node.get(key).unwrap().data else { panic!("{key} is no text") };
        let at = value.as_str().find(part).unwrap();
        let place = value.place().unwrap().of_part(value.as_str(), at..at + part.len());
        assert_eq!(place.text(), part);
        assert_eq!(place.range().start, text.find(part).unwrap(), "{key}");
    }
}

#[test]
fn keys_and_collections_know_their_places() {
    let node = one("- name: x\n  apt:\n    pkg: [a, b]\n- two\n");
    let tasks = node.as_list().unwrap();
    assert_eq!(tasks[0].place.text(), "name: x\n  apt:\n    pkg: [a, b]");
    let (key, arguments) = tasks[0].entry("apt").unwrap();
    assert_eq!((key.place.line(), key.place.column()), (2, 3));
    assert_eq!(arguments.get("pkg").unwrap().place.text(), "[a, b]");
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_do_no_harm() {
    let node = one("\u{feff}a: ü\r\nb: 'c'\r\n");
    assert_eq!(node.get("b").unwrap().place.text(), "'c'");
}

#[test]
fn what_is_unsafe_is_never_a_template_and_what_was_encrypted_is_secret() {
    struct Opens;
    impl Decrypt for Opens {
        fn decrypt(&self, envelope: &str) -> Result<Zeroizing<String>, VaultError> {
            assert_eq!(envelope, "$ANSIBLE_VAULT;1.1;AES256\n3132\n");
            Ok(Zeroizing::new("hunter2".to_owned()))
        }
    }
    let text = "a: !unsafe '{{ x }}'\nb: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3132\n";
    let node = parse_with(&Source::new("x.yml", text), &Opens).unwrap().remove(0);
    let trust = |key: &str| match node.get(key).unwrap().to_value() {
        Value::Text(text) => text.trust(),
        other => panic!("{other:?}"),
    };
    assert_eq!((trust("a"), trust("b")), (Trust::Plain, Trust::Secret));
}

#[test]
fn a_value_that_ansible_vault_sealed_is_opened() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/vault/values.yml");
    let vault = crate::secret::Vault::new().with(None, crate::secret::Secret::new("correct horse"));
    let node = crate::yaml::read(&path, &vault).unwrap().remove(0);
    assert_eq!(node.get("db_password").unwrap().as_str(), Some("hunter2 {{ y }}"));
}

#[test]
fn nothing_and_several_documents_are_read_too() {
    let count = |text: &str| parse(&Source::new("x.yml", text)).unwrap().len();
    assert_eq!((count(""), count("# only\n"), count("---\n"), count("a: 1\n---\nb: 2\n...\n")), (0, 0, 1, 2));
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let below = format!("*a{}, ", level - 1).repeat(10);
        writeln!(text, "a{level}: &a{level} [{below}]").unwrap();
    }
    let problems = parse(&Source::new("x.yml", text)).unwrap_err();
    assert!(problems[0].message.contains("aliases repeat"), "{problems:?}");
}

#[test]
fn a_hundred_thousand_brackets_do_not_overflow_the_stack() {
    for text in ["[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(100_000)] {
        assert!(parse(&Source::new("x.yml", text)).is_err());
    }
}

#[test]
fn mistakes_are_named_where_they_are() {
    let table = [
        "tasks:\n\t- debug:\n",
        "a:\n  b: 1\n\tc: 2\n",
        "a:\t1\n",
        "- debug:\n    msg: note: this\n",
        "- name: x\n   apt: name=y\n",
        "path: {{ base }}/lib\n",
        "path: \"{{ base }}\"/lib\n",
        "a:\n   b: 1\n  c: 2\n",
        "a: 'x\nb: 1\n",
        "a: [1, 2\nb: 3\n",
        "- a\nb: 1\n",
        "user: @admin\n",
        "files: *.conf\n",
        "path: \"C:\\q\"\n",
        "- a\n-b\n",
        "a: 1\nb: 2\na: 3\n",
        "a: !include other.yml\n",
        "a: !!int many\n",
        "pass: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3132\n",
        "a: &a [*a]\n",
        "[a, b]: c\n",
        "a: |\n\tfoo\n",
        "a: ü\n b: x: y\n",
        "a: 'open\n",
    ];
    let mut screens = String::new();
    for text in table {
        let problems = parse(&Source::new("site.yml", text)).unwrap_err();
        writeln!(screens, "{}\n", screen(&problems)).unwrap();
    }
    insta::assert_snapshot!(screens);
}
