//! Commands that look and print, as somebody types them: init, render, facts, version, inventory, completions, man.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::lab::Lab;

const HOSTS: &str = "[kibana_nodes]\nkib1\n[elasticsearch_nodes]\nes1\nes2\n[elasticsearch_nodes:vars]\nheap=1g\n";

#[test]
fn a_project_is_begun_and_looked_at() {
    let lab = Lab::empty().file("hosts", "");
    insta::assert_snapshot!("init", lab.dppctl(["init", "logs", "--hosts", "web1,kafka1,es1"]).exits(0));
    insta::assert_snapshot!("init_in_a_folder_that_has_one", lab.dppctl(["init", "logs"]));
    let listed = lab.dppctl(["inventory", "list", "--project", "logs", "-i", "logs/inventory/hosts"]).exits(0);
    insta::assert_snapshot!("init_is_an_inventory", listed);
}

#[test]
fn an_ejected_role_comes_with_its_templates_and_wins() {
    let lab = Lab::empty().file("hosts", HOSTS).file("dppctl.toml", "");
    insta::assert_snapshot!("init_eject", lab.dppctl(["init", "--eject", "kibana"]).exits(0));
    insta::assert_snapshot!("init_eject_again", lab.dppctl(["init", "--eject", "kibana"]));
    insta::assert_snapshot!("init_eject_nothing_known", lab.dppctl(["init", "--eject", "kibanna"]));
    let template = lab.path("templates/kibana/kibana.yml.j2");
    fs::write(&template, format!("# ours\n{}", fs::read_to_string(&template).unwrap())).unwrap();
    let rendered = lab.dppctl(["render", "kibana/kibana.yml.j2", "-l", "kib1", "--offline"]).exits(0);
    assert!(rendered.stdout.starts_with("# ours\n"), "{rendered}");
    // What the role's tasks are is seen where they are wrong.
    lab.write("roles/kibana/tasks/run.yml", "- name: ours\n  copy: {content: a, desst: /a}\n");
    let run = lab.dppctl(["deploy", "--check"]).exits(65);
    assert!(run.stderr.contains("roles/kibana/tasks/run.yml:2") && run.stderr.contains("desst"), "{run}");
}

#[test]
fn a_template_is_shown_as_a_host_gets_it() {
    let lab = Lab::empty().file("hosts", HOSTS).file("host_vars/es2.yml", "KIBANA_PORT: 5602\n");
    insta::assert_snapshot!("render", lab.dppctl(["render", "kibana/kibana.yml.j2", "-l", "es1", "--offline"]));
    let diff = ["render", "kibana/kibana.yml", "-l", "es1", "--diff", "es2", "--offline"];
    insta::assert_snapshot!("render_diff", lab.dppctl(diff));
    let wrong = |template: &str| lab.dppctl(["render", template, "-l", "es1", "--offline"]);
    insta::assert_snapshot!("render_no_such_template", wrong("kibana/kibanna.yml"));
    insta::assert_snapshot!("render_no_such_role", wrong("kibanna/kibana.yml"));
    insta::assert_snapshot!("render_no_role_at_all", wrong("kibana.yml"));
    insta::assert_snapshot!("render_for_several", lab.dppctl(["render", "kibana/kibana.yml", "--offline"]));
}

#[test]
fn a_programme_that_asks_for_a_document_gets_one_or_is_refused() {
    let lock = "version = 1\n\n[[package]]\nproduct = \"kibana\"\nversion = \"6.2.1\"\nfile = \"kibana.deb\"\n\
                size = 7\nsha256 = \"0f\"\nsource = \"https://example.org/kibana.deb\"\n";
    let lab = Lab::empty().file("hosts", HOSTS).file("dppctl.toml", "").file("packages.lock", lock);
    let listed = lab.dppctl(["packages", "list", "--json"]).exits(0).json();
    assert_eq!((&listed["schema"], &listed["packages"][0]["here"]), (&"dppctl.packages.list/1".into(), &false.into()));
    let kibana = ["render", "kibana/kibana.yml", "-l", "es1", "--offline", "--json"];
    let rendered = lab.dppctl(kibana).exits(0).json();
    assert_eq!((&rendered["schema"], &rendered["host"]), (&"dppctl.render/1".into(), &"es1".into()));
    assert!(rendered["text"].as_str().is_some_and(|text| text.contains("server.port")), "{rendered}");
    let both = ["render", "kibana/kibana.yml", "-l", "es1", "--diff", "es2", "--offline", "--output", "jsonl"];
    let both = lab.dppctl(both).exits(0);
    assert_eq!((both.stdout.lines().count(), &both.json()["same"]), (1, &true.into()), "{both}");
    assert_eq!(lab.dppctl(["verify", "-l", "es1", "--json"]).exits(65).json()["schema"], "dppctl.refusal/1");
    insta::assert_snapshot!("an_option_without_use", lab.dppctl(["completions", "bash", "--json"]).exits(64));
}

