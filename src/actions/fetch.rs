//! `fetch`: a file of the host is to lie here, under the host's name or under one of its own.

use std::path::{Path, PathBuf};

use dpp_protocol::Failure;
use serde_json::json;

use crate::actions::action::{flag, text};
use crate::actions::receipt::{Destination, Receipt};
use crate::actions::{Action, ActionContext, Aside, Deed, Remote};
use crate::value::Map;

pub(super) const ACTION: Action = Action {
    name: "fetch",
    params: &["src", "dest", "flat", "fail_on_missing", "validate_checksum"],
    required: &["src", "dest"],
    run,
};

fn run(context: &ActionContext, args: &Map) -> Result<Deed, Failure> {
    let wanted = |name| text(args, name).filter(|text| !text.is_empty());
    let missing = |name: &str| Failure::new(format!("`fetch` wants `{name}`")).code("DPP0104");
    let src = wanted("src").ok_or_else(|| missing("src"))?;
    let dest = wanted("dest").ok_or_else(|| missing("dest"))?;
    let to = path_here(context, dest);
    let to = std::path::absolute(&to).unwrap_or(to);
    let to = match flag(args, "flat", false) {
        true if dest.ends_with('/') => Destination::Into(to),
        true => Destination::Exactly(to),
        false => Destination::Below(to.join(context.host)),
    };
    let receipt = Receipt {
        to,
        fail_on_missing: flag(args, "fail_on_missing", true),
        validate_checksum: flag(args, "validate_checksum", true),
    };
    let remote = Remote::new("fetch", json!({ "src": src }));
    Ok(Deed::Remote(Remote { aside: Some(Box::new(Aside::Receive(receipt))), ..remote }))
}

/// A path of this machine; what is relative begins in the playbook's folder.
fn path_here(context: &ActionContext, path: &str) -> PathBuf {
    let path = context.files.at_home(path);
    context.scope.search().folders.last().map_or_else(|| Path::new(&path).to_owned(), |folder| folder.join(&path))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::files::Disk;
    use crate::template::{Scope, SearchPath, Surroundings, Templates};
    use crate::value::Value;

    fn destination(dest: &str, flat: bool) -> Destination {
        let templates = Templates::new(Surroundings::of_this_process());
        let search = SearchPath { folders: vec!["/p/roles/r".into(), "/p".into()] };
        let scope = Scope::new(Arc::new(Map::new()), Arc::new(search));
        let context = ActionContext { templates: &templates, scope: &scope, files: &Disk, host: "web1", verbosity: 0 };
        let args = [("src", Value::plain("/etc/motd")), ("dest", Value::plain(dest)), ("flat", Value::Bool(flat))];
        let args = args.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        match run(&context, &args) {
            Ok(Deed::Remote(Remote { aside: Some(aside), .. })) => match *aside {
                Aside::Receive(receipt) => receipt.to,
                _ => panic!("nothing is received"),
            },
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_relative_destination_begins_beside_the_playbook() {
        assert_eq!(destination("got", false), Destination::Below("/p/got/web1".into()));
        assert_eq!(destination("/tmp/got/", true), Destination::Into("/tmp/got/".into()));
        assert_eq!(destination("got/one", true), Destination::Exactly("/p/got/one".into()));
    }
}
