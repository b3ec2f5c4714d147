//! A Galaxy: which versions of a role there are, and where one is downloaded. Roles stand under `v1`; those of a collection
//! under `v3`, with the hash of the collection's archive.

use serde_json::Value as Json;

use crate::artifacts::Store;
use crate::galaxy::GalaxyError;
use crate::galaxy::names::newest;

/// Pages of a list that are read; more is a server that goes round in a circle.
const MOST_PAGES: usize = 50;

/// An archive that a Galaxy offers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) version: String,
    pub(super) url: String,
    /// What the archive must be, where the server says it.
    pub(super) sha256: Option<String>,
    /// The folder of the role in a collection.
    pub(super) within: Option<String>,
}

/// A server, asked for one role.
pub(super) struct Server<'a> {
    pub(super) url: &'a str,
    pub(super) store: &'a Store,
    pub(super) role: &'a str,
}

impl Server<'_> {
    /// What there is of a role: the version that is wanted, or the newest.
    pub(super) fn offer(&self, version: Option<&str>) -> Result<Offer, GalaxyError> {
        let (root, versions) = self.versions_of_api()?;
        let api = |name: &str| {
            let path = versions.get(name).and_then(Json::as_str).unwrap_or_default();
            (!path.is_empty()).then(|| format!("{root}/{}", path.trim_matches('/')))
        };
        let words: Vec<&str> = self.role.split('.').collect();
        match (words.as_slice(), api("v1"), api("v3")) {
            ([owner, name], Some(api), _) => self.of_v1(&api, owner, name, version),
            ([namespace, collection, name], _, Some(api)) => self.of_v3(&api, namespace, collection, name, version),
            ([_, _], None, _) => Err(self.source("it keeps no roles of their own, only those of collections")),
            _ => Err(self.source("it keeps no collections under v3")),
        }
    }

    /// The root of the interface, and the paths of its versions.
    fn versions_of_api(&self) -> Result<(String, Json), GalaxyError> {
        let base = self.url.trim_end_matches('/');
        let roots =
            if base.ends_with("/api") { vec![base.to_owned()] } else { vec![format!("{base}/api"), base.to_owned()] };
        let mut last = None;
        for root in roots {
            match self.json(&format!("{root}/")) {
                Ok(mut answer) if answer.get("available_versions").is_some_and(Json::is_object) => {
                    return Ok((root, answer["available_versions"].take()));
                }
                Ok(_) => {}
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| self.source("it is no Galaxy: it does not say `available_versions`")))
    }

    fn of_v1(&self, api: &str, owner: &str, name: &str, version: Option<&str>) -> Result<Offer, GalaxyError> {
        let found = self.json(&format!("{api}/roles/?owner__username={owner}&name={name}"))?;
        let role = found["results"].get(0).ok_or_else(|| self.source("it has no such role"))?;
        let id = &role["id"];
        let listed = self.pages(api, &format!("{api}/roles/{id}/versions/?page_size=50"), "results", "/next_link")?;
        let names: Vec<String> = listed.iter().filter_map(|entry| text(entry, "name")).collect();
        let branch = || text(role, "github_branch").unwrap_or_else(|| "master".to_owned());
        let version = match version {
            // A server that lists none has the branch alone, and whatever the repository has.
            Some(version) if names.is_empty() || version == "master" => version.to_owned(),
            version => self.chosen(version, &names)?.unwrap_or_else(branch),
        };
        let entry = listed.iter().find(|entry| text(entry, "name").as_deref() == Some(&version));
        let offered = entry.and_then(|entry| text(entry, "download_url").or_else(|| text(entry, "source")));
        let of_github = || {
            let (user, repository) = (text(role, "github_user")?, text(role, "github_repo")?);
            Some(format!("https://github.com/{user}/{repository}/archive/{version}.tar.gz"))
        };
        let url = offered.or_else(of_github).ok_or_else(|| self.source("it does not say where the archive lies"))?;
        Ok(Offer { version, url, sha256: None, within: None })
    }

    fn of_v3(
        &self,
        api: &str,
        namespace: &str,
        collection: &str,
        name: &str,
        version: Option<&str>,
    ) -> Result<Offer, GalaxyError> {
        let of_collection = format!("{api}/collections/{namespace}/{collection}/versions/");
        let listed = self.pages(api, &format!("{of_collection}?limit=100"), "data", "/links/next")?;
        let names: Vec<String> = listed.iter().filter_map(|entry| text(entry, "version")).collect();
        let version = self.chosen(version, &names)?.ok_or_else(|| self.source("the collection has no version"))?;
        let details = self.json(&format!("{of_collection}{version}/"))?;
        let url =
            text(&details, "download_url").ok_or_else(|| self.source("it does not say where the archive lies"))?;
        let sha256 = details.pointer("/artifact/sha256").and_then(Json::as_str).map(str::to_owned);
        Ok(Offer { version, url: self.whole(&url), sha256, within: Some(format!("roles/{name}")) })
    }

    fn chosen(&self, wanted: Option<&str>, known: &[String]) -> Result<Option<String>, GalaxyError> {
        const SHOWN: usize = 8;
        match wanted {
            Some(wanted) if !known.iter().any(|version| version == wanted) => Err(GalaxyError::Version {
                role: self.role.to_owned(),
                version: wanted.to_owned(),
                known: known.iter().take(SHOWN).cloned().collect(),
            }),
            Some(wanted) => Ok(Some(wanted.to_owned())),
            None => Ok(newest(known).cloned()),
        }
    }

    /// All entries of a list that comes in pages.
    fn pages(&self, api: &str, first: &str, list: &str, next: &str) -> Result<Vec<Json>, GalaxyError> {
        let (mut entries, mut url) = (Vec::new(), first.to_owned());
        for _ in 0..MOST_PAGES {
            let mut page = self.json(&url)?;
            entries.extend(page.get_mut(list).and_then(Json::as_array_mut).map(std::mem::take).unwrap_or_default());
            match page.pointer(next).and_then(Json::as_str).filter(|link| !link.is_empty()) {
                Some(link) if link.starts_with('/') || link.contains("://") => url = self.whole(link),
                Some(link) => url = format!("{api}/{link}"),
                None => return Ok(entries),
            }
        }
        Err(self.source("its list of versions has no end"))
    }

    /// A link of the server, with the server's name before it.
    fn whole(&self, link: &str) -> String {
        if link.contains("://") {
            return link.to_owned();
        }
        let start = self.url.find("://").map_or(0, |at| at + 3);
        let end = self.url[start..].find('/').map_or(self.url.len(), |at| start + at);
        format!("{}/{}", &self.url[..end], link.trim_start_matches('/'))
    }

    fn json(&self, url: &str) -> Result<Json, GalaxyError> {
        let text = self.store.ask(url).map_err(|error| GalaxyError::download(self.role, self.url, &error))?;
        serde_json::from_str(&text).map_err(|_| self.source(&format!("{url} does not answer with JSON")))
    }

    fn source(&self, cause: &str) -> GalaxyError {
        GalaxyError::Source { role: self.role.to_owned(), from: self.url.to_owned(), cause: cause.to_owned() }
    }
}

fn text(entry: &Json, key: &str) -> Option<String> {
    entry.get(key).and_then(Json::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}
