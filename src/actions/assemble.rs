//! `assemble` with `remote_src: false`: fragments of the project become one file of the host. Those of the host itself are
//! the module's business.

use dpp_modules::files::assemble::{chosen, joined};
use dpp_protocol::Failure;
use serde_json::Value as Json;

use crate::actions::action::{flag, text};
use crate::actions::copy::put;
use crate::actions::{Action, ActionContext, Deed, Remote};
use crate::files::FileKind;
use crate::value::{Map, Value};

/// Arguments that say how the fragments become one; `copy` has none of them.
const OWN: [&str; 6] = ["src", "remote_src", "regexp", "delimiter", "ignore_hidden", "decrypt"];

pub(super) const ACTION: Action = Action {
    name: "assemble",
    params: &[
        "src",
        "dest",
        "remote_src",
        "regexp",
        "delimiter",
        "ignore_hidden",
        "decrypt",
        "backup",
        "validate",
        "mode",
        "owner",
        "group",
        "attributes",
        "attr",
        "selevel",
        "serole",
        "setype",
        "seuser",
        "unsafe_writes",
    ],
    required: &["src", "dest"],
    run,
};

fn run(context: &ActionContext, args: &Map) -> Result<Deed, Failure> {
    if flag(args, "remote_src", true) {
        return Ok(Deed::Remote(Remote::new("assemble", Json::from(&Value::from(args.clone())))));
    }
    let src = text(args, "src").ok_or_else(|| Failure::new("`assemble` wants `src`").code("DPP0104"))?;
    let folder = context.find("files", src)?;
    if context.files.kind(&folder) != FileKind::Folder {
        return Err(Failure::new(format!("cannot assemble {}: it is no folder", folder.display())).code("DPP0106"));
    }
    let files = context.files.list(&folder).into_iter().filter(|path| context.files.kind(path) == FileKind::File);
    let names = files.filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned())).collect();
    let names = chosen(names, text(args, "regexp"), flag(args, "ignore_hidden", false))?;
    let decrypts = flag(args, "decrypt", true);
    let read = |name: &String| {
        let path = folder.join(name);
        if decrypts { context.read(&path) } else { context.raw(&path) }
    };
    let fragments = names.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let rest = args.iter().filter(|(name, _)| !OWN.contains(&name.as_str()));
    let rest: Map = rest.map(|(name, value)| (name.clone(), value.clone())).collect();
    Ok(Deed::Remote(put(&rest, &joined(&fragments, text(args, "delimiter")))))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::files::Disk;
    use crate::template::{Scope, SearchPath, Surroundings, Templates};

    #[test]
    fn fragments_of_the_project_arrive_as_one_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("files/parts/more")).unwrap();
        for (name, text) in [("2", "two\n"), ("1", "one"), ("x", "x")] {
            std::fs::write(folder.path().join("files/parts").join(name), text).unwrap();
        }
        let templates = Templates::new(Surroundings::of_this_process());
        let search = SearchPath { folders: vec![folder.path().to_owned()] };
        let scope = Scope::new(Arc::new(Map::new()), Arc::new(search));
        let context = ActionContext { templates: &templates, scope: &scope, files: &Disk, host: "web1", verbosity: 0 };
        let text = |name: &str, value: &str| (name.to_owned(), Value::plain(value));
        let mut args = Map::from_iter([text("src", "parts"), text("dest", "/etc/x"), text("regexp", "[0-9]")]);
        args.insert("mode".into(), Value::plain("0600"));
        args.insert("remote_src".into(), Value::Bool(false));
        let Ok(Deed::Remote(remote)) = run(&context, &args) else { panic!("it is not done here") };
        assert_eq!((remote.module.as_str(), &remote.params["content"]), ("copy", &"one\ntwo\n".into()));
        assert_eq!((&remote.params["mode"], remote.params.get("regexp")), (&"0600".into(), None));
        args.insert("remote_src".into(), Value::Bool(true));
        let Ok(Deed::Remote(remote)) = run(&context, &args) else { panic!("it is not done here") };
        assert_eq!(remote.module, "assemble");
    }
}
