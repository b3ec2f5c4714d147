//! `get_url`: a file is what lies at a URL.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::arguments::{Flag, HostPath, Names, Whole, Words};
use crate::files::attributes::{AttributeChange, Attributes};
use crate::files::checksum::{Algorithm, same_bytes};
use crate::files::content::{NewContent, Source};
use crate::files::facts::add_facts;
use crate::files::mode::FileMode;
use crate::files::refused;
use crate::labels::no_effect;
use crate::web::client::Exchange;
use crate::web::trust::Trust;
use crate::{Host, Module, Step, Survey};

/// Parameters of `get_url`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GetUrl {
    url: String,
    dest: HostPath,
    checksum: Option<String>,
    #[serde(default, alias = "thirsty")]
    force: Flag,
    #[serde(default)]
    backup: Flag,
    #[serde(default)]
    headers: BTreeMap<String, Words>,
    #[serde(alias = "username")]
    url_username: Option<String>,
    #[serde(alias = "password")]
    url_password: Option<String>,
    /// Credentials always go with the first request, so nothing is left to force.
    #[serde(rename = "force_basic_auth")]
    _force_basic_auth: Option<Flag>,
    #[serde(default = "yes")]
    validate_certs: Flag,
    ca_path: Option<HostPath>,
    #[serde(default = "ten_seconds")]
    timeout: Whole,
    #[serde(default = "yes")]
    use_proxy: Flag,
    #[serde(default = "agent_name")]
    http_agent: String,
    client_cert: Option<HostPath>,
    client_key: Option<HostPath>,
    #[serde(default = "yes")]
    decompress: Flag,
    unredirected_headers: Option<Names>,
    ciphers: Option<Names>,
    use_netrc: Option<Flag>,
    use_gssapi: Option<Flag>,
    tmp_dest: Option<HostPath>,
    mode: Option<FileMode>,
    owner: Option<Words>,
    group: Option<Words>,
}

fn yes() -> Flag {
    Flag(true)
}

fn ten_seconds() -> Whole {
    Whole(10)
}

fn agent_name() -> String {
    "ansible-httpget".into()
}

/// What is done: the file is fetched, or only its attributes change.
#[derive(Debug)]
pub enum Fetch {
    /// It is fetched.
    Download(Change),
    /// It is there, and its attributes change.
    Attributes(AttributeChange),
}

impl Step for Fetch {
    fn change(&self, diff: bool) -> Change {
        match self {
            Self::Download(change) => change.clone(),
            Self::Attributes(change) => change.change(diff),
        }
    }
}

impl Module for GetUrl {
    const NAME: &'static str = "get_url";
    type Step = Fetch;

    fn survey(&self, _host: &Host) -> Result<Survey<Fetch>, Failure> {
        let path = self.path();
        let survey = match fs::metadata(&path) {
            Ok(found) if self.is_right(&path)? => {
                let change = self.attributes().survey(&path, &found).map(Fetch::Attributes);
                Survey::steps(change.into_iter().collect())
            }
            found => {
                let verb = if found.is_ok() { Verb::Change } else { Verb::Create };
                let change = Change::new(verb, path.to_string_lossy()).detail(format!("from {}", self.url));
                let survey = Survey::steps(vec![Fetch::Download(change)]);
                if found.is_ok() && self.checksum.is_none() { survey.unpredicted() } else { survey }
            }
        };
        let mut survey = survey.value("url", self.url.as_str()).value("dest", path.to_string_lossy());
        survey.warnings.extend(no_effect(&[
            ("unredirected_headers", self.unredirected_headers.as_ref().is_some_and(|names| !names.0.is_empty())),
            ("ciphers", self.ciphers.as_ref().is_some_and(|names| !names.0.is_empty())),
            ("use_netrc", self.use_netrc == Some(Flag(true))),
            ("use_gssapi", self.use_gssapi == Some(Flag(true))),
        ]));
        if survey.steps.is_empty() {
            survey = survey.value("msg", "file already exists").value("elapsed", 0);
            survey = survey.value("checksum_dest", Value::Null).value("checksum_src", Value::Null);
            add_facts(&path, &mut survey.result);
        }
        Ok(survey)
    }

