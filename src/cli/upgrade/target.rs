//! Which products go to which version: `--version` is the Elastic line's, `--versions` names each.

use crate::pipeline::Stage;
use crate::source::{Problem, nearest};

/// A product that an upgrade knows.
struct Known {
    /// As it is typed, and as its role is called.
    name: &'static str,
    /// As its description in `data/` is called.
    product: &'static str,
    stage: Stage,
    /// The variable that holds its version.
    variable: &'static str,
    /// Whether it has the versions of the Elastic line.
    is_of_line: bool,
}

const KNOWN: &[Known] = &[
    Known::of_line("elasticsearch", Stage::Elasticsearch, "elasticsearch_version"),
    Known::of_line("kibana", Stage::Kibana, "kibana_version"),
    Known {
        name: "kafka",
        product: "confluent-kafka",
        stage: Stage::Kafka,
        variable: "kafka_version",
        is_of_line: false,
    },
    Known::of_line("logstash", Stage::Relay, "logstash_version"),
];

impl Known {
    const fn of_line(name: &'static str, stage: Stage, variable: &'static str) -> Self {
        Self { name, product: name, stage, variable, is_of_line: true }
    }
}

/// A product and the version it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// As it is typed, and as its role is called.
    pub(super) role: &'static str,
    /// As its description in `data/` is called.
    pub(super) product: &'static str,
    /// Whose hosts carry it.
    pub(super) stage: Stage,
    /// The variable of the roles that holds its version.
    pub(super) variable: &'static str,
    /// The version.
    pub(super) version: String,
}

/// What is asked for: a version for all of the line, and versions of single products, which win.
pub(super) fn targets(line: Option<&str>, single: &[(String, String)]) -> Vec<Target> {
    let version = |known: &Known| {
        let own = single.iter().find(|(name, _)| name == known.name).map(|(_, version)| version.as_str());
        own.or(line.filter(|_| known.is_of_line)).map(str::to_owned)
    };
    let target = |known: &Known| {
        let Known { name: role, product, stage, variable, .. } = *known;
        Some(Target { role, product, stage, variable, version: version(known)? })
    };
    KNOWN.iter().filter_map(target).collect()
}

/// `elasticsearch=6.2.1`, of a product that an upgrade knows.
pub(super) fn product_and_version(text: &str) -> Result<(String, String), String> {
    let Some((product, version)) = text.split_once('=').filter(|(_, version)| !version.is_empty()) else {
        return Err("write PRODUCT=VERSION, such as elasticsearch=6.2.1".into());
    };
    let names = || KNOWN.iter().map(|known| known.name);
    if names().any(|name| name == product) {
        return Ok((product.to_owned(), version.to_owned()));
    }
    let near = nearest(product, names()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    Err(format!("upgrade knows {}, and no `{product}`{near}", names().collect::<Vec<_>>().join(", ")))
}

/// Nothing of what is asked for is in the inventory.
pub(super) fn nobody(only: Option<Stage>) -> Problem {
    let products = KNOWN.iter().map(|known| known.name).collect::<Vec<_>>().join(", ");
    match only {
        Some(stage) => Problem::error("DPP0203", format!("the stage {} carries none of these products", stage.name()))
            .note(format!("an upgrade knows {products}")),
        None => Problem::error("DPP0203", "no host carries a product that is to be upgraded")
            .note(format!("an upgrade knows {products}"))
            .help("`dppctl inventory graph` shows groups and hosts"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(line: Option<&str>, single: &[&str]) -> Vec<String> {
        let single: Vec<_> = single.iter().map(|text| product_and_version(text).unwrap()).collect();
        targets(line, &single).into_iter().map(|target| format!("{} {}", target.product, target.version)).collect()
    }

    #[test]
    fn a_version_is_the_lines_and_a_named_product_has_its_own() {
        let line = ["elasticsearch 6.2.1", "kibana 6.2.1", "logstash 6.2.1"];
        assert_eq!(versions(Some("6.2.1"), &[]), line);
        assert_eq!(versions(None, &["elasticsearch=6.8.23"]), ["elasticsearch 6.8.23"]);
        assert_eq!(versions(Some("6.2.1"), &["kibana=6.2.4"])[1], "kibana 6.2.4");
        assert_eq!(versions(None, &["kafka=8.3.1"]), ["confluent-kafka 8.3.1"]);
    }

    #[test]
    fn a_product_that_it_does_not_know_is_refused_with_the_nearest() {
        assert!(product_and_version("elasticsaerch=6.2.1").unwrap_err().ends_with("did you mean `elasticsearch`?"));
        assert!(product_and_version("elasticsearch").unwrap_err().starts_with("write PRODUCT=VERSION"));
    }
}
