//! What it costs before the first host is spoken to.

use crate::stopwatch::{Series, lap};
use crate::table::{Goals, Table, seconds};
use crate::workshop::Workshop;

const TASKS: usize = 1000;
const ROUNDS: usize = 15;

/// Measures `--version`, and `lint` of a project with a thousand tasks.
pub(crate) fn measure(workshop: &Workshop) {
    workshop.report.tell("### Before the first connection");
    for role in 0..TASKS / 50 {
        let task = |number| {
            format!(
                "- name: settings {number}\n  template: {{src: t.j2, dest: \"{{{{ folder }}}}/{number}\", mode: '0644'}}\n  \
                 when: folder is defined and {number} > 0\n  notify: restart\n"
            )
        };
        let folder = format!("large/roles/r{role}");
        workshop.write(&format!("{folder}/tasks/main.yml"), &(0..50).map(task).collect::<String>());
        workshop.write(
            &format!("{folder}/handlers/main.yml"),
            "- name: restart\n  systemd: {name: cron, state: restarted}\n",
        );
        workshop.write(&format!("{folder}/templates/t.j2"), "folder = {{ folder }}\n");
    }
    let roles: Vec<String> = (0..TASKS / 50).map(|role| format!("r{role}")).collect();
    workshop
        .write("large/site.yml", &format!("- hosts: all\n  vars: {{folder: /etc}}\n  roles: [{}]\n", roles.join(", ")));
    workshop.write("large/hosts", "one\n");

    let (mut version, mut lint) = (Series::default(), Series::default());
    for _ in 0..ROUNDS {
        version.add(&lap(&mut workshop.dppctl(["--version"])));
        lint.add(&lap(&mut workshop.dppctl([
            "lint",
            "--project",
            "large",
            "--inventory",
            "large/hosts",
            "large/site.yml",
        ])));
    }
    let mut table = Table::new(&["before the first connection", "s", "memory, MB"]);
    for (name, series) in [("`dppctl --version`", &version), ("`dppctl lint`, 1000 tasks in 20 roles", &lint)] {
        table.row([name.to_owned(), seconds(series.seconds()), format!("{:.0}", series.memory())]);
    }
    table.show(&workshop.report);
    let mut goals = Goals::new();
    goals.at_most("`--version`, ms", version.seconds() * 1000.0, 5.0);
    goals.at_most("`lint` of 1000 tasks, ms", lint.seconds() * 1000.0, 100.0);
    goals.show(&workshop.report);
}
