//! What a user may do with the routing keys of a topic exchange: two regular expressions for each exchange of a vhost.

use std::collections::BTreeSet;

use dpp_protocol::Failure;
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::Access;
use super::api::path;

/// Rights to write and read the keys that the expressions match.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TopicGrant {
    #[serde(default = "super::root_vhost")]
    pub(super) vhost: String,
    #[serde(default = "topics")]
    pub(super) exchange: String,
    #[serde(alias = "write")]
    write_priv: String,
    #[serde(alias = "read")]
    read_priv: String,
}

fn topics() -> String {
    "amq.topic".into()
}

impl TopicGrant {
    fn listed(entry: &Value) -> Self {
        let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        Self { vhost: text("vhost"), exchange: text("exchange"), write_priv: text("write"), read_priv: text("read") }
    }

    /// `amq.topic write .* read .*`.
    pub(super) fn words(&self) -> String {
        format!("{} write {} read {}", self.exchange, self.write_priv, self.read_priv)
    }
}

/// The vhosts in which something differs.
pub(super) fn differing(found: &[TopicGrant], wanted: &[TopicGrant]) -> BTreeSet<String> {
    let missing = wanted.iter().filter(|grant| !found.contains(grant));
    let extra = found.iter().filter(|grant| !wanted.contains(grant));
    missing.chain(extra).map(|grant| grant.vhost.clone()).collect()
}

impl Access<'_> {
    /// All that a user may do with topics.
    pub(super) fn topic_grants(&self, user: &str) -> Result<Vec<TopicGrant>, Failure> {
        let listed = match self {
            Self::Api(api) => {
                let place = format!("{}/topic-permissions", path("users", &[user]));
                let found = api.find(&place, &format!("topic rights of {user}"))?;
                found.and_then(|found| found.as_array().cloned()).unwrap_or_default()
            }
            Self::Ctl(ctl) => ctl.list(&["list_user_topic_permissions", user])?,
        };
        Ok(listed.iter().map(TopicGrant::listed).collect())
    }

    /// Gives a user these rights in a vhost and no others: neither way takes away those of one exchange alone.
    pub(super) fn set_topic_grants(&self, user: &str, vhost: &str, wanted: &[TopicGrant]) -> Result<(), Failure> {
        let what = format!("topic rights of {user} in {vhost}");
        let place = path("topic-permissions", &[vhost, user]);
        match self {
            Self::Api(api) => api.delete(&place, &what)?,
            Self::Ctl(ctl) => ctl.run(&["clear_topic_permissions", "-p", vhost, user], None).map(drop)?,
        }
        wanted.iter().filter(|grant| grant.vhost == vhost).try_for_each(|grant| {
            let TopicGrant { exchange, write_priv, read_priv, .. } = grant;
            match self {
                Self::Api(api) => {
                    api.put(&place, &json!({"exchange": exchange, "write": write_priv, "read": read_priv}), &what)
                }
                Self::Ctl(ctl) => {
                    let words = ["set_topic_permissions", "-p", vhost, user, exchange, write_priv, read_priv];
                    ctl.run(&words, None).map(drop)
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vhost_differs_by_what_lacks_and_by_what_is_too_much() {
        let grant = |text: &str| serde_json::from_str::<TopicGrant>(text).unwrap();
        let default = grant(r#"{"read": ".*", "write_priv": "a"}"#);
        assert_eq!((default.vhost.as_str(), default.words().as_str()), ("/", "amq.topic write a read .*"));
        let other = grant(r#"{"vhost": "/b", "exchange": "x", "read": ".*", "write": ""}"#);
        let both = [default.clone(), other];
        assert!(differing(&both, &both).is_empty());
        assert_eq!(differing(&both, &[default]), BTreeSet::from(["/b".to_owned()]));
        assert_eq!(differing(&[], &both).len(), 2);
    }
}
