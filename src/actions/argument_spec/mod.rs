//! Ansible's argument specifications: whether arguments are of the types, values and combinations that one allows.
//!
//! What is wrong is said in Ansible's words, since roles look for them in `argument_errors`.

mod types;

use std::collections::BTreeMap;

use crate::actions::argument_spec::types::{class, converted, is_true, printed};
use crate::value::{Map, Value};

/// What was found in arguments.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// What is wrong with them.
    pub(super) errors: Vec<String>,
    /// Texts that nobody is to see.
    pub(super) secrets: Vec<String>,
    /// Arguments that the specification does not know, and those that it knows beside them.
    strangers: BTreeMap<String, String>,
}

/// Holds arguments against a specification.
pub(super) fn validate(spec: &Map, mut arguments: Map) -> Findings {
    let mut findings = Findings::default();
    findings.level(spec, &Map::new(), &mut arguments, &mut Vec::new());
    if let Some(known) = findings.strangers.values().next_back() {
        let names: Vec<&str> = findings.strangers.keys().map(String::as_str).collect();
        findings.errors.push(format!("{}. Supported parameters include: {known}.", names.join(", ")));
    }
    findings
}

impl Findings {
    /// One level: `own` is the option whose `options` these are.
    fn level(&mut self, spec: &Map, own: &Map, arguments: &mut Map, within: &mut Vec<String>) {
        self.take_aliases(spec, arguments);
        self.find_strangers(spec, arguments, within);
        self.secrets.extend(spec.iter().filter_map(|(name, option)| secret(option, arguments.get(name)?)));
        self.say(mutually_exclusive(own, arguments), within);
        set_defaults(spec, arguments, false);
        self.say(missing(spec, arguments), within);
        self.convert(spec, arguments, within);
        self.compare(spec, arguments, within);
        for check in [required_together, required_one_of, required_if, required_by] {
            self.say(check(own, arguments), within);
        }
        set_defaults(spec, arguments, true);
        for (name, option) in spec {
            self.inside(name, option, arguments, within);
        }
    }

    /// The options of an option.
    fn inside(&mut self, name: &str, option: &Value, arguments: &mut Map, within: &mut Vec<String>) {
        let of_dicts = text(option, "elements") == Some("dict");
        let is_nested =
            matches!(text(option, "type"), Some("dict")) || (text(option, "type") == Some("list") && of_dicts);
        let (Some(spec), true) = (option.get("options").and_then(Value::as_map), is_nested) else { return };
        let own = option.as_map().cloned().unwrap_or_default();
        if is_set(option, "apply_defaults") && arguments.get(name).is_none_or(|value| matches!(value, Value::Null)) {
            arguments.insert(name.to_owned(), Value::from(Map::new()));
        }
        let elements = match arguments.get(name) {
            None | Some(Value::Null) => return,
            Some(Value::List(items)) => items.to_vec(),
            Some(one) => vec![one.clone()],
        };
        within.push(name.to_owned());
        for element in elements {
            match element.as_map() {
                Some(inner) => self.level(spec, &own, &mut inner.clone(), within),
                None => self.errors.push(format!("value of '{name}' must be of type dict or list of dicts")),
            }
        }
        within.pop();
    }

    fn take_aliases(&mut self, spec: &Map, arguments: &mut Map) {
        for (name, option) in spec {
            if is_set(option, "required") && option.get("default").is_some_and(|value| !matches!(value, Value::Null)) {
                let words = format!("internal error: required and default are mutually exclusive for {name}");
                self.errors.push(words);
            }
            for alias in names(option.get("aliases")) {
                if let Some(value) = arguments.get(&alias).cloned() {
                    arguments.insert(name.clone(), value);
                }
            }
        }
    }

    fn find_strangers(&mut self, spec: &Map, arguments: &Map, within: &[String]) {
        let mut aliases: Vec<String> = spec.values().flat_map(|option| names(option.get("aliases"))).collect();
        aliases.sort();
        let mut known: Vec<&str> = spec.keys().map(String::as_str).collect();
        known.sort_unstable();
        let also = if aliases.is_empty() { String::new() } else { format!(" ({})", aliases.join(", ")) };
        for name in arguments.keys().filter(|name| !spec.contains_key(*name) && !aliases.contains(name)) {
            let whole = [within, std::slice::from_ref(name)].concat().join(".");
            self.strangers.insert(whole, known.join(", ") + &also);
        }
    }

