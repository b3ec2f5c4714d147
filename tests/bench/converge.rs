//! The main comparison: 47 tasks on one and on four hosts. Every contender must find the hosts as the others left them:
//! whoever changes something in a run that is measured as a run with nothing to do ends the bench.

use std::fs;
use std::process::Command;

use crate::contender::{self, Contender, contenders, inventory_of};
use crate::hosts::{self, Host, Hosts};
use crate::peers::Peers;
use crate::stopwatch::{Lap, Series, lap, median};
use crate::table::{Goals, Table, seconds, times};
use crate::workshop::{Workshop, run};

const HOSTS: usize = 4;

/// All packages of the converge, fetched beforehand: the network is nobody's merit.
const FETCH: &str = "apt-get update -qq && apt-get install -y -qq --download-only busybox jq >/dev/null";
const FETCH_WITH_PYTHON: &str = "apt-get update -qq && apt-get install -y -qq --download-only busybox jq >/dev/null && \
                                 apt-get install -y -qq --no-install-recommends python3 python3-apt >/dev/null";

/// What one contender took.
#[derive(Default)]
struct Times {
    one: Series,
    all: Series,
    sent: Vec<f64>,
}

/// Measures first converge, nothing to do, and one file changed.
pub(crate) fn measure(workshop: &Workshop) {
    workshop.report.tell("### 47 tasks");
    let peers = Peers::install();
    build_package(workshop);
    let (bare, python) = (Hosts::boot("bare", HOSTS), Hosts::boot("python", HOSTS));
    python.on_all(FETCH_WITH_PYTHON);
    let everybody = [bare.all(), python.all()];
    everybody.iter().for_each(|hosts| write_inventories(workshop, hosts));

    let first = first_converges(workshop, &bare);
    lap(&mut contender::dppctl(workshop, python.all()));
    let contenders = contenders(&peers);
    let nothing = nothing_to_do(workshop, &contenders, everybody);
    show_nothing(workshop, &contenders, &nothing);
    let one_file = one_file_changed(workshop, bare.all());
    show_something(workshop, &first, &one_file);
    compare(workshop, &contenders, &nothing, &first, &one_file);
}

fn build_package(workshop: &Workshop) {
    let fields = "Package: pipe-shipper\nVersion: 1.4.2\nArchitecture: all\nMaintainer: bench <bench@example.invalid>\n\
                  Description: a package for the bench\n";
    workshop.write("package/DEBIAN/control", fields);
    let programme = workshop.write("package/usr/bin/pipe-shipper", "#!/bin/sh\nexec sleep infinity\n");
    run(Command::new("chmod").arg("755").arg(programme));
    let built = workshop.path("roles/shipper/files/pipe-shipper_1.4.2_all.deb");
    fs::create_dir_all(built.parent().unwrap()).unwrap();
    run(Command::new("dpkg-deb").args(["--root-owner-group", "--build"]).arg(workshop.path("package")).arg(built));
}

fn write_inventories(workshop: &Workshop, hosts: &[Host]) {
    let name = inventory_of(hosts);
    workshop.inventory(&name, hosts);
    let (key, known) = (hosts::key(), hosts::known_hosts());
    let entry = |host: &Host| {
        format!(
            "    ({:?}, {{\"ssh_hostname\": {:?}, \"inventory_hostname\": {:?}}}),\n",
            host.name, host.address, host.name
        )
    };
    let all: String = hosts.iter().map(entry).collect();
    let common = format!(
        "{{\"ssh_user\": \"ops\", \"ssh_key\": {:?}, \"ssh_known_hosts_file\": {:?}, \"_sudo\": True}}",
        key.display().to_string(),
        known.display().to_string()
    );
    workshop.write(&format!("{name}.py"), &format!("lab = ([\n{all}], {common})\n"));
}

