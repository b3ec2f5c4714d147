//! Tags that templates make. They choose tasks before any host is asked, so that they are made of what is known then.

use std::sync::Arc;

use crate::plan::RoleScope;
use crate::plan::compile::{Render, Surrounding};
use crate::source::Problem;
use crate::value::{Map, Text};

/// The tags with their templates rendered, a list that one gives opened: from variables of the play, its roles and the
/// command line.
pub(super) fn rendered(
    tags: &[String],
    around: &Surrounding,
    of_other_roles: [&Map; 2],
    render: &Render,
) -> Result<Vec<String>, Problem> {
    if !tags.iter().any(|tag| tag.contains("{{")) {
        return Ok(tags.to_vec());
    }
    let known: Vec<Arc<Map>> = of_other_roles
        .into_iter()
        .map(|vars| Arc::new(vars.clone()))
        .chain(of_roles(around.role.as_ref()))
        .chain(around.params.iter().cloned())
        .collect();
    let mut all = Vec::new();
    for tag in tags {
        let text = render(&Text::template(tag.as_str()), &known)?;
        let list = serde_json::from_str::<Vec<String>>(&text).ok();
        for tag in list.unwrap_or_else(|| vec![text]) {
            if !all.contains(&tag) {
                all.push(tag);
            }
        }
    }
    Ok(all)
}

/// Defaults and variables of a role and those around it, the weakest first.
fn of_roles(role: Option<&Arc<RoleScope>>) -> Vec<Arc<Map>> {
    let mut roles: Vec<_> = std::iter::successors(role, |role| role.parent.as_ref()).collect();
    roles.reverse();
    let defaults = roles.iter().map(|role| Arc::new(role.role.defaults.clone()));
    let vars = roles.iter().map(|role| Arc::new(role.role.vars.clone()));
    let params = roles.iter().map(|role| Arc::clone(&role.params));
    defaults.chain(vars).chain(params).collect()
}
