//! Images and containers, by a Docker engine on a host of the lab. It has neither a registry nor bridges, so nothing is pulled
//! or pushed, and no network is connected.

use crate::lab::Lab;

/// An engine that makes do with what a host of the lab may do, and an image of one program.
const GROUND: &str = "apt-get update -qq && apt-get install -y -qq --no-install-recommends docker.io busybox-static >/dev/null 2>&1 && \
    mkdir -p /etc/docker /srv/own /srv/data && cp /bin/busybox /srv/own && \
    printf 'FROM scratch\\nARG WHO\\nLABEL who=$WHO\\nCOPY busybox /bin/busybox\\nENTRYPOINT [\"/bin/busybox\"]\\n' >/srv/own/Dockerfile && \
    echo '{\"iptables\": false, \"bridge\": \"none\", \"storage-driver\": \"vfs\"}' >/etc/docker/daemon.json && \
    systemctl restart docker";

const PLAYBOOK: &str = r#"
- hosts: lab
  gather_facts: false
  become: true
  vars: {secret: sesame, level: "1"}
  tasks:
    - community.docker.docker_image: {name: own, tag: 1, source: build, build: {path: /srv/own, args: {WHO: "{{ secret }}"}}}
      no_log: true
    - docker_image: {name: "own:1", source: local, repository: "own:two", archive_path: /srv/own.tar}
    - community.docker.docker_container: {name: box, image: "own:1", command: sleep 1000, network_mode: none, hostname: box,
        env: {PASSWORD: "{{ secret }}", LEVEL: "{{ level }}"}, volumes: ["/srv/data:/data:ro", "cache:/cache"],
        labels: {of: dppctl}, restart_policy: unless-stopped, user: "0:0", stop_timeout: 0,
        healthcheck: {test: [CMD, /bin/busybox, "true"], interval: 1s}, state: healthy}
      register: box
    - docker_container: {name: theirs, image: "own:1", command: [sleep, "1000"], network_mode: none, env: {A: b}}
    - docker_container: {name: idle, image: "own:two", command: sleep 5, network_mode: none, state: present}
    - assert:
        that:
          - box.container.State.Running and box.container.State.Health.Status == 'healthy'
          - box.container.Config.Labels.of == 'dppctl'
      when: not ansible_check_mode
"#;

const ONCE: &str = r#"
- hosts: lab
  gather_facts: false
  become: true
  tasks:
    - docker_container: {name: once, image: "own:1", command: "{{ command }}", network_mode: none, detach: false, cleanup: true}
      register: once
    - assert: {that: "once.container.Output == 'done\n' and once.status == 0"}
"#;

const GONE: &str = r#"
- hosts: lab
  gather_facts: false
  become: true
  tasks:
    - docker_container: {name: box, state: stopped, stop_timeout: 0}
    - docker_container: {name: "{{ item }}", state: absent, stop_timeout: 0}
      loop: [box, theirs, idle, never]
    - docker_image: {name: "own:two", state: absent}
    - docker_image: {name: "own:1", state: absent}
    - docker_image: {name: "own:1", source: load, load_path: /srv/own.tar}
"#;

const LOOK: &str = "docker ps -a --format '{{.Names}} {{.Image}} {{.State}}' | sort; docker exec box /bin/busybox env | grep -E 'PASS|LEVEL'; \
    docker image ls --format '{{.Repository}}:{{.Tag}}' | sort; tar -xOf /srv/own.tar manifest.json | grep -o 'own:[a-z0-9]*'";

#[test]
fn images_and_containers_come_once_change_and_go() {
    let lab =
        Lab::boot("containers", &["web1"]).file("site.yml", PLAYBOOK).file("once.yml", ONCE).file("gone.yml", GONE);
    lab.on("web1", GROUND);
    let foreseen = lab.dppctl(["run", "site.yml", "--check"]).exits(0);
    assert_eq!(lab.on("web1", "docker ps -aq; docker image ls -q"), "", "{foreseen}");
    let first = lab.dppctl(["run", "site.yml", "-D"]).exits(0);
    assert_eq!(first.changes(), foreseen.changes(), "{first}\n{foreseen}");
    assert!(!format!("{foreseen}{first}").contains("sesame"), "{first}");
    let there = "box own:1 running\nidle own:two created\ntheirs own:1 running\nPASSWORD=sesame\nLEVEL=1\nown:1\nown:two\nown:1\n";
    assert_eq!(lab.on("web1", LOOK), there);
    assert_eq!(lab.dppctl(["run", "site.yml"]).exits(0).changes(), 0);
    assert_eq!(lab.dppctl(["run", "site.yml", "-e", "level=2"]).exits(0).changes(), 1);
    assert!(lab.on("web1", "docker exec box /bin/busybox env").contains("LEVEL=2"));
    // One that somebody made by hand is left as it is.
    lab.on("web1", "docker rm -f theirs && docker run -d --name theirs --network none -e A=b own:1 sleep 1000");
    assert_eq!(lab.dppctl(["run", "site.yml", "-e", "level=2"]).exits(0).changes(), 0);
    let _ = lab.dppctl(["run", "once.yml", "-e", "command='echo done'"]).exits(0);
    let failed = lab.dppctl(["run", "once.yml", "-e", "command='ls /nowhere'"]).exits(2);
    assert!(failed.failure().contains("ended with exit code 1"), "{failed}");
    assert_eq!(lab.dppctl(["run", "gone.yml"]).exits(0).changes(), 5);
    assert_eq!(lab.on("web1", "docker ps -aq; docker image ls --format '{{.Repository}}:{{.Tag}}'"), "own:1\n");
}
