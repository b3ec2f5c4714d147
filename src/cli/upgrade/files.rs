//! What a host's own files say against the version that comes: settings that died or are wanted, and what somebody wrote
//! there by hand and nowhere else.

use serde_json::Value as Json;

use crate::artifacts::{Product, Version};
use crate::pipeline::Finding;
use crate::source::{Severity, Source};
use crate::yaml;

/// Settings with which a node that is told otherwise would come up without its documents, or in another cluster.
const ITS_OWN: [&str; 2] = ["path.data", "cluster.name"];

/// A file as it is on the host, and as it will be.
pub(super) struct Files<'a> {
    pub(super) product: &'a Product,
    pub(super) version: &'a Version,
    pub(super) host: &'a str,
}

impl Files<'_> {
    /// The product's YAML file, which is written anew: as it is on the host (empty when it has none), as the inventory
    /// makes it for the installed version, and as it makes it for the one that comes.
    pub(super) fn written_anew(&self, name: &str, found: &str, was: &str, comes: &str) -> Vec<Finding> {
        let (found, comes) = match (settings(found), settings(comes)) {
            (Ok(found), Ok(comes)) => (found, comes),
            (Err(words), _) => return vec![self.unreadable(name, "the host's", &words)],
            (_, Err(words)) => return vec![self.unreadable(name, "the new", &words)],
        };
        let was = settings(was).unwrap_or_default();
        let mut findings = self.refused(name, &comes);
        findings.extend(self.mended(name, &keys(&found)));
        findings.extend(self.moved(name, &found, &comes));
        let known: Vec<&str> = keys(&was).into_iter().chain(keys(&comes)).collect();
        findings.extend(self.lost(name, &found, &known));
        findings
    }

    /// A file that is kept, with the lines mended that the version cannot do with.
    pub(super) fn kept(&self, name: &str, found: &[&str]) -> Vec<Finding> {
        self.mended(name, found)
    }

    /// What the file that comes has against the version: the project's own mistake.
    fn refused(&self, name: &str, comes: &[(String, String)]) -> Vec<Finding> {
        let problems = self.product.review(self.version, name, &keys(comes));
        let wrong = problems.into_iter().filter(|problem| problem.severity == Severity::Error);
        wrong
            .map(|problem| {
                let words: Vec<String> = problem.notes.iter().cloned().chain(problem.help).collect();
                Finding::fail("settings", problem.code, problem.message).on([self.host]).help(words.join("; "))
            })
            .collect()
    }

    fn mended(&self, name: &str, found: &[&str]) -> Vec<Finding> {
        let problems = self.product.review(self.version, name, found);
        problems
            .into_iter()
            .map(|problem| Finding::warn("settings", format!("{}: will be mended", problem.message)).on([self.host]))
            .collect()
    }

    fn moved(&self, name: &str, found: &[(String, String)], comes: &[(String, String)]) -> Vec<Finding> {
        let of = |settings: &[(String, String)], key: &str| {
            settings.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone())
        };
        let pairs = ITS_OWN.iter().filter_map(|key| Some((key, of(found, key)?, of(comes, key)?)));
        pairs
            .filter(|(_, before, after)| before != after)
            .map(|(key, before, after)| {
                let words = format!("{key} is {before} in {name} and would become {after}");
                Finding::fail("settings", "DPP0903", words)
                    .on([self.host])
                    .help(format!("write `{key}: {before}` into elasticsearch_settings of the inventory"))
            })
            .collect()
    }

    fn lost(&self, name: &str, found: &[(String, String)], known: &[&str]) -> Option<Finding> {
        let dead = self.product.review(self.version, name, &keys(found));
        let is_dead = |key: &str| dead.iter().any(|problem| problem.message.contains(&format!("`{key}`")));
        let lost: Vec<&str> = keys(found).into_iter().filter(|key| !known.contains(key) && !is_dead(key)).collect();
        let words = format!("{} in {name} is unknown to the inventory and will be gone", lost.join(", "));
        let help = format!("what is to stay belongs into {}_settings", self.product.name);
        (!lost.is_empty()).then(|| Finding::warn("settings", words).on([self.host]).help(help))
    }

    fn unreadable(&self, name: &str, whose: &str, words: &str) -> Finding {
        Finding::warn("settings", format!("{whose} {name} cannot be looked at: {words}")).on([self.host])
    }
}

