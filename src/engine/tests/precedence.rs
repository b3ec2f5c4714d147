//! Ansible's order of variables, level by level: of two levels that name the same variable, the stronger one wins.

use super::stage::Stage;

/// Where a variable can be set, the weakest first.
const LEVELS: &[&str] = &[
    "role defaults",
    "inventory group all",
    "inventory group",
    "group_vars all",
    "group_vars group",
    "inventory host",
    "host_vars host",
    "play vars",
    "vars_files",
    "role vars",
    "block vars",
    "task vars",
    "include_vars",
    "set_fact",
    "role params",
    "include params",
    "extra vars",
];

/// What a role's task prints when `x` is set at these two levels, each to the level's own name.
fn winner(levels: [&str; 2]) -> String {
    let at = |level: &str, text: &str| if levels.contains(&level) { text.to_owned() } else { String::new() };
    let set = |level: &str| at(level, &format!("x: {level}\n"));
    let inventory = format!(
        "[web]\na {}\n[web:vars]\ny=1\n{}[all:vars]\ny=1\n{}",
        at("inventory host", "x='inventory host'"),
        at("inventory group", "x=inventory group\n"),
        at("inventory group all", "x=inventory group all\n")
    );
    let inline = |level: &str| at(level, &format!("x: {level}"));
    let site = format!(
        "- hosts: web\n  gather_facts: false\n  vars: {{{}}}\n  vars_files: [files.yml]\n  roles:\n    - {{role: r, {}}}\n",
        inline("play vars"),
        inline("role params")
    );
    let before: String =
        [at("include_vars", "- include_vars: included.yml\n"), at("set_fact", "- set_fact: {x: set_fact}\n")].concat();
    let tasks = format!("{before}- include_tasks: {{file: show.yml}}\n  vars: {{{}}}\n", inline("include params"));
    let show = format!(
        "- block:\n    - name: show\n      debug: {{msg: '{{{{ x }}}}'}}\n      vars: {{{}}}\n  vars: {{{}}}\n",
        inline("task vars"),
        inline("block vars")
    );
    let stage = Stage::new(&inventory)
        .file("site.yml", &site)
        .file("group_vars/all.yml", &format!("y: 1\n{}", set("group_vars all")))
        .file("group_vars/web.yml", &format!("y: 1\n{}", set("group_vars group")))
        .file("host_vars/a.yml", &format!("y: 1\n{}", set("host_vars host")))
        .file("files.yml", &format!("y: 1\n{}", set("vars_files")))
        .file("roles/r/defaults/main.yml", &format!("y: 1\n{}", set("role defaults")))
        .file("roles/r/vars/main.yml", &format!("y: 1\n{}", set("role vars")))
        .file("roles/r/vars/included.yml", "x: include_vars\n")
        .file("roles/r/tasks/main.yml", &tasks)
        .file("roles/r/tasks/show.yml", &show);
    let stage = if levels.contains(&"extra vars") { stage.extra("x", "extra vars") } else { stage };
    let told = stage.run().told();
    told.last().and_then(|line| line.strip_prefix("a show ok: ")).unwrap_or_else(|| panic!("{told:?}")).to_owned()
}

#[test]
fn of_two_levels_the_stronger_one_wins() {
    let mut wrong = Vec::new();
    for (weak, weaker) in LEVELS.iter().enumerate() {
        for stronger in &LEVELS[weak + 1..] {
            let won = winner([weaker, stronger]);
            if won != *stronger {
                wrong.push(format!("{weaker} < {stronger}, but {won} won"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
