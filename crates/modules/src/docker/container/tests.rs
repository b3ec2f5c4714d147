//! `docker_container`: which steps a task leads to, from what Docker 20.10 shows of containers and images. What the engine
//! makes of them is in `tests/e2e/containers.rs`.

use std::collections::BTreeMap;

use dpp_protocol::Failure;
use serde_json::{Map, Value, json};

use super::DockerContainer;
use crate::testing::Ground;
use crate::{Host, Module, Step};

/// It knows `own:1` as the image 01 and `new:1` as 02.
const DOCKER: &str = r#"case "$3" in
own:1 | sha256:01) id=sha256:01 ;;
new:1) id=sha256:02 ;;
*) echo "Error: No such image: $3" >&2; exit 1 ;;
esac
echo "[{\"Id\": \"$id\", \"Config\": {\"Env\": [\"PATH=/bin\"], \"Labels\": {\"of\": \"image\"}, \"ExposedPorts\": {\"1/tcp\": {}}}}]""#;

/// What the engine shows of a container that runs.
fn container() -> Value {
    json!({
        "Id": "0a", "Image": "sha256:01", "Name": "/c",
        "State": {"Running": true, "Paused": false, "Status": "running"},
        "Config": {"Image": "own:1", "Hostname": "h", "Env": ["A=1", "PATH=/bin"], "Cmd": ["sleep", "5"], "Entrypoint": null,
            "Labels": {"of": "image", "a": "true"}, "ExposedPorts": {"1/tcp": {}, "80/tcp": {}}, "Tty": false, "OpenStdin": false,
            "AttachStdout": false, "AttachStderr": false, "Volumes": {"/anonymous": {}}},
        "HostConfig": {"NetworkMode": "front", "Binds": ["/a:/b", "data:/c:ro"], "Memory": 67_108_864, "CpuShares": 0,
            "PortBindings": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}]}, "ExtraHosts": ["db:10.0.0.1"],
            "RestartPolicy": {"Name": "always", "MaximumRetryCount": 0}, "LogConfig": {"Type": "json-file", "Config": {}},
            "CapAdd": ["NET_ADMIN"], "Ulimits": [{"Name": "nofile", "Hard": 2048, "Soft": 1024}], "Links": null,
            "Mounts": [{"Type": "volume", "Source": "v", "Target": "/v"}], "Devices": [], "AutoRemove": false},
        "NetworkSettings": {"Networks": {"front": {"IPAMConfig": null, "Aliases": ["0a"], "NetworkID": "f"},
            "extra": {"IPAMConfig": null, "Aliases": null, "NetworkID": "e"}}}
    })
}

fn with_host<T>(params: Value, f: impl FnOnce(&DockerContainer, &Host) -> T) -> T {
    let ground = Ground::new();
    ground.program("docker", DOCKER);
    let path = BTreeMap::from([("PATH".to_owned(), format!("{}:/usr/bin:/bin", ground.at("")))]);
    let mut whole = json!({"name": "c"});
    whole.as_object_mut().unwrap().extend(params.as_object().unwrap().clone());
    f(&serde_json::from_value(whole).unwrap(), &Host::new(ground.state(), path, &|_, _| ()))
}

/// The changes that a task makes to a container, or to none.
fn changes(container: Option<&Value>, params: Value) -> Result<Vec<String>, Failure> {
    with_host(params, |module, host| {
        let (steps, _) = module.steps(container, &module.wishes()?, host)?;
        Ok(steps
            .iter()
            .map(|step| step.change(false))
            .map(|change| format!("{:?} {}", change.verb, change.detail))
            .collect())
    })
}

