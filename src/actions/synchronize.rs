//! `synchronize`: what rsync is told; it is run beside the connection, by whoever holds it.

use dpp_protocol::Failure;
use serde_json::json;

use crate::actions::action::{failure, flag, text};
use crate::actions::{Action, ActionContext, Aside, Deed, Remote};
use crate::files::FileKind;
use crate::template::Lookup;
use crate::value::{Map, Value};

pub(super) const ACTION: Action = Action {
    name: "synchronize",
    params: &[
        "src",
        "dest",
        "dest_port",
        "mode",
        "archive",
        "checksum",
        "compress",
        "existing_only",
        "delete",
        "dirs",
        "recursive",
        "links",
        "copy_links",
        "perms",
        "times",
        "owner",
        "group",
        "rsync_path",
        "rsync_timeout",
        "set_remote_user",
        "ssh_connection_multiplexing",
        "rsync_opts",
        "partial",
        "verify_host",
        "private_key",
        "link_dest",
        "delay_updates",
        "use_ssh_args",
    ],
    required: &["src", "dest"],
    run,
};

/// What stands before every line of rsync that tells of a change.
pub const CHANGED: &str = "<<CHANGED>>";

/// What rsync is told, but for the way to the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synchronize {
    /// The program.
    pub rsync: String,
    /// Its options.
    pub options: Vec<String>,
    /// From where.
    pub src: String,
    /// To where.
    pub dest: String,
    /// Whether the host's files come to where rsync runs.
    pub pulls: bool,
    /// The program on the other side.
    pub rsync_path: Option<String>,
    /// What ssh is told beyond what our own session uses.
    pub ssh: SshWishes,
    /// The host on which rsync runs, when it is not this machine.
    pub on: Option<String>,
    /// How another host than this machine reaches the task's host: its address and user, as the inventory has them.
    pub peer: (String, Option<String>),
}

/// What a task says of ssh.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SshWishes {
    /// Port on the host.
    pub port: Option<i64>,
    /// Key file.
    pub key: Option<String>,
    /// Whether the host's key is checked in any case.
    pub verifies: bool,
    /// Whether connections of the user's own client may be shared.
    pub shares: bool,
    /// Whether the user's name is left to the client's own configuration.
    pub omits_user: bool,
    /// Whether the task tells rsync itself how it connects.
    pub is_told: bool,
    /// Words of `ansible_ssh_args` and its like.
    pub more: Vec<String>,
}

fn run(context: &ActionContext, args: &Map) -> Result<Deed, Failure> {
    let required = |name: &str| {
        let missing = || Failure::new(format!("`synchronize` wants `{name}`")).code("DPP0104");
        text(args, name).filter(|path| !path.is_empty()).ok_or_else(missing)
    };
    let (src, dest) = (required("src")?, required("dest")?);
    let pulls = match text(args, "mode").unwrap_or("push") {
        "push" => false,
        "pull" => true,
        other => return Err(wrong(&format!("`mode: {other}` of `synchronize` is neither push nor pull"))),
    };
    if src.starts_with("rsync://") && dest.starts_with("rsync://") {
        return Err(wrong("either `src` or `dest` of `synchronize` is a path of this machine"));
    }
    let (src, dest) = if pulls { (src.to_owned(), here(context, dest)) } else { (here(context, src), dest.to_owned()) };
    let wish = Synchronize {
        rsync: variable(context, &["ansible_rsync_path"])?.unwrap_or_else(|| "rsync".to_owned()),
        options: options(args)?,
        src,
        dest,
        pulls,
        rsync_path: text(args, "rsync_path").map(str::to_owned),
        ssh: ssh(context, args)?,
        on: None,
        peer: (
            variable(context, &["ansible_host", "ansible_ssh_host"])?.unwrap_or_else(|| context.host.to_owned()),
            variable(context, &["ansible_user", "ansible_ssh_user"])?,
        ),
    };
    let remote = Remote::new("command", json!({}));
    Ok(Deed::Remote(Remote { aside: Some(Box::new(Aside::Synchronize(wish))), ..remote }))
}

fn wrong(message: &str) -> Failure {
    Failure::new(message).code("DPP0104")
}

/// A path of this machine; one of the project is found as any file of it, and keeps the slash that rsync heeds.
fn here(context: &ActionContext, path: &str) -> String {
    let path = context.files.at_home(path);
    if path.starts_with('/') || path.contains("rsync://") {
        return path;
    }
    let search = context.scope.search();
    let candidates = search.candidates("files", path.trim_end_matches('/'));
    let found = candidates.into_iter().find(|path| context.files.kind(path) != FileKind::Missing);
    let found = found.or_else(|| Some(search.folders.last()?.join(path.trim_end_matches('/'))));
    let slash = if path.ends_with('/') { "/" } else { "" };
    found.map_or_else(|| path.clone(), |found| format!("{}{slash}", found.display()))
}

