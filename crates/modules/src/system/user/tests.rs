//! Tests of `user`.

use serde_json::{from_value, json};

use super::*;

fn lines(params: &serde_json::Value, found: Option<&Passwd>) -> Vec<String> {
    let calls = from_value::<User>(params.clone()).unwrap().calls(found);
    calls.into_iter().map(|call| format!("{} {}", call.program, call.arguments.join(" "))).collect()
}

#[test]
fn a_new_user_is_made_in_one_call_and_its_password_never_seen() {
    let params = json!({"name": "no-such-user", "system": true, "home": "/var/lib/x", "create_home": "no",
        "shell": "/usr/sbin/nologin", "groups": "adm,tty"});
    assert_eq!(lines(&params, None), ["useradd -G adm,tty -d /var/lib/x -s /usr/sbin/nologin -M -r no-such-user"]);
    // On every Debian there is a group of that name, and no user.
    assert_eq!(lines(&json!({"name": "tty"}), None), ["useradd -m -N tty"]);
    let secret = json!({"name": "no-such-user", "password": "$6$x"});
    assert_eq!(lines(&secret, None), ["useradd -m no-such-user", "chpasswd -e"]);
}

#[test]
fn what_is_told_of_the_parameters_depends_on_whether_the_user_was_there() {
    let told = |params: serde_json::Value, was_there: bool| {
        let wishes = from_value::<User>(params).unwrap().wishes(was_there);
        wishes.into_iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
    };
    for (params, was_there, wanted) in [
        (json!({"name": "x"}), false, "system false, create_home true"),
        (json!({"name": "x", "append": true}), true, "append true, move_home false"),
        (json!({"name": "x", "state": "absent", "remove": true}), true, "force false, remove true"),
        (json!({"name": "x", "state": "absent"}), false, ""),
        (
            json!({"name": "x", "password": "$6$x"}),
            true,
            "append false, move_home false, password \"NOT_LOGGING_PASSWORD\"",
        ),
    ] {
        assert_eq!(told(params.clone(), was_there), wanted, "{params}");
    }
    let lost = from_value::<User>(json!({"name": "x", "groups": "root,nosuch"})).unwrap();
    assert_eq!(lost.expect_groups().unwrap_err().result["msg"], "Group nosuch does not exist");
}

#[test]
fn only_differences_are_corrected() {
    let found = Passwd {
        name: "nobody".into(),
        uid: 65534,
        gid: 65534,
        gecos: "nobody".into(),
        home: "/tmp".into(),
        shell: "/usr/sbin/nologin".into(),
    };
    assert!(lines(&json!({"name": "nobody", "shell": "/usr/sbin/nologin", "group": 65534}), Some(&found)).is_empty());
    let params = json!({"name": "nobody", "shell": "/bin/sh", "groups": ["adm"], "append": true});
    assert_eq!(lines(&params, Some(&found)), ["usermod -s /bin/sh -G adm -a nobody"]);
    assert_eq!(
        lines(&json!({"name": "nobody", "state": "absent", "remove": true}), Some(&found)),
        ["userdel -r nobody"]
    );
}

#[test]
fn age_and_end_of_an_account_are_told_as_the_shadow_suite_takes_them() {
    let params = json!({"name": "no-such-user", "expires": 1_422_403_387, "umask": "0077", "uid_min": 5000,
        "password_expire_min": 1, "password_expire_max": 90, "password_expire_account_disable": 7});
    let wanted =
        ["useradd -e 2015-01-28 -f 7 -K UMASK=0077 -K UID_MIN=5000 -m no-such-user", "chage -m 1 -M 90 no-such-user"];
    assert_eq!(lines(&params, None), wanted);
    let never = json!({"name": "no-such-user", "expires": -1});
    assert_eq!(lines(&never, None), ["useradd -e  -m no-such-user"]);
    let user = from_value::<User>(params).unwrap();
    let shadow = Shadow { min: Some(1), max: Some(90), inactive: Some(7), expires: Some(16463), ..Shadow::default() };
    assert!(user.aging_call("", &shadow).is_none());
}

#[test]
fn parameters_of_other_systems_are_told_to_have_no_effect() {
    let user = from_value::<User>(json!({"name": "x", "seuser": "u", "hidden": false, "local": true})).unwrap();
    assert_eq!(user.passed_over().unwrap(), "no effect here: `local`, `seuser`");
}
