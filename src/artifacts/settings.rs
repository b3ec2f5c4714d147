//! Settings that a version demands, refuses or calls by another name.

use crate::artifacts::{Product, Range, Version};
use crate::source::{Problem, Problems};

/// What became of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its key; `*` at the end stands for any rest.
    pub name: String,
    /// The file it stands in.
    pub file: String,
    /// Versions that do not start without it.
    pub required: Option<Range>,
    /// Versions that do not know it any more.
    pub gone: Option<Range>,
    /// Whether a version that does not know it refuses to start, rather than to heed it.
    pub fatal: bool,
    /// What to write in its place.
    pub instead: String,
    /// What happens, in a few words.
    pub because: String,
}

impl Setting {
    fn names(&self, key: &str) -> bool {
        match self.name.strip_suffix('*') {
            Some(stem) => key.starts_with(stem),
            None => key == self.name,
        }
    }
}

impl Product {
    /// What a version would find wrong with the keys of one of its files.
    pub fn review(&self, version: &Version, file: &str, keys: &[&str]) -> Problems {
        let here: Vec<_> = self.settings.iter().filter(|setting| setting.file == file).collect();
        let lacking = here.iter().filter(|setting| {
            let required = setting.required.as_ref().is_some_and(|range| range.holds(version));
            required && !keys.iter().any(|key| setting.names(key))
        });
        let mut problems: Problems = lacking.map(|setting| self.lacks(version, setting)).collect();
        for key in keys {
            let gone = here
                .iter()
                .find(|setting| setting.names(key) && setting.gone.as_ref().is_some_and(|range| range.holds(version)));
            problems.extend(gone.map(|setting| self.refuses(version, setting, key)));
        }
        problems
    }

    fn lacks(&self, version: &Version, setting: &Setting) -> Problem {
        let message = format!("{} {version} needs `{}` in {}", self.title, setting.name, setting.file);
        Problem::error("DPP0621", message).note(&setting.because)
    }

    fn refuses(&self, version: &Version, setting: &Setting, key: &str) -> Problem {
        let message = format!("{} {version} does not know `{key}` in {}", self.title, setting.file);
        let problem =
            if setting.fatal { Problem::error("DPP0621", message) } else { Problem::warning("DPP0621", message) };
        let problem = if setting.because.is_empty() { problem } else { problem.note(&setting.because) };
        match setting.instead.as_str() {
            "" => problem.help("leave it out"),
            instead => problem.help(format!("write `{instead}` instead")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifacts::Products;
    use crate::source::Severity;

    fn review(product: &str, version: &str, file: &str, keys: &[&str]) -> Vec<(Severity, String)> {
        let products = Products::embedded();
        let product = products.find(product).unwrap();
        let problems = product.review(&Version::parse(version).unwrap(), file, keys);
        problems.into_iter().map(|problem| (problem.severity, problem.message)).collect()
    }

    #[test]
    fn elasticsearch_6_does_not_start_with_the_file_of_5() {
        let keys = ["cluster.name", "network.host"];
        assert_eq!(review("elasticsearch", "5.6.2", "elasticsearch.yml", &keys), []);
        let found = review("elasticsearch", "6.2.1", "elasticsearch.yml", &keys);
        let names: Vec<_> = found.iter().map(|(_, message)| message.as_str()).collect();
        assert_eq!(
            names,
            [
                "Elasticsearch 6.2.1 needs `path.data` in elasticsearch.yml",
                "Elasticsearch 6.2.1 needs `path.logs` in elasticsearch.yml"
            ]
        );
    }

    #[test]
    fn a_setting_that_died_is_named_with_its_heir() {
        let keys = ["path.data", "path.logs", "discovery.zen.ping.unicast.hosts"];
        assert_eq!(review("elasticsearch", "7.17.29", "elasticsearch.yml", &keys), []);
        let found = review("elasticsearch", "8.19.20", "elasticsearch.yml", &keys);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, Severity::Error);
        assert_eq!(review("kibana", "6.8.23", "kibana.yml", &["elasticsearch.url"]), []);
        assert_eq!(review("kibana", "7.17.29", "kibana.yml", &["elasticsearch.url"]).len(), 1);
    }
}