/// dppctl and the script on bare hosts, once each: what they take is what apt and dpkg take.
fn first_converges(workshop: &Workshop, bare: &Hosts) -> (Lap, Lap) {
    bare.on_all(FETCH);
    let dppctl = lap(&mut contender::dppctl(workshop, bare.all()));
    assert!(
        bare.on_all("command -v python3 || echo none").iter().all(|said| said == b"none\n"),
        "a bare host has Python"
    );
    pack(workshop, bare);
    bare.reset();
    bare.on_all(FETCH);
    (dppctl, lap(&mut contender::script(workshop, bare.all())))
}

/// The script's files, as dppctl rendered them: for each host an archive with them and the script.
fn pack(workshop: &Workshop, hosts: &Hosts) {
    let script = fs::read_to_string(workshop.path("converge.sh")).unwrap();
    let puts = script.lines().filter_map(|line| line.strip_prefix("put /")?.split(' ').next());
    let files: Vec<&str> = puts.collect();
    let archives = hosts.on_all(&format!("tar --create --directory / {}", files.join(" ")));
    for (host, archive) in hosts.all().iter().zip(archives) {
        let folder = workshop.path(&format!("payload-{}", host.name));
        fs::create_dir_all(folder.join("files")).unwrap();
        fs::write(folder.join("files.tar"), archive).unwrap();
        run(Command::new("tar").arg("-xf").arg(folder.join("files.tar")).arg("-C").arg(folder.join("files")));
        fs::copy(workshop.path("converge.sh"), folder.join("converge.sh")).unwrap();
        pack_again(workshop, host);
    }
}

fn pack_again(workshop: &Workshop, host: &Host) {
    let folder = workshop.path(&format!("payload-{}", host.name));
    let archive = folder.with_extension("tar.gz");
    run(Command::new("tar").arg("-czf").arg(archive).arg("-C").arg(folder).args(["converge.sh", "files"]));
}

/// Rounds in which everybody takes turns, so that a slow moment of the machine meets all of them.
fn nothing_to_do(workshop: &Workshop, contenders: &[Contender], hosts: [&[Host]; 2]) -> Vec<Times> {
    let mut times: Vec<Times> = contenders.iter().map(|_| Times::default()).collect();
    let rounds = contenders.iter().map(|contender| contender.rounds).max().unwrap_or(0);
    for round in 0..rounds {
        let due = contenders.iter().zip(&mut times).filter(|(contender, _)| round < contender.rounds);
        for (contender, times) in due {
            let hosts = hosts[usize::from(contender.wants_python)];
            times.one.add(&without_change(workshop, contender, &hosts[..1]));
            let before = Hosts::bytes_sent_to(hosts);
            times.all.add(&without_change(workshop, contender, hosts));
            times.sent.push((Hosts::bytes_sent_to(hosts) - before) as f64 / 1000.0);
        }
    }
    times
}

fn without_change(workshop: &Workshop, contender: &Contender, hosts: &[Host]) -> Lap {
    let lap = lap(&mut (contender.start)(workshop, hosts));
    let changes = (contender.changes)(&lap.said);
    assert_eq!(changes, 0, "{} changed something on hosts that are done:\n{}", contender.name, lap.said);
    lap
}

/// Another value in one template, and the restart that follows from it.
fn one_file_changed(workshop: &Workshop, hosts: &[Host]) -> (Series, Series) {
    let (mut dppctl, mut script) = (Series::default(), Series::default());
    for round in 1..=5 {
        let mut command = contender::dppctl(workshop, hosts);
        let done = lap(command.args(["--extra-vars", &format!("shipper_batch={round}")]));
        assert!(done.said.contains(&format!("{} changes made", 2 * hosts.len())), "{}", done.said);
        dppctl.add(&done);
        for host in hosts {
            let file = workshop.path(&format!("payload-{}/files/etc/pipe/shipper.yml", host.name));
            let text = fs::read_to_string(&file).unwrap();
            let lines = text.lines().map(|line| if line.contains("batch:") { "  batch: 1000" } else { line });
            fs::write(&file, lines.collect::<Vec<_>>().join("\n") + "\n").unwrap();
            pack_again(workshop, host);
        }
        let done = lap(&mut contender::script(workshop, hosts));
        assert!(done.said.lines().filter(|line| *line == "changed=2").count() == hosts.len(), "{}", done.said);
        script.add(&done);
    }
    (dppctl, script)
}