    fn apply(&self, step: &Fetch, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        match step {
            Fetch::Attributes(change) => change.apply(),
            Fetch::Download(_) => self.download(host, result),
        }
    }

    fn conclude(&self, _host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        add_facts(&self.path(), result);
        Ok(())
    }
}

/// What lies at a URL, in a file of the agent's own that goes when it is dropped.
pub(crate) fn fetched(url: &str, validate_certs: bool, host: &Host) -> Result<NamedTempFile, Failure> {
    let folder = host.private_folder().map_err(|error| refused("download into", host.state(), &error))?;
    let params = json!({"url": url, "dest": folder, "validate_certs": validate_certs});
    let get: GetUrl = serde_json::from_value(params).map_err(|error| Failure::new(error.to_string()))?;
    let mut part = tempfile::Builder::new()
        .prefix("download-")
        .tempfile_in(folder)
        .map_err(|error| refused("download into", folder, &error))?;
    get.fetch(part.as_file_mut(), host)?;
    Ok(part)
}

impl GetUrl {
    /// Into a folder the file goes under the last name of the URL.
    fn path(&self) -> PathBuf {
        let bare = self.url.split(['?', '#']).next().unwrap_or_default();
        let name = bare.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("index.html");
        if self.dest.is_dir() { self.dest.join(name) } else { self.dest.to_path_buf() }
    }

    fn attributes(&self) -> Attributes {
        Attributes::of(self.mode.as_ref(), self.owner.as_ref(), self.group.as_ref())
    }

    /// With a checksum the file is right when it has it; without, when it is there and no new one is forced.
    fn is_right(&self, path: &Path) -> Result<bool, Failure> {
        match self.wanted_sum()? {
            Some((algorithm, sum)) => {
                let found = algorithm.of_file(path).map_err(|error| refused("read", path, &error))?;
                Ok(found == sum)
            }
            None => Ok(!self.force.0),
        }
    }

    /// The checksum that the task names, looked up where it names a list of checksums.
    fn wanted_sum(&self) -> Result<Option<(Algorithm, String)>, Failure> {
        let Some(text) = self.checksum.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
        let (name, sum) = text.split_once(':').ok_or_else(|| wrong_checksum(text))?;
        let algorithm = Algorithm::named(name).ok_or_else(|| wrong_checksum(text))?;
        let is_list = sum.starts_with("http:") || sum.starts_with("https:") || sum.starts_with("file:");
        let sum = if is_list { self.listed_sum(sum)? } else { sum.trim().to_owned() };
        Ok(Some((algorithm, sum.to_lowercase())))
    }

    fn listed_sum(&self, url: &str) -> Result<String, Failure> {
        let mut list = String::new();
        let (mut from, _) = self.open(url)?;
        from.read_to_string(&mut list).map_err(|error| broken_off(url, &error))?;
        let name = self.url.split(['?', '#']).next().and_then(|bare| bare.rsplit('/').next()).unwrap_or_default();
        sum_in(&list, name).ok_or_else(|| Failure::new(format!("{url} has no checksum of {name}")).code("DPP0803"))
    }

