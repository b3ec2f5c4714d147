//! Reads a product's file, and points at every mistake in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::artifacts::pattern::{PLACES, fill};
use crate::artifacts::{Java, Kind, Need, Product, Range, Release, Setting, Upgrade, Version};
use crate::source::{Problem, Problems, Source, nearest};
use crate::yaml::{self, Data, Key, Node};

/// Reads a product from the text of its file.
pub(super) fn read(source: &Arc<Source>) -> Result<Product, Problems> {
    let documents = yaml::parse(source)?;
    let [node] = documents.as_slice() else {
        return Err(vec![Problem::error("DPP0105", format!("{} describes no product", source.name()))]);
    };
    let mut reader = Reader::default();
    let product = reader.product(node);
    if reader.problems.is_empty() { Ok(product) } else { Err(reader.problems) }
}

#[derive(Default)]
struct Reader {
    problems: Problems,
}

impl Reader {
    fn product(&mut self, node: &Node) -> Product {
        const KEYS: &[&str] = &[
            "product",
            "title",
            "provides",
            "versions",
            "releases",
            "units",
            "user",
            "group",
            "paths",
            "ports",
            "java",
            "upgrades",
            "no_return",
            "needs",
            "settings",
        ];
        self.keys(node, "product", KEYS);
        let name = self.demand(node, "product");
        let product = Product {
            title: text(node, "title").unwrap_or_else(|| name.clone()),
            provides: text(node, "provides").unwrap_or_else(|| name.clone()),
            versions: self.versions(node),
            releases: self.each(node, "releases", Self::release),
            units: self.texts_by_name(node, "units"),
            user: text(node, "user").unwrap_or_default(),
            group: text(node, "group").unwrap_or_default(),
            paths: self.texts_by_name(node, "paths"),
            ports: self.ports(node),
            java: self.each(node, "java", Self::java),
            upgrades: self.each(node, "upgrades", Self::upgrade),
            no_return: text(node, "no_return").unwrap_or_default(),
            needs: self.each(node, "needs", Self::need),
            settings: self.each(node, "settings", Self::setting),
            name,
        };
        self.holes(node, &product);
        product
    }

    fn release(&mut self, node: &Node) -> Release {
        const KEYS: &[&str] = &[
            "versions",
            "kind",
            "upstream",
            "path",
            "file",
            "architectures",
            "checksums",
            "package",
            "package_version",
            "repository",
            "key",
            "class",
        ];
        self.keys(node, "release", KEYS);
        let kind = self.kind(node);
        let of_a_file = if kind == Kind::Repository { Self::pattern } else { Self::demand_pattern };
        let file = of_a_file(self, node, "file");
        Release {
            versions: self.range(node, "versions"),
            kind,
            upstream: self.pattern(node, "upstream"),
            path: get(node, "path").map_or_else(|| "{file}".to_owned(), |_| self.pattern(node, "path")),
            file,
            architectures: self.texts(node, "architectures"),
            checksums: self.checksums(node),
            package: if kind == Kind::Deb {
                self.demand_pattern(node, "package")
            } else {
                self.pattern(node, "package")
            },
            package_version: match get(node, "package_version") {
                Some(_) => self.pattern(node, "package_version"),
                None => "{version}".to_owned(),
            },
            repository: text(node, "repository").unwrap_or_default(),
            key: text(node, "key").unwrap_or_default(),
            class: text(node, "class").unwrap_or_default(),
        }
    }

    fn java(&mut self, node: &Node) -> Java {
        self.keys(node, "Java window", &["versions", "runs_on", "bundled"]);
        Java {
            versions: self.range(node, "versions"),
            runs_on: self.range_if_any(node, "runs_on"),
            bundled: self.yes(node, "bundled"),
        }
    }

    fn upgrade(&mut self, node: &Node) -> Upgrade {
        self.keys(node, "upgrade", &["versions", "from"]);
        Upgrade { versions: self.range(node, "versions"), from: self.demand(node, "from") }
    }

    fn need(&mut self, node: &Node) -> Need {
        self.keys(node, "need", &["versions", "with", "range", "in_step", "because"]);
        Need {
            versions: self.range(node, "versions"),
            with: self.demand(node, "with"),
            range: self.range_if_any(node, "range").unwrap_or_else(Range::any),
            in_step: self.yes(node, "in_step"),
            because: text(node, "because").unwrap_or_default(),
        }
    }

