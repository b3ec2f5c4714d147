//! Users, vhosts and permissions by whichever way is open: the management API, or `rabbitmqctl` on the host.

use std::fs::File;
use std::io::Read;

use dpp_protocol::Failure;
use serde_json::{Value, json};

use super::api::{Api, nothing, path};
use super::ctl::Ctl;
use super::grants::Grant;
use super::login::Login;
use crate::Host;
use crate::pipeline::product::UNREACHABLE;

/// The way that is open.
pub(super) enum Access<'a> {
    /// The login works.
    Api(Api),
    /// It does not yet, or the API is not up.
    Ctl(Ctl<'a>),
}

/// A user as RabbitMQ keeps it.
pub(super) struct User {
    pub(super) tags: Vec<String>,
    /// Hash and its algorithm, which the API wants back when only the tags change.
    kept: Option<(Value, Value)>,
}

impl<'a> Access<'a> {
    /// Tries the API first, as `guest` too: a `rabbitmqctl` boots an Erlang runtime each time.
    ///
    /// On a fresh node only `guest` is let in, from the host itself, until the role has made its own user.
    pub(super) fn open(login: &Login, node: Option<&'a str>, host: &'a Host<'a>) -> Result<Self, Failure> {
        let own = Api::new(login)?;
        let refusal = match own.knows_us() {
            Ok(true) => return Ok(Self::Api(own)),
            Ok(false) => {
                let guest = Api::new(&Login { user: "guest", password: "guest", ..login.clone() })?;
                if guest.knows_us()? {
                    return Ok(Self::Api(guest));
                }
                Failure::new(format!("RabbitMQ does not let user {} in", login.user))
                    .code("DPP0802")
                    .help("check login_user and login_password; the user needs the tag administrator or management")
            }
            Err(failure) if failure.code == UNREACHABLE => failure,
            Err(failure) => return Err(failure),
        };
        Ctl::find(node, host).map(Self::Ctl).ok_or(refusal)
    }

    pub(super) fn user(&self, name: &str) -> Result<Option<User>, Failure> {
        let found = match self {
            Self::Api(api) => api.find(&path("users", &[name]), &format!("user {name}"))?,
            Self::Ctl(ctl) => ctl.list(&["list_users"])?.into_iter().find(|entry| entry["user"] == name),
        };
        Ok(found.map(|user| User {
            tags: tags(&user["tags"]),
            kept: user.get("password_hash").map(|hash| (hash.clone(), user["hashing_algorithm"].clone())),
        }))
    }

    /// Whether this is the user's password.
    pub(super) fn password_is(&self, login: &Login, name: &str, password: &str) -> Result<bool, Failure> {
        match self {
            Self::Api(_) => {
                // A user without a management tag is refused too, but in other words.
                let reply = Api::new(&Login { user: name, password, ..login.clone() })?.whoami()?;
                Ok(reply.is_success() || reply.body.contains("Not management user"))
            }
            Self::Ctl(ctl) => ctl.authenticates(name, password),
        }
    }

    /// Without a password it is one that cannot log in by any.
    pub(super) fn create_user(&self, name: &str, password: Option<&str>, tags: &[String]) -> Result<(), Failure> {
        let is_without = password.is_none();
        match self {
            Self::Api(api) => {
                let (key, word) = password.map_or(("password_hash", ""), |password| ("password", password));
                let body = json!({key: word, "tags": tags.join(",")});
                api.put(&path("users", &[name]), &body, &format!("user {name}"))
            }
            Self::Ctl(ctl) => {
                // It wants one; nobody ever knows this.
                let password = password.map_or_else(by_chance, |password| Ok(password.to_owned()))?;
                ctl.run(&["add_user", name], Some(&password))?;
                if is_without {
                    ctl.run(&["clear_password", name], None)?;
                }
                self.set_tags(name, &User { tags: Vec::new(), kept: None }, tags)
            }
        }
    }

    pub(super) fn set_password(&self, name: &str, password: &str, tags: &[String]) -> Result<(), Failure> {
        match self {
            Self::Api(_) => self.create_user(name, Some(password), tags),
            Self::Ctl(ctl) => ctl.run(&["change_password", name], Some(password)).map(drop),
        }
    }

