//! Whether versions of several products fit together; said before anything is touched.

use crate::artifacts::{Need, Product, Products, Version};
use crate::source::{Problem, Problems, nearest};

/// What speaks against running these versions together.
pub fn fits(products: &Products, set: &[(&str, &str)]) -> Problems {
    let mut problems = Vec::new();
    let mut members = Vec::new();
    for (name, version) in set {
        match Member::new(products, name, version) {
            Ok(member) => members.push(member),
            Err(problem) => problems.push(problem),
        }
    }
    for member in &members {
        let others = members.iter().filter(|other| other.name != member.name);
        problems.extend(others.flat_map(|other| member.objections(other)));
    }
    problems
}

/// What speaks against upgrading what is installed, as `dpkg-query` tells it, to these versions.
pub fn reachable(products: &Products, set: &[(&str, &str)], installed: &[(&str, &str)]) -> Problems {
    let step = |(name, wanted): &(&str, &str)| {
        let product = products.find(name).ok()?;
        let is_its = |package: &str| product.releases.iter().any(|release| release.package == package);
        let (_, version) = installed.iter().find(|(package, _)| is_its(package))?;
        too_far(product, Version::parse(version.rsplit(':').next()?)?, &Version::parse(wanted)?)
    };
    set.iter().filter_map(step).collect()
}

fn too_far(product: &Product, installed: Version, wanted: &Version) -> Option<Problem> {
    let from = product.upgrades_from(wanted);
    let is_near = Version::parse(from).is_none_or(|from| installed >= from);
    let title = &product.title;
    let problem = || {
        let words = format!("{title} {installed} is installed, and {wanted} can be reached from {from} on");
        Problem::error("DPP0614", words).help(format!("deploy {title} {from} or later first; nothing was touched"))
    };
    (!is_near).then(problem)
}

/// One product of the set.
struct Member<'a> {
    name: &'a str,
    /// What is known of it; nothing of what other products merely need, such as Erlang.
    product: Option<&'a Product>,
    version: Version,
}

impl<'a> Member<'a> {
    fn new(products: &'a Products, name: &'a str, version: &str) -> Result<Self, Problem> {
        let product = products.find(name).ok().map(AsRef::as_ref);
        if product.is_none() && !is_needed(products, name) {
            let known = products.all().flat_map(|product| [product.name.as_str(), product.provides.as_str()]);
            return Err(
                Problem::error("DPP0620", format!("there is no product `{name}`")).did_you_mean(nearest(name, known))
            );
        }
        let version = Version::parse(version)
            .ok_or_else(|| Problem::error("DPP0620", format!("`{version}` is no version of {name}")))?;
        Ok(Self { name, product, version })
    }

    fn title(&self) -> &str {
        self.product.map_or(self.name, |product| product.title.as_str())
    }

    fn provides(&self, what: &str) -> bool {
        self.name == what || self.product.is_some_and(|product| product.provides == what)
    }

    /// What this product has against another one.
    fn objections(&self, other: &Self) -> Problems {
        let Some(product) = self.product else { return Vec::new() };
        let mut problems: Problems = product
            .needs
            .iter()
            .filter(|need| need.versions.holds(&self.version) && other.provides(&need.with))
            .filter_map(|need| self.objection(need, other))
            .collect();
        if other.provides("java") {
            problems.extend(self.java(product, other));
        }
        problems
    }

    fn objection(&self, need: &Need, other: &Self) -> Option<Problem> {
        let out_of_step =
            need.in_step && (self.version.major() != other.version.major() || self.version > other.version);
        if need.range.holds(&other.version) && !out_of_step {
            return (need.in_step && self.version != other.version).then(|| self.behind(other));
        }
        let problem = Problem::error("DPP0620", self.against(other));
        let problem = if need.because.is_empty() { problem } else { problem.note(&need.because) };
        Some(if need.in_step {
            problem.help(format!("use {} {}", self.title(), other.version))
        } else {
            problem.help(format!("use {} {}", other.title(), need.range.as_str()))
        })
    }

    fn behind(&self, other: &Self) -> Problem {
        let (own, others) = (self.title(), other.title());
        Problem::warning("DPP0620", format!("{own} {} is older than {others} {}", self.version, other.version))
            .help(format!("{own} is made for the {others} of its own version"))
    }

    fn java(&self, product: &Product, other: &Self) -> Option<Problem> {
        let window = product.java(&self.version).filter(|java| !java.bundled)?;
        let runs_on = window.runs_on.as_ref().filter(|range| !range.holds(&other.version))?;
        Some(
            Problem::error(
                "DPP0620",
                format!("{} {} does not run on Java {}", self.title(), self.version, other.version),
            )
            .help(format!("install Java {}", runs_on.as_str().replace("||", "or"))),
        )
    }

