//! What is deployed in the simulation: an inventory with a secret and a playbook of the shipped modules, with a lock before it
//! as `deploy` has it (`src/cli/lock.rs`). It is read and planned by the shipped code; only its files lie in memory.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use dppctl::files::{FileKind, Files};
use dppctl::inventory::{Inventory, InventorySource};
use dppctl::secret::{Decrypt, VaultError};
use zeroize::Zeroizing;

use crate::products::CRONTAB;

/// The line that a run adds to a crontab.
pub(crate) const JOB: &str = "nightly tidy";

/// What must never be shown.
pub(crate) const SECRET: &str = "hunter2000";

/// A service, and the files below its host's disk that it reads when it starts.
pub(crate) const SERVICES: [(&str, &[&str]); 2] =
    [("app", &["etc/app/app.conf", "etc/app/secret.conf", "etc/app/jvm.options"]), ("resolver", &["etc/hosts"])];

/// What lies on a disk beforehand.
pub(crate) const BEFORE: [(&str, &str); 5] = [
    ("etc/app/app.conf", "heap=1g\nlog=warn\n"),
    ("etc/hosts", "127.0.0.1 localhost\n"),
    ("etc/old.conf", "old\n"),
    (CRONTAB, "hourly rotate\n"),
    ("var/lib/other", "other\n"),
];

const SITE: &str = r"
- name: Lock
  hosts: all
  gather_facts: false
  max_fail_percentage: 0
  tasks:
    - {name: alone, dppctl_lock: {ticket: '{{ ticket }}', by: ops, command: deploy}}
- name: Product
  hosts: all
  gather_facts: false
  MANNER
  tasks:
    - {name: folder, file: {path: '{{ disk }}/etc/app', state: directory, mode: '0750'}}
    - name: settings
      copy: {content: 'heap=4g log=info {{ inventory_hostname }}', dest: '{{ disk }}/etc/app/app.conf', mode: '0640'}
      notify: restart app
    - name: credentials
      copy: {content: 'password={{ password }}', dest: '{{ disk }}/etc/app/secret.conf', mode: '0600'}
      notify: restart app
    - {name: entry, cron: {name: app, job: nightly tidy}}
    - name: look
      stat: {path: '{{ disk }}/etc/old.conf', get_mime: false, get_checksum: false}
      register: old
    - {name: old, file: {path: '{{ disk }}/etc/old.conf', state: absent}, when: old.stat.exists}
    - block:
        - {name: data, file: {path: '{{ disk }}/var/lib/app/data', state: directory, mode: '0700'}}
        - {name: names, lineinfile: {path: '{{ disk }}/etc/hosts', line: 10.0.0.9 broker}, notify: restart resolver}
      always:
        - {name: note, copy: {content: 'seen', dest: '{{ disk }}/var/lib/note'}}
  handlers: &handlers
    - {name: restart app, systemd: {name: app, state: restarted}}
    - {name: restart resolver, systemd: {name: resolver, state: restarted}}
- name: Product again
  hosts: all
  gather_facts: false
  tasks:
    - name: tuned
      lineinfile: {path: '{{ disk }}/etc/app/jvm.options', regexp: '^gc=', line: gc=g1, create: true}
      notify: restart app
  handlers: *handlers
";

const SEALED: &str = "$ANSIBLE_VAULT;1.1;AES256\n      3132\n";

/// Where the playbook lies.
pub(crate) const PLAYBOOK: &str = "site.yml";

/// The files of the project.
pub(crate) struct ProjectFiles {
    site: String,
}

impl ProjectFiles {
    /// With hosts worked on in this order.
    pub(crate) fn with(manner: &str) -> Self {
        Self { site: SITE.replace("MANNER", manner) }
    }
}

impl Files for ProjectFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if path == Path::new(PLAYBOOK) {
            Ok(self.site.clone().into_bytes())
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }

    fn kind(&self, path: &Path) -> FileKind {
        if path == Path::new(PLAYBOOK) { FileKind::File } else { FileKind::Missing }
    }

    fn keys(&self) -> &dyn Decrypt {
        &Key
    }
}

/// Opens the project's one sealed value, without the arithmetic.
struct Key;

impl Decrypt for Key {
    fn decrypt(&self, _envelope: &str) -> Result<Zeroizing<String>, VaultError> {
        Ok(Zeroizing::new(SECRET.to_owned()))
    }
}

/// The inventory, of as many hosts as there ever are.
pub(crate) fn inventory() -> &'static Inventory {
    static READ: OnceLock<Inventory> = OnceLock::new();
    READ.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let file: PathBuf = folder.path().join("hosts.yml");
        let hosts: String = (0..3).map(|host| format!("    {}:\n", name(host))).collect();
        let text = format!("all:\n  vars:\n    password: !vault |\n      {SEALED}  hosts:\n{hosts}");
        std::fs::write(&file, text).expect("a file can be written");
        Inventory::load(&[InventorySource::Path(file)], &Key).unwrap_or_else(|problems| panic!("refused: {problems:?}"))
    })
}

/// What a host is called.
pub(crate) fn name(host: usize) -> String {
    format!("h{}", host + 1)
}