    pub(super) fn set_tags(&self, name: &str, user: &User, tags: &[String]) -> Result<(), Failure> {
        match self {
            Self::Api(api) => {
                let mut body = json!({"tags": tags.join(",")});
                if let Some((hash, algorithm)) = &user.kept {
                    body["password_hash"] = hash.clone();
                    body["hashing_algorithm"] = algorithm.clone();
                }
                api.put(&path("users", &[name]), &body, &format!("user {name}"))
            }
            Self::Ctl(ctl) => {
                let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
                ctl.run(&[&["set_user_tags", name], tags.as_slice()].concat(), None).map(drop)
            }
        }
    }

    pub(super) fn delete_user(&self, name: &str) -> Result<(), Failure> {
        match self {
            Self::Api(api) => api.delete(&path("users", &[name]), &format!("user {name}")),
            Self::Ctl(ctl) => ctl.run(&["delete_user", name], None).map(drop),
        }
    }

    /// All rights of a user.
    pub(super) fn grants(&self, user: &str) -> Result<Vec<Grant>, Failure> {
        let listed = match self {
            Self::Api(api) => {
                let found =
                    api.find(&format!("{}/permissions", path("users", &[user])), &format!("rights of {user}"))?;
                found.and_then(|found| found.as_array().cloned()).unwrap_or_default()
            }
            Self::Ctl(ctl) => ctl.list(&["list_user_permissions", user])?,
        };
        Ok(listed.iter().map(Grant::listed).collect())
    }

    pub(super) fn grant(&self, user: &str, grant: &Grant) -> Result<(), Failure> {
        let Grant { vhost, configure_priv, write_priv, read_priv } = grant;
        match self {
            Self::Api(api) => {
                api.put(&path("permissions", &[vhost, user]), &grant.body(), &format!("rights of {user} in {vhost}"))
            }
            Self::Ctl(ctl) => {
                ctl.run(&["set_permissions", "-p", vhost, user, configure_priv, write_priv, read_priv], None).map(drop)
            }
        }
    }

    pub(super) fn revoke(&self, user: &str, vhost: &str) -> Result<(), Failure> {
        match self {
            Self::Api(api) => api.delete(&path("permissions", &[vhost, user]), &format!("rights of {user} in {vhost}")),
            Self::Ctl(ctl) => ctl.run(&["clear_permissions", "-p", vhost, user], None).map(drop),
        }
    }

    /// Whether a vhost is there, and whether it is traced.
    pub(super) fn vhost(&self, name: &str) -> Result<Option<bool>, Failure> {
        let found = match self {
            Self::Api(api) => api.find(&path("vhosts", &[name]), &format!("vhost {name}"))?,
            Self::Ctl(ctl) => {
                ctl.list(&["list_vhosts", "name", "tracing"])?.into_iter().find(|entry| entry["name"] == name)
            }
        };
        Ok(found.map(|vhost| vhost["tracing"].as_bool().unwrap_or(false)))
    }

    pub(super) fn create_vhost(&self, name: &str) -> Result<(), Failure> {
        match self {
            Self::Api(api) => api.put(&path("vhosts", &[name]), &nothing(), &format!("vhost {name}")),
            Self::Ctl(ctl) => ctl.run(&["add_vhost", name], None).map(drop),
        }
    }

    pub(super) fn trace_vhost(&self, name: &str, on: bool) -> Result<(), Failure> {
        match self {
            Self::Api(api) => api.put(&path("vhosts", &[name]), &json!({"tracing": on}), &format!("vhost {name}")),
            Self::Ctl(ctl) => ctl.run(&[if on { "trace_on" } else { "trace_off" }, "-p", name], None).map(drop),
        }
    }

    pub(super) fn delete_vhost(&self, name: &str) -> Result<(), Failure> {
        match self {
            Self::Api(api) => api.delete(&path("vhosts", &[name]), &format!("vhost {name}")),
            Self::Ctl(ctl) => ctl.run(&["delete_vhost", name], None).map(drop),
        }
    }
}

/// A password out of the kernel's randomness.
fn by_chance() -> Result<String, Failure> {
    let mut bytes = [0; 24];
    let read = File::open("/dev/urandom").and_then(|mut device| device.read_exact(&mut bytes));
    read.map_err(|error| Failure::new(format!("cannot read /dev/urandom: {error}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Tags come as a list, and before RabbitMQ 3.9 as a text.
fn tags(value: &Value) -> Vec<String> {
    match value {
        Value::Array(tags) => tags.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::String(tags) => {
            tags.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}