    fn setting(&mut self, node: &Node) -> Setting {
        self.keys(node, "setting", &["name", "file", "required", "gone", "fatal", "instead", "because"]);
        Setting {
            name: self.demand(node, "name"),
            file: self.demand(node, "file"),
            required: self.range_if_any(node, "required"),
            gone: self.range_if_any(node, "gone"),
            fatal: self.yes(node, "fatal"),
            instead: text(node, "instead").unwrap_or_default(),
            because: text(node, "because").unwrap_or_default(),
        }
    }

    /// A known version that nothing is said of is a hole in the file.
    fn holes(&mut self, node: &Node, product: &Product) {
        let hole = product.versions.iter().find(|version| product.release(version).is_none());
        if let (Some(version), Some(list)) = (hole, node.get("versions")) {
            let message = format!("no release holds version {version} of {}", product.name);
            self.problems.push(Problem::error("DPP0623", message).at(&list.place, "named here"));
        }
    }

    fn versions(&mut self, node: &Node) -> Vec<Version> {
        let mut versions = Vec::new();
        for (text, item) in self.texts(node, "versions").iter().zip(self.items(node, "versions")) {
            match Version::parse(text) {
                Some(version) => versions.push(version),
                None => self.wrong(item, "a version begins with a number"),
            }
        }
        versions.sort();
        versions
    }

    fn kind(&mut self, node: &Node) -> Kind {
        match self.demand(node, "kind").as_str() {
            "deb" => Kind::Deb,
            "archive" => Kind::Archive,
            "repository" => Kind::Repository,
            _ => {
                self.wrong(node.get("kind").unwrap_or(node), "expected deb, archive or repository");
                Kind::Deb
            }
        }
    }

    fn checksums(&mut self, node: &Node) -> Vec<String> {
        let kinds = self.texts(node, "checksums");
        if kinds.iter().any(|kind| !["sha512", "sha256", "sha1"].contains(&kind.as_str())) {
            self.wrong(node.get("checksums").unwrap_or(node), "expected sha512, sha256 or sha1");
        }
        kinds
    }

    fn ports(&mut self, node: &Node) -> BTreeMap<String, u16> {
        let texts = self.texts_by_name(node, "ports");
        let ports: BTreeMap<_, _> =
            texts.iter().filter_map(|(name, text)| Some((name.clone(), text.parse().ok()?))).collect();
        if ports.len() < texts.len() {
            self.wrong(node.get("ports").unwrap_or(node), "a port is a number below 65536");
        }
        ports
    }

    fn range(&mut self, node: &Node, key: &'static str) -> Range {
        if self.demand(node, key).is_empty() {
            return Range::any();
        }
        self.range_if_any(node, key).unwrap_or_else(Range::any)
    }

    fn range_if_any(&mut self, node: &Node, key: &str) -> Option<Range> {
        let text = text(node, key)?;
        let range = Range::parse(&text);
        if range.is_none() {
            self.wrong(node.get(key).unwrap_or(node), "expected a range like `>=6.8 <7`, `8 || 11` or `*`");
        }
        range
    }

    fn demand_pattern(&mut self, node: &Node, key: &'static str) -> String {
        self.demand(node, key);
        self.pattern(node, key)
    }

    fn pattern(&mut self, node: &Node, key: &'static str) -> String {
        let text = text(node, key).unwrap_or_default();
        let known: Vec<_> = PLACES.iter().map(|place| (*place, "")).collect();
        if let Err(unknown) = fill(&text, &known) {
            let problem = Problem::error("DPP0623", format!("a pattern knows no `{{{unknown}}}`"))
                .at(&node.get(key).unwrap_or(node).place, "")
                .note(format!("it knows {}", PLACES.join(", ")))
                .did_you_mean(nearest(&unknown, PLACES.iter().copied()));
            self.problems.push(problem);
        }
        text
    }

    fn texts_by_name(&mut self, node: &Node, key: &str) -> BTreeMap<String, String> {
        let Some(map) = get(node, key) else { return BTreeMap::new() };
        let Some(entries) = map.as_map() else {
            self.wrong(map, "expected a mapping");
            return BTreeMap::new();
        };
        entries.iter().map(|(name, node)| (name.text.clone(), written(node))).collect()
    }