fn show_nothing(workshop: &Workshop, contenders: &[Contender], nothing: &[Times]) {
    workshop.report.tell(&format!("Peers: {}.", Peers::versions()));
    let mut table = Table::new(&[
        "nothing to do, 47 tasks",
        "runs",
        "1 host, s (fastest – slowest)",
        "× floor",
        "4 hosts, s (fastest – slowest)",
        "× floor",
        "controller's CPU, s",
        "memory, MB",
        "KB sent",
    ]);
    let floor = &nothing[0];
    for (contender, times) in contenders.iter().zip(nothing) {
        table.row([
            contender.name.to_owned(),
            times.one.count().to_string(),
            spread(&times.one),
            crate::table::times(times.one.seconds() / floor.one.seconds()),
            spread(&times.all),
            crate::table::times(times.all.seconds() / floor.all.seconds()),
            format!("{:.2}", times.all.cpu()),
            format!("{:.0}", times.all.memory()),
            format!("{:.0}", median(&times.sent)),
        ]);
    }
    table.show(&workshop.report);
}

fn show_something(workshop: &Workshop, first: &(Lap, Lap), one_file: &(Series, Series)) {
    let mut table = Table::new(&["4 hosts", "dppctl, s", "one shell script over ssh, s", "ratio"]);
    let (one, other) = (first.0.wall.as_secs_f64(), first.1.wall.as_secs_f64());
    table.row(["first converge, once".into(), seconds(one), seconds(other), times(one / other)]);
    table.row([
        "one file changed".into(),
        spread(&one_file.0),
        spread(&one_file.1),
        times(one_file.0.seconds() / one_file.1.seconds()),
    ]);
    table.show(&workshop.report);
}

fn compare(
    workshop: &Workshop,
    contenders: &[Contender],
    nothing: &[Times],
    first: &(Lap, Lap),
    one_file: &(Series, Series),
) {
    let mut goals = Goals::new();
    let (floor, dppctl) = (&nothing[0], &nothing[1]);
    let peers = || contenders.iter().zip(nothing).skip(3);
    let best = |of: fn(&Times) -> &Series| peers().map(|(_, times)| of(times).seconds()).fold(f64::INFINITY, f64::min);
    goals.at_most("nothing to do, 1 host ÷ connecting", dppctl.one.seconds() / floor.one.seconds(), 2.0);
    goals.at_most("nothing to do, 4 hosts ÷ connecting", dppctl.all.seconds() / floor.all.seconds(), 2.0);
    goals.at_least("best peer ÷ dppctl, 1 host", best(|times| &times.one) / dppctl.one.seconds(), 20.0);
    goals.at_least("best peer ÷ dppctl, 4 hosts", best(|times| &times.all) / dppctl.all.seconds(), 20.0);
    goals.at_most("one file changed ÷ script", one_file.0.seconds() / one_file.1.seconds(), 1.2);
    goals.at_most("first converge ÷ script", first.0.wall.as_secs_f64() / first.1.wall.as_secs_f64(), 1.2);
    goals.at_most("controller's CPU, 4 hosts, s", dppctl.all.cpu(), 0.15);
    goals.at_most("controller's memory, 4 hosts, MB", dppctl.all.memory(), 32.0);
    goals.at_most("KB sent to 4 hosts", median(&dppctl.sent), 60.0);
    goals.show(&workshop.report);
}

fn spread(series: &Series) -> String {
    let (fastest, slowest) = series.spread();
    format!("{} ({} – {})", seconds(series.seconds()), seconds(fastest), seconds(slowest))
}