#[test]
fn a_container_that_is_as_wanted_is_left_alone() {
    for params in [
        json!({}),
        json!({"image": "own:1"}),
        json!({"image": "own:1", "command": "sleep 5", "hostname": "h", "tty": false, "interactive": "no", "detach": true}),
        json!({"env": {"A": "1"}, "labels": {"a": true}, "capabilities": ["NET_ADMIN"], "ulimits": "nofile:1024:2048"}),
        json!({"ports": ["8080:80"], "exposed_ports": "80", "etc_hosts": {"db": "10.0.0.1"}, "restart_policy": "always"}),
        json!({"volumes": ["/a:/b:rw", "data:/c:ro", "/anonymous"], "mounts": [{"target": "/v", "source": "v", "read_only": false}]}),
        json!({"networks": [{"name": "front"}], "memory": "64M", "log_driver": "json-file", "devices": [], "cpu_shares": 0}),
        json!({"state": "present", "stop_timeout": 99, "container_default_behavior": "compatibility", "memory": "64M"}),
        json!({"state": "healthy"}),
        json!({"hostname": "other", "env": {"B": "2"}, "comparisons": {"*": "ignore"}}),
        json!({"comparisons": {"env": "strict", "labels": "strict"}, "image": "own:1", "env": {"A": "1"}, "labels": {"a": "true"}}),
    ] {
        assert_eq!(changes(Some(&container()), params.clone()).unwrap(), Vec::<String>::new(), "{params}");
    }
}

#[test]
fn what_is_otherwise_is_changed_as_gently_as_it_can_be() {
    let anew = |what: &str| {
        vec![format!("Delete made anew: {what}"), "Create of own:1".to_owned(), "Change started".to_owned()]
    };
    for (params, wanted) in [
        (json!({"image": "own:1", "hostname": "x"}), anew("hostname")),
        (json!({"image": "own:1", "command": ["sleep", "6"], "env": {"A": "2"}}), anew("command, env")),
        (json!({"image": "own:1", "volumes": ["/a:/b:ro"], "memory": "1G"}), anew("volumes")),
        (json!({"image": "own:1", "recreate": true}), anew("`recreate`")),
        (json!({"image": "own:1", "comparisons": {"env": "strict"}, "env": {}}), anew("env")),
        (json!({"image": "own:1", "state": "present", "tty": true}), anew("tty")[..2].to_vec()),
        (
            json!({"image": "new:1"}),
            vec!["Delete made anew: image".into(), "Create of new:1".into(), "Change started".into()],
        ),
        (json!({"image": "new:1", "comparisons": {"image": "ignore"}}), vec![]),
        (
            json!({"memory": "1G", "restart_policy": "on-failure", "restart_retries": 3}),
            vec!["Change restart_policy, memory".into()],
        ),
        (
            json!({"networks": [{"name": "front", "aliases": ["a"]}, {"name": "back"}]}),
            vec!["Change connected to front".into(), "Change connected to back".into()],
        ),
        (
            json!({"networks": [{"name": "front"}], "comparisons": {"networks": "strict"}}),
            vec!["Change disconnected from extra".into()],
        ),
        (json!({"restart": true}), vec!["Restart ".into()]),
        (json!({"state": "stopped"}), vec!["Change stopped".into()]),
        (json!({"paused": true}), vec!["Change paused".into()]),
        (
            json!({"image": "own:1", "pull": "always"}),
            vec!["Create pulled".into(), "Change made anew if its image is another one".into()],
        ),
    ] {
        assert_eq!(changes(Some(&container()), params.clone()).unwrap(), wanted, "{params}");
    }
    let mut sick = container();
    sick["State"]["Health"] = json!({"Status": "starting"});
    assert_eq!(changes(Some(&sick), json!({"state": "healthy"})).unwrap(), ["Run waited until it is healthy"]);
    sick["State"]["Running"] = false.into();
    assert_eq!(changes(Some(&sick), json!({})).unwrap(), ["Change started"]);
}

#[test]
fn a_new_container_is_made_connected_and_started() {
    for (params, wanted) in [
        (json!({"image": "own:1"}), &["Create of own:1", "Change started"][..]),
        (json!({"image": "own:1", "state": "present"}), &["Create of own:1"]),
        (json!({"image": "own:1", "state": "stopped"}), &["Create of own:1"]),
        (json!({"image": "away"}), &["Create pulled", "Create of away:latest", "Change started"]),
        (
            json!({"image": "own:1", "networks": [{"name": "a"}, {"name": "b"}], "state": "healthy"}),
            &["Create of own:1", "Change connected to b", "Change started", "Run waited until it is healthy"],
        ),
        (
            json!({"image": "own:1", "networks": [{"name": "a"}], "networks_cli_compatible": false, "state": "present"}),
            &["Create of own:1", "Change connected to a"],
        ),
    ] {
        assert_eq!(changes(None, params.clone()).unwrap(), wanted, "{params}");
    }
}