    fn against(&self, other: &Self) -> String {
        format!("{} {} does not go with {} {}", self.title(), self.version, other.title(), other.version)
    }
}

fn is_needed(products: &Products, name: &str) -> bool {
    name == "java" || products.all().any(|product| product.needs.iter().any(|need| need.with == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(set: &[(&str, &str)]) -> Vec<String> {
        fits(Products::embedded(), set).iter().map(|problem| problem.message.clone()).collect()
    }

    #[test]
    fn the_stacks_that_were_run_fit() {
        let sets: &[&[(&str, &str)]] = &[
            &[
                ("elasticsearch", "5.6.2"),
                ("confluent-kafka", "4.0.2"),
                ("kafka-connect-elasticsearch", "4.0.2"),
                ("logstash", "5.6.2"),
                ("openjdk-8-jre-lab", "8u504-ga-1"),
                ("rabbitmq", "3.10.8"),
            ],
            &[
                ("elasticsearch", "7.17.29"),
                ("kibana", "7.17.29"),
                ("confluent-kafka", "8.3.1"),
                ("kafka-connect-elasticsearch", "15.1.3"),
                ("java", "17.0.12"),
            ],
            &[("elasticsearch", "6.2.1"), ("kafka-connect-elasticsearch", "4.0.2"), ("java", "8")],
        ];
        for set in sets {
            assert_eq!(complaints(set), [] as [&str; 0], "{set:?}");
        }
    }

    #[test]
    fn what_was_seen_to_break_is_refused() {
        let cases: &[(&[(&str, &str)], &str)] = &[
            (
                &[("kafka-connect-elasticsearch", "4.0.2"), ("confluent-kafka", "7.9.2")],
                "Elasticsearch sink connector 4.0.2 does not go with Kafka of Confluent 7.9.2",
            ),
            (
                &[("kafka-connect-elasticsearch", "15.1.3"), ("elasticsearch", "6.8.23")],
                "Elasticsearch sink connector 15.1.3 does not go with Elasticsearch 6.8.23",
            ),
            (&[("elasticsearch", "5.6.2"), ("java", "17")], "Elasticsearch 5.6.2 does not run on Java 17"),
            (&[("confluent-kafka", "8.3.1"), ("java", "8u504")], "Kafka of Confluent 8.3.1 does not run on Java 8u504"),
            (&[("kibana", "6.2.1"), ("elasticsearch", "5.6.2")], "Kibana 6.2.1 does not go with Elasticsearch 5.6.2"),
            (&[("kibana", "5.1.1"), ("elasticsearch", "5.6.2")], "Kibana 5.1.1 is older than Elasticsearch 5.6.2"),
            (&[("rabbitmq", "3.10.8"), ("erlang", "26.2")], "RabbitMQ 3.10.8 does not go with erlang 26.2"),
            (
                &[("logstash", "6.2.1"), ("confluent-kafka", "8.3.1")],
                "Logstash 6.2.1 does not go with Kafka of Confluent 8.3.1",
            ),
            (&[("elasticsaerch", "6.2.1")], "there is no product `elasticsaerch`"),
            (&[("elasticsearch", "latest")], "`latest` is no version of elasticsearch"),
        ];
        for (set, complaint) in cases {
            assert_eq!(complaints(set), [*complaint], "{set:?}");
        }
    }

    #[test]
    fn a_bundled_java_makes_the_hosts_own_one_indifferent() {
        assert_eq!(complaints(&[("elasticsearch", "7.17.29"), ("java", "8")]), [] as [&str; 0]);
    }

    #[test]
    fn what_is_installed_is_not_upgraded_over_a_version_that_reads_its_data() {
        let far = |installed: &[(&str, &str)]| {
            let set = [("elasticsearch", "7.17.29"), ("confluent-kafka", "8.3.1"), ("kibana", "7.17.29")];
            let problems = reachable(Products::embedded(), &set, installed);
            problems.into_iter().map(|problem| problem.message).collect::<Vec<_>>()
        };
        assert_eq!(
            far(&[("elasticsearch", "5.6.2"), ("confluent-kafka-2.11", "4.0.2-1")]),
            [
                "Elasticsearch 5.6.2 is installed, and 7.17.29 can be reached from 6.8 on",
                "Kafka of Confluent 4.0.2-1 is installed, and 8.3.1 can be reached from 7.3 on"
            ]
        );
        assert_eq!(far(&[("elasticsearch", "6.8.23"), ("confluent-kafka", "7.9.2-1")]), [""; 0]);
        assert_eq!(far(&[]), [""; 0]);
    }
}
