//! dpp-relay where all speak TLS: RabbitMQ knows it by its certificate, Kafka by a password and by its certificate,
//! Elasticsearch, behind a front that encrypts for it, by a key. Three queues of two vhosts are read by one relay, while
//! certificates and passwords become others.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::deployed::require;
use crate::lab::{Lab, lab};

const HOST: &str = "all";
/// Virtual host, exchange and queue; the load of each is called after the queue.
const QUEUES: [(&str, &str, &str); 3] =
    [("/log", "logging", "logs"), ("/audit", "auditing", "audit"), ("/audit", "mailing", "mails")];
/// Messages a second for each queue.
const RATE: u64 = 100;
const COUNT: u64 = RATE * 100;
/// What a line of the relay may have had in hands when RabbitMQ, or Kafka, went away.
const WINDOW: u64 = 1_008;
const PATIENCE: Duration = Duration::from_mins(2);

#[test]
fn nothing_is_lost_when_authorities_certificates_and_passwords_become_others_under_load() {
    require("demo");
    require("upgrade");
    let lab = Lab::boot_local("encrypted", &[HOST]);
    let site = Site::prepare(&lab);
    site.refusals_are_named();
    site.every_way_in_is_open();
    site.start_relays();
    site.start_load();
    site.eventually_ready();

    site.sh("site authority; site servers; site password kafka-two-7q; site key es-two-7q; site restart");
    site.eventually_says("relay-in", "waiting for Kafka");
    site.eventually_says("relay-out", "reading is in trouble");
    site.sh(
        "site clients; printf kafka-two-7q >/etc/dpp-relay/kafka-password; printf es-two-7q >/etc/dpp-relay/es-key",
    );
    site.eventually_ready();
    site.load_ends();

    for (_, _, queue) in QUEUES {
        let verdict = site.verdict(queue);
        let wanted = [format!("\"confirmed\":{COUNT}"), "\"lost\":0".to_owned(), "\"out_of_order\":0".to_owned()];
        assert!(wanted.iter().all(|part| verdict.contains(part)), "{queue}: {verdict}");
    }
    site.ledgers_add_up();
    site.eventually("all documents", || {
        let records = site.sh("kafka-get-offsets --bootstrap-server 127.0.0.1:9092 --topic logs_data");
        let records = records.trim().rsplit(':').next().unwrap().to_owned();
        let counted = site.sh("curl -s -XPOST 127.0.0.1:9200/_refresh >/dev/null; curl -s 127.0.0.1:9200/logs/_count");
        if counted.contains(&format!("\"count\":{records},")) { Ok(()) } else { Err(format!("{counted} of {records}")) }
    });
    let log = site.sh("journalctl --no-pager -o cat -u relay-in -u relay-out; \
         for pid in $(pidof dpp-relay); do tr '\\0' ' ' </proc/$pid/cmdline; done");
    assert!(log.contains("run --config /etc/dpp-relay/in.yml"), "{log}");
    for secret in ["kafka-one-7q", "kafka-two-7q", "es-one-7q", "es-two-7q", "PRIVATE KEY"] {
        assert!(!log.contains(secret), "{secret} is in the log or on a command line:\n{log}");
    }
}

/// The host and its products.
struct Site<'a> {
    lab: &'a Lab,
}

