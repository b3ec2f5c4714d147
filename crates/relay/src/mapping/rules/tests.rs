//! What each rule makes of an event, written as the configuration writes it.

use serde_json::json;

use super::*;

fn ruled(rules: &str, event: Value) -> (Ruled, Value) {
    let rules: Vec<Rule> = serde_saphyr::from_str(rules).unwrap();
    let Value::Object(mut event) = event else { panic!("an object") };
    (Rules::new(&rules).unwrap().apply(&mut event), Value::Object(event))
}

#[test]
fn each_rule_does_its_one_thing() {
    for (rules, event, expected) in [
        ("[{rename: {from: a, to: b.c}}]", json!({"a": 1}), json!({"b": {"c": 1}})),
        ("[{rename: {from: x.y, to: z}}]", json!({"x": {"y": 1, "q": 2}}), json!({"x": {"q": 2}, "z": 1})),
        ("[{rename: {from: absent, to: b}}]", json!({"a": 1}), json!({"a": 1})),
        ("[{remove: [a, b.c, absent.x]}]", json!({"a": 1, "b": {"c": 2, "d": 3}}), json!({"b": {"d": 3}})),
        ("[{add: {env: prod, n: 1, t.u: [x]}}]", json!({}), json!({"env": "prod", "n": 1, "t": {"u": ["x"]}})),
        (
            "[{add: {who: '%{user.name}/%{id} %{no}'}}]",
            json!({"user": {"name": "A"}, "id": 7}),
            json!({"user": {"name": "A"}, "id": 7, "who": "A/7 %{no}"}),
        ),
        ("[{parse_json: {field: m}}]", json!({"m": "{\"a\":1}"}), json!({"m": "{\"a\":1}", "a": 1})),
        ("[{parse_json: {field: m, into: d}}]", json!({"m": "{\"a\":1}"}), json!({"m": "{\"a\":1}", "d": {"a": 1}})),
        ("[{parse_json: {field: m}}]", json!({"m": "text"}), json!({"m": "text", "tags": ["_jsonparsefailure"]})),
        ("[{parse_json: {field: m}}]", json!({"m": 3}), json!({"m": 3})),
        ("[{add: {a: 1}}, {rename: {from: a, to: b}}]", json!({}), json!({"b": 1})),
    ] {
        assert_eq!(ruled(rules, event).1, expected, "{rules}");
    }
}

#[test]
fn a_date_is_read_in_every_form_and_becomes_the_events() {
    let at = |format: &str, text: Value| {
        let (ruled, event) = ruled(&format!("[{{date: {{field: t, format: '{format}'}}}}]"), json!({ "t": text }));
        (ruled, event["@timestamp"].clone(), event["tags"].clone())
    };
    let known = Timestamp::from_millisecond(1_514_764_800_250).unwrap();
    for (format, text) in [
        ("unix", json!(1_514_764_800.25)),
        ("unix", json!("1514764800.25")),
        ("unix_ms", json!(1_514_764_800_250_i64)),
        ("iso8601", json!("2018-01-01T01:00:00.250+01:00")),
        ("%Y-%m-%d %H:%M:%S%.f", json!("2018-01-01 00:00:00.25")),
        ("%d/%b/%Y:%H:%M:%S%.f %z", json!("01/Jan/2018:02:00:00.25 +0200")),
    ] {
        assert_eq!(
            at(format, text),
            (Ruled::Kept(Some(known)), json!("2018-01-01T00:00:00.250Z"), Value::Null),
            "{format}"
        );
    }
    for (format, text) in
        [("unix", json!("soon")), ("iso8601", json!("01/01/2018")), ("unix", json!(-1)), ("%Y", json!("x"))]
    {
        assert_eq!(at(format, text), (Ruled::Kept(None), Value::Null, json!([DATE_FAILURE])), "{format}");
    }
}

#[test]
fn an_event_is_dropped_when_the_condition_holds() {
    for (condition, is_dropped) in [
        ("{field: level, equals: debug}", true),
        ("{field: level, equals: info}", false),
        ("{field: level, exists: true}", true),
        ("{field: none, exists: false}", true),
        ("{field: none, exists: true}", false),
        ("{field: text, contains: health}", true),
        ("{field: text, contains: wealth}", false),
        ("{field: n, equals: 7}", true),
        ("{field: n, equals: '7'}", false),
    ] {
        let event = json!({"level": "debug", "text": "GET /health", "n": 7});
        let (ruled, _) = ruled(&format!("[{{drop_if: {condition}}}]"), event);
        assert_eq!(ruled == Ruled::Dropped, is_dropped, "{condition}");
    }
}

#[test]
fn a_number_is_looked_up_as_its_text() {
    let path = std::env::temp_dir().join(format!("dpp-relay-{}-users.csv", std::process::id()));
    std::fs::write(&path, "id,name\n42,Ada\n").unwrap();
    let rules = |more: &str| format!("[{{lookup: {{field: user, table: {}, into: name{more}}}}}]", path.display());
    assert_eq!(ruled(&rules(""), json!({"user": 42})).1, json!({"user": 42, "name": "Ada"}));
    assert_eq!(ruled(&rules(""), json!({"user": 43})).1, json!({"user": 43}));
    assert_eq!(ruled(&rules(", default: unknown"), json!({"user": 43})).1["name"], "unknown");
    assert_eq!(ruled(&rules(", default: unknown"), json!({})).1, json!({}));
    std::fs::remove_file(&path).unwrap();
}
