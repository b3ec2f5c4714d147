//! `parted` against a stand-in that answers in the words of parted 3.5, whose own work `tests/e2e/volumes.rs` shows.

use std::collections::BTreeMap;

use dpp_protocol::{Failure, ResultMap};
use serde_json::{Value, json};

use super::{Parted, PartedStep};
use crate::testing::Ground;
use crate::{Host, Module, Survey};

/// One partition of 50 MiB on a disk of 100; what it is told to do goes to a file, and so does a second partition.
const PARTED: &str = r#"case "$*" in
--version) echo 'parted (GNU parted) 3.5' ;;
*bare*print) echo "BYT;
/dev/bare:102400kiB:file:512:512:unknown::;"; echo 'Error: /dev/bare: unrecognised disk label' >&2; exit 1 ;;
*'unit B print') echo 'BYT;
/dev/a:104857600B:file:512:512:gpt::;
1:17408B:52429311B:52411904B::a b\:c:lvm;' ;;
*print) echo 'BYT;
/dev/a:102400kiB:file:512:512:gpt::;
1:17.0kiB:51200kiB:51184kiB::a b\:c:lvm;'; cat "$0.second" ;;
*) echo "$*" >>"$0.log"; echo '2:51200kiB:102383kiB:51183kiB::primary:;' >"$0.second" ;;
esac"#;

fn ground() -> Ground {
    let ground = Ground::new();
    ground.program("parted", PARTED);
    for name in ["a", "bare", "parted.second", "parted.log"] {
        ground.write(name, "");
    }
    ground
}

fn with_host<T>(ground: &Ground, mut params: Value, f: impl FnOnce(&Parted, &Host) -> T) -> T {
    let device = params.get("device").and_then(Value::as_str).unwrap_or("a").to_owned();
    params["device"] = ground.at(&device).into();
    let path = BTreeMap::from([("PATH".to_owned(), format!("{}:/usr/bin:/bin", ground.at("")))]);
    f(&serde_json::from_value(params).unwrap(), &Host::new(ground.state(), path, &|_, _| ()))
}

fn survey(ground: &Ground, params: Value) -> Result<Survey<PartedStep>, Failure> {
    with_host(ground, params, Module::survey)
}

#[test]
fn a_task_becomes_a_script_of_parted() {
    let ground = ground();
    for (params, script, words) in [
        (json!({}), "unit 'KiB' print", &[][..]),
        (json!({"unit": "B"}), "unit 'B' print", &[]),
        (json!({"number": 1, "state": "present", "label": "gpt"}), "", &[]),
        (json!({"number": 1, "state": "present", "label": "gpt", "name": "a b:c", "flags": ["lvm"]}), "", &[]),
        (json!({"number": 1, "state": "present", "label": "gpt", "name": "x"}), "unit KiB name 1 '\"x\"'", &["name x"]),
        (
            json!({"number": 1, "state": "present", "label": "gpt", "flags": "esp"}),
            "unit KiB set 1 esp on set 1 boot on set 1 lvm off",
            &["esp on, boot on, lvm off"],
        ),
        (
            json!({"number": 2, "state": "present", "label": "gpt", "part_start": "50%", "fs_type": "ext4", "flags": "lvm"}),
            "unit KiB mkpart primary ext4 50% 100% unit KiB set 2 lvm on",
            &["partition 2 from 50% to 100%", "lvm on"],
        ),
        (
            json!({"number": 1, "state": "present", "unit": "MiB"}),
            "unit MiB mklabel msdos mkpart primary 0% 100%",
            &["label msdos instead of gpt and its 1 partitions, partition 1 from 0% to 100%"],
        ),
        (
            json!({"device": "bare", "number": 1, "state": "present", "part_end": "1GiB"}),
            "unit KiB mklabel msdos mkpart primary 0% 1GiB",
            &["label msdos, partition 1 from 0% to 1GiB"],
        ),
        (
            json!({"number": 1, "state": "present", "label": "gpt", "resize": true}),
            "resizepart 1 100%",
            &["partition 1 to 100%"],
        ),
        (json!({"number": 1, "state": "present", "label": "gpt", "resize": true, "part_end": "50%"}), "", &[]),
        (json!({"number": 1, "state": "absent"}), "rm 1", &[""]),
        (json!({"number": 3, "state": "absent"}), "", &[]),
    ] {
        let survey = survey(&ground, params.clone()).unwrap();
        let found = survey.result["script"].as_str().unwrap().to_owned();
        let changes: Vec<String> = survey.steps.iter().map(|step| crate::Step::change(step, false).detail).collect();
        assert_eq!((found.as_str(), changes), (script, words.iter().map(|w| (*w).to_owned()).collect()), "{params}");
    }
    assert_eq!(ground.read("parted.log"), "", "a survey only looks");
}

#[test]
fn a_partition_is_made_and_then_named_and_flagged() {
    let ground = ground();
    let params =
        json!({"number": 2, "state": "present", "label": "gpt", "name": "data", "flags": ["lvm"], "align": "minimal"});
    let mut result = ResultMap::new();
    with_host(&ground, params, |module, host| {
        for step in module.survey(host).unwrap().steps {
            module.apply(&step, host, &mut result).unwrap();
        }
        module.conclude(host, &mut result).unwrap();
    });
    let log = ground.read("parted.log").replace(&ground.at("a"), "a");
    assert_eq!(
        log,
        "-s -f -m -a minimal a -- unit KiB mkpart primary 0% 100%\n\
         -s -f -m -a minimal a -- unit KiB name 2 \"data\" set 2 lvm on\n"
    );
    assert_eq!(result["script"], "unit KiB mkpart primary 0% 100% unit KiB name 2 '\"data\"' set 2 lvm on");
    assert_eq!((&result["partitions"][1]["num"], &result["disk"]["table"]), (&json!(2), &json!("gpt")));
}

#[test]
fn a_disk_may_still_come_and_what_cannot_be_is_refused() {
    let ground = ground();
    let early = survey(&ground, json!({"device": "later", "number": 1, "state": "present"})).unwrap();
    assert!(early.unpredicted && early.steps.len() == 1);
    for params in [
        json!({"state": "present"}),
        json!({"state": "absent"}),
        json!({"number": 0}),
        json!({"part_start": "10"}),
        json!({"part_end": "10gib"}),
        json!({"name": "a\"b"}),
        json!({"number": 1, "state": "present", "label": "gpt", "resize": true, "part_end": "7cyl"}),
    ] {
        assert_eq!(survey(&ground, params.clone()).unwrap_err().code, "DPP0104", "{params}");
    }
    for params in [json!({"device": "a", "unit": "kib"}), json!({"device": "a", "label": "dos"})] {
        assert!(serde_json::from_value::<Parted>(params).is_err());
    }
}