#[test]
fn variables_of_a_host_are_shown_with_their_places() {
    let lab = Lab::empty().file("hosts", HOSTS).file("group_vars/all.yml", "heap: 512m\nadmin_password: s3cret\n");
    insta::assert_snapshot!("inventory_host", lab.dppctl(["inventory", "host", "es1"]));
    insta::assert_snapshot!("inventory_why", lab.dppctl(["inventory", "host", "es1", "--why", "heap"]));
    insta::assert_snapshot!("inventory_why_nothing", lab.dppctl(["inventory", "host", "es1", "--why", "heaap"]));
    let strong = ["inventory", "vars", "es1", "--why", "heap", "-e", "heap=4g", "--json"];
    let said = lab.dppctl(strong).exits(0).json();
    let levels: Vec<_> = said["said"].as_array().unwrap().iter().map(|saying| saying["level"].clone()).collect();
    assert_eq!(levels, [22, 4, 3]);
    insta::assert_snapshot!("inventory_no_such_host", lab.dppctl(["inventory", "host", "es11"]));
    let listed: Value = serde_json::from_str(&lab.dppctl(["inventory", "list", "--json"]).exits(0).stdout).unwrap();
    assert_eq!((&listed["schema"], &listed["hosts"][0]["name"]), (&"dppctl.inventory/1".into(), &"kib1".into()));
}

#[test]
fn facts_of_a_host_and_of_one_that_is_away() {
    let lab = Lab::boot("facts", &["db1", "db2"]);
    lab.power_off("db2");
    let facts = ["facts", "--filter", "ansible_os_family", "--filter", "ansible_pkg*", "-T", "3"];
    insta::assert_snapshot!("facts", lab.dppctl(facts));
    let json = lab.dppctl(["facts", "db1", "--filter", "ansible_dist*", "--json"]).exits(0);
    let document: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(document["schema"], "dppctl.facts/1");
    assert_eq!(document["hosts"]["db1"]["ansible_distribution"], "Debian", "{document}");
}

#[test]
fn the_version_is_told_to_people_and_programmes() {
    let lab = Lab::empty().file("hosts", "").file("dppctl.toml", "forks = 3\n");
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(lab.dppctl(["version"]).exits(0).stdout, format!("dppctl {version}\n"));
    let document: Value = serde_json::from_str(&lab.dppctl(["version", "--json"]).exits(0).stdout).unwrap();
    assert_eq!((&document["version"], &document["exit"]), (&version.into(), &0.into()), "{document}");
    assert!(lab.dppctl(["version", "-v"]).exits(0).stdout.contains("read [PROJECT]/dppctl.toml"));
}

#[test]
fn bash_completes_hosts_groups_stages_and_roles() {
    let lab = Lab::empty().file("hosts", HOSTS).file("dppctl.toml", "inventory = \"hosts\"\n");
    let script = lab.dppctl(["completions", "bash"]).exits(0).stdout;
    lab.write("complete.sh", &script);
    let offered = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let folder = Path::new(env!("CARGO_BIN_EXE_dppctl")).parent().unwrap().display().to_string();
        let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        let (at, last) = (words.len() - 1, words.last().unwrap());
        let shell = format!(
            "export PATH={folder}:$PATH; . ./complete.sh; COMP_WORDS=({}); COMP_CWORD={at}; COMP_TYPE=9; \
             _clap_complete_dppctl dppctl '{last}' before; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            quoted.join(" "),
        );
        let output = Command::new("bash").args(["-c", &shell]).current_dir(lab.path("")).stdin(Stdio::null()).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|word| word.trim().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(offered("dppctl deploy -l es"), ["es1", "es2"]);
    assert_eq!(offered("dppctl doctor kib"), ["kibana_nodes", "kib1"]);
    assert_eq!(offered("dppctl deploy --only k"), ["kafka", "kibana"]);
    assert_eq!(offered("dppctl init --eject ela"), ["elasticsearch"]);
    assert!(offered("dppctl ver").contains(&"verify".to_owned()));
}

#[test]
fn the_manual_is_read_by_man_without_a_warning() {
    let lab = Lab::empty().file("hosts", "");
    let _ = lab.dppctl(["man", "pages"]).exits(0);
    let pages: Vec<_> = fs::read_dir(lab.path("pages")).unwrap().map(|page| page.unwrap().path()).collect();
    assert!(pages.len() > 20, "{pages:?}");
    for page in pages {
        let read = Command::new("man").args(["--warnings", "-l"]).arg(&page).env("MANWIDTH", "80").output().unwrap();
        assert!(
            read.status.success() && read.stderr.is_empty(),
            "{}: {}",
            page.display(),
            String::from_utf8_lossy(&read.stderr)
        );
    }
}

