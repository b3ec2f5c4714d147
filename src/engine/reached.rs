//! `ansible_connection` and `ansible_host` where nobody set them: roles ask for them, and Ansible gives every task those that
//! it would use itself. How a host is really reached is decided in `inventory`, without these.

use super::scope::TaskVars;
use crate::value::Value;

const HERE: &str = "localhost";

/// The weakest of all variables.
pub(super) fn reached(vars: &TaskVars, name: &str) -> Option<Value> {
    let here = vars.host == HERE;
    match name {
        "ansible_connection" => {
            let named = vars.step.as_ref().and_then(|step| step.keywords.connection.clone());
            Some(named.unwrap_or_else(|| Value::plain(if here { "local" } else { "ssh" })))
        }
        "ansible_host" => Some(Value::plain(if here { "127.0.0.1" } else { vars.host.as_str() })),
        "ansible_ssh_host" => vars.find("ansible_host"),
        _ => None,
    }
}