#[test]
fn the_engine_is_told_in_its_own_words() {
    let told = |params: Value| {
        with_host(params, |module, _| {
            let mut body = Map::new();
            module.wishes().unwrap().iter().for_each(|wish| wish.tell(&mut body));
            Value::from(body)
        })
    };
    for (params, wanted) in [
        (
            json!({"entrypoint": ["a", "b c"], "command": "d 'e f'"}),
            json!({"Entrypoint": ["a", "b c"], "Cmd": ["d", "e f"]}),
        ),
        (json!({"command": ["a b", "c"], "command_handling": "compatibility"}), json!({"Cmd": ["a", "b", "c"]})),
        (
            json!({"healthcheck": {"test": "curl x", "interval": "1m30s", "retries": 3}}),
            json!({"Healthcheck": {"Test": ["CMD-SHELL", "curl x"], "Interval": 90_000_000_000_i64, "Retries": 3}}),
        ),
        (json!({"healthcheck": {"test": ["NONE"]}}), json!({"Healthcheck": {"Test": ["NONE"]}})),
        (
            json!({"cpus": 1.5, "memory_swap": "unlimited", "device_read_bps": [{"path": "/dev/a", "rate": "1M"}], "init": true}),
            json!({"HostConfig": {"NanoCpus": 1_500_000_000, "MemorySwap": -1, "Init": true,
                "BlkioDeviceReadBps": [{"Path": "/dev/a", "Rate": 1_048_576}]}}),
        ),
        (
            json!({"devices": ["/dev/a:/dev/b:r", "/dev/c:rw"], "tmpfs": ["/t:size=1m", "/u"], "links": ["db:d"], "networks": [{"name": "n"}]}),
            json!({"HostConfig": {"NetworkMode": "n", "Links": ["db:d"], "Tmpfs": {"/t": "size=1m", "/u": ""}, "Devices": [
                {"PathOnHost": "/dev/a", "PathInContainer": "/dev/b", "CgroupPermissions": "r"},
                {"PathOnHost": "/dev/c", "PathInContainer": "/dev/c", "CgroupPermissions": "rw"}]}}),
        ),
        (
            json!({"restart_policy": false, "log_driver": "syslog", "log_opt": {"tag": 1}, "mac_address": "02-AB"}),
            json!({"MacAddress": "02:ab", "HostConfig": {"RestartPolicy": {"Name": "no"},
                "LogConfig": {"Type": "syslog", "Config": {"tag": "1"}}}}),
        ),
    ] {
        assert_eq!(told(params.clone()), wanted, "{params}");
    }
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_touched() {
    for params in [
        json!({"name": ""}),
        json!({"tls": true}),
        json!({"restart_retries": 3}),
        json!({"log_options": {"a": "b"}}),
        json!({"env": {"A": 1}}),
        json!({"memory": "big"}),
        json!({"ulimits": ["nofile"]}),
        json!({"ports": ["a:b"]}),
        json!({"command": "'"}),
        json!({"comparisons": {"hostnme": "strict"}}),
        json!({"docker_host": "ssh://a"}),
    ] {
        let failure = with_host(params.clone(), Module::survey).unwrap_err();
        assert_eq!(failure.code, "DPP0104", "{params}: {failure:?}");
    }
    assert_eq!(changes(None, json!({})).unwrap_err().message, "`image` is needed to make the container c");
    let never = changes(None, json!({"image": "away", "pull": "never"})).unwrap_err();
    assert_eq!(never.message, "there is no image away:latest on this host");
    let labels =
        json!({"image": "own:1", "labels": {}, "comparisons": {"labels": "strict"}, "image_label_mismatch": "fail"});
    assert!(changes(None, labels).unwrap_err().message.ends_with("lacks: of"));
}
