//! Names of images: with a tag, with a digest, or the image's own identifier.

/// A name taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::docker) struct Name {
    /// The repository; an identifier stands for itself.
    pub(in crate::docker) repository: String,
    /// A tag or a digest; empty for an identifier.
    pub(in crate::docker) tag: String,
}

impl Name {
    /// Reads one; a tag in the name goes before the other.
    pub(in crate::docker) fn read(name: &str, tag: &str) -> Self {
        if is_identifier(name) {
            return Self { repository: name.to_owned(), tag: String::new() };
        }
        let (repository, own) = parted(name);
        Self { repository: repository.to_owned(), tag: own.unwrap_or(tag).to_owned() }
    }

    /// As docker takes it.
    pub(in crate::docker) fn whole(&self) -> String {
        match self.tag.as_str() {
            "" => self.repository.clone(),
            digest if digest.starts_with("sha256:") => format!("{}@{digest}", self.repository),
            tag => format!("{}:{tag}", self.repository),
        }
    }

    pub(in crate::docker) fn is_identifier(&self) -> bool {
        is_identifier(&self.repository)
    }

    /// The registry that it is pushed to, and its name there.
    pub(in crate::docker) fn place(&self) -> String {
        let first = self.repository.split('/').next().unwrap_or_default();
        let is_registry = self.repository.contains('/') && (first.contains(['.', ':']) || first == "localhost");
        let registry = if is_registry { "" } else { "docker.io/" };
        format!("{registry}{}:{}", self.repository, self.tag)
    }
}

pub(in crate::docker) fn is_identifier(name: &str) -> bool {
    name.strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

/// A name without what stands behind `@` or the last colon that begins no port.
fn parted(name: &str) -> (&str, Option<&str>) {
    if let Some((repository, digest)) = name.split_once('@') {
        return (repository, Some(digest));
    }
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
        _ => (name, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let id = format!("sha256:{}", "0a".repeat(32));
        for (name, repository, tag, whole) in [
            ("nginx", "nginx", "latest", "nginx:latest"),
            ("nginx:1.27", "nginx", "1.27", "nginx:1.27"),
            ("localhost:5000/a/b", "localhost:5000/a/b", "latest", "localhost:5000/a/b:latest"),
            ("localhost:5000/a:7", "localhost:5000/a", "7", "localhost:5000/a:7"),
            ("a@sha256:0b", "a", "sha256:0b", "a@sha256:0b"),
            (&id, &id, "", &id),
        ] {
            let read = Name::read(name, "latest");
            assert_eq!((read.repository.as_str(), read.tag.as_str(), read.whole().as_str()), (repository, tag, whole));
        }
        assert!(Name::read(&id, "x").is_identifier() && !Name::read("sha256:0a", "x").is_identifier());
        for (name, place) in [
            ("a/b", "docker.io/a/b:latest"),
            ("localhost:5000/a", "localhost:5000/a:latest"),
            ("r.org/a:1", "r.org/a:1"),
        ] {
            assert_eq!(Name::read(name, "latest").place(), place);
        }
    }
}
