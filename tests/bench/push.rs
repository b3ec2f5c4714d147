//! Bringing a large file to a host: what a versioned package is. Bytes that cannot be packed, as a package's cannot.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::process::Command;

use crate::hosts::{self, Hosts};
use crate::stopwatch::{Series, lap};
use crate::table::{Goals, Table, seconds, times};
use crate::workshop::Workshop;

const SIZE: u64 = 200 << 20;
const ROUNDS: usize = 5;

/// Measures `copy` of 200 MiB beside scp of the same.
pub(crate) fn measure(workshop: &Workshop) {
    workshop.report.tell("### A large file");
    let file = workshop.path("payload");
    let mut random = File::open("/dev/urandom").unwrap().take(SIZE);
    io::copy(&mut random, &mut File::create(&file).unwrap()).unwrap();
    workshop.write(
        "push.yml",
        "- hosts: lab\n  gather_facts: false\n  tasks:\n    - copy: {src: payload, dest: /var/tmp/payload, mode: '0644'}\n",
    );
    let hosts = Hosts::boot("push", 1);
    workshop.inventory("hosts-push", hosts.all());
    let (mut dppctl, mut scp) = (Series::default(), Series::default());
    for _ in 0..ROUNDS {
        for (series, command) in [
            (&mut dppctl, workshop.dppctl(["run", "push.yml", "--inventory", "hosts-push"])),
            (&mut scp, copy(workshop, &file, &hosts)),
        ] {
            hosts.on_all("rm -f /var/tmp/payload; sync");
            let mut command = command;
            series.add(&lap(&mut command));
        }
    }
    let rate = |series: &Series| (SIZE >> 20) as f64 / series.seconds();
    let mut table = Table::new(&["200 MiB to a host", "s", "MiB/s", "controller's CPU, s"]);
    for (name, series) in [("dppctl `copy`, hashed at both ends", &dppctl), ("scp", &scp)] {
        table.row([
            name.to_owned(),
            seconds(series.seconds()),
            format!("{:.0}", rate(series)),
            format!("{:.2}", series.cpu()),
        ]);
    }
    table.show(&workshop.report);
    workshop.report.tell(&format!("`copy` carries {} what scp carries.", times(rate(&dppctl) / rate(&scp))));
    let mut goals = Goals::new();
    goals.at_least("rate ÷ scp's", rate(&dppctl) / rate(&scp), 1.0);
    goals.show(&workshop.report);
}

fn copy(workshop: &Workshop, file: &Path, hosts: &Hosts) -> Command {
    let mut command = workshop.command(Path::new("/usr/bin/scp"));
    let known = format!("UserKnownHostsFile={}", hosts::known_hosts().display());
    command.args(["-q", "-o", &known, "-i"]).arg(hosts::key()).arg(file);
    command.arg(format!("ops@{}:/var/tmp/payload", hosts.all()[0].address));
    command
}
