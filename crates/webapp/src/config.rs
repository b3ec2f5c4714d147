//! The configuration file: what it may say, and its errors. It opens no connection.

use std::{
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use reqwest::Url;
use serde::{Deserialize, Deserializer, de};

use crate::{hop::Hop, secret::Secret};

/// Everything the application is told.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The address and port of the page.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// Where to publish.
    pub amqp: Amqp,
    /// Where to look out for the message between RabbitMQ and Elasticsearch.
    pub kafka: Option<Kafka>,
    /// Where to search for the message.
    pub elasticsearch: Option<Elasticsearch>,
    /// Where a person looks at the message.
    pub kibana: Option<Kibana>,
}

/// RabbitMQ, as whom, and the exchange.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amqp {
    /// The broker's host; normally this one, so that logging never waits on the network.
    #[serde(default = "default_amqp_host")]
    pub host: String,
    /// The broker's port.
    #[serde(default = "default_amqp_port")]
    pub port: u16,
    /// The virtual host.
    #[serde(default = "default_vhost")]
    pub vhost: String,
    /// The exchange, which must exist.
    #[serde(default = "default_exchange")]
    pub exchange: String,
    /// Who publishes.
    pub user: String,
    /// Its password, unless it is in a file of its own.
    pub password: Option<Secret>,
    /// A file that holds the password and nothing else.
    pub password_file: Option<PathBuf>,
}

/// The topic to read along.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kafka {
    /// `host:port`, several separated by commas.
    pub bootstrap_servers: String,
    /// The topic.
    #[serde(default = "default_name")]
    pub topic: String,
}

/// The index to search.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Elasticsearch {
    /// For example `http://localhost:9200`.
    #[serde(deserialize_with = "http_url")]
    pub url: Url,
    /// The index.
    #[serde(default = "default_name")]
    pub index: String,
    /// Who searches, where Elasticsearch asks for that.
    pub user: Option<String>,
    /// Its password, unless it is in a file of its own.
    pub password: Option<Secret>,
    /// A file that holds the password and nothing else.
    pub password_file: Option<PathBuf>,
    /// The certificate (PEM) of the authority that signed Elasticsearch's own, where the system does not know it.
    pub ca_file: Option<PathBuf>,
}

/// The Kibana to link to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kibana {
    /// Its address as a browser reaches it.
    #[serde(deserialize_with = "http_url")]
    pub url: Url,
    /// Its version; the newest is assumed without.
    pub version: Option<String>,
    /// The id of the data view (index pattern).
    #[serde(default = "default_name")]
    pub data_view: String,
}

/// Who logs in, and with what.
#[derive(Debug, Clone)]
pub struct Login {
    /// The user's name.
    pub user: String,
    /// Its password.
    pub password: Secret,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The configuration, or a file it names.
        path: PathBuf,
        /// The system's own words.
        source: io::Error,
    },
    /// The file says something it may not say.
    #[error("`{}` is not a valid configuration", path.display())]
    Parse {
        /// The configuration.
        path: PathBuf,
        /// What is wrong, with line and column.
        source: Box<serde_saphyr::Error>,
    },
    /// A user without exactly one source of its password.
    #[error("`{section}` needs either `password` or `password_file` beside `user`")]
    Password {
        /// The section of the file.
        section: &'static str,
    },
}

impl Config {
    /// Reads the file at `path`.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = read(path)?;
        // An excerpt of the faulty line could show a password in the journal; line and column are enough.
        let options = serde_saphyr::options! { with_snippet: false };
        serde_saphyr::from_str_with_options(&text, options)
            .map_err(|error| ConfigError::Parse { path: path.to_owned(), source: Box::new(error) })
    }

    /// The hops that can be asked for a message.
    pub fn watched(&self) -> Vec<Hop> {
        let watched = |hop: &Hop| match hop {
            Hop::Broker => true,
            Hop::Kafka => self.kafka.is_some(),
            Hop::Elasticsearch => self.elasticsearch.is_some(),
        };
        Hop::ALL.into_iter().filter(watched).collect()
    }
}

impl Amqp {
    /// The user with its password, read from its file if it has one.
    pub fn login(&self) -> Result<Login, ConfigError> {
        let password = one_password("amqp", self.password.as_ref(), self.password_file.as_deref())?;
        Ok(Login { user: self.user.clone(), password })
    }

    /// The broker as an operator writes it, without the user.
    pub fn place(&self) -> String {
        format!("{}:{}, vhost {}", self.host, self.port, self.vhost)
    }
}

