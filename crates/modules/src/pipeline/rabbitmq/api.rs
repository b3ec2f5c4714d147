//! The management API: objects under paths, read, put and deleted.

use std::time::Duration;

use dpp_protocol::Failure;
use serde_json::{Value, json};

use super::login::Login;
use crate::pipeline::http::{Endpoint, Reply, segment};
use crate::pipeline::product::NOT_LET_IN;

/// The API with a login.
pub(super) struct Api {
    endpoint: Endpoint,
    user: String,
}

impl Api {
    /// Certificates that the task names are read, and may not be there.
    pub(super) fn new(login: &Login) -> Result<Self, Failure> {
        let endpoint = Endpoint::new("RabbitMQ's management API", &login.url, Duration::from_secs(30))
            .login(login.user, login.password)
            .hint("rabbitmq-plugins enable rabbitmq_management; systemctl status rabbitmq-server");
        let is_secret = login.url.starts_with("https:");
        let endpoint = if is_secret { endpoint.trusting(login.trust.config()?) } else { endpoint };
        Ok(Self { endpoint, user: login.user.to_owned() })
    }

    /// The same with another bound of a single question.
    pub(super) fn within(self, limit: Duration) -> Self {
        Self { endpoint: self.endpoint.within(limit), ..self }
    }

    /// Whether the login is taken.
    pub(super) fn knows_us(&self) -> Result<bool, Failure> {
        let reply = self.whoami()?;
        if reply.status == 401 {
            return Ok(false);
        }
        reply.success("log in to RabbitMQ").map(|_| true)
    }

    /// Who RabbitMQ takes us for, or why for nobody.
    pub(super) fn whoami(&self) -> Result<Reply, Failure> {
        self.endpoint.get("/api/whoami")
    }

    /// An object, nothing when there is none.
    pub(super) fn find(&self, path: &str, what: &str) -> Result<Option<Value>, Failure> {
        let reply = self.endpoint.get(path)?;
        self.checked(reply, what)?.found(&format!("read {what}"))
    }

    pub(super) fn put(&self, path: &str, body: &Value, what: &str) -> Result<(), Failure> {
        let reply = self.endpoint.put(path, body)?;
        self.checked(reply, what)?.success(&format!("put {what}")).map(drop)
    }

    pub(super) fn post(&self, path: &str, body: &Value, what: &str) -> Result<Value, Failure> {
        let reply = self.endpoint.post(path, body)?;
        self.checked(reply, what)?.success(&format!("post {what}"))
    }

    pub(super) fn delete(&self, path: &str, what: &str) -> Result<(), Failure> {
        let reply = self.endpoint.delete(path)?;
        self.checked(reply, what)?.found(&format!("delete {what}")).map(drop)
    }

    /// Says whose login it is when that is the matter.
    fn checked(&self, reply: Reply, what: &str) -> Result<Reply, Failure> {
        if reply.status != 401 {
            return Ok(reply);
        }
        let failure = reply.refusal(&format!("reach {what} as user {}", self.user)).code(NOT_LET_IN);
        Err(failure.help("check login_user and login_password; the user needs the tag administrator"))
    }
}

/// `/api/KIND/VHOST/NAME`, each part as one segment.
pub(super) fn path(kind: &str, parts: &[&str]) -> String {
    let parts: Vec<String> = parts.iter().map(|part| segment(part)).collect();
    format!("/api/{kind}/{}", parts.join("/"))
}

/// An empty object: RabbitMQ wants a body also where there is nothing to say.
pub(super) fn nothing() -> Value {
    json!({})
}
