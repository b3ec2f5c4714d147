//! How the time with nothing to do grows with tasks and with hosts.

use std::fmt::Write as _;

use crate::hosts::{Host, Hosts};
use crate::stopwatch::{Lap, Series, lap};
use crate::table::{Goals, Table, seconds, times};
use crate::workshop::Workshop;

const FEW_TASKS: usize = 100;
const MANY_TASKS: usize = 500;
const FEW_HOSTS: usize = 4;
const MANY_HOSTS: usize = 32;
const ROUNDS: usize = 5;

/// Measures 100 and 500 tasks on one host, and 100 tasks on 4 and 32 hosts.
pub(crate) fn measure(workshop: &Workshop) {
    workshop.report.tell("### More tasks, more hosts");
    for count in [FEW_TASKS, MANY_TASKS] {
        workshop.write(&format!("tasks-{count}.yml"), &playbook(count));
    }
    let hosts = Hosts::boot("grown", MANY_HOSTS);
    workshop.inventory("hosts-grown", hosts.all());
    let series = |count: usize, hosts: &[Host]| {
        converge(workshop, count, hosts);
        let mut series = Series::default();
        for _ in 0..ROUNDS {
            let done = converge(workshop, count, hosts);
            assert!(done.said.contains(" 0 changes made"), "{}", done.said);
            series.add(&done);
        }
        series
    };
    let few = series(FEW_TASKS, &hosts.all()[..1]);
    let many = series(MANY_TASKS, &hosts.all()[..1]);
    let some = series(FEW_TASKS, &hosts.all()[..FEW_HOSTS]);
    let all = series(FEW_TASKS, hosts.all());

    let mut table = Table::new(&["nothing to do", "s", "controller's CPU, s", "memory, MB"]);
    for (what, series) in [
        (format!("{FEW_TASKS} tasks, 1 host"), &few),
        (format!("{MANY_TASKS} tasks, 1 host"), &many),
        (format!("{FEW_TASKS} tasks, {FEW_HOSTS} hosts"), &some),
        (format!("{FEW_TASKS} tasks, {MANY_HOSTS} hosts"), &all),
    ] {
        table.row([what, seconds(series.seconds()), format!("{:.2}", series.cpu()), format!("{:.0}", series.memory())]);
    }
    table.show(&workshop.report);
    let a_task = (many.seconds() - few.seconds()) * 1000.0 / (MANY_TASKS - FEW_TASKS) as f64;
    let a_host = (all.memory() - some.memory()) / (MANY_HOSTS - FEW_HOSTS) as f64;
    workshop
        .report
        .tell(&format!("{MANY_HOSTS} hosts take {} the time of {FEW_HOSTS}.", times(all.seconds() / some.seconds())));
    let mut goals = Goals::new();
    goals.at_most("a task more, ms", a_task, 0.3);
    goals.at_most("32 hosts ÷ 4 hosts", all.seconds() / some.seconds(), 8.0);
    goals.at_most("a host more, MB", a_host, 1.0);
    goals.show(&workshop.report);
}

fn converge(workshop: &Workshop, count: usize, hosts: &[Host]) -> Lap {
    let names: Vec<&str> = hosts.iter().map(|host| host.name.as_str()).collect();
    let playbook = format!("tasks-{count}.yml");
    let arguments = ["run", &playbook, "--inventory", "hosts-grown", "--forks", "32", "--limit", &names.join(",")];
    lap(&mut workshop.dppctl(arguments))
}

/// Tasks of the usual kinds in turn, each on a file of its own.
fn playbook(count: usize) -> String {
    let mut text = String::from("- hosts: lab\n  become: true\n  vars: {size: 512m}\n  tasks:\n");
    text += "    - file: {path: /etc/grown, state: directory, mode: '0755'}\n";
    for number in 1..count {
        let task = match number % 4 {
            0 => format!("file: {{path: /etc/grown/{number}, state: directory, mode: '0755'}}"),
            1 => format!(
                "copy: {{content: \"heap={{{{ size }}}} {number}\\n\", dest: /etc/grown/{number}, mode: '0644'}}"
            ),
            2 => format!(
                "lineinfile: {{path: /etc/grown/{number}, regexp: '^n=', line: n={number}, create: true, mode: '0644'}}"
            ),
            _ => {
                format!("template: {{src: roles/base/templates/pipe.conf.j2, dest: /etc/grown/{number}, mode: '0644'}}")
            }
        };
        let _ = writeln!(text, "    - {task}");
    }
    text
}
