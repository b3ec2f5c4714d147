//! `lvg` against stand-ins that answer in the words of LVM 2.03.16; `tests/e2e/volumes.rs` has LVM itself.

use std::collections::BTreeMap;
use std::fs;

use dpp_protocol::Failure;
use serde_json::{Value, json};

use super::Lvg;
use crate::system::lvm::report::LvmStep;
use crate::testing::Ground;
use crate::{Host, Module, Survey};

const VGS: &str = r#"case "$*" in
*--help*) echo '	[    --setautoactivation y|n ]' ;;
*lv_attr*) printf '  %s\n' -wi-a----- -wi------- ;;
*autoactivation*) echo '  enabled' ;;
*) cat <<'END'
  data;2;2
  empty;1;0
END
esac"#;

/// A host on which LVM answers so, with three devices.
struct Ranch {
    ground: Ground,
}

impl Ranch {
    fn new() -> Self {
        let ground = Ground::new();
        for device in ["a", "b", "c", "e", "f"] {
            ground.write(device, "");
        }
        let pvs = format!(
            "case \"$*\" in *dev_size*{}) echo '  104857600;50331648;1048576;4194304' ;; *dev_size*) echo \
             '  104857600;100663296;1048576;4194304' ;; *) printf '  %s\\n' '{};data' '{}/./b;data' '{};empty' '{};' ;; esac",
            ground.at("b"),
            ground.at("a"),
            ground.at(""),
            ground.at("e"),
            ground.at("f"),
        );
        for (name, script) in [("vgs", VGS), ("vgchange", VGS), ("vgcreate", VGS), ("pvs", &pvs)] {
            ground.program(name, script);
        }
        Self { ground }
    }

    fn survey(&self, mut params: Value) -> Result<Survey<LvmStep>, Failure> {
        if let Some(names) = params.get("pvs").and_then(Value::as_array).cloned() {
            params["pvs"] = names.iter().map(|name| self.ground.at(name.as_str().unwrap())).collect::<Vec<_>>().into();
        }
        let path = BTreeMap::from([("PATH".to_owned(), format!("{}:/usr/bin:/bin", self.ground.at("")))]);
        let host = Host::new(self.ground.state(), path, &|_, _| ());
        serde_json::from_value::<Lvg>(params).unwrap().survey(&host)
    }

    /// The calls to which a task leads, with short names of devices.
    fn calls(&self, params: Value) -> Vec<String> {
        let steps = self.survey(params).unwrap().steps;
        let real = fs::canonicalize(self.ground.at("")).unwrap().to_string_lossy().into_owned();
        let call = |step: &LvmStep| format!("{} {}", step.program, step.arguments.join(" "));
        steps.iter().map(|step| call(step).replace(&format!("{real}/"), "")).collect()
    }
}

#[test]
fn a_task_becomes_calls_of_lvm() {
    let ranch = Ranch::new();
    for (params, calls) in [
        (
            json!({"vg": "new", "pvs": ["c"], "pesize": "32", "pv_options": "--metadatasize 1m", "vg_options": "-l 4"}),
            &["pvcreate --metadatasize 1m -f c", "vgcreate -l 4 -s 32 new c"][..],
        ),
        (
            json!({"vg": "new", "pvs": ["c"], "state": "inactive"}),
            &["pvcreate -f c", "vgcreate -s 4 --setautoactivation n new c"],
        ),
        (
            json!({"vg": "new", "pvs": ["f"], "state": "active", "vg_options": "--setautoactivation n"}),
            &["pvcreate -f f", "vgcreate --setautoactivation n -s 4 new f"],
        ),
        (json!({"vg": "data", "pvs": ["a", "b"]}), &[]),
        (json!({"vg": "data"}), &[]),
        (json!({"vg": "data", "pvs": ["b", "c"]}), &["pvcreate -f c", "vgextend data c", "vgreduce --force data a"]),
        (json!({"vg": "data", "pvs": ["c"], "remove_extra_pvs": false}), &["pvcreate -f c", "vgextend data c"]),
        (json!({"vg": "data", "pvs": ["a", "b"], "pvresize": true}), &["pvresize b"]),
        (
            json!({"vg": "data", "pvs": ["a", "b"], "reset_vg_uuid": true, "reset_pv_uuid": true}),
            &["vgchange -u data", "pvchange -u a", "pvchange -u b"],
        ),
        (json!({"vg": "data", "state": "active"}), &["vgchange --activate y data"]),
        (
            json!({"vg": "data", "state": "inactive"}),
            &["vgchange --setautoactivation n data", "vgchange --activate n data"],
        ),
        (json!({"vg": "empty", "state": "absent"}), &["vgremove --force empty"]),
        (json!({"vg": "data", "state": "absent", "force": true}), &["vgremove --force data"]),
        (json!({"vg": "none", "state": "absent"}), &[]),
    ] {
        assert_eq!(ranch.calls(params.clone()), calls, "{params}");
    }
}

#[test]
fn what_would_lose_data_or_cannot_be_is_refused() {
    let ranch = Ranch::new();
    for (params, words) in [
        (json!({"vg": "data", "state": "absent"}), "has 2 logical volumes"),
        (json!({"vg": "data", "pvs": ["a", "b", "e"]}), "is in the volume group empty already"),
        (json!({"vg": "new"}), "`pvs` is needed"),
        (json!({"vg": "data", "reset_pv_uuid": true}), "`pvs` is needed with reset_pv_uuid"),
        (json!({"vg": "new", "pvs": ["c"], "vg_options": "'"}), "quotation mark"),
    ] {
        let failure = ranch.survey(params.clone()).unwrap_err();
        assert!(failure.message.contains(words), "{params}: {failure:?}");
    }
}

#[test]
fn a_device_may_still_come_and_its_absence_is_named() {
    let ranch = Ranch::new();
    let params = json!({"vg": "new", "pvs": ["later"]});
    let survey = ranch.survey(params).unwrap();
    assert!(survey.unpredicted && survey.steps.len() == 2);
    let host = Host::new("/nonexistent", BTreeMap::new(), &|_, _| ());
    let module: Lvg = serde_json::from_value(json!({"vg": "new", "pvs": ["/no/such"]})).unwrap();
    let failure = module.apply(&survey.steps[0], &host, &mut dpp_protocol::ResultMap::new()).unwrap_err();
    assert_eq!(failure.message, "there is no device /no/such");
}
