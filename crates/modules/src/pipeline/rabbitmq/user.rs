//! `rabbitmq_user`: a user with password, tags and rights. A password is only set when it is not the user's already.

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use super::State;
use super::access::Access;
use super::grants::Grant;
use crate::arguments::{Flag, Names};
use crate::pipeline::product::Product;
use crate::{Host, Step, Survey};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum UpdatePassword {
    #[default]
    OnCreate,
    Always,
}

with_login! {
    /// Parameters of `rabbitmq_user`.
    pub struct RabbitmqUser {
        #[serde(alias = "username", alias = "name")]
        user: String,
        #[serde(default)]
        password: Option<String>,
        #[serde(default)]
        tags: Option<Names>,
        #[serde(default)]
        permissions: Option<Vec<Grant>>,
        #[serde(default)]
        vhost: Option<String>,
        #[serde(default)]
        configure_priv: Option<String>,
        #[serde(default)]
        write_priv: Option<String>,
        #[serde(default)]
        read_priv: Option<String>,
        #[serde(default)]
        update_password: UpdatePassword,
        #[serde(default)]
        force: Flag,
        #[serde(default)]
        state: State,
        #[serde(default)]
        node: Option<String>,
    }
}

/// One thing to be done to a user.
#[derive(Debug)]
pub struct UserStep {
    change: Change,
    deed: Deed,
}

#[derive(Debug)]
enum Deed {
    Create,
    Password,
    Tags,
    Grant(Grant),
    Revoke(String),
    Delete,
}

impl Step for UserStep {
    fn change(&self, _diff: bool) -> Change {
        self.change.clone()
    }
}

impl Product for RabbitmqUser {
    const NAME: &'static str = "rabbitmq_user";
    type Step = UserStep;

    fn gist(&self) -> Option<Change> {
        Some(Change::new(if self.state == State::Absent { Verb::Delete } else { Verb::Create }, self.what()))
    }

    fn look(&self, host: &Host) -> Result<Survey<UserStep>, Failure> {
        let access = self.access(host)?;
        let found = access.user(&self.user)?;
        let mut steps = Vec::new();
        if found.is_some() && (self.state == State::Absent || self.force.0) {
            steps.push(self.step(Verb::Delete, "", Deed::Delete));
        }
        if self.state == State::Absent {
            return Ok(Survey::steps(steps));
        }
        match found.filter(|_| !self.force.0) {
            None => {
                steps.push(self.step(Verb::Create, &self.wanted_tags().join(", "), Deed::Create));
                let rights = self.grants().into_iter().flatten().map(|grant| self.granting(&grant));
                steps.extend(rights);
            }
            Some(user) => {
                if self.tags.is_some() && sorted(&user.tags) != sorted(&self.wanted_tags()) {
                    let detail = format!("tags {} -> {}", user.tags.join(","), self.wanted_tags().join(","));
                    steps.push(self.step(Verb::Change, &detail, Deed::Tags));
                }
                if let (Some(password), UpdatePassword::Always) = (&self.password, self.update_password)
                    && !access.password_is(&self.login(), &self.user, password)?
                {
                    steps.push(self.step(Verb::Change, "password", Deed::Password));
                }
                steps.extend(self.rights(&access)?);
            }
        }
        Ok(Survey::steps(steps))
    }

    fn make(&self, step: &UserStep, host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        let access = self.access(host)?;
        let tags = self.wanted_tags();
        match &step.deed {
            Deed::Create => {
                let password = self.password.as_deref().ok_or_else(|| self.needs_password())?;
                access.create_user(&self.user, password, &tags)
            }
            Deed::Password => {
                // The API sets tags with the password; without wanted ones, the user keeps its own.
                let kept = access.user(&self.user)?.map(|user| user.tags).unwrap_or_default();
                let tags = if self.tags.is_some() { &tags } else { &kept };
                access.set_password(&self.user, self.password.as_deref().unwrap_or_default(), tags)
            }
            Deed::Tags => match access.user(&self.user)? {
                Some(user) => access.set_tags(&self.user, &user, &tags),
                None => Err(Failure::new(format!("user {} is gone", self.user)).code("DPP0802")),
            },
            Deed::Grant(grant) => access.grant(&self.user, grant),
            Deed::Revoke(vhost) => access.revoke(&self.user, vhost),
            Deed::Delete => access.delete_user(&self.user),
        }
    }
}

