//! The rounds in which hosts are asked, all at once in each, over sessions that stay open: what a round says is put into
//! each host's health.

use dpp_protocol::Answer;
use serde_json::{Value as Json, json};

use crate::cli::doctor::Aspect;
use crate::cli::doctor::disks::{self, PATHS};
use crate::cli::doctor::health::{Clock, Health};
use crate::cli::doctor::ports::{Purposes, listeners};
use crate::engine::{By, Errand, Errands};
use crate::event::now;

/// One look at some hosts.
pub(super) struct Examination<'a> {
    pub(super) errands: &'a mut Errands,
    pub(super) hosts: &'a [String],
    pub(super) aspects: &'a [Aspect],
    pub(super) purposes: &'a Purposes,
}

impl Examination<'_> {
    /// Asks, and puts together what was answered.
    pub(super) fn healths(mut self) -> Vec<Health> {
        let mut healths = self.first();
        if self.wants(&[Aspect::Disk]) {
            self.disks(&mut healths);
        }
        if self.wants(&[Aspect::Clock]) {
            self.clocks(&mut healths);
        }
        if self.wants(&[Aspect::Sudo, Aspect::Ports]) {
            self.sockets(&mut healths);
        }
        healths
    }

    fn wants(&self, some: &[Aspect]) -> bool {
        some.iter().any(|aspect| self.aspects.contains(aspect))
    }

    /// The round that finds out who is there.
    fn first(&mut self) -> Vec<Health> {
        let facts = self.wants(&[Aspect::System, Aspect::Memory]);
        let module = if facts { "setup" } else { "ping" };
        let answers = self.ask(self.hosts.to_vec(), By::Login, module, &json!({}));
        let mut healths = Vec::new();
        for (host, answer) in self.hosts.iter().zip(answers) {
            let mut health = Health::of(host, &answer);
            if let (true, Ok(outcome)) = (facts, &answer) {
                health.facts(outcome.result.get("ansible_facts").unwrap_or(&Json::Null), self.aspects);
            }
            healths.push(health);
        }
        healths
    }

    fn disks(&mut self, healths: &mut [Health]) {
        let argv: Vec<&str> = ["df", "-B1", "--output=target,avail,iavail,itotal"].into_iter().chain(PATHS).collect();
        for (health, answer) in self.each(healths, By::Login, "command", &json!({"argv": argv})) {
            let printed = answer.ok().and_then(|outcome| outcome.result.get("stdout")?.as_str().map(str::to_owned));
            health.disks(disks::parse(&printed.unwrap_or_default()));
        }
    }

    fn clocks(&mut self, healths: &mut [Health]) {
        let begun = now();
        let params = json!({"gather_subset": ["!all", "!min", "date_time"]});
        let answers = self.each(healths, By::Login, "setup", &params);
        let clock = Clock { begun, ended: now() };
        answers.into_iter().for_each(|(health, answer)| health.clock(&clock, &answer));
    }

    /// Root's view; where root cannot be become, the login user's, who does not see whose the sockets are.
    fn sockets(&mut self, healths: &mut [Health]) {
        let (ports, sudo) = (self.wants(&[Aspect::Ports]), self.wants(&[Aspect::Sudo]));
        let purposes = self.purposes;
        let mut rootless = Vec::new();
        for (health, answer) in self.each(healths, By::Root, "listen_ports_facts", &json!({})) {
            match answer {
                Ok(outcome) => {
                    health.root();
                    if ports {
                        health.ports(listeners(&outcome.result), purposes);
                    }
                }
                Err(failure) => {
                    if sudo {
                        health.no_root(&failure);
                    }
                    rootless.push(health);
                }
            }
        }
        if !ports || rootless.is_empty() {
            return;
        }
        let hosts = rootless.iter().map(|health| health.host().to_owned()).collect();
        let answers = self.ask(hosts, By::Login, "listen_ports_facts", &json!({}));
        for (health, answer) in rootless.into_iter().zip(answers) {
            if let Ok(outcome) = answer {
                health.ports(listeners(&outcome.result), purposes);
            }
        }
    }

    /// Asks the hosts that were reached.
    fn each<'h>(
        &mut self,
        healths: &'h mut [Health],
        by: By,
        module: &'static str,
        params: &Json,
    ) -> Vec<(&'h mut Health, Answer)> {
        let reached: Vec<&mut Health> = healths.iter_mut().filter(|health| health.is_reached()).collect();
        let hosts = reached.iter().map(|health| health.host().to_owned()).collect();
        let answers = self.ask(hosts, by, module, params);
        reached.into_iter().zip(answers).collect()
    }

    fn ask(&mut self, hosts: Vec<String>, by: By, module: &'static str, params: &Json) -> Vec<Answer> {
        let errands: Vec<Errand> =
            hosts.iter().map(|host| Errand { by, ..Errand::new(host, module, params.clone()) }).collect();
        self.errands.run(&errands, &mut |_, _, _| {})
    }
}
