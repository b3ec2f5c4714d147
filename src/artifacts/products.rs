//! All products that are known: those the binary carries, and a project's own in their place.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use crate::artifacts::{Product, reader};
use crate::source::{Problem, Problems, Source, nearest};

/// The files of `data/`, in the binary.
const FILES: &[(&str, &str)] = &[
    ("data/confluent-kafka.yml", include_str!("../../data/confluent-kafka.yml")),
    ("data/dpp-relay.yml", include_str!("../../data/dpp-relay.yml")),
    ("data/dpp-webapp.yml", include_str!("../../data/dpp-webapp.yml")),
    ("data/elasticsearch.yml", include_str!("../../data/elasticsearch.yml")),
    ("data/kafka-connect-elasticsearch.yml", include_str!("../../data/kafka-connect-elasticsearch.yml")),
    ("data/kibana.yml", include_str!("../../data/kibana.yml")),
    ("data/logstash.yml", include_str!("../../data/logstash.yml")),
    ("data/openjdk-8-jre-lab.yml", include_str!("../../data/openjdk-8-jre-lab.yml")),
    ("data/openjdk.yml", include_str!("../../data/openjdk.yml")),
    ("data/rabbitmq.yml", include_str!("../../data/rabbitmq.yml")),
];

/// Products by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Products {
    by_name: BTreeMap<String, Arc<Product>>,
}

impl Products {
    /// Those of the binary. Its files are checked by a test, so that none can be missing here.
    pub fn embedded() -> &'static Self {
        static EMBEDDED: OnceLock<Products> = OnceLock::new();
        EMBEDDED.get_or_init(|| {
            let sources = FILES.iter().map(|(name, text)| Source::new(*name, *text));
            let products = sources.filter_map(|source| reader::read(&source).ok());
            Self { by_name: products.map(|product| (product.name.clone(), Arc::new(product))).collect() }
        })
    }

    /// These, and those of a project's `data` folder in the place of the ones with the same name.
    pub fn with_folder(mut self, folder: &Path) -> Result<Self, Problems> {
        let Ok(entries) = std::fs::read_dir(folder) else { return Ok(self) };
        let mut files: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "yml" || extension == "yaml"));
        files.sort();
        let mut problems = Vec::new();
        for file in files {
            match read(&file) {
                Ok(product) => drop(self.by_name.insert(product.name.clone(), Arc::new(product))),
                Err(more) => problems.extend(more),
            }
        }
        if problems.is_empty() { Ok(self) } else { Err(problems) }
    }

    /// Puts a product in the place of the one with its name.
    #[must_use]
    pub fn with(mut self, product: Product) -> Self {
        self.by_name.insert(product.name.clone(), Arc::new(product));
        self
    }

    /// The product of this name.
    pub fn find(&self, name: &str) -> Result<&Arc<Product>, Problem> {
        self.by_name.get(name).ok_or_else(|| {
            Problem::error("DPP0602", format!("there is no product `{name}`"))
                .note(format!("known products: {}", self.names().collect::<Vec<_>>().join(", ")))
                .did_you_mean(nearest(name, self.names()))
        })
    }

    /// All of them, by name.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Product>> {
        self.by_name.values()
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }
}

