//! `hostvars` and `vars`: variables by name, rendered in the scope of the host they belong to when they are used.

use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Value as Dynamic};

use crate::engine::TaskVars;
use crate::engine::scope::HostEntry;
use crate::template::{Lookup, Scope, SearchPath, Variables};
use crate::value::{Map, Value};

/// All hosts by name.
#[derive(Debug)]
pub(super) struct HostVars(TaskVars);

/// The variables of one scope by name.
#[derive(Debug)]
pub(super) struct OwnVars(TaskVars);

impl HostVars {
    pub(super) fn new(vars: &TaskVars) -> Self {
        Self(vars.clone())
    }

    /// The variables of another host: its own, without those of the task that looks.
    fn of(&self, host: &str) -> Option<TaskVars> {
        let HostEntry { state, magic } = self.0.run.hosts().get(host)?.clone();
        Some(TaskVars { host: host.to_owned(), state, step: None, front: Map::new(), magic, ..self.0.clone() })
    }
}

impl OwnVars {
    pub(super) fn new(vars: &TaskVars) -> Self {
        Self(vars.clone())
    }
}

impl Object for HostVars {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Dynamic) -> Option<Dynamic> {
        self.of(key.as_str()?).map(|vars| Dynamic::from_object(OwnVars(vars)))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let names: Vec<String> = self.0.run.hosts().keys().cloned().collect();
        Enumerator::Values(self.0.run.in_order(names).into_iter().map(Dynamic::from).collect())
    }
}

impl Object for OwnVars {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Dynamic) -> Option<Dynamic> {
        match self.0.lookup(key.as_str()?) {
            Lookup::Missing => None,
            Lookup::Object(object) => Some(object),
            Lookup::Pending => Some(Dynamic::from(minijinja::Error::new(
                minijinja::ErrorKind::InvalidOperation,
                "a variable that is only known when an earlier task has run",
            ))),
            Lookup::Found(value) => Some(self.rendered(&value)),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.names().into_iter().map(Dynamic::from).collect())
    }
}

impl OwnVars {
    fn rendered(&self, value: &Value) -> Dynamic {
        let scope = Scope::new(Arc::new(self.0.clone()), Arc::new(SearchPath::default()));
        match self.0.run.templates.value(value, &scope) {
            Ok(value) => Dynamic::from(minijinja::value::Serde(serde_json::Value::from(&value))),
            Err(error) => {
                Dynamic::from(minijinja::Error::new(minijinja::ErrorKind::InvalidOperation, error.to_string()))
            }
        }
    }
}
