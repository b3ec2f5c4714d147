//! `vars_files` whose names are fixed: that they are there and can be read is known before anything is touched.

use std::path::Path;

use crate::files::Files;
use crate::playbook::{Play, vars_file};
use crate::source::{Problem, Problems};
use crate::value::{Text, Value};

/// What is wrong with them. Of a list in the list the first that is there is read, and one must be there.
pub(super) fn check(files: &dyn Files, play: &Play, folder: &Path) -> Problems {
    play.vars_files.iter().flat_map(|entry| of_entry(files, entry, folder)).collect()
}

fn of_entry(files: &dyn Files, entry: &Value, folder: &Path) -> Problems {
    let candidates = entry.as_list().unwrap_or(std::slice::from_ref(entry));
    let mut names = Vec::new();
    for candidate in candidates {
        match candidate {
            Value::Text(name) if !name.is_template() => names.push(name),
            // From here on only the run can tell.
            _ => return Problems::new(),
        }
    }
    let paths = |name: &Text| {
        let name = files.at_home(name.as_str());
        [folder.join(&name), folder.join("vars").join(name)]
    };
    match names.iter().flat_map(|name| paths(name)).find(|path| files.is_file(path)) {
        Some(path) => vars_file(files, &path).err().unwrap_or_default(),
        None => names.first().map(|name| missing(name, names.len())).into_iter().collect(),
    }
}

fn missing(name: &Text, of: usize) -> Problem {
    let message = match of {
        1 => format!("there is no file {}", name.as_str()),
        _ => "none of these files is there".to_owned(),
    };
    let problem = Problem::error("DPP0106", message);
    name.place().map_or(problem.clone(), |place| problem.at(place, "to read variables from"))
}
