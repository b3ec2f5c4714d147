//! A connector's status as Connect tells it, and what follows from it.

use std::fmt::Write;

use serde::Deserialize;

use super::trace::{Cause, root_cause};

/// `GET /connectors/NAME/status`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Status {
    pub(super) connector: Instance,
    #[serde(default)]
    pub(super) tasks: Vec<Instance>,
}

/// The connector itself, or one of its tasks.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Instance {
    #[serde(default)]
    pub(super) id: u64,
    pub(super) state: String,
    #[serde(default)]
    pub(super) trace: Option<String>,
    #[serde(default)]
    pub(super) worker_id: String,
}

/// What a status means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Health {
    /// The connector and every one of its tasks run; there is at least one.
    Running,
    /// Paused or stopped by an operator.
    Paused,
    /// Something failed and stays so until it is restarted.
    Failed {
        /// Numbers of the failed tasks.
        tasks: Vec<u64>,
        /// Whether the connector itself failed.
        connector: bool,
        /// The root cause of the first of them.
        cause: Cause,
    },
    /// Tasks are being assigned or started.
    Underway,
}

impl Status {
    /// What it means.
    pub(super) fn health(&self) -> Health {
        let failed: Vec<&Instance> = self.tasks.iter().filter(|task| task.state == "FAILED").collect();
        let connector = self.connector.state == "FAILED";
        if connector || !failed.is_empty() {
            let first = if connector { Some(&self.connector) } else { failed.first().copied() };
            let cause = first.and_then(|first| first.trace.as_deref()).map(root_cause).unwrap_or_default();
            return Health::Failed { tasks: failed.iter().map(|task| task.id).collect(), connector, cause };
        }
        match self.connector.state.as_str() {
            "PAUSED" | "STOPPED" => Health::Paused,
            "RUNNING" if !self.tasks.is_empty() && self.tasks.iter().all(|task| task.state == "RUNNING") => {
                Health::Running
            }
            _ => Health::Underway,
        }
    }

    /// `connector RUNNING, task 0 FAILED`.
    pub(super) fn words(&self) -> String {
        let mut words = format!("connector {}", self.connector.state);
        for task in &self.tasks {
            let _ = write!(words, ", task {} {}", task.id, task.state);
        }
        if self.tasks.is_empty() {
            words.push_str(", no task");
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn health(connector: &str, tasks: &[&str]) -> Health {
        let tasks: Vec<_> = tasks.iter().enumerate().map(|(id, state)| json!({"id": id, "state": state})).collect();
        let status = json!({"name": "x", "connector": {"state": connector, "worker_id": "w"}, "tasks": tasks});
        serde_json::from_value::<Status>(status).unwrap().health()
    }

    #[test]
    fn running_means_every_task_runs_and_there_is_one() {
        assert_eq!(health("RUNNING", &["RUNNING", "RUNNING"]), Health::Running);
        assert_eq!(health("RUNNING", &[]), Health::Underway);
        assert_eq!(health("RUNNING", &["RUNNING", "UNASSIGNED"]), Health::Underway);
        assert_eq!(health("STOPPED", &[]), Health::Paused);
    }

    #[test]
    fn a_failed_task_under_a_running_connector_is_a_failure() {
        let Health::Failed { tasks, connector, .. } = health("RUNNING", &["RUNNING", "FAILED"]) else { panic!() };
        assert_eq!((tasks, connector), (vec![1], false));
    }
}