    fn download(&self, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let path = self.path();
        let folder = self
            .tmp_dest
            .as_deref()
            .map(Path::to_owned)
            .or_else(|| path.parent().map(Path::to_owned))
            .unwrap_or_default();
        let mut part = tempfile::Builder::new()
            .prefix(".dppctl-download-")
            .tempfile_in(&folder)
            .map_err(|error| refused("download into", &folder, &error))?;
        let begun = Instant::now();
        let length = self.fetch(part.as_file_mut(), host)?;
        self.verify(part.path())?;
        let sum = |algorithm: Algorithm, file: &Path| {
            algorithm.of_file(file).map(Value::from).map_err(|error| refused("read", file, &error))
        };
        let old = if path.is_file() { sum(Algorithm::Sha1, &path)? } else { Value::Null };
        result.insert("checksum_dest".into(), old);
        result.insert("checksum_src".into(), sum(Algorithm::Sha1, part.path())?);
        result.insert("md5sum".into(), sum(Algorithm::Md5, part.path())?);
        result.insert("msg".into(), format!("OK ({length} bytes)").into());
        result.insert("elapsed".into(), begun.elapsed().as_secs().into());
        result.insert("status_code".into(), 200.into());
        if path.is_file() && same_bytes(part.path(), &path).map_err(|error| refused("compare", &path, &error))? {
            return self.leave(&path, result);
        }
        let source = Source::File(part.path().to_owned());
        let content =
            NewContent { attributes: self.attributes(), backup: self.backup.0, ..NewContent::new(path, source) };
        content.apply(host, result)
    }

    /// The same bytes were there already.
    fn leave(&self, path: &Path, result: &mut ResultMap) -> Result<(), Failure> {
        let found = fs::metadata(path).map_err(|error| refused("look at", path, &error))?;
        let change = self.attributes().survey(path, &found);
        result.insert("changed".into(), change.is_some().into());
        change.map_or(Ok(()), |change| change.apply())
    }

    /// How many bytes came.
    fn fetch(&self, part: &mut File, host: &Host) -> Result<u64, Failure> {
        let (mut from, length) = self.open(&self.url)?;
        let mut piece = vec![0; 256 << 10];
        let (mut done, mut told) = (0, 0);
        loop {
            let read = from.read(&mut piece).map_err(|error| broken_off(&self.url, &error))?;
            if read == 0 {
                break;
            }
            part.write_all(&piece[..read]).map_err(|error| refused("write", &self.dest, &error))?;
            done += read as u64;
            if done - told >= 4 << 20 {
                told = done;
                host.life(&format!("downloading {}", self.url), length.map(|length| (done, length)));
            }
        }
        match length.filter(|length| *length != done) {
            Some(length) => Err(broken_off(&self.url, &io::Error::other(format!("{done} of {length} bytes came")))),
            None => Ok(done),
        }
    }

    fn verify(&self, part: &Path) -> Result<(), Failure> {
        let Some((algorithm, wanted)) = self.wanted_sum()? else { return Ok(()) };
        let found = algorithm.of_file(part).map_err(|error| refused("read", part, &error))?;
        if found == wanted {
            return Ok(());
        }
        Err(Failure::new(format!(
            "{} has another checksum than the task names; {} is as it was",
            self.url,
            self.dest.display()
        ))
        .code("DPP0803")
        .note("wanted", wanted)
        .note("found", found)
        .help("see whether the checksum belongs to this version, and the mirror to be trusted"))
    }

    /// A reader of what lies at a URL, and how long that is where it is known.
    fn open(&self, url: &str) -> Result<(Box<dyn Read>, Option<u64>), Failure> {
        if let Some(path) = url.strip_prefix("file://") {
            let file = File::open(path).map_err(|error| refused("read", Path::new(path), &error))?;
            let length = file.metadata().ok().map(|found| found.len());
            return Ok((Box::new(file), length));
        }
        let response = self.exchange(url).send()?;
        let status = response.status();
        if !status.is_success() {
            return Err(Failure::new(format!("GET {url} answered {status}"))
                .code("DPP0802")
                .value("status_code", status.as_u16())
                .value("url", url));
        }
        let length = response.body().content_length();
        Ok((Box::new(response.into_body().into_reader()), length))
    }