fn keys(settings: &[(String, String)]) -> Vec<&str> {
    settings.iter().map(|(key, _)| key.as_str()).collect()
}

/// Settings with dots, however they were nested.
fn settings(text: &str) -> Result<Vec<(String, String)>, String> {
    let documents = yaml::parse(&Source::new("settings", text.to_owned()));
    let documents = documents.map_err(|problems| problems.first().map(ToString::to_string).unwrap_or_default())?;
    let mut found = Vec::new();
    for document in &documents {
        flatten("", &Json::from(&document.to_value()), &mut found);
    }
    Ok(found)
}

fn flatten(prefix: &str, value: &Json, found: &mut Vec<(String, String)>) {
    match value {
        Json::Object(entries) => {
            for (key, value) in entries {
                let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                flatten(&name, value, found);
            }
        }
        Json::Null => {}
        Json::String(text) => found.push((prefix.to_owned(), text.clone())),
        other => found.push((prefix.to_owned(), other.to_string())),
    }
}

/// Names of a shell fragment: `CONF_DIR=/etc/elasticsearch`.
pub(super) fn assigned(text: &str) -> Vec<&str> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('=').map(|(name, _)| name.trim())).collect()
}

/// Options of `jvm.options`, without those of other Javas.
pub(super) fn options(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| line.starts_with('-')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifacts::Products;
    use crate::pipeline::Mark;

    fn told(found: &str, comes: &str, version: &str) -> Vec<(Mark, String)> {
        let product = Products::embedded().find("elasticsearch").unwrap();
        let version = Version::parse(version).unwrap();
        let files = Files { product, version: &version, host: "es1" };
        let findings = files.written_anew("elasticsearch.yml", found, WAS, comes);
        findings.into_iter().map(|finding| (finding.mark, finding.words)).collect()
    }

    const WAS: &str = "discovery.zen.minimum_master_nodes: 2\n";
    const COMES: &str = "cluster.name: dpp\npath.data: /var/lib/elasticsearch\npath.logs: /var/log/elasticsearch\n";

    #[test]
    fn what_a_version_wants_is_said_to_be_mended_when_the_new_file_has_it() {
        let told = told("cluster: {name: dpp}\n", COMES, "6.2.1");
        assert_eq!(
            told,
            [
                (Mark::Warn, "Elasticsearch 6.2.1 needs `path.data` in elasticsearch.yml: will be mended".to_owned()),
                (Mark::Warn, "Elasticsearch 6.2.1 needs `path.logs` in elasticsearch.yml: will be mended".to_owned()),
            ]
        );
    }

    #[test]
    fn a_node_is_not_taken_from_its_documents() {
        let told = told(&COMES.replace("/var/lib/", "/data/"), COMES, "6.2.1");
        let words = "path.data is /data/elasticsearch in elasticsearch.yml and would become /var/lib/elasticsearch";
        assert_eq!(told, [(Mark::Fail, words.to_owned())]);
    }

    #[test]
    fn what_was_written_by_hand_alone_and_what_the_inventory_has_wrong_is_named() {
        let by_hand = told(&format!("{COMES}{WAS}http.compression: true\n"), COMES, "7.17.29");
        let words = "http.compression in elasticsearch.yml is unknown to the inventory and will be gone";
        assert_eq!(by_hand, [(Mark::Warn, words.to_owned())]);
        let wrong = told(COMES, &format!("{COMES}discovery.zen.ping_timeout: 3s\n"), "8.19.20");
        assert_eq!(wrong[0].0, Mark::Fail, "{wrong:?}");
    }

    #[test]
    fn fragments_and_options_are_read_without_comments() {
        assert_eq!(assigned("#A=1\nCONF_DIR=/etc/x\n\n"), ["CONF_DIR"]);
        assert_eq!(options("# c\n-Xms1g\n8-13:-XX:+UseConcMarkSweepGC\n"), ["-Xms1g"]);
    }
}
