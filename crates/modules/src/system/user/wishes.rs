//! What a task says of a user that only Ansible or only other systems care for.

use serde_json::Value;

use super::User;
use crate::labels::no_effect;
use crate::presence::Presence;

impl User {
    /// Those of its own parameters that Ansible tells, which depends on whether the user was there.
    pub(super) fn wishes(&self, was_there: bool) -> Vec<(String, Value)> {
        let told: &[(&str, bool)] = match (self.state, was_there) {
            (Presence::Absent, false) => &[],
            (Presence::Absent, true) => &[("force", self.force.0), ("remove", self.remove.0)],
            (Presence::Present, false) => &[("system", self.system.0), ("create_home", self.create_home.0)],
            (Presence::Present, true) => &[("append", self.append.0), ("move_home", self.move_home.0)],
        };
        let password = self.password.as_ref().filter(|_| self.state == Presence::Present);
        let password = password.map(|_| ("password".to_owned(), "NOT_LOGGING_PASSWORD".into()));
        told.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).chain(password).collect()
    }

    /// What is to be said of parameters that have no effect: those of other systems, and `local`, since the shadow suite
    /// knows this host's accounts alone.
    pub(super) fn passed_over(&self) -> Option<String> {
        let given = [
            ("local", &self.local),
            ("seuser", &self.seuser),
            ("login_class", &self.login_class),
            ("hidden", &self.hidden),
            ("profile", &self.profile),
            ("authorization", &self.authorization),
            ("role", &self.role),
        ];
        let is_said = |value: &Option<Value>| !matches!(value, None | Some(Value::Null | Value::Bool(false)));
        no_effect(&given.map(|(name, value)| (name, is_said(value))))
    }
}