    fn exchange<'a>(&'a self, url: &'a str) -> Exchange<'a> {
        // The bytes are wanted as they are: an answer that is compressed for the way only would have another checksum.
        let mut headers = BTreeMap::from([("Accept-Encoding".to_owned(), "identity".to_owned())]);
        headers.extend(self.headers.iter().map(|(name, value)| (name.clone(), value.0.clone())));
        Exchange {
            method: "GET".to_owned(),
            url,
            headers,
            body: None,
            login: self.url_username.as_deref().zip(Some(self.url_password.as_deref().unwrap_or_default())),
            timeout: Duration::from_secs(self.timeout.0.max(1).unsigned_abs()),
            trust: Trust {
                validate_certs: self.validate_certs.0,
                ca_path: self.ca_path.as_deref(),
                client_cert: self.client_cert.as_deref(),
                client_key: self.client_key.as_deref(),
            },
            decompress: self.decompress.0,
            use_proxy: self.use_proxy.0,
            redirects: 10,
            agent_name: &self.http_agent,
        }
    }
}

fn wrong_checksum(text: &str) -> Failure {
    Failure::new(format!("`checksum: {text}` is not of the form sha256:HEX or sha256:URL")).code("DPP0104")
}

fn broken_off(url: &str, error: &io::Error) -> Failure {
    Failure::new(format!("the download of {url} broke off: {error}")).code("DPP0801")
}

/// The checksum of a file in a list as `sha256sum` writes it; a list of one bare checksum is that file's.
fn sum_in(list: &str, name: &str) -> Option<String> {
    let lines: Vec<Vec<&str>> =
        list.lines().map(|line| line.split_whitespace().collect()).filter(|words: &Vec<_>| !words.is_empty()).collect();
    let of_name =
        |words: &&Vec<&str>| words.get(1).is_some_and(|file| file.trim_start_matches(['*', '.', '/']) == name);
    let line =
        lines.iter().find(of_name).or_else(|| lines.first().filter(|words| lines.len() == 1 && words.len() == 1));
    line.map(|words| words[0].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Ground;

    const ABC: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_file_is_fetched_once_and_verified() {
        let ground = Ground::new();
        let url = format!("file://{}", ground.write("mirror/a.deb", "abc"));
        let params = json!({"url": url, "dest": ground.at(""), "checksum": ABC, "mode": "0640"});
        let outcome = ground.converge("get_url", &params);
        assert_eq!((ground.read("a.deb").as_str(), ground.mode("a.deb")), ("abc", 0o640));
        assert_eq!(outcome.result["checksum_src"], "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!((&outcome.result["checksum_dest"], &outcome.result["msg"]), (&Value::Null, &json!("OK (3 bytes)")));
        ground.write("a.deb", "tampered");
        ground.converge("get_url", &params);
        assert_eq!(ground.read("a.deb"), "abc");
    }

    #[test]
    fn a_wrong_checksum_leaves_the_old_file() {
        let ground = Ground::new();
        let url = format!("file://{}", ground.write("mirror/a", "evil"));
        let dest = ground.write("a", "old");
        let failure = ground.apply("get_url", &json!({"url": url, "dest": dest, "checksum": ABC})).unwrap_err();
        assert_eq!((failure.code.as_str(), ground.read("a").as_str()), ("DPP0803", "old"));
        assert_eq!(fs::read_dir(ground.path("")).unwrap().count(), 2, "nothing is left of the download");
    }

    #[test]
    fn checksums_are_found_in_lists() {
        let ground = Ground::new();
        let list = ground.write("sums", format!("00  b\n{}  *a\n", &ABC[7..]));
        let url = format!("file://{}", ground.write("mirror/a", "abc"));
        ground.converge(
            "get_url",
            &json!({"url": url, "dest": ground.at("a"), "checksum": format!("sha256:file://{list}")}),
        );
        assert_eq!(sum_in("abcd\n", "x").as_deref(), Some("abcd"));
        assert_eq!(sum_in("ab  y\n", "x"), None);
    }

    #[test]
    fn a_forced_download_of_the_same_bytes_is_no_change() {
        let ground = Ground::new();
        let url = format!("file://{}", ground.write("mirror/a", "abc"));
        let dest = ground.write("a", "abc");
        assert!(!ground.converge("get_url", &json!({"url": url, "dest": dest})).changed);
        assert!(!ground.apply("get_url", &json!({"url": url, "dest": dest, "force": true})).unwrap().changed);
    }
}
