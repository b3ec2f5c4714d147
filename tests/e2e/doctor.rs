//! `doctor` on hosts that are well and hosts that are not: each finding with what to do next, and the exit code.

use serde_json::Value;

use crate::lab::Lab;
use crate::run::Run;

/// What a machine's size decides is no business of a snapshot.
fn plain(run: &Run) -> String {
    let text = run.to_string();
    let sizes = regex::Regex::new(r"\b\d+ (?:MiB|GiB)\b").unwrap();
    let pids = regex::Regex::new(r"pid \d+|kill \d+").unwrap();
    let system = regex::Regex::new(r"Debian \d+(?:\.\d+)? +").unwrap();
    let text = sizes.replace_all(&text, "[SIZE]").into_owned();
    let text = system.replace_all(&text, "Debian [VERSION] ").into_owned();
    let text = pids.replace_all(&text, "pid [PID]").into_owned();
    regex::Regex::new(r"  +").unwrap().replace_all(&text, "  ").into_owned()
}

#[test]
fn hosts_that_are_well() {
    let lab = Lab::boot("well", &["db1", "db2"]);
    insta::assert_snapshot!("doctor_all_well", plain(&lab.dppctl(["doctor"]).exits(0)));
    insta::assert_snapshot!("doctor_reach_alone", lab.dppctl(["ping"]).exits(0));
}

#[test]
fn everything_that_stands_in_the_way_is_found_at_once() {
    let lab = Lab::boot("ill", &["db1", "db2"]).file("wrong", "not-this\n");
    let hosts = lab.inventory("admin").replacen("[lab]\n", "[kibana_nodes]\ndb1\n[lab]\n", 1);
    lab.write("hosts", &hosts);
    // Something else where Kibana is to listen, a disk that is full, and a host that is away.
    lab.on("db1", "systemd-run --quiet --unit stranger perl -MSocket -e 'socket(S, PF_INET, SOCK_STREAM, 6); setsockopt(S, SOL_SOCKET, SO_REUSEADDR, 1); bind(S, sockaddr_in(5601, INADDR_ANY)) or die; listen(S, 1); sleep 600'");
    lab.on("db1", "mount -t tmpfs -o size=8m none /var/log");
    lab.power_off("db2");
    let sudo = lab.dppctl(["doctor", "-T", "3", "--become-password-file", "wrong"]).exits(6);
    insta::assert_snapshot!("doctor_wrong_password_full_disk_and_a_host_away", plain(&sudo));
    lab.write("right", "lab-sudo\n");
    let port = lab.dppctl(["doctor", "db1", "--become-password-file", "right"]).exits(6);
    insta::assert_snapshot!("doctor_port_held_by_a_stranger", plain(&port));
    let ports = lab.dppctl(["doctor", "db1", "--only", "ports", "--become-password-file", "right", "--json"]).exits(6);
    let document: Value = serde_json::from_str(&ports.stdout).unwrap();
    let listener = &document["hosts"][0]["ports"]["5601"];
    assert_eq!((&listener["unit"], &listener["name"]), (&"stranger.service".into(), &"perl".into()), "{document}");
    assert_eq!((&document["schema"], &document["exit"]), (&"dppctl.doctor/1".into(), &6.into()), "{document}");
}

#[test]
fn a_host_that_cannot_be_reached_is_an_answer() {
    let lab = Lab::boot("away", &["db1"]);
    lab.power_off("db1");
    insta::assert_snapshot!("doctor_host_away", plain(&lab.dppctl(["doctor", "-T", "3"]).exits(4)));
}