    fn convert(&mut self, spec: &Map, arguments: &mut Map, within: &[String]) {
        for (name, option) in spec {
            let Some(value) = arguments.get(name).cloned() else { continue };
            let is_wanted = is_set(option, "required") || option.get("default").is_some_and(|value| !is_null(value));
            if is_null(&value) && !is_wanted {
                continue;
            }
            let wanted = text(option, "type").unwrap_or("str");
            match converted(wanted, &value) {
                Ok(value) => drop(arguments.insert(name.clone(), self.elements(name, option, value, within))),
                Err(wrong) => {
                    let place =
                        if within.is_empty() { String::new() } else { format!(" found in '{}'.", within.join(" -> ")) };
                    self.errors.push(format!(
                        "argument '{name}' is of type {}{place} and we were unable to convert to {wanted}: {wrong}",
                        class(&value)
                    ));
                }
            }
        }
    }

    /// A list with each of its elements converted.
    fn elements(&mut self, name: &str, option: &Value, value: Value, within: &[String]) -> Value {
        let (Some(wanted), Some(items)) = (text(option, "elements"), value.as_list()) else { return value };
        let mut good = Vec::new();
        for item in items {
            match converted(wanted, item) {
                Ok(item) => good.push(item),
                Err(wrong) => {
                    let place =
                        if within.is_empty() { String::new() } else { format!(" found in '{}'", within.join(" -> ")) };
                    self.errors.push(format!(
                        "Elements value for option '{name}'{place} is of type {} and we were unable to convert to \
                         {wanted}: {wrong}",
                        class(item)
                    ));
                }
            }
        }
        Value::list(good)
    }

    fn compare(&mut self, spec: &Map, arguments: &Map, within: &[String]) {
        for (name, option) in spec {
            let (Some(choices), Some(value)) = (option.get("choices").and_then(Value::as_list), arguments.get(name))
            else {
                continue;
            };
            let shown = |values: &[&Value]| values.iter().map(|one| printed(one)).collect::<Vec<_>>().join(", ");
            let all = shown(&choices.iter().collect::<Vec<_>>());
            let wrong = match value.as_list() {
                Some(items) => {
                    let strange: Vec<&Value> = items.iter().filter(|item| !is_among(item, choices)).collect();
                    let got = shown(&strange);
                    let words = format!("value of {name} must be one or more of: {all}. Got no match for: {got}");
                    (!strange.is_empty()).then_some(words)
                }
                None => (!is_among(value, choices) && !is_null(value))
                    .then(|| format!("value of {name} must be one of: {all}, got: {}", printed(value))),
            };
            self.say(wrong, within);
        }
    }

    fn say(&mut self, wrong: Option<String>, within: &[String]) {
        let place = if within.is_empty() { String::new() } else { format!(" found in {}", within.join(" -> ")) };
        self.errors.extend(wrong.map(|wrong| wrong + &place));
    }
}

fn set_defaults(spec: &Map, arguments: &mut Map, all: bool) {
    for (name, option) in spec {
        let default = option.get("default").cloned().unwrap_or(Value::Null);
        if !arguments.contains_key(name) && (all || !is_null(&default)) {
            arguments.insert(name.clone(), default);
        }
    }
}

fn missing(spec: &Map, arguments: &Map) -> Option<String> {
    let required = spec.iter().filter(|(_, option)| is_set(option, "required")).map(|(name, _)| name.as_str());
    let mut missing: Vec<&str> = required.filter(|name| !arguments.contains_key(*name)).collect();
    missing.sort_unstable();
    (!missing.is_empty()).then(|| format!("missing required arguments: {}", missing.join(", ")))
}

fn mutually_exclusive(own: &Map, arguments: &Map) -> Option<String> {
    let both: Vec<String> = groups(own, "mutually_exclusive")
        .into_iter()
        .filter(|group| group.iter().filter(|name| arguments.contains_key(*name)).count() > 1)
        .map(|group| group.join("|"))
        .collect();
    (!both.is_empty()).then(|| format!("parameters are mutually exclusive: {}", both.join(", ")))
}

