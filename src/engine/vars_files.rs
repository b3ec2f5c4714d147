//! `vars_files`: variables that a play reads from files when a host begins it; a list in the list means the first file
//! that is there.

use std::path::PathBuf;
use std::sync::Arc;

use dpp_protocol::Failure;

use crate::engine::TaskVars;
use crate::engine::prepare::{Keyword, scope};
use crate::files::Files;
use crate::playbook::vars_file;
use crate::value::{Map, Value};

/// Reads the files for a host, the last one first: it wins.
pub(super) fn read(files: &dyn Files, vars: &TaskVars) -> Result<Vec<Arc<Map>>, Failure> {
    let play = &vars.play.play;
    let mut read = Vec::new();
    for entry in &play.play.vars_files {
        let candidates = entry.as_list().map_or_else(|| vec![entry.clone()], <[Value]>::to_vec);
        let path = first(files, vars, &candidates)?;
        let map = vars_file(files, &path).map_err(|problems| {
            let first = problems.first().map_or_else(String::new, ToString::to_string);
            Failure::new(format!("cannot read variables: {first}")).code("DPP0204")
        })?;
        read.push(Arc::new(map));
        // A later file's name may use an earlier file's variables.
        vars.state.write().play_files = read.iter().rev().cloned().collect();
    }
    read.reverse();
    Ok(read)
}

fn first(files: &dyn Files, vars: &TaskVars, candidates: &[Value]) -> Result<PathBuf, Failure> {
    let scope = scope(vars);
    let keyword = Keyword { vars, scope: &scope };
    let mut looked = Vec::new();
    for candidate in candidates {
        let name = files.at_home(&keyword.text(candidate).map_err(|error| crate::actions::failure(&error))?);
        for path in [vars.play.play.folder.join(&name), vars.play.play.folder.join("vars").join(&name)] {
            if files.is_file(&path) {
                return Ok(path);
            }
            looked.push(path.display().to_string());
        }
    }
    Err(Failure::new("none of the files of `vars_files` is there").code("DPP0204").note("looked at", looked.join("\n")))
}
