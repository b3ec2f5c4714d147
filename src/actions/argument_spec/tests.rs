//! What Ansible 2.18 says of the same arguments.

use serde_json::{Value as Json, json};

use super::validate;
use crate::value::{Map, Value};

fn map(json: &Json) -> Map {
    Value::from(json).as_map().cloned().unwrap_or_default()
}

fn errors(spec: &Json, arguments: &Json) -> Vec<String> {
    validate(&map(spec), map(arguments)).errors
}

#[test]
fn all_mistakes_are_told_in_ansibles_order_and_words() {
    let spec = json!({
        "n": {"type": "int"}, "l": {"type": "list"}, "c": {"choices": ["a", "b", 3, true]}, "r": {"required": true},
        "d": {"type": "list", "elements": "dict", "mutually_exclusive": [["x", "y"]],
            "options": {"y": {"required": true, "aliases": ["yy"]}, "z": {"type": "int", "default": 3}}}
    });
    let arguments = json!({"n": "abc", "l": {"a": 1}, "c": "x", "d": [{"x": 1}], "u": 1});
    assert_eq!(
        errors(&spec, &arguments),
        [
            "missing required arguments: r",
            "argument 'n' is of type <class 'str'> and we were unable to convert to int: \"'abc'\" cannot be converted to an int",
            "argument 'l' is of type <class 'dict'> and we were unable to convert to list: <class 'dict'> cannot be converted \
             to a list",
            "value of c must be one of: a, b, 3, True, got: x",
            "missing required arguments: y found in d",
            "d.x, u. Supported parameters include: b, c, d, l, n, r.".replace("b, ", "").as_str(),
        ]
    );
}

#[test]
fn rules_between_options_hold_inside_of_an_option() {
    let inner = json!({"a": {}, "b": {}, "c": {}});
    let with = |rule: &str, value: Json, given: Json| {
        let mut option = json!({"type": "dict", "options": inner});
        option[rule] = value;
        errors(&json!({"o": option}), &json!({"o": given}))
    };
    for (rule, value, given, wanted) in [
        ("mutually_exclusive", json!([["a", "b"]]), json!({"a": 1, "b": 2}), "parameters are mutually exclusive: a|b"),
        // Names without a value are set before, as Ansible does.
        ("required_one_of", json!([["x", "y"]]), json!({"a": 1}), "one of the following is required: x, y"),
        ("required_together", json!([["a", "b"]]), json!({"a": 1}), "parameters are required together: a, b"),
        (
            "required_if",
            json!([["a", "1", ["b", "c"]]]),
            json!({"a": 1, "c": 1}),
            "a is 1 but all of the following are missing: b",
        ),
        (
            "required_if",
            json!([["a", "1", ["b", "c"], true]]),
            json!({"a": 1}),
            "a is 1 but any of the following are missing: b, c",
        ),
        ("required_by", json!({"a": "b"}), json!({"a": 1}), "missing parameter(s) required by 'a': b"),
    ] {
        assert_eq!(with(rule, value, given), [format!("{wanted} found in o")], "{rule}");
    }
    assert!(with("required_if", json!([["a", "1", ["b", "c"], true]]), json!({"a": 1, "b": 1})).is_empty());
}

#[test]
fn what_is_right_is_left_alone() {
    for (spec, arguments) in [
        (json!({"a": {"type": "bool", "choices": [true, false]}}), json!({"a": "yes"})),
        (json!({"a": {"choices": [true, false]}}), json!({"a": true})),
        (json!({"a": {"type": "list", "elements": "int", "choices": [1, 2]}}), json!({"a": ["1", 2]})),
        (json!({"a": {"required": true, "aliases": ["b"]}}), json!({"b": 1})),
        (json!({"a": {"type": "int"}}), json!({"a": null})),
        (
            json!({"a": {"type": "dict", "apply_defaults": true, "options": {"b": {"default": 1, "type": "int"}}}}),
            json!({}),
        ),
        (json!({"a": {"type": "int", "default": "5"}}), json!({})),
    ] {
        assert!(errors(&spec, &arguments).is_empty(), "{spec} {arguments}: {:?}", errors(&spec, &arguments));
    }
    let wrong = json!({"a": {"type": "list", "elements": "int", "choices": [1, 2]}});
    assert_eq!(
        errors(&wrong, &json!({"a": ["x", 3]})),
        [
            "Elements value for option 'a' is of type <class 'str'> and we were unable to convert to int: \"'x'\" cannot be \
             converted to an int",
            "value of a must be one or more of: 1, 2. Got no match for: 3",
        ]
    );
}

#[test]
fn what_nobody_is_to_see_is_known() {
    let spec = json!({"o": {"type": "dict", "options": {"pass": {"no_log": true}}}, "key": {"no_log": true}});
    let findings = validate(&map(&spec), map(&json!({"o": {"pass": "a"}, "key": "b"})));
    assert_eq!(findings.secrets, ["b", "a"]);
}
