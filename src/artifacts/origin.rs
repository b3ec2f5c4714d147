//! Where files may come from, as an operator writes it.

use std::fmt;
use std::path::PathBuf;

/// A place that holds files of products.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Where each product's maker offers it.
    Upstream,
    /// A mirror: this URL stands in the place of the maker's.
    Mirror(String),
    /// A folder of this machine.
    Folder(PathBuf),
}

impl Origin {
    /// Reads `upstream`, `http(s)://…`, `file:///…` or a path.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(path) = text.strip_prefix("file://") {
            return match path.strip_prefix("localhost").unwrap_or(path) {
                path if path.starts_with('/') => Ok(Self::Folder(path.into())),
                _ => Err(format!("`{text}` names another machine: a file URL has three slashes, file:///folder")),
            };
        }
        match text {
            "" => Err("an empty text is no source of files".into()),
            "upstream" => Ok(Self::Upstream),
            _ if text.starts_with("http://") || text.starts_with("https://") => {
                Ok(Self::Mirror(text.trim_end_matches('/').to_owned()))
            }
            _ if text.contains("://") => Err(format!("`{text}`: files come over http, https or file")),
            path => Ok(Self::Folder(path.into())),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Upstream => f.write_str("upstream"),
            Self::Mirror(url) => f.write_str(url),
            Self::Folder(path) => write!(f, "{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_told_apart_by_how_they_are_written() {
        assert_eq!(Origin::parse("upstream"), Ok(Origin::Upstream));
        assert_eq!(Origin::parse("http://m:8000/downloads/"), Ok(Origin::Mirror("http://m:8000/downloads".into())));
        assert_eq!(Origin::parse("file:///srv/debs"), Ok(Origin::Folder("/srv/debs".into())));
        assert_eq!(Origin::parse("dist"), Ok(Origin::Folder("dist".into())));
        for wrong in ["", "ftp://m/x", "file://srv/debs"] {
            assert!(Origin::parse(wrong).is_err(), "{wrong}");
        }
    }
}