fn required_together(own: &Map, arguments: &Map) -> Option<String> {
    let is_half = |group: &Vec<String>| {
        let given = group.iter().filter(|name| arguments.contains_key(*name)).count();
        given > 0 && given < group.len()
    };
    let group = groups(own, "required_together").into_iter().find(is_half)?;
    Some(format!("parameters are required together: {}", group.join(", ")))
}

fn required_one_of(own: &Map, arguments: &Map) -> Option<String> {
    let has_none = |group: &Vec<String>| !group.iter().any(|name| arguments.contains_key(name));
    let group = groups(own, "required_one_of").into_iter().find(has_none)?;
    Some(format!("one of the following is required: {}", group.join(", ")))
}

fn required_if(own: &Map, arguments: &Map) -> Option<String> {
    own.get("required_if").and_then(Value::as_list)?.iter().find_map(|rule| {
        let [name, value, needed, rest @ ..] = rule.as_list()? else { return None };
        let name = name.as_str()?;
        if !same(arguments.get(name)?, value) {
            return None;
        }
        let needed = names(Some(needed));
        let one_suffices = rest.first().and_then(Value::as_bool).unwrap_or(false);
        let missing: Vec<&str> =
            needed.iter().map(String::as_str).filter(|name| !arguments.contains_key(*name)).collect();
        let is_wrong = !missing.is_empty() && (!one_suffices || missing.len() == needed.len());
        let how = if one_suffices { "any" } else { "all" };
        is_wrong.then(|| {
            format!("{name} is {} but {how} of the following are missing: {}", printed(value), missing.join(", "))
        })
    })
}

fn required_by(own: &Map, arguments: &Map) -> Option<String> {
    let given = |name: &str| arguments.get(name).is_some_and(|value| !is_null(value));
    let rules = own.get("required_by").and_then(Value::as_map)?;
    rules.iter().filter(|(name, _)| given(name)).find_map(|(name, needed)| {
        let missing: Vec<String> = names(Some(needed)).into_iter().filter(|name| !given(name)).collect();
        let words = format!("missing parameter(s) required by '{name}': {}", missing.join(", "));
        (!missing.is_empty()).then_some(words)
    })
}

fn groups(own: &Map, name: &str) -> Vec<Vec<String>> {
    let Some(groups) = own.get(name).and_then(Value::as_list) else { return Vec::new() };
    if groups.iter().all(|group| group.as_str().is_some()) && !groups.is_empty() {
        return vec![names(own.get(name))];
    }
    groups.iter().map(|group| names(Some(group))).collect()
}

fn names(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::List(items)) => items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
        Some(Value::Text(text)) => vec![text.as_str().to_owned()],
        _ => Vec::new(),
    }
}

fn secret(option: &Value, value: &Value) -> Option<String> {
    value.as_str().filter(|text| is_set(option, "no_log") && !text.is_empty()).map(str::to_owned)
}

fn text<'a>(option: &'a Value, name: &str) -> Option<&'a str> {
    option.get(name).and_then(Value::as_str)
}

fn is_set(option: &Value, name: &str) -> bool {
    match option.get(name) {
        Some(Value::Bool(yes)) => *yes,
        Some(value) => is_true(&printed(value)).unwrap_or(false),
        None => false,
    }
}

fn is_null(value: &Value) -> bool {
    matches!(value, Value::Null)
}

/// Whether a value is one of these. YAML reads `yes` among choices as a truth, which may be meant by the text `True`.
fn is_among(value: &Value, choices: &[Value]) -> bool {
    let truth = value.as_str().filter(|text| matches!(*text, "True" | "False")).map(|text| text == "True");
    let alike = |choice: &&Value| truth.is_some() && is_true(&printed(choice)) == truth;
    choices.iter().any(|choice| same(value, choice)) || choices.iter().filter(alike).count() == 1
}

fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Text(one), Value::Text(other)) => one.as_str() == other.as_str(),
        _ => serde_json::Value::from(one) == serde_json::Value::from(other),
    }
}

#[cfg(test)]
mod tests;
