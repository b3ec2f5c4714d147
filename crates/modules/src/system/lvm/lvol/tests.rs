//! `lvol` against stand-ins that report in the form of LVM 2.03.16; `tests/e2e/volumes.rs` has LVM itself.

use std::collections::BTreeMap;

use dpp_protocol::{Failure, ResultMap};
use serde_json::{Value, json};

use super::Lvol;
use crate::system::lvm::report::LvmStep;
use crate::testing::Ground;
use crate::{Host, Module, Survey};

/// A group of 1 GiB in extents of 4 MiB, 512 MiB of it free.
const VGS: &str = "case \"$*\" in *' data') echo '  data;1073741824;536870912;4194304' ;; *) \
    echo \"  Volume group \"none\" not found\" >&2; exit 5 ;; esac";
const LVS: &str = "cat <<'END'
  logs;268435456;-wi-a-----
  old;12582912;-wi-------
  pool;104857600;twi-aotz--
  snap;4194304;swi-a-s---
  thin;1073741824;Vwi-aotz--
  [lvol0_pmspare];4194304;ewi-------
END";

fn ground(lvextend: &str) -> Ground {
    let ground = Ground::new();
    for (name, script) in [("vgs", VGS), ("lvs", LVS), ("lvextend", lvextend), ("lvchange", "exit 0")] {
        ground.program(name, script);
    }
    ground
}

fn with_host<T>(ground: &Ground, mut params: Value, f: impl FnOnce(&Lvol, &Host) -> T) -> T {
    if params.get("vg").is_none() {
        params["vg"] = "data".into();
    }
    let path = BTreeMap::from([("PATH".to_owned(), format!("{}:/usr/bin:/bin", ground.at("")))]);
    f(&serde_json::from_value(params).unwrap(), &Host::new(ground.state(), path, &|_, _| ()))
}

fn survey(params: Value) -> Result<Survey<LvmStep>, Failure> {
    with_host(&ground("exit 0"), params, Module::survey)
}

#[test]
fn a_task_becomes_calls_of_lvm() {
    for (params, calls) in [
        (json!({"lv": "new", "size": "512"}), &["lvcreate --yes -L 512m -n new data"][..]),
        (
            json!({"lv": "new", "size": "50%FREE", "opts": "-r 16", "pvs": ["/dev/a", "/dev/b"]}),
            &["lvcreate --yes -l 50%FREE -n new -r 16 data /dev/a /dev/b"],
        ),
        (
            json!({"lv": "new", "size": "1g", "active": false}),
            &["lvcreate --yes -L 1g -n new data", "lvchange -an data/new"],
        ),
        (json!({"lv": "new", "size": "+100%FREE"}), &["lvcreate --yes -l 100%FREE -n new data"]),
        (json!({"thinpool": "tp", "size": "512g"}), &["lvcreate --yes -L 512g -T data/tp"]),
        (json!({"lv": "t2", "thinpool": "pool", "size": "128g"}), &["lvcreate --yes -V 128g -n t2 -T data/pool"]),
        (json!({"lv": "logs", "snapshot": "s2", "size": "100m"}), &["lvcreate --yes -L 100m -s -n s2 data/logs"]),
        (json!({"lv": "thin", "snapshot": "s2"}), &["lvcreate --yes -s -n s2 data/thin"]),
        (json!({"lv": "logs"}), &[]),
        (json!({"lv": "logs", "size": "256m"}), &[]),
        (json!({"lv": "logs", "size": "254m"}), &[]),
        (json!({"lv": "logs", "size": "25%VG"}), &[]),
        (
            json!({"lv": "logs", "size": "512", "resizefs": true, "pvs": "/dev/a"}),
            &["lvextend --resizefs -L 512m data/logs /dev/a"],
        ),
        (json!({"lv": "logs", "size": "0.5g"}), &["lvextend -L 0.5g data/logs"]),
        (json!({"lv": "logs", "size": "+100%FREE"}), &["lvextend -l +100%FREE data/logs"]),
        (json!({"lv": "logs", "size": "100m", "shrink": false}), &[]),
        (json!({"lv": "logs", "size": "100m", "force": true}), &["lvreduce --force -L 100m data/logs"]),
        (json!({"lv": "logs", "size": "-4M", "force": true}), &["lvreduce --force -L -4M data/logs"]),
        (json!({"lv": "logs", "snapshot": "snap", "size": "50%ORIGIN"}), &["lvextend -l 50%ORIGIN data/snap"]),
        (json!({"lv": "logs", "active": false}), &["lvchange -an data/logs"]),
        (json!({"lv": "old", "size": "16m"}), &["lvextend -L 16m data/old", "lvchange -ay data/old"]),
        (json!({"lv": "logs", "state": "absent", "force": true}), &["lvremove --force data/logs"]),
        (json!({"lv": "none", "state": "absent"}), &[]),
        (json!({"lv": "x", "vg": "none", "state": "absent"}), &[]),
    ] {
        let steps = survey(params.clone()).unwrap().steps;
        let found: Vec<String> =
            steps.iter().map(|step| format!("{} {}", step.program, step.arguments.join(" "))).collect();
        assert_eq!(found, calls, "{params}");
    }
}