#[test]
fn a_project_of_ansibles_is_looked_through_and_gets_its_settings() {
    let cfg = "[defaults]\ninventory = inventory/hosts\nroles_path = roles\nremote_user = deploy\nhost_key_checking = False\n\
               stdout_callback = yaml\nvault_password_file = ~/none\n[privilege_escalation]\nbecome = True\n";
    let site = "- hosts: web_nodes\n  roles: [web]\n- hosts: kafka_nodes\n  tasks:\n    - mysql_db: {name: x}\n    - command: id\n";
    let tasks = "- apt: {name: nginx}\n- template: {src: a.j2, dest: /etc/a}\n  notify: restart\n- mysql_db: {name: y}\n\
                 - debug: {msg: '{{ port | zorg }}'}\n- coppy: {content: a, dest: /a}\n- copy: {contnt: a, dest: /b}\n";
    let lab = Lab::empty()
        .file("p/ansible.cfg", cfg)
        .file("p/inventory/hosts", "[web_nodes]\nw1\n[kafka_nodes]\nk1\nk2\n")
        .file("p/library/own.py", "x = 1\n")
        .file("p/site.yml", site)
        .file("p/roles/web/tasks/main.yml", tasks)
        .file("p/roles/web/templates/a.j2", "{{ port }} {{ nobody }}\n")
        .file("p/roles/web/defaults/main.yml", "port: 80\n")
        .file("p/roles/web/handlers/main.yml", "- name: restart\n  service: {name: nginx, state: restarted}\n");
    insta::assert_snapshot!("init_from_ansible", lab.dppctl(["init", "--from-ansible", "p"]).exits(0));
    insta::assert_snapshot!("init_from_ansible_settings", fs::read_to_string(lab.path("p/dppctl.toml")).unwrap());
    let again = lab.dppctl(["init", "--from-ansible", "p"]).exits(0);
    assert!(again.stderr.contains("dppctl.toml is there already and stays as it is"), "{again}");
    insta::assert_snapshot!("init_from_nothing", lab.dppctl(["init", "--from-ansible", "none"]));
}

#[test]
fn roles_are_installed_and_an_edited_one_is_kept() {
    let requirements =
        "roles:\n  - src: git+file://FOLDER/src\n    version: v1\n    name: java\ncollections: [community.general]\n";
    let lab = Lab::empty().file("src/meta/main.yml", "dependencies: []\n").file("src/tasks/main.yml", "# one\n");
    let folder = lab.path("").display().to_string();
    let lab = lab.file("requirements.yml", &requirements.replace("FOLDER/", &folder)).file("dppctl.toml", "");
    let git = "git init -q -b main && git add . && git -c user.name=t -c user.email=t@example.org commit -qm one && git tag v1";
    assert!(Command::new("sh").args(["-c", git]).current_dir(lab.path("src")).status().unwrap().success());
    insta::assert_snapshot!("roles_list_of_none", lab.dppctl(["roles", "list"]));
    insta::assert_snapshot!("roles_install", lab.dppctl(["roles", "install", "-r", "requirements.yml"]).exits(0));
    let lock = fs::read_to_string(lab.path("roles.lock")).unwrap();
    insta::assert_snapshot!("roles_install_again", lab.dppctl(["roles", "install"]).exits(0));
    assert_eq!(fs::read_to_string(lab.path("roles.lock")).unwrap(), lock);
    lab.write("roles/java/tasks/main.yml", "# mine\n");
    insta::assert_snapshot!("roles_list", lab.dppctl(["roles", "list"]).exits(0));
    insta::assert_snapshot!("roles_install_over_an_edit", lab.dppctl(["roles", "install"]));
    insta::assert_snapshot!("roles_install_what", lab.dppctl(["roles", "install", "java"]));
}

#[test]
fn what_happens_in_a_run_is_written_line_by_line() {
    let play = "- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n    - command: echo geheim1\n    \
                - command: 'false'\n      ignore_errors: true\n    - debug: {msg: x}\n      when: unset is defined\n    \
                - command: 'false'\n";
    let lab = Lab::empty().file("hosts", "localhost\n").file("site.yml", play);
    let run = lab.dppctl(["run", "site.yml", "-e", "pass=geheim1", "--events", "-"]).exits(2);
    let lines: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let tasks = lines.iter().filter(|line| line["event"] == "task").map(|line| {
        let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        format!("{} {} {} {} {}", text("host"), text("status"), line["ignored"], text("path"), text("action"))
    });
    let told = [
        "localhost changed false site.yml:5 command",
        "localhost failed true site.yml:6 command",
        "localhost skipped false site.yml:8 debug",
        "localhost failed false site.yml:10 command",
    ];
    assert_eq!(tasks.collect::<Vec<_>>(), told);
    assert!(!run.stdout.contains("geheim1"), "{run}");
    assert_eq!(lines.last().unwrap()["hosts"]["localhost"]["failed"], 1);
    insta::assert_snapshot!("events_beside_a_document", lab.dppctl(["run", "site.yml", "--events", "-", "--json"]));
}