impl Elasticsearch {
    /// The user with its password, if one is configured.
    pub fn login(&self) -> Result<Option<Login>, ConfigError> {
        let Some(user) = self.user.clone() else {
            return match (&self.password, &self.password_file) {
                (None, None) => Ok(None),
                _ => Err(ConfigError::Password { section: "elasticsearch" }),
            };
        };
        let password = one_password("elasticsearch", self.password.as_ref(), self.password_file.as_deref())?;
        Ok(Some(Login { user, password }))
    }

    /// The authority's certificate in PEM, if one is configured.
    pub fn authority(&self) -> Result<Option<String>, ConfigError> {
        self.ca_file.as_deref().map(read).transpose()
    }
}

fn one_password(section: &'static str, inline: Option<&Secret>, file: Option<&Path>) -> Result<Secret, ConfigError> {
    match (inline, file) {
        (Some(password), None) => Ok(password.clone()),
        (None, Some(path)) => Ok(Secret::new(read(path)?.trim_end_matches(['\r', '\n']))),
        _ => Err(ConfigError::Password { section }),
    }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })
}

fn http_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let text = String::deserialize(deserializer)?;
    let url = Url::parse(&text).map_err(|error| de::Error::custom(format!("`{text}` is not a URL: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(de::Error::custom(format!("`{text}` does not start with http:// or https://")));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(de::Error::custom("a URL with a user in it: use `user` and `password_file` beside it"));
    }
    Ok(url)
}

fn default_listen() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 8080).into()
}

fn default_amqp_host() -> String {
    "127.0.0.1".into()
}

fn default_amqp_port() -> u16 {
    5672
}

fn default_vhost() -> String {
    "/log".into()
}

fn default_exchange() -> String {
    "logging".into()
}

fn default_name() -> String {
    "logs_data".into()
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    fn load(text: &str) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yml");
        fs::write(&path, text).unwrap();
        Config::load(&path)
    }

    fn cause(text: &str) -> String {
        load(text).unwrap_err().source().unwrap().to_string()
    }

    #[test]
    fn the_packaged_file_is_valid() {
        let config = load(include_str!("../debian/config.yml")).unwrap();
        assert_eq!(config.amqp.place(), "127.0.0.1:5672, vhost /log");
        assert_eq!(config.watched(), [Hop::Broker]);
    }

    #[test]
    fn the_packaged_file_is_valid_with_every_section_in_use() {
        let text =
            include_str!("../debian/config.yml").replace("\n#  ", "\n  ").replace("\n#k", "\nk").replace("\n#e", "\ne");
        let config = load(&text).unwrap();
        assert_eq!(config.watched(), Hop::ALL);
        assert_eq!(config.kibana.unwrap().data_view, "logs_data");
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_place() {
        let cause = cause("amqp:\n  user: logger\n  passwort: x\n");
        assert!(cause.contains("passwort") && cause.contains("line 3"), "{cause}");
    }

    #[test]
    fn a_broken_file_does_not_show_the_password() {
        let error = load("amqp:\n  user: logger\n  password: [hunter2\n").unwrap_err();
        let shown = format!("{error} {} {error:?}", error.source().unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn exactly_one_source_of_the_password_is_asked_for() {
        let neither = load("amqp: {user: logger}").unwrap();
        assert!(matches!(neither.amqp.login(), Err(ConfigError::Password { section: "amqp" })));
        let both = load("amqp: {user: logger, password: a, password_file: b}").unwrap();
        assert!(matches!(both.amqp.login(), Err(ConfigError::Password { .. })));
    }

    #[test]
    fn the_password_file_ends_without_its_line_break() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        fs::write(&path, "logger_pass\n").unwrap();
        let config = load(&format!("amqp: {{user: logger, password_file: '{}'}}", path.display())).unwrap();
        assert_eq!(config.amqp.login().unwrap().password.reveal(), "logger_pass");
    }

    #[test]
    fn a_url_must_be_http_and_hold_no_user() {
        let with = |url: &str| cause(&format!("amqp: {{user: a, password: b}}\nkibana: {{url: '{url}'}}"));
        assert!(with("kibana:5601").contains("does not start with http"));
        assert!(with("http://a:b@kibana:5601").contains("user in it"));
    }

    #[test]
    fn a_password_without_a_user_is_refused() {
        let config = load("amqp: {user: a, password: b}\nelasticsearch: {url: 'http://e:9200', password: c}").unwrap();
        assert!(config.elasticsearch.unwrap().login().is_err());
    }
}