#[test]
fn what_would_lose_data_or_cannot_be_is_refused() {
    for (params, words) in [
        (json!({"size": "1"}), "one of `lv` and `thinpool`"),
        (json!({"lv": "new"}), "`size` is needed"),
        (json!({"lv": "new", "size": "-1g"}), "not there yet"),
        (json!({"lv": "new", "size": "+1g"}), "not there yet"),
        (json!({"lv": "new", "size": "50%ORIGIN"}), "for snapshots"),
        (json!({"lv": "t", "thinpool": "pool", "size": "5%VG"}), "no percentage"),
        (json!({"lv": "pool", "snapshot": "s", "size": "1g"}), "no snapshots"),
        (json!({"lv": "logs", "size": "100%VG"}), "has 512 MiB left, logs needs 768"),
        (json!({"lv": "logs", "size": "100m"}), "not shrunk without"),
        (json!({"lv": "logs", "size": "0", "force": true}), "not shrunk to nothing"),
        (json!({"lv": "logs", "state": "absent"}), "not removed without"),
    ] {
        let failure = survey(params.clone()).unwrap_err();
        assert!(failure.message.contains(words), "{params}: {failure:?}");
    }
}

#[test]
fn a_group_an_origin_and_a_pool_may_still_come() {
    for (params, unpredicted) in [
        (json!({"lv": "a", "vg": "later", "size": "1g"}), true),
        (json!({"lv": "later", "snapshot": "s", "size": "1g"}), true),
        (json!({"lv": "a", "thinpool": "later", "size": "1g"}), true),
        (json!({"lv": "a", "size": "1g"}), false),
    ] {
        assert_eq!(survey(params.clone()).unwrap().unpredicted, unpredicted, "{params}");
    }
}

#[test]
fn what_is_there_is_told_in_the_units_of_the_task() {
    let told = |params| survey(params).unwrap().result;
    let logs = told(json!({"lv": "logs", "size": "0.25g"}));
    assert_eq!((&logs["vg"], &logs["lv"], &logs["size"]), (&json!("data"), &json!("logs"), &json!(0.25)));
    assert_eq!(told(json!({"lv": "logs"}))["size"], json!(256.0));
}

#[test]
fn lvm_has_the_last_word_on_whether_a_size_is_another_one() {
    for (script, changed, words) in [
        ("exit 0", None, ""),
        ("echo '  New size (75 extents) matches existing size (75 extents).' >&2; exit 5", Some(false), ""),
        ("echo '  Reached maximum COW size 8.00 MiB (2 extents).'; exit 5", None, "is a snapshot"),
        ("echo '  Insufficient free space' >&2; exit 5", None, "`lvextend -L 300m data/logs`"),
    ] {
        let ground = ground(script);
        let mut result = ResultMap::new();
        let done = with_host(&ground, json!({"lv": "logs", "size": "300"}), |module, host| {
            let survey = module.survey(host).unwrap();
            module.apply(&survey.steps[0], host, &mut result)
        });
        assert_eq!(result.get("changed").and_then(Value::as_bool), changed, "{script}");
        assert!(done.err().map(|failure| failure.message).unwrap_or_default().contains(words), "{script}");
    }
}