fn options(args: &Map) -> Result<Vec<String>, Failure> {
    let said =
        |name: &str| args.get(name).filter(|value| !matches!(value, Value::Null)).map(|_| flag(args, name, false));
    let archive = flag(args, "archive", true);
    let mut options: Vec<String> = Vec::new();
    if flag(args, "delay_updates", true) {
        options.extend(["--delay-updates".to_owned(), "-F".to_owned()]);
    }
    options.extend(flag(args, "compress", true).then(|| "--compress".to_owned()));
    let timeout = number(args, "rsync_timeout")?.filter(|seconds| *seconds != 0);
    options.extend(timeout.map(|seconds| format!("--timeout={seconds}")));
    let flags = [("delete", "--delete-after"), ("existing_only", "--existing"), ("checksum", "--checksum")];
    let flags = flags.iter().chain(&[("copy_links", "--copy-links")]);
    options.extend(flags.filter(|(name, _)| flag(args, name, false)).map(|(_, option)| (*option).to_owned()));
    options.extend(archive.then(|| "--archive".to_owned()));
    for name in ["recursive", "links", "perms", "times", "owner", "group"] {
        match (archive, said(name)) {
            (true, Some(false)) => options.push(format!("--no-{name}")),
            (false, Some(true)) => options.push(format!("--{name}")),
            _ => {}
        }
    }
    options.extend(flag(args, "dirs", false).then(|| "--dirs".to_owned()));
    options.extend(list(args, "rsync_opts")?);
    options.extend(flag(args, "partial", false).then(|| "--partial".to_owned()));
    let links = list(args, "link_dest")?;
    if !links.is_empty() {
        // Without its talk, rsync does not count a link that it made as a change.
        options.extend(["-H".to_owned(), "-vv".to_owned()]);
        options.extend(links.iter().map(|path| format!("--link-dest={path}")));
    }
    options.push(format!("--out-format={CHANGED}%i %n%L"));
    Ok(options)
}

fn ssh(context: &ActionContext, args: &Map) -> Result<SshWishes, Failure> {
    let mut more = Vec::new();
    if flag(args, "use_ssh_args", false) {
        for name in ["ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args"] {
            let line = variable(context, &[name])?.unwrap_or_default();
            more.extend(shlex::split(&line).ok_or_else(|| wrong(&format!("a quote is not closed in `{name}`")))?);
        }
    }
    Ok(SshWishes {
        port: number(args, "dest_port")?,
        key: text(args, "private_key").map(|path| context.files.at_home(path)),
        verifies: flag(args, "verify_host", false),
        shares: flag(args, "ssh_connection_multiplexing", false),
        omits_user: !flag(args, "set_remote_user", true),
        is_told: list(args, "rsync_opts")?.iter().any(|option| option.contains("--rsh")),
        more,
    })
}

/// What a variable of the host says, under the first of its names that is set.
fn variable(context: &ActionContext, names: &[&str]) -> Result<Option<String>, Failure> {
    for name in names {
        if let Lookup::Found(value) = context.scope.variables().lookup(name) {
            let value = context.templates.value(&value, context.scope).map_err(|error| failure(&error))?;
            return Ok(value.as_str().filter(|text| !text.is_empty()).map(str::to_owned));
        }
    }
    Ok(None)
}

fn list(args: &Map, name: &str) -> Result<Vec<String>, Failure> {
    let wrong = || wrong(&format!("`{name}` of `synchronize` wants a list of texts"));
    match args.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::List(items)) => {
            items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
        }
        Some(Value::Text(text)) => Ok(text.as_str().split(',').map(str::to_owned).collect()),
        Some(_) => Err(wrong()),
    }
}

fn number(args: &Map, name: &str) -> Result<Option<i64>, Failure> {
    let number = match args.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Int(number)) => Some(*number),
        Some(Value::Text(text)) => text.as_str().trim().parse().ok(),
        Some(_) => None,
    };
    number.map(Some).ok_or_else(|| wrong(&format!("`{name}` of `synchronize` wants a whole number")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(args: &[(&str, Value)]) -> String {
        let args: Map = args.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let options = options(&args).map_err(|failure| failure.message).unwrap_or_else(|message| vec![message]);
        options.join(" ").replace(&format!(" --out-format={CHANGED}%i %n%L"), "")
    }

    #[test]
    fn parameters_become_options_of_rsync() {
        let (yes, no) = (Value::Bool(true), Value::Bool(false));
        for (args, wanted) in [
            (&[][..], "--delay-updates -F --compress --archive"),
            (&[("delay_updates", no.clone()), ("compress", no.clone()), ("owner", no.clone())], "--archive --no-owner"),
            (
                &[("archive", no.clone()), ("recursive", yes.clone()), ("links", no.clone())],
                "--delay-updates -F --compress --recursive",
            ),
            (
                &[("delete", yes.clone()), ("checksum", yes.clone()), ("rsync_timeout", Value::Int(5)), ("dirs", yes)],
                "--delay-updates -F --compress --timeout=5 --delete-after --checksum --archive --dirs",
            ),
            (
                &[("rsync_opts", Value::list([Value::plain("--exclude=.git")])), ("link_dest", Value::plain("/old"))],
                "--delay-updates -F --compress --archive --exclude=.git -H -vv --link-dest=/old",
            ),
            (&[("rsync_timeout", Value::plain("soon"))], "`rsync_timeout` of `synchronize` wants a whole number"),
        ] {
            assert_eq!(told(args), wanted, "{args:?}");
        }
    }
}
