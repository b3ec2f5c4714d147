//! What each code means, for `dppctl lint --explain CODE`. A code never changes its meaning.

/// Code, title, and what to do about it.
pub const CODES: &[(&str, &str, &str)] = &[
    (
        "DPP0101",
        "YAML that cannot be read",
        "A tab, a lost quote, an indentation that fits nothing: the caret stands where the reading broke off.",
    ),
    ("DPP0102", "a key stands twice in one mapping", "YAML would silently take the last one. Remove one of both."),
    (
        "DPP0103",
        "an unknown module or argument",
        "The name is misspelt, or belongs to a module in Python, which cannot be run.",
    ),
    ("DPP0104", "arguments that do not fit", "An argument is missing, has the wrong kind, or excludes another one."),
    (
        "DPP0105",
        "a file of the wrong shape",
        "A playbook is a list of plays, a file of tasks a list of tasks, a file of variables a mapping.",
    ),
    (
        "DPP0106",
        "a file that is not there or cannot be read",
        "The message lists where it was looked for, in this order.",
    ),
    (
        "DPP0107",
        "a role that is not there",
        "Roles are looked for beside the playbook, in `roles` of dppctl.toml, in ~/.ansible/roles and /etc/ansible/roles.",
    ),
    ("DPP0108", "imports that go round in a circle", "A playbook, a file of tasks or a role leads back to itself."),
    ("DPP0109", "an unknown handler", "`notify` names a handler or a topic of `listen` that the play does not have."),
    (
        "DPP0110",
        "a task that outlived its bound",
        "It took longer than its `timeout` or `async` says, and was stopped with all it had started. Give it more time.",
    ),
    (
        "DPP0111",
        "a role that cannot be had",
        "Its source does not answer, has no such version, or gives something that is no role; its own words are in the message.",
    ),
    (
        "DPP0112",
        "a role that would be written over",
        "Somebody edited it since it was installed, or put it there. `dppctl roles list` shows which; --force replaces them.",
    ),
    (
        "DPP0113",
        "a role that is not what it should be",
        "Its archive has another hash than was locked or promised, or names a place outside of the role. Nothing of it was written.",
    ),
    ("DPP0114", "a roles.lock that cannot be read", "`dppctl roles install` writes it anew when it is gone."),
    (
        "DPP0115",
        "a task that can never run",
        "Its condition is always false, or two of its conditions exclude each other. Nothing breaks, and nothing is done either.",
    ),
    (
        "DPP0116",
        "a variable that nothing uses",
        "It stands in a role's defaults or vars and nowhere else: left over, or misspelt where it is used.",
    ),
    ("DPP0117", "a handler that nothing notifies", "No task of the play wakes it: left over, or misspelt in `notify`."),
    (
        "DPP0118",
        "no task to begin at",
        "`--start-at-task` names none of the playbook; tasks that are included in the run cannot be begun at.",
    ),
    ("DPP0201", "no inventory, or one that cannot be read", "Name it with -i, or with `inventory` in dppctl.toml."),
    (
        "DPP0202",
        "a mistake in the inventory",
        "A section, a name or a variable that an inventory does not know; the caret stands under it.",
    ),
    (
        "DPP0203",
        "a pattern that matches no host",
        "A misspelt group, an empty group, or a limit that excludes all. `dppctl inventory graph` shows what there is.",
    ),
    (
        "DPP0204",
        "variables that are no mapping",
        "group_vars, host_vars and what -e is given hold `name: value` lines.",
    ),
    ("DPP0205", "groups that hold each other in a circle", "Remove one of the `children`."),
    (
        "DPP0206",
        "a file of variables that is not read",
        "Another file of the same name, with another ending, comes before it.",
    ),
    (
        "DPP0207",
        "an inventory script, plugin or programme that gives no hosts",
        "A script is run when it is executable and must print Ansible's JSON. Plugins are Python and are not run: save \
         what `ansible-inventory --list --yaml` prints.",
    ),
    ("DPP0208", "a file of the inventory's folder that is passed over", "Ansible passes over the same endings."),
    ("DPP0209", "a `#` ends a value", "Put the value in quotes if the `#` belongs to it."),
    (
        "DPP0210",
        "variables of a host or group that is not there",
        "A file in host_vars or group_vars whose name fits nothing: a misspelt name, mostly.",
    ),
    ("DPP0211", "OpenSSH's configuration cannot be read", "`ssh -G HOST` shows what ssh makes of it."),
    (
        "DPP0212",
        "a connection variable of the wrong kind",
        "`ansible_port` is a number, `ansible_host` an address, and so on.",
    ),
    ("DPP0213", "a mistake in the settings", "A key or value that dppctl.toml does not know."),
    (
        "DPP0214",
        "settings in a folder where anybody may write",
        "Whoever can replace the file can run commands in your name: chmod o-w, or name it with --config.",
    ),
    ("DPP0215", "a variable that nothing sets", "`dppctl inventory vars HOST` shows all that is set for a host."),
    (
        "DPP0301",
        "a variable that is not defined",
        "Misspelt, set for other hosts only, or set by a task that did not run. `{{ x | default('') }}` says what holds otherwise.",
    ),
    ("DPP0302", "a mistake in a template's grammar", "A block that is not closed, a lost brace or quote."),
    (
        "DPP0303",
        "an unknown filter, test, function or lookup",
        "Filters of Ansible's collections in Python are not there; the message names the nearest one.",
    ),
    ("DPP0304", "a filter, test or lookup that refused its arguments", "The message is its own."),
    (
        "DPP0305",
        "a value that is only known when an earlier task has run",
        "In a check the earlier task was only looked at.",
    ),
    (
        "DPP0306",
        "a file that came out in another form than it should",
        "`validate: yaml`, `json` or `properties` asks for the form; `dppctl render ROLE/TEMPLATE` shows what came out.",
    ),
    (
        "DPP0401",
        "a host that cannot be reached",
        "Wrong address or port, a firewall, a host that is down. `dppctl doctor HOST` looks closer.",
    ),
    (
        "DPP0402",
        "ssh's handshake failed",
        "The server speaks no method of encryption that we speak, or it is no ssh server.",
    ),
    (
        "DPP0403",
        "an unknown host key",
        "On a terminal a run asks for all unknown keys at once. Without one: compare the fingerprint and connect once \
         with ssh, or use --host-key-checking accept-new.",
    ),
    (
        "DPP0404",
        "a changed host key",
        "The host was made anew, or somebody sits between. If it is the former: ssh-keygen -R HOST.",
    ),
    (
        "DPP0405",
        "a private key that cannot be used",
        "Not there, not readable, or encrypted: a terminal is asked for passphrases once, --key-passphrase-file holds one.",
    ),
    ("DPP0406", "a refused login", "Neither a key nor a password was accepted for this user."),
    ("DPP0407", "the agent could not be started", "The message has the host's own words."),
    (
        "DPP0408",
        "a host that was lost in the middle",
        "What was being done may be half done; the next run looks and repairs.",
    ),
    (
        "DPP0409",
        "a host that hung up during the login",
        "While a machine boots, only root may log in; it is tried again for as long as --connect-timeout says.",
    ),
    ("DPP0501", "permission denied", "The task needs another user: `become: true`, or -b."),
    ("DPP0502", "sudo or su wants a password", "-K asks for it, --become-password-file reads it."),
    ("DPP0503", "another way to become a user", "sudo and su are known."),
    ("DPP0601", "a package that could not be set", "apt's own words are in the message."),
    (
        "DPP0602",
        "a package or version that is not there",
        "No repository of the host and no source of dppctl has it: a misspelt name, a missing repository, an old package list.",
    ),
    (
        "DPP0603",
        "dpkg's lock is held",
        "The message names who holds it: mostly unattended-upgrades, which comes to an end.",
    ),
    ("DPP0604", "no room left on the disk", "Nothing was begun. `apt-get clean` makes room."),
    ("DPP0605", "a half-configured package", "`dpkg --configure -a` failed; the message has its words."),
    ("DPP0606", "a downgrade", "It was not asked for: `allow_downgrade: true`."),
    ("DPP0607", "a repository without a good signature", "The key is missing or expired."),
    ("DPP0608", "dpkg could not be asked", "dpkg or one of its files is broken."),
    ("DPP0609", "a file that is no package", "The download brought something else, often a page that says no."),
    (
        "DPP0610",
        "dependencies that do not fit",
        "Held packages or other repositories stand against it; the message has apt's words.",
    ),
    ("DPP0611", "package lists that cannot be refreshed", "A mirror is down or moved."),
    ("DPP0612", "an edited configuration file", "The package brings a new one; say which is to be kept."),
    (
        "DPP0613",
        "a script of a package failed",
        "Its own words are in the message; once their cause is gone, the next run goes on where dpkg stopped.",
    ),
    (
        "DPP0614",
        "an upgrade that skips a version",
        "The new version cannot read the data of the installed one. Deploy the version between first.",
    ),
    (
        "DPP0615",
        "data that cannot go back",
        "A newer version has rewritten them; an older one would refuse them or damage them. A snapshot can be restored.",
    ),
    (
        "DPP0616",
        "what another run has changed since",
        "To bring it back would undo that run's work, too. Take that one back first, where it was made.",
    ),
    (
        "DPP0617",
        "a run too long ago to be taken back",
        "Hosts keep what runs replaced for a month, and that of the last fifty runs. Deploy the inventory as it was then.",
    ),
    (
        "DPP0620",
        "versions that do not go together",
        "The message says which needs which. Nothing was touched; `dpp_stack` names versions that were run together.",
    ),
    (
        "DPP0621",
        "a setting that a version does not know, or cannot do without",
        "Version and file are in the message, and what to write instead.",
    ),
    ("DPP0623", "a mistake in a product's description", "A file in `data/`; the caret stands under it."),
    ("DPP0624", "a packages.lock that cannot be read", "`dppctl packages lock` writes it anew."),
    ("DPP0701", "systemd refused", "It wants root: `become: true`."),
    ("DPP0702", "a service that does not stay up", "Its journal's last lines are in the message."),
    ("DPP0703", "a service that takes too long", "systemd still tries; the message has its last words."),
    ("DPP0704", "a unit that cannot be changed", "It is masked, or its files do not allow it."),
    ("DPP0705", "a host without systemd", "Services are managed through systemd alone."),
    ("DPP0706", "systemd cannot be asked", "Its bus did not answer."),
    (
        "DPP0801",
        "a download or request that broke off",
        "Mirror or server down, name not found, certificate not accepted.",
    ),
    ("DPP0802", "an answer that was not wanted", "The server's own words are in the message."),
    (
        "DPP0803",
        "a wrong or missing checksum",
        "The file is not the one that was published, and was thrown away; or nothing says what it should be.",
    ),
    (
        "DPP0804",
        "a connector's configuration is not valid",
        "Connect's own validation said so, before anything was changed.",
    ),
    (
        "DPP0805",
        "a connector's class is missing",
        "The plugin is not installed on the worker, or the worker was not started since.",
    ),
    ("DPP0806", "something that does not become ready in time", "The message has its last state."),
    (
        "DPP0807",
        "something exists with other properties",
        "They cannot be changed in place; delete it, or take its properties.",
    ),
    (
        "DPP0808",
        "a connector that failed",
        "The root of its trace is in the message; it is started again once that is gone.",
    ),
    (
        "DPP0809",
        "a product that does not let us in",
        "User or password are not those that the product knows. A check cannot tell when a task before would set them.",
    ),
    (
        "DPP0901",
        "a gate that did not open",
        "The cluster had not settled in time; the message has its own reason. The same command goes on from there.",
    ),
    (
        "DPP0902",
        "a cluster that is not fit to be upgraded",
        "Nodes are missing, shards move, a disk is full, or something in it does not live with the new version.",
    ),
    (
        "DPP0903",
        "a setting that lives on the host alone",
        "The new file would take the node from its documents or its cluster; the inventory has to know the setting.",
    ),
    (
        "DPP0904",
        "a snapshot that is missing or too old",
        "Data that a newer version has rewritten come back from a snapshot alone; --snapshot-age asks for a young one.",
    ),
    (
        "DPP1101",
        "hosts that are another run's",
        "deploy and upgrade take the hosts of their plan for themselves before the first task. --lock-wait waits for the other \
         run, `dppctl lock status` shows it, `dppctl lock release` ends one that is lost.",
    ),
    (
        "DPP1102",
        "two streams for one place",
        "Standard output takes the events of a run or the document about it; give one of both a file.",
    ),
    ("DPP1103", "a lock that cannot be had or ended", "The message has the system's own words."),
    ("DPP1104", "a run that is not there", "`dppctl runs list` shows the runs of the project in this folder."),
    (
        "DPP1105",
        "a plan that is not carried out",
        "A plan that was kept is carried out only as it is: where hosts or files changed since, make another one.",
    ),
    (
        "DPP1106",
        "nothing to take back",
        "A run that only looked, or was of a version that kept no journal, replaced nothing that a rollback would find.",
    ),
    (
        "DPP1107",
        "nothing to go on with",
        "`--resume` goes on where a deployment stopped; this one came to its end, or none was begun in this folder.",
    ),
    ("DPP1202", "a vault without a password", "--vault-password-file names the file, or a programme that prints it."),
    ("DPP1203", "a vault's password is wrong", "None of the passwords that are known opens it."),
    (
        "DPP1204",
        "a vault that cannot be read",
        "Its text was cut or edited, or its format is neither 1.1 nor 1.2 with AES256.",
    ),
    ("DPP1205", "a password file that cannot be used", "Not there, not readable, or a programme that failed."),
    (
        "DPP1206",
        "a file or value that is not encrypted as it should be",
        "It is in clear text already, encrypted already, or in another form than the command takes: `dppctl vault view` \
         shows what is in it.",
    ),
    (
        "DPP1207",
        "a vault id without a password, or several to choose from",
        "`--vault-id LABEL@FILE` gives a password to an id, `--encrypt-vault-id ID` says which one encrypts.",
    ),
];

/// The title of a code and what to do about it.
pub fn explain(code: &str) -> Option<(&'static str, &'static str, &'static str)> {
    CODES.iter().find(|(known, ..)| known.eq_ignore_ascii_case(code)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_each_stands_once() {
        assert!(CODES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(explain("dpp0103").map(|(code, ..)| code), Some("DPP0103"));
        assert_eq!(explain("DPP9999"), None);
    }
}
