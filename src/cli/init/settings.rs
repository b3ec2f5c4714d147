//! The `dppctl.toml` that a project of Ansible's needs: what its `ansible.cfg` says, in our words, and the groups that are
//! stages of the pipeline.

use std::path::Path;

use toml::Value;

use crate::inventory::Inventory;
use crate::project::{Project, Setting};
use crate::transport::{BecomeMethod, HostKeyPolicy};

const HEAD: &str = "# What dppctl takes for granted in this project; the command line wins. ansible.cfg is read, too, and this wins.\n";

/// Groups that are stages wherever they are called this.
const STAGES: &[(&str, &str)] = &[
    ("rabbitmq", "web_nodes"),
    ("relay", "logstash_nodes"),
    ("kafka", "kafka_nodes"),
    ("connect", "kafka_nodes"),
    ("elasticsearch", "elasticsearch_nodes"),
    ("kibana", "kibana_nodes"),
];

/// All settings that somebody made, and the inventory that was found.
pub(super) fn toml(project: &Project, inventory: Option<&str>) -> String {
    let settings = &project.settings;
    let path = |path: &Path| text(&seen_from(&path.display().to_string(), project));
    let file = |setting: &Setting<Option<std::path::PathBuf>>| setting.as_deref().map(path);
    let mut out = HEAD.to_owned();
    let roles = settings.roles.is_set().then(|| {
        let roles: Vec<String> = settings.roles.iter().map(|role| path(role)).collect();
        format!("[{}]", roles.join(", "))
    });
    table(
        &mut out,
        "",
        &[
            ("inventory", inventory.map(text)),
            ("roles", roles),
            ("forks", settings.forks.is_set().then(|| settings.forks.to_string())),
        ],
    );
    let timeout = &settings.connect_timeout;
    table(
        &mut out,
        "ssh",
        &[
            ("user", settings.user.as_deref().map(text)),
            ("private-key", file(&settings.private_key)),
            ("host-key-checking", settings.host_keys.map(|policy| text(word(policy)))),
            ("connect-timeout", timeout.is_set().then(|| text(&format!("{}s", timeout.as_secs())))),
            ("password-file", file(&settings.connection_password_file)),
        ],
    );
    let method = settings.become_method.map(|method| text(if method == BecomeMethod::Su { "su" } else { "sudo" }));
    table(
        &mut out,
        "become",
        &[
            ("enabled", settings.become_.is_set().then(|| settings.become_.to_string())),
            ("user", settings.become_user.as_deref().map(text)),
            ("method", method),
            ("password-file", file(&settings.become_password_file)),
        ],
    );
    let ids = settings.vault_ids.is_set().then(|| {
        let ids: Vec<String> = settings.vault_ids.iter().map(|id| text(&id_seen_from(id, project))).collect();
        format!("[{}]", ids.join(", "))
    });
    table(
        &mut out,
        "vault",
        &[
            ("password-file", file(&settings.vault_password_file)),
            ("ids", ids),
            ("encrypt-id", settings.vault_encrypt_id.as_deref().map(text)),
        ],
    );
    out
}

/// The stages that this inventory has groups for.
pub(super) fn pipeline(inventory: &Inventory) -> String {
    let stages = STAGES.iter().map(|(stage, group)| (*stage, inventory.group(group).map(|_| text(group))));
    let mut out = String::new();
    table(&mut out, "pipeline", &stages.collect::<Vec<_>>());
    out
}

fn table(out: &mut String, name: &str, entries: &[(&str, Option<String>)]) {
    if entries.iter().all(|(_, value)| value.is_none()) {
        return;
    }
    if !name.is_empty() {
        out.push_str(&format!("\n[{name}]\n"));
    }
    for (key, value) in entries {
        value.iter().for_each(|value| out.push_str(&format!("{key} = {value}\n")));
    }
}

fn text(text: &str) -> String {
    Value::from(text).to_string()
}

fn word(policy: HostKeyPolicy) -> &'static str {
    match policy {
        HostKeyPolicy::Ask => "ask",
        HostKeyPolicy::Strict => "strict",
        HostKeyPolicy::AcceptNew => "accept-new",
        HostKeyPolicy::Off => "off",
    }
}

/// A path as it is written in a file of the project: from its folder on, or from the user's home.
pub(super) fn seen_from(path: &str, project: &Project) -> String {
    let whole = Path::new(path);
    if let Ok(below) = whole.strip_prefix(&project.root)
        && below != Path::new("")
    {
        return below.display().to_string();
    }
    match project.home().and_then(|home| whole.strip_prefix(home).ok()) {
        Some(below) => format!("~/{}", below.display()),
        None => path.to_owned(),
    }
}

fn id_seen_from(id: &str, project: &Project) -> String {
    match id.split_once('@') {
        Some((label, source)) => format!("{label}@{}", seen_from(source, project)),
        None => seen_from(id, project),
    }
}
