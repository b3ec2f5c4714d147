//! `dppctl inventory vars`: the variables of a host, and for one of them who wins, who is covered, and where each stands.

use std::collections::BTreeMap;

use serde_json::{Map as JsonMap, Value as Json, json};

use crate::cli::Stop;
use crate::cli::invocation::Invocation;
use crate::exit::Exit;
use crate::inventory::{Inventory, Saying};
use crate::secret::names_secret;
use crate::source::{Problem, nearest};
use crate::ui::{Table, Ui, answer_json};
use crate::value::Value;

const SCHEMA: &str = "dppctl.inventory/1";
/// The strongest level: `-e`.
const COMMAND_LINE: u8 = 22;
/// What only a play brings.
const OF_A_PLAY: &str = "defaults of roles are weaker than all of these; facts, variables of plays, roles, blocks and \
                         tasks, include_vars and set_fact are stronger, and known when a play runs";

/// Shows all variables of a host, or the one that is asked for.
pub(super) fn vars(invocation: &Invocation, host: &str, why: Option<&str>, ui: &Ui) -> Result<(), Stop> {
    let inventory = &invocation.inventory;
    if inventory.host(host).is_none() {
        let problem = Problem::error("DPP0203", format!("there is no host `{host}`"));
        return Err(problem.did_you_mean(inventory.nearest_host(host)).into());
    }
    let sayings = sayings(invocation, host);
    match why {
        Some(name) => Ok(explain(host, name, &sayings, ui)?),
        None => {
            all(inventory, host, &sayings, ui);
            Ok(())
        }
    }
}

/// Everything said of a host, the weakest first; the command line wins.
fn sayings(invocation: &Invocation, host: &str) -> Vec<Saying> {
    let given = &invocation.given;
    let of_extra = given.values().iter().map(|(name, value)| Saying {
        name: name.clone(),
        value: value.clone(),
        level: COMMAND_LINE,
        origin: "command line".to_owned(),
        place: given.place(name).cloned(),
    });
    invocation.inventory.sayings(host).into_iter().chain(of_extra).collect()
}

/// A value as it was written, with `****` for what is secret in it, however deep.
fn shown(name: &str, value: &Value) -> Json {
    match value {
        Value::Text(text) if text.is_secret() => "****".into(),
        Value::Null | Value::Bool(_) => value.into(),
        _ if names_secret(name) => "****".into(),
        Value::List(items) => items.iter().map(|item| shown("", item)).collect(),
        Value::Map(entries) => {
            Json::Object(entries.iter().map(|(name, value)| (name.clone(), shown(name, value))).collect())
        }
        _ => value.into(),
    }
}

fn all(inventory: &Inventory, host: &str, sayings: &[Saying], ui: &Ui) {
    // The last of a name is the strongest.
    let winners: BTreeMap<&str, &Saying> = sayings.iter().map(|saying| (saying.name.as_str(), saying)).collect();
    let groups = inventory.groups_of(host);
    if ui.output.is_json() {
        let variables: JsonMap<String, Json> =
            winners.values().map(|saying| (saying.name.clone(), document(saying))).collect();
        let body = json!({"host": host, "groups": groups, "variables": variables});
        return answer_json(ui, SCHEMA, Exit::Ok, &body);
    }
    ui.answer(&format!("{host}   groups: {}", groups.join(" ")));
    if winners.is_empty() {
        return ui.story("no variable is set for it");
    }
    let mut table = Table::new(&["VARIABLE", "VALUE", "FROM"]);
    for saying in winners.into_values() {
        table.row([saying.name.clone(), shown(&saying.name, &saying.value).to_string(), saying.at()]);
    }
    ui.answer(&table.to_text());
}

fn document(saying: &Saying) -> Json {
    json!({
        "value": shown(&saying.name, &saying.value),
        "level": saying.level,
        "from": saying.origin,
        "at": saying.at(),
    })
}

fn explain(host: &str, name: &str, sayings: &[Saying], ui: &Ui) -> Result<(), Problem> {
    let said: Vec<&Saying> = sayings.iter().rev().filter(|saying| saying.name == name).collect();
    let [winner, ..] = said.as_slice() else {
        let problem = Problem::error("DPP0215", format!("nothing sets `{name}` for {host}")).note(OF_A_PLAY);
        let near = nearest(name, sayings.iter().map(|saying| saying.name.as_str()));
        return Err(problem.did_you_mean(near));
    };
    if ui.output.is_json() {
        let said: Vec<Json> = said.iter().map(|saying| document(saying)).collect();
        answer_json(ui, SCHEMA, Exit::Ok, &json!({"host": host, "variable": name, "said": said}));
        return Ok(());
    }
    let mut table = Table::new(&["", "LEVEL", "VALUE", "FROM", "AT"]);
    for (rank, saying) in said.iter().enumerate() {
        let mark = if rank == 0 { "wins" } else { "covered" };
        let (level, value) = (saying.level.to_string(), shown(name, &saying.value).to_string());
        table.row([mark.to_owned(), level, value, saying.origin.clone(), saying.at()]);
    }
    ui.answer(&format!("{name} of {host}"));
    ui.answer(&table.to_text());
    if winner.level < COMMAND_LINE {
        ui.story(&format!("note: {OF_A_PLAY}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Text;

    #[test]
    fn what_is_secret_is_hidden_however_deep_it_lies() {
        let sealed = Value::Text(Text::secret("geheim"));
        let user = Value::map([
            ("name".to_owned(), Value::plain("app")),
            ("key".to_owned(), sealed.clone()),
            ("password".to_owned(), Value::plain("clear")),
            ("ask_password".to_owned(), true.into()),
        ]);
        let shown = shown("users", &Value::list([user, sealed])).to_string();
        assert_eq!(shown, r#"[{"name":"app","key":"****","password":"****","ask_password":true},"****"]"#);
    }
}