impl<'a> Site<'a> {
    fn prepare(lab: &'a Lab) -> Self {
        let built = Path::new(env!("CARGO_BIN_EXE_dppctl"));
        for (programme, from) in [
            ("dpp-relay", built.with_file_name("dpp-relay")),
            ("load", built.with_file_name("examples").join("load")),
            ("front", built.with_file_name("examples").join("front")),
            ("site", Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/encrypted.sh")),
        ] {
            assert!(from.is_file(), "{} is missing: `cargo build --workspace --bins --examples`", from.display());
            lab.lay(HOST, &from, &format!("/usr/local/bin/{programme}"));
        }
        let site = Self { lab };
        let mirror = lab_mirror();
        site.sh(&format!("site install {mirror} {}", lab.address(HOST)));
        site
    }

    fn sh(&self, line: &str) -> String {
        self.lab.on(HOST, line)
    }

    /// `check-config --live` with what is wrong, as an operator would see it.
    fn refusals_are_named(&self) {
        for (change, words) in [
            ("s|/relay.pem|/expired.pem|", "tls.cert_file /etc/dpp-relay/expired.pem expired on 20"),
            ("s|/relay.key|/ca.key|", "tls.key_file /etc/dpp-relay/ca.key is not the key of tls.cert_file"),
            ("s|/relay.key|/absent|", "cannot read tls.key_file /etc/dpp-relay/absent: No such file"),
            ("s|/relay.pem|/foreign.pem|", "does not accept the certificate of tls.cert_file"),
            ("s|/ca.pem|/other.pem|", "nobody who is trusted here"),
            ("s|servers: .*|servers: 127.0.0.1:9095|", "the server's certificate is of another host"),
            ("s|/kafka-password|/wrong|", "invalid credentials with SASL mechanism SCRAM-SHA-512"),
        ] {
            let said = self.check("in", change);
            assert!(said.contains(words) && said.contains("FAILED"), "{change}: {said}");
        }
        for (change, words) in [
            ("s|/other.pem|/other.pem|;s|/ca.pem|/other.pem|", "nobody who is trusted here"),
            ("s|/es-key|/wrong|", "401"),
        ] {
            let said = self.check("out", change);
            assert!(said.contains(words) && said.contains("FAILED"), "{change}: {said}");
        }
    }

    /// What is configured, and every other mechanism to log in by.
    fn every_way_in_is_open(&self) {
        for (relay, change) in [
            ("in", ""),
            ("out", ""),
            ("in", "s|mechanism: EXTERNAL|user: logger, password_file: /etc/dpp-relay/amqp-password|"),
            ("in", "s|SCRAM-SHA-512|SCRAM-SHA-256|"),
            ("in", "s|SCRAM-SHA-512|PLAIN|"),
        ] {
            let said = self.check(relay, change);
            assert!(!said.contains("FAILED") && said.contains("is there"), "{change}: {said}");
        }
    }

    fn check(&self, relay: &str, change: &str) -> String {
        self.sh(&format!(
            "sed '{change}' /etc/dpp-relay/{relay}.yml >/tmp/{relay}.yml; dpp-relay check-config --live --config /tmp/{relay}.yml 2>&1 || true"
        ))
    }

    fn start_relays(&self) {
        for relay in ["in", "out"] {
            let command = format!("/usr/local/bin/dpp-relay run --config /etc/dpp-relay/{relay}.yml");
            self.sh(&format!("systemd-run --quiet --unit=relay-{relay} {command}"));
        }
    }

    fn start_load(&self) {
        for (vhost, exchange, queue) in QUEUES {
            let amqp = format!("amqp://logger:logger_pass@127.0.0.1:5672/{}", vhost.replace('/', "%2f"));
            let command = format!(
                "/usr/local/bin/load publish --amqp {amqp} --exchange {exchange} --run {queue} \
                 --ledger /var/tmp/ledger-{queue} --count {COUNT} --rate {RATE}"
            );
            self.sh(&format!("systemd-run --quiet --unit=load-{queue} --remain-after-exit {command}"));
        }
    }

    fn load_ends(&self) {
        for (_, _, queue) in QUEUES {
            let unit = format!("load-{queue}");
            let state = || self.sh(&format!("systemctl show --value --property=SubState {unit}")).trim().to_owned();
            self.eventually("the end of the load", || if state() == "running" { Err(state()) } else { Ok(()) });
            assert_eq!(state(), "exited", "{}", self.sh(&format!("journalctl --no-pager -u {unit} | tail -20")));
        }
    }

    fn verdict(&self, queue: &str) -> String {
        let bound = WINDOW * 2;
        self.sh(&format!(
            "/usr/local/bin/load verdict --kafka 127.0.0.1:9092 --topic logs_data --run {queue} \
             --ledger /var/tmp/ledger-{queue} --dead /var/tmp/dead-in --wait 60 --max-duplicates {bound}"
        ))
    }

    /// Every queue has a ledger of its own that adds up, and all of them add up to the total, in the very same scrape.
    fn ledgers_add_up(&self) {
        const PARTS: [&str; 5] = ["confirmed_total", "dead_total", "dropped_total", "handed_back_total", "in_flight"];
        let page = self.sh("curl -s http://127.0.0.1:9640/metrics");
        let count = |name: &str| -> u64 {
            let line = page.lines().find_map(|line| line.strip_prefix(&format!("dpp_relay_{name} ")));
            line.unwrap_or_else(|| panic!("no {name} in {page}")).parse().unwrap()
        };
        let host = self.lab.address(HOST);
        let of = |(vhost, _, queue): (&str, &str, &str), part: &str| {
            count(&format!("source_{part}{{source=\"queue {queue} of {host}:5671{vhost}\"}}"))
        };
        for queue in QUEUES {
            assert!(of(queue, "confirmed_total") >= COUNT, "{queue:?}: {page}");
            let sum: u64 = PARTS.into_iter().map(|part| of(queue, part)).sum();
            assert_eq!(of(queue, "received_total"), sum, "{queue:?}: {page}");
        }
        for part in PARTS.into_iter().chain(["received_total"]) {
            assert_eq!(count(part), QUEUES.into_iter().map(|queue| of(queue, part)).sum::<u64>(), "{part}: {page}");
        }
    }

    fn eventually_ready(&self) {
        for relay in ["relay-in", "relay-out"] {
            self.eventually_says(relay, "ready\n");
        }
    }

    fn eventually_says(&self, relay: &str, words: &str) {
        let port = if relay == "relay-in" { 9640 } else { 9641 };
        self.eventually(&format!("{relay} saying {words}"), || {
            let said = self.sh(&format!("curl -s --max-time 5 http://127.0.0.1:{port}/ready || true"));
            if said.starts_with(words) || said.contains(&format!(": {words}")) { Ok(()) } else { Err(said) }
        });
    }

    fn eventually(&self, what: &str, mut look: impl FnMut() -> Result<(), String>) {
        let begun = Instant::now();
        while let Err(instead) = look() {
            let log = || self.sh("journalctl --no-pager -o cat -u relay-in -u relay-out | tail -30");
            assert!(begun.elapsed() < PATIENCE, "never came about: {what}; there is {instead}\n{}", log());
            thread::sleep(Duration::from_millis(300));
        }
    }
}

fn lab_mirror() -> String {
    lab(["mirror", "url"]).trim().to_owned()
}
