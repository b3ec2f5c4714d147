//! `rabbitmq_user`: a user with password, tags and rights. A password is only set when it is not the user's already.

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use super::State;
use super::access::{Access, User};
use super::grants::{Grant, nothing};
use super::topic_grants::{TopicGrant, differing};
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
        tags: Names,
        #[serde(default)]
        permissions: Vec<Grant>,
        #[serde(default = "super::root_vhost")]
        vhost: String,
        #[serde(default = "nothing")]
        configure_priv: String,
        #[serde(default = "nothing")]
        write_priv: String,
        #[serde(default = "nothing")]
        read_priv: String,
        #[serde(default)]
        topic_permissions: Vec<TopicGrant>,
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
    /// In a vhost.
    Topics(String),
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
        self.check()?;
        let access = self.access(host)?;
        let found = access.user(&self.user)?;
        let mut steps = Vec::new();
        if found.is_some() && (self.state == State::Absent || self.force.0) {
            steps.push(self.step(Verb::Delete, "", Deed::Delete));
        }
        if self.state == State::Present {
            match found.filter(|_| !self.force.0) {
                None => {
                    steps.push(self.step(Verb::Create, &self.tags.0.join(", "), Deed::Create));
                    steps.extend(self.grants().iter().map(|grant| self.granting(grant)));
                    steps.extend(self.topics(&[]));
                }
                Some(user) => steps.extend(self.corrections(&user, &access)?),
            }
        }
        Ok(Survey::steps(steps).value("user", self.user.as_str()).value("state", self.state.word()))
    }

    fn make(&self, step: &UserStep, host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        let access = self.access(host)?;
        let tags = &self.tags.0;
        match &step.deed {
            Deed::Create => access.create_user(&self.user, self.password.as_deref(), tags),
            // The API sets tags with the password.
            Deed::Password => access.set_password(&self.user, self.password.as_deref().unwrap_or_default(), tags),
            Deed::Tags => match access.user(&self.user)? {
                Some(user) => access.set_tags(&self.user, &user, tags),
                None => Err(Failure::new(format!("user {} is gone", self.user)).code("DPP0802")),
            },
            Deed::Grant(grant) => access.grant(&self.user, grant),
            Deed::Revoke(vhost) => access.revoke(&self.user, vhost),
            Deed::Topics(vhost) => access.set_topic_grants(&self.user, vhost, &self.topic_permissions),
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

    fn check(&self) -> Result<(), Failure> {
        let mut vhosts: Vec<&str> = self.permissions.iter().map(|grant| grant.vhost.as_str()).collect();
        let mut topics: Vec<_> = self.topic_permissions.iter().map(|grant| (&grant.vhost, &grant.exchange)).collect();
        vhosts.sort_unstable();
        topics.sort_unstable();
        let wrong = if vhosts.windows(2).any(|two| two[0] == two[1]) {
            "`permissions` name one vhost twice"
        } else if topics.windows(2).any(|two| two[0] == two[1]) {
            "`topic_permissions` name one exchange of a vhost twice"
        } else if self.grants().iter().any(|grant| grant.vhost.is_empty()) {
            "the vhost of a right is empty"
        } else {
            return Ok(());
        };
        Err(Failure::new(wrong).code("DPP0104"))
    }

    /// The rights that are wanted: those of the list, or of one vhost, where a task that says nothing allows nothing.
    fn grants(&self) -> Vec<Grant> {
        if !self.permissions.is_empty() {
            return self.permissions.clone();
        }
        vec![Grant {
            vhost: self.vhost.clone(),
            configure_priv: self.configure_priv.clone(),
            write_priv: self.write_priv.clone(),
            read_priv: self.read_priv.clone(),
        }]
    }

    /// What makes of a user that is there the wanted one.
    fn corrections(&self, user: &User, access: &Access) -> Result<Vec<UserStep>, Failure> {
        let mut steps = Vec::new();
        if sorted(&user.tags) != sorted(&self.tags.0) {
            let detail = format!("tags {} -> {}", user.tags.join(","), self.tags.0.join(","));
            steps.push(self.step(Verb::Change, &detail, Deed::Tags));
        }
        if let (Some(password), UpdatePassword::Always) = (&self.password, self.update_password)
            && !access.password_is(&self.login(), &self.user, password)?
        {
            steps.push(self.step(Verb::Change, "password", Deed::Password));
        }
        steps.extend(self.rights(access)?);
        steps.extend(self.topics(&access.topic_grants(&self.user)?));
        Ok(steps)
    }

    /// A list of permissions is the whole of them; the rights of one vhost say nothing of the others.
    fn rights(&self, access: &Access) -> Result<Vec<UserStep>, Failure> {
        let (wanted, found) = (self.grants(), access.grants(&self.user)?);
        let mut steps: Vec<UserStep> =
            wanted.iter().filter(|grant| !found.contains(grant)).map(|grant| self.granting(grant)).collect();
        if !self.permissions.is_empty() {
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

    fn topics(&self, found: &[TopicGrant]) -> Vec<UserStep> {
        let step = |vhost: String| {
            let wanted = self.topic_permissions.iter().filter(|grant| grant.vhost == vhost);
            let detail = wanted.map(TopicGrant::words).collect::<Vec<_>>().join(", ");
            let what = format!("topic rights of {} in {vhost}", self.user);
            UserStep { change: Change::new(Verb::Change, what).detail(detail), deed: Deed::Topics(vhost) }
        };
        differing(found, &self.topic_permissions).into_iter().map(step).collect()
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
    fn topic_rights_are_those_of_the_task_and_no_others() {
        let stub = Stub::new(&[
            ("GET /api/whoami", 200, "{}"),
            ("GET /api/users/logger", 200, LOGGER),
            ("GET /api/users/logger/permissions", 200, RIGHTS),
            (
                "GET /api/users/logger/topic-permissions",
                200,
                r#"[{"vhost":"/log","exchange":"amq.topic","write":"a","read":"b"}]"#,
            ),
            ("DELETE /api/topic-permissions/%2Flog/logger", 204, ""),
            ("PUT /api/topic-permissions/%2Fother/logger", 201, ""),
        ]);
        let same = json!({"topic_permissions": [{"vhost": "/log", "read_priv": "b", "write_priv": "a"}]});
        assert!(!user(&stub, &same).changed);
        let outcome = user(&stub, &json!({"topic_permissions": [{"vhost": "/other", "read": ".*", "write": ""}]}));
        assert_eq!((outcome.changes.len(), &outcome.result["user"]), (2, &json!("logger")));
        let put = r#"PUT /api/topic-permissions/%2Fother/logger {"exchange":"amq.topic","write":"","read":".*"}"#;
        assert!(stub.changes().contains(&put.to_owned()), "{:?}", stub.changes());
    }

    #[test]
    fn a_user_without_a_password_cannot_log_in_by_one_and_one_vhost_is_named_once() {
        let stub = Stub::new(&[
            ("GET /api/whoami", 200, "{}"),
            ("PUT /api/users/logger", 201, ""),
            ("PUT /api/permissions/%2F/logger", 201, ""),
        ]);
        let params = |more: Value| {
            let mut params = json!({"user": "logger", "login_port": stub.port(), "login_host": "127.0.0.1"});
            params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            params
        };
        assert!(run("rabbitmq_user", &params(json!({})), Mode::Apply).unwrap().changed);
        let nothing = r#"PUT /api/permissions/%2F/logger {"configure":"^$","write":"^$","read":"^$"}"#;
        assert_eq!(stub.changes(), [r#"PUT /api/users/logger {"password_hash":"","tags":""}"#, nothing]);
        let twice = json!({"permissions": [{"vhost": "/"}, {"vhost": "/"}]});
        assert_eq!(run("rabbitmq_user", &params(twice), Mode::Survey).unwrap_err().code, "DPP0104");
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