    fn texts(&mut self, node: &Node, key: &str) -> Vec<String> {
        self.items(node, key).iter().map(written).collect()
    }

    fn each<T>(&mut self, node: &Node, key: &str, read: fn(&mut Self, &Node) -> T) -> Vec<T> {
        self.items(node, key).iter().map(|item| read(self, item)).collect()
    }

    fn items<'n>(&mut self, node: &'n Node, key: &str) -> &'n [Node] {
        let Some(list) = node.get(key) else { return &[] };
        list.as_list().unwrap_or_else(|| {
            self.wrong(list, "expected a list");
            &[]
        })
    }

    fn yes(&mut self, node: &Node, key: &str) -> bool {
        match get(node, key).map(|node| (&node.data, node)) {
            None => false,
            Some((Data::Bool(yes), _)) => *yes,
            Some((_, node)) => {
                self.wrong(node, "expected true or false");
                false
            }
        }
    }

    fn demand(&mut self, node: &Node, key: &'static str) -> String {
        text(node, key).unwrap_or_else(|| {
            if node.as_map().is_some() {
                self.wrong(node, &format!("`{key}` is missing"));
            }
            String::new()
        })
    }

    fn keys(&mut self, node: &Node, what: &str, known: &[&str]) {
        let Some(entries) = node.as_map() else { return self.wrong(node, "expected a mapping") };
        let strangers = entries.iter().filter(|(key, _)| !known.contains(&key.text.as_str()));
        self.problems.extend(strangers.map(|(key, _)| stranger(key, what, known)));
    }

    fn wrong(&mut self, node: &Node, words: &str) {
        self.problems.push(Problem::error("DPP0623", words).at(&node.place, ""));
    }
}

fn stranger(key: &Key, what: &str, known: &[&str]) -> Problem {
    Problem::error("DPP0103", format!("unknown key `{}` in a {what}", key.text))
        .at(&key.place, "")
        .did_you_mean(nearest(&key.text, known.iter().copied()))
}

/// The characters of the scalar under a key.
fn text(node: &Node, key: &str) -> Option<String> {
    get(node, key).map(written)
}

/// The node under a key, unless there is nothing.
fn get<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    node.get(key).filter(|node| !node.is_null())
}

/// A scalar's characters: `7.10` is a version, not the number 7.1.
fn written(node: &Node) -> String {
    match node.as_str() {
        Some(text) => text.to_owned(),
        None => node.place.text().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let problems = read(&Source::new("data/x.yml", text)).unwrap_err();
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn numbers_are_read_as_they_are_written() {
        let text = "product: x\nversions: [7.10, 6.20]\nreleases:\n  - {versions: 7.10, kind: deb, file: a, package: x}\n  \
                    - {versions: <7, kind: deb, file: b, package: x}\n";
        let product = read(&Source::new("data/x.yml", text)).unwrap();
        assert_eq!(product.versions.iter().map(Version::as_str).collect::<Vec<_>>(), ["6.20", "7.10"]);
        assert_eq!(product.release(&Version::parse("7.10.2").unwrap()).unwrap().file, "a");
    }

    #[test]
    fn every_mistake_is_pointed_at() {
        let text = "product: x\ntitel: X\nversions: [1.0, latest]\nreleases:\n  - versions: 1.x\n    kind: dep\n    \
                    file: a-{verison}.deb\n";
        let expected = [
            "data/x.yml:2:1: unknown key `titel` in a product",
            "data/x.yml:3:17: a version begins with a number",
            "data/x.yml:6:11: expected deb, archive or repository",
            "data/x.yml:7:11: a pattern knows no `{verison}`",
            "data/x.yml:5:15: expected a range like `>=6.8 <7`, `8 || 11` or `*`",
            "data/x.yml:5:5: `package` is missing",
        ];
        assert_eq!(problems(text), expected);
    }

    #[test]
    fn a_known_version_without_a_release_is_a_hole() {
        let text = "product: x\nversions: [1.0, 2.0]\nreleases:\n  - {versions: <2, kind: archive, file: a}\n";
        assert_eq!(problems(text), ["data/x.yml:2:11: no release holds version 2.0 of x"]);
        assert_eq!(problems("[]"), ["data/x.yml:1:1: expected a mapping"]);
    }
}