fn read(path: &Path) -> Result<Product, Problems> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| vec![Problem::error("DPP0106", format!("cannot read {}: {error}", path.display()))])?;
    reader::read(&Source::new(path.display().to_string(), text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::artifacts::{Kind, Location, Origin, Version};

    fn origins() -> [Origin; 3] {
        [Origin::Upstream, Origin::Mirror("http://m/downloads".into()), Origin::Folder("/srv".into())]
    }

    #[test]
    fn every_embedded_file_is_read_without_a_mistake() {
        for (name, text) in FILES {
            let product = reader::read(&Source::new(*name, *text)).unwrap();
            assert_eq!(format!("data/{}.yml", product.name), *name);
        }
        assert_eq!(Products::embedded().all().count(), FILES.len());
    }

    #[test]
    fn every_file_of_the_folder_is_embedded() {
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/data")).unwrap();
        let mut there: Vec<_> = folder.map(|entry| format!("data/{}", entry.unwrap().file_name().display())).collect();
        there.sort();
        assert_eq!(there, FILES.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>());
    }

    #[test]
    fn files_are_named_as_their_makers_name_them() {
        let cases = [
            ("elasticsearch", "5.6.2", "https://artifacts.elastic.co/downloads/elasticsearch/elasticsearch-5.6.2.deb"),
            (
                "elasticsearch",
                "7.17.29",
                "https://artifacts.elastic.co/downloads/elasticsearch/elasticsearch-7.17.29-amd64.deb",
            ),
            ("kibana", "5.1.1", "https://artifacts.elastic.co/downloads/kibana/kibana-5.1.1-amd64.deb"),
            ("logstash", "6.2.1", "https://artifacts.elastic.co/downloads/logstash/logstash-6.2.1.deb"),
            (
                "confluent-kafka",
                "4.0.2",
                "https://packages.confluent.io/deb/4.0/pool/main/c/confluent-kafka/confluent-kafka-2.11_4.0.2-1_all.deb",
            ),
            (
                "kafka-connect-elasticsearch",
                "15.1.1",
                "https://hub-downloads.confluent.io/api/plugins/confluentinc/kafka-connect-elasticsearch/versions/15.1.1/\
                 confluentinc-kafka-connect-elasticsearch-15.1.1.zip",
            ),
        ];
        for (product, version, url) in cases {
            let product = Products::embedded().find(product).unwrap();
            let artifact = product.artifact(version, "x86_64", &[Origin::Upstream]).unwrap();
            assert_eq!(artifact.locations, [Location::Url(url.into())]);
        }
    }

    #[test]
    fn a_mirror_is_asked_under_upstreams_path_the_package_and_the_product() {
        let product = Products::embedded().find("confluent-kafka").unwrap();
        let artifact = product.artifact("7.9.2", "amd64", &[Origin::Mirror("http://m".into())]).unwrap();
        let urls: Vec<_> = artifact.locations.iter().map(ToString::to_string).collect();
        let expected = [
            "http://m/pool/main/c/confluent-kafka/confluent-kafka_7.9.2-1_all.deb",
            "http://m/confluent-kafka/confluent-kafka_7.9.2-1_all.deb",
            "http://m/confluent-kafka_7.9.2-1_all.deb",
        ];
        assert_eq!(urls, expected);
        assert_eq!((artifact.package_version.as_str(), artifact.architecture.as_str()), ("7.9.2-1", "all"));
    }

    #[test]
    fn what_is_no_file_says_what_to_do_instead() {
        let find = |name| Products::embedded().find(name).unwrap();
        let failure = find("rabbitmq").artifact("3.10.8", "amd64", &origins()).unwrap_err().failure();
        assert_eq!(failure.help.as_deref(), Some("install `rabbitmq-server` with `apt`"));
        let failure = find("openjdk").artifact("17", "amd64", &origins()).unwrap_err().failure();
        assert_eq!(failure.help.as_deref(), Some("install `openjdk-17-jre-headless` with `apt`"));
        let error = find("openjdk-8-jre-lab").artifact("8u504-ga-1", "aarch64", &origins()).unwrap_err();
        assert_eq!(error.to_string(), "Java 8u504-ga-1 is not made for aarch64");
        assert!(find("elasticsearch").artifact("latest", "amd64", &origins()).is_err());
        let problem = Products::embedded().find("kibanna").unwrap_err();
        assert_eq!(problem.help.as_deref(), Some("did you mean `kibana`?"));
    }

    #[test]
    fn a_projects_own_file_takes_the_place_of_the_embedded_one() {
        let folder = tempfile::tempdir().unwrap();
        let text =
            "product: kibana\nversions: [1.0]\nreleases:\n  - {versions: \"*\", kind: deb, file: k.deb, package: k}\n";
        std::fs::write(folder.path().join("kibana.yml"), text).unwrap();
        std::fs::write(folder.path().join("notes.txt"), "no product").unwrap();
        let products = Products::embedded().clone().with_folder(folder.path()).unwrap();
        assert_eq!(products.find("kibana").unwrap().versions.len(), 1);
        assert!(products.find("logstash").is_ok());
        std::fs::write(folder.path().join("broken.yml"), "product: [").unwrap();
        assert!(Products::embedded().clone().with_folder(folder.path()).is_err());
    }

    #[test]
    fn every_known_version_resolves() {
        for product in Products::embedded().all() {
            for version in &product.versions {
                resolves(product, version.as_str());
            }
        }
    }

    /// Names of the file without a place that was not filled, wherever it may lie.
    fn resolves(product: &Product, version: &str) {
        let Some(release) = product.release(&Version::parse(version).unwrap()) else { return };
        if release.kind == Kind::Repository {
            assert!(!release.package_name(&Version::parse(version).unwrap()).contains('{'));
            return;
        }
        let artifact = product.artifact(version, "x86_64", &origins()).unwrap();
        assert!(artifact.locations.len() > 1, "{artifact:?}");
        let names = [artifact.file.clone(), artifact.package.clone(), artifact.package_version.clone()];
        for text in names.into_iter().chain(artifact.locations.iter().map(ToString::to_string)) {
            assert!(!text.contains(['{', '}']) && !text.is_empty(), "{text}");
        }
        assert!(artifact.file.contains(version), "{}", artifact.file);
    }

    proptest! {
        #[test]
        fn every_version_that_a_product_holds_resolves(
            version in r"[1-9][0-9]?(\.[0-9]{1,2}){0,3}(-rc1|u404|-1)?",
            at in 0..FILES.len(),
        ) {
            if let Some(product) = Products::embedded().all().nth(at) {
                resolves(product, &version);
            }
        }
    }
}