impl RabbitmqUser {
    fn access<'a>(&'a self, host: &'a Host<'a>) -> Result<Access<'a>, Failure> {
        Access::open(&self.login(), self.node.as_deref(), host)
    }

    fn what(&self) -> String {
        format!("user {}", self.user)
    }

    fn step(&self, verb: Verb, detail: &str, deed: Deed) -> UserStep {
        UserStep { change: Change::new(verb, self.what()).detail(detail), deed }
    }

    fn granting(&self, grant: &Grant) -> UserStep {
        let what = format!("rights of {} in {}", self.user, grant.vhost);
        UserStep { change: Change::new(Verb::Change, what).detail(grant.words()), deed: Deed::Grant(grant.clone()) }
    }

    fn wanted_tags(&self) -> Vec<String> {
        self.tags.clone().unwrap_or_default().0
    }

    /// The rights that are wanted; nothing when the task does not speak of rights.
    fn grants(&self) -> Option<Vec<Grant>> {
        if self.permissions.is_some() {
            return self.permissions.clone();
        }
        let privileges = [&self.configure_priv, &self.write_priv, &self.read_priv];
        if self.vhost.is_none() && privileges.iter().all(|privilege| privilege.is_none()) {
            return None;
        }
        let [configure_priv, write_priv, read_priv] =
            privileges.map(|privilege| privilege.clone().unwrap_or_else(super::grants::nothing));
        let vhost = self.vhost.clone().unwrap_or_else(super::root_vhost);
        Some(vec![Grant { vhost, configure_priv, write_priv, read_priv }])
    }

    /// A list of permissions is the whole of them; the rights of one vhost say nothing of the others.
    fn rights(&self, access: &Access) -> Result<Vec<UserStep>, Failure> {
        let Some(wanted) = self.grants() else { return Ok(Vec::new()) };
        let found = access.grants(&self.user)?;
        let mut steps: Vec<UserStep> =
            wanted.iter().filter(|grant| !found.contains(grant)).map(|grant| self.granting(grant)).collect();
        if self.permissions.is_some() {
            for other in found.iter().filter(|found| wanted.iter().all(|wanted| wanted.vhost != found.vhost)) {
                let what = format!("rights of {} in {}", self.user, other.vhost);
                steps.push(UserStep {
                    change: Change::new(Verb::Delete, what),
                    deed: Deed::Revoke(other.vhost.clone()),
                });
            }
        }
        Ok(steps)
    }

    fn needs_password(&self) -> Failure {
        Failure::new(format!("cannot create user {}: no password was given", self.user)).code("DPP0104")
    }
}

fn sorted(tags: &[String]) -> Vec<&String> {
    let mut tags: Vec<&String> = tags.iter().collect();
    tags.sort();
    tags
}

#[cfg(test)]
mod tests {
    use dpp_protocol::{Mode, Outcome};
    use serde_json::{Value, json};

    use crate::pipeline::stub::{Stub, run};

    const LOGGER: &str = include_str!("../../../tests/fixtures/rabbitmq/user.json");
    const RIGHTS: &str = include_str!("../../../tests/fixtures/rabbitmq/user-permissions.json");

    fn user(stub: &Stub, more: &Value) -> Outcome {
        let mut params = json!({"user": "logger", "password": "neu", "tags": "administrator", "vhost": "/log",
            "configure_priv": ".*", "write_priv": ".*", "read_priv": ".*", "login_port": stub.port(), "login_host": "127.0.0.1"});
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        run("rabbitmq_user", &params, Mode::Apply).unwrap()
    }

    #[test]
    fn a_new_user_is_made_with_tags_and_rights() {
        let stub = Stub::new(&[
            ("GET /api/whoami", 200, "{}"),
            ("PUT /api/users/logger", 201, ""),
            ("PUT /api/permissions/%2Flog/logger", 201, ""),
        ]);
        assert_eq!(user(&stub, &json!({})).changes.len(), 2);
        let expected = [
            r#"PUT /api/users/logger {"password":"neu","tags":"administrator"}"#,
            r#"PUT /api/permissions/%2Flog/logger {"configure":".*","write":".*","read":".*"}"#,
        ];
        assert_eq!(stub.changes(), expected);
    }

    #[test]
    fn a_user_as_wanted_is_left_alone_and_its_password_is_only_tried() {
        let stub = Stub::new(&[
            ("GET /api/whoami", 200, "{}"),
            ("GET /api/users/logger", 200, LOGGER),
            ("GET /api/users/logger/permissions", 200, RIGHTS),
        ]);
        assert!(!user(&stub, &json!({"update_password": "always"})).changed);
        assert!(stub.changes().is_empty());
    }

    #[test]
    fn another_password_is_set_and_other_tags_keep_the_hash() {
        let stub = Stub::new(&[
            ("GET /api/whoami", 200, "{}"),
            ("GET /api/whoami", 401, r#"{"error":"not_authorised","reason":"Login failed"}"#),
            ("GET /api/whoami", 200, "{}"),
            ("GET /api/users/logger", 200, LOGGER),
            ("GET /api/users/logger/permissions", 200, RIGHTS),
            ("PUT /api/users/logger", 204, ""),
        ]);
        let outcome = user(&stub, &json!({"update_password": "always", "tags": "monitoring"}));
        let details: Vec<&str> = outcome.changes.iter().map(|change| change.detail.as_str()).collect();
        assert_eq!(details, ["tags administrator -> monitoring", "password"]);
        assert!(stub.changes()[0].contains(r#""password_hash":"SGV0"#), "{:?}", stub.changes());
        assert_eq!(stub.changes()[1], r#"PUT /api/users/logger {"password":"neu","tags":"monitoring"}"#);
    }

    #[test]
    fn a_list_of_permissions_takes_away_the_others() {
        let stub = Stub::new(&[
            ("GET /api/whoami", 200, "{}"),
            ("GET /api/users/logger", 200, LOGGER),
            ("GET /api/users/logger/permissions", 200, RIGHTS),
            ("PUT /api/permissions/%2Fother/logger", 201, ""),
            ("DELETE /api/permissions/%2Flog/logger", 204, ""),
        ]);
        let outcome = user(&stub, &json!({"permissions": [{"vhost": "/other", "read_priv": ".*"}]}));
        assert_eq!(outcome.changes.len(), 2);
        assert_eq!(stub.changes()[1], "DELETE /api/permissions/%2Flog/logger");
    }
}
