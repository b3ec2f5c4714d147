//! Which files set a run: the project's, the user's, the system's, and Ansible's.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::project::ansible_cfg::AnsibleCfg;
use crate::project::settings::{Origin, Settings, Settling};
use crate::source::{Place, Problem, Problems, Source};

/// What a run finds around itself.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The working folder.
    pub folder: PathBuf,
    /// The environment.
    pub variables: HashMap<String, String>,
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--project`.
    pub project: Option<PathBuf>,
    /// `--no-config`.
    pub no_config: bool,
}

/// Where things are, and how a run is set.
#[derive(Debug, Clone)]
pub struct Project {
    /// The folder of the project's file, else the one named, else the working folder.
    pub root: PathBuf,
    /// All settings but those of the command line.
    pub settings: Settings,
    /// The files that were read, the weakest first.
    pub files: Vec<PathBuf>,
    /// What is worth knowing and stops nothing.
    pub warnings: Problems,
    /// Keys of `ansible.cfg` without a meaning here, each with its place.
    pub passed_over: Vec<(String, Place)>,
    home: Option<PathBuf>,
}

const FILE: &str = "dppctl.toml";
/// Options that may be set by `DPPCTL_…`, in the words of the command line.
const BY_ENVIRONMENT: [&str; 14] = [
    "inventory",
    "roles",
    "forks",
    "ssh-config",
    "user",
    "private-key",
    "host-key-checking",
    "timeout",
    "become",
    "become-user",
    "become-method",
    "become-password-file",
    "connection-password-file",
    "key-passphrase-file",
];

impl Project {
    /// Looks for the files, reads them, and puts the environment over them.
    pub fn discover(around: &Surroundings) -> Result<Self, Problems> {
        let home = around.variable("HOME").map(PathBuf::from);
        let start = around.project.as_ref().map_or_else(|| around.folder.clone(), |named| around.folder.join(named));
        let own = around.own_file(&start).map_err(|problem| vec![problem])?;
        let root = match (&around.project, &own) {
            (None, Some(file)) => file.parent().map_or_else(|| start.clone(), Path::to_owned),
            _ => start,
        };
        let mut warnings = Problems::new();
        let mut files = Vec::new();
        let mut settling = Settling {
            settings: Settings::default(),
            problems: Vec::new(),
            home: home.as_deref(),
            passed_over: Vec::new(),
        };
        if !around.no_config {
            files.extend(around.ansible_file(&root, home.as_deref(), &mut warnings));
            files.extend(around.shared_files(home.as_deref()));
        }
        files.extend(own);
        for file in &files {
            read(file, &mut settling);
        }
        around.environment(&mut settling);
        if !settling.problems.is_empty() {
            return Err(settling.problems);
        }
        let Settling { settings, passed_over, .. } = settling;
        Ok(Self { root, settings, files, warnings, passed_over, home })
    }

    /// Folders in which a playbook's roles are looked for, the first that has one wins: Ansible's order.
    pub fn role_folders(&self, playbook_folder: &Path) -> Vec<PathBuf> {
        let mut folders = vec![playbook_folder.join("roles")];
        if self.settings.roles.is_set() {
            folders.extend(self.settings.roles.iter().cloned());
        } else {
            folders.push(self.root.join("roles"));
            folders.extend(self.home.as_ref().map(|home| home.join(".ansible/roles")));
            folders.extend(["/usr/share/ansible/roles", "/etc/ansible/roles"].map(PathBuf::from));
        }
        let is_here = playbook_folder.as_os_str().is_empty();
        folders.push(if is_here { PathBuf::from(".") } else { playbook_folder.to_owned() });
        let mut seen = std::collections::HashSet::new();
        folders.retain(|folder| seen.insert(folder.clone()));
        folders
    }

    /// What follows `-i`: as given if it is there or a list of names, else below `inventory/` of the project.
    pub fn inventory_source(&self, given: &str) -> String {
        let below = self.root.join("inventory").join(given);
        let is_name = !given.contains(',') && !Path::new(given).exists();
        if is_name && below.exists() { below.display().to_string() } else { given.to_owned() }
    }

    /// The user's home, for `~/` elsewhere.
    pub fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }
}

impl Surroundings {
    fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The project's own file: the one named, or the nearest from the folder up to the repository's root.
    fn own_file(&self, start: &Path) -> Result<Option<PathBuf>, Problem> {
        let named = self.config.clone().or_else(|| self.variable("DPPCTL_CONFIG").map(PathBuf::from));
        if let Some(named) = named {
            let file = self.folder.join(&named);
            return if file.is_file() { Ok(Some(file)) } else { Err(not_there(&named)) };
        }
        if self.no_config {
            return Ok(None);
        }
        for folder in start.ancestors() {
            let file = folder.join(FILE);
            if file.is_file() {
                return if is_open_to_all(folder) { Err(refused(&file, folder)) } else { Ok(Some(file)) };
            }
            if folder.join(".git").exists() {
                break;
            }
        }
        Ok(None)
    }

    /// The system's file and the user's.
    fn shared_files(&self, home: Option<&Path>) -> Vec<PathBuf> {
        let base = self.variable("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| Some(home?.join(".config")));
        let user = base.map(|base| base.join("dppctl/config.toml"));
        [Some(PathBuf::from("/etc/dppctl/config.toml")), user]
            .into_iter()
            .flatten()
            .filter(|file| file.is_file())
            .collect()
    }

    /// The one `ansible.cfg` that Ansible would take.
    fn ansible_file(&self, root: &Path, home: Option<&Path>, warnings: &mut Problems) -> Option<PathBuf> {
        if let Some(named) = self.variable("ANSIBLE_CONFIG") {
            let file = self.folder.join(named);
            return Some(if file.is_dir() { file.join("ansible.cfg") } else { file }).filter(|file| file.is_file());
        }
        for folder in [self.folder.as_path(), root] {
            let file = folder.join("ansible.cfg");
            if file.is_file() && is_open_to_all(folder) {
                let message = format!("`{}` is not read: anybody may write in its folder", file.display());
                warnings.push(Problem::warning("DPP0214", message).help(format!("chmod o-w {}", folder.display())));
            } else if file.is_file() {
                return Some(file);
            }
        }
        let homes = home.map(|home| home.join(".ansible.cfg")).into_iter();
        homes.chain([PathBuf::from("/etc/ansible/ansible.cfg")]).find(|file| file.is_file())
    }

    fn environment(&self, settling: &mut Settling<'_>) {
        let mut said = |name: &str, variable: &str| {
            let origin = || Origin::Environment(variable.to_owned());
            settling.text(name, self.variable(variable).map(|value| (value.to_owned(), origin())), &self.folder);
        };
        said("inventory", "ANSIBLE_INVENTORY");
        said("vault-password-file", "ANSIBLE_VAULT_PASSWORD_FILE");
        said("vault-password-file", "DPPCTL_VAULT_PASSWORD_FILE");
        said("vault-ids", "ANSIBLE_VAULT_IDENTITY_LIST");
        said("vault-ids", "DPPCTL_VAULT_IDS");
        said("vault-encrypt-id", "ANSIBLE_VAULT_ENCRYPT_IDENTITY");
        said("vault-encrypt-id", "DPPCTL_VAULT_ENCRYPT_ID");
        for name in BY_ENVIRONMENT {
            said(name, &format!("DPPCTL_{}", name.to_ascii_uppercase().replace('-', "_")));
        }
    }
}

fn read(file: &Path, settling: &mut Settling<'_>) {
    let name = file.display().to_string();
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            let problem = Problem::error("DPP0213", format!("cannot read the settings in `{name}`: {error}"));
            return settling.problems.push(problem);
        }
    };
    let source = Source::new(name, text);
    let folder = file.parent().unwrap_or(Path::new("."));
    if file.extension().is_some_and(|ending| ending == "cfg") {
        let cfg = AnsibleCfg::parse(&source);
        settling.ansible(&cfg, folder);
        settling.passed_over.extend(cfg.unread());
    } else {
        settling.toml(&source, folder);
    }
}

fn is_open_to_all(folder: &Path) -> bool {
    std::fs::metadata(folder).is_ok_and(|metadata| metadata.permissions().mode() & 0o002 != 0)
}

fn refused(file: &Path, folder: &Path) -> Problem {
    Problem::error("DPP0214", format!("`{}` is refused: anybody may write in its folder", file.display()))
        .note("whoever can replace it can run commands in your name")
        .help(format!("chmod o-w {}   or name it, if you trust it: --config {}", folder.display(), file.display()))
}

fn not_there(named: &Path) -> Problem {
    Problem::error("DPP0213", format!("no settings in `{}`: there is no such file", named.display()))
        .help("it was named by --config or DPPCTL_CONFIG; without them dppctl.toml is looked for")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::excerpt;
    use crate::transport::HostKeyPolicy;
    use std::time::Duration;

    struct Site(tempfile::TempDir);

    impl Site {
        fn new(files: &[(&str, &str)]) -> Self {
            let site = Self(tempfile::tempdir().unwrap());
            for (name, text) in files {
                let path = site.path(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
            site
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn around(&self, folder: &str, variables: &[(&str, &str)]) -> Surroundings {
            let home = ("HOME".to_owned(), self.path("home").display().to_string());
            let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            Surroundings {
                folder: self.path(folder),
                variables: variables.chain([home]).collect(),
                ..Surroundings::default()
            }
        }
    }

    const EVERYTHING: &str = "inventory = \"inventory/hosts\"\nroles = [\"roles\", \"~/roles\"]\nforks = 7\n\
        [ssh]\nconfig = \"~/.ssh/config\"\nhost-key-checking = \"accept-new\"\nconnect-timeout = \"5s\"\n\
        [become]\nenabled = true\n[vault]\npassword-file = \"~/.vault\"\n\
        [pipeline]\nrabbitmq = \"web_nodes\"\nrelay = \"logstash_nodes\"\nkibana = \"kibana_nodes\"\n\
        [upgrade]\ngate-timeout = \"1h\"\ncanary = { rate = 5 }\nsnapshot = { required = false, max-age = \"2h\" }\n\
        [output]\ntimestamps = \"always\"\n";

    #[test]
    fn every_key_of_the_file_is_read_and_its_paths_are_seen_from_its_folder() {
        let site = Site::new(&[("p/dppctl.toml", EVERYTHING), ("p/deep/x", "")]);
        let project = Project::discover(&site.around("p/deep", &[])).unwrap();
        let settings = &project.settings;
        assert_eq!(project.root, site.path("p"));
        assert_eq!(*settings.inventory, [site.path("p/inventory/hosts").display().to_string()]);
        assert_eq!(*settings.roles, [site.path("p/roles"), site.path("home/roles")]);
        assert_eq!((*settings.forks, settings.forks.origin.to_string().ends_with("dppctl.toml:3:9")), (7, true));
        assert_eq!(*settings.host_keys, Some(HostKeyPolicy::AcceptNew));
        assert_eq!(*settings.connect_timeout, Duration::from_secs(5));
        assert_eq!(*settings.vault_password_file, Some(site.path("home/.vault")));
        assert_eq!(
            settings.pipeline.stages(),
            [("rabbitmq", "web_nodes"), ("relay", "logstash_nodes"), ("kibana", "kibana_nodes")]
        );
        assert_eq!((settings.upgrade.canary.rate, settings.upgrade.canary.vhost.as_str()), (5, "/log"));
        assert!(*settings.become_ && !settings.upgrade.snapshot.required);
    }

    #[test]
    fn the_stronger_source_wins_and_is_named() {
        let site = Site::new(&[
            (
                "p/ansible.cfg",
                "[defaults]\nforks=3\nremote_user=cfg\nhost_key_checking=False\n[privilege_escalation]\nbecome=True\n",
            ),
            ("home/.config/dppctl/config.toml", "forks = 4\n[ssh]\nuser = \"mine\"\n"),
            ("p/dppctl.toml", "forks = 5\n"),
        ]);
        let project = Project::discover(&site.around("p", &[("DPPCTL_FORKS", "6")])).unwrap();
        let mut settings = project.settings;
        assert_eq!((*settings.forks, settings.forks.origin.to_string()), (6, "DPPCTL_FORKS".to_owned()));
        assert_eq!(settings.user.as_deref(), Some("mine"));
        assert_eq!((*settings.become_, *settings.host_keys), (true, Some(HostKeyPolicy::Off)));
        settings.forks.given(Some(8));
        assert_eq!((*settings.forks, settings.forks.origin.to_string().as_str()), (8, "command line"));
        let names: Vec<_> = project.files.iter().map(|file| file.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["ansible.cfg", "config.toml", "dppctl.toml"]);
    }

    #[test]
    fn ansibles_variables_count_where_ours_are_silent() {
        let site = Site::new(&[("p/x", "")]);
        let given = [
            ("ANSIBLE_VAULT_PASSWORD_FILE", "v"),
            ("ANSIBLE_VAULT_IDENTITY_LIST", "dev@d"),
            ("ANSIBLE_INVENTORY", "a,b"),
            ("DPPCTL_INVENTORY", "c,"),
        ];
        let settings = Project::discover(&site.around("p", &given)).unwrap().settings;
        assert_eq!(*settings.vault_password_file, Some(site.path("p/v")));
        assert_eq!(*settings.vault_ids, [format!("dev@{}", site.path("p/d").display())]);
        assert_eq!(*settings.inventory, ["c,"]);
    }

    #[test]
    fn without_files_nothing_is_read() {
        let site = Site::new(&[("p/dppctl.toml", "forks = 5\n"), ("p/ansible.cfg", "[defaults]\nforks=3\n")]);
        let around = Surroundings { no_config: true, ..site.around("p", &[]) };
        let project = Project::discover(&around).unwrap();
        assert_eq!((*project.settings.forks, project.settings.forks.is_set()), (20, false));
    }

    #[test]
    fn a_file_that_anybody_may_replace_is_refused_unless_it_is_named() {
        let site = Site::new(&[("p/dppctl.toml", "forks = 5\n")]);
        std::fs::set_permissions(site.path("p"), std::fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(Project::discover(&site.around("p", &[])).unwrap_err()[0].code, "DPP0214");
        let named = Surroundings { config: Some("dppctl.toml".into()), ..site.around("p", &[]) };
        assert_eq!(*Project::discover(&named).unwrap().settings.forks, 5);
    }

    #[test]
    fn mistakes_are_shown_where_they_are() {
        let texts = [
            "forsk = 5\n",
            "[ssh]\nhost-key-checking = \"never\"\n",
            "forks = 0\n",
            "[upgrade]\ngate-timeout = \"soon\"\n",
            "forks = \n",
        ];
        let mut screens = String::new();
        for text in texts {
            let mut settling =
                Settling { settings: Settings::default(), problems: Vec::new(), home: None, passed_over: Vec::new() };
            settling.toml(&Source::new("dppctl.toml", text), Path::new("."));
            screens += &excerpt(&settling.problems[0], false, 100);
            screens += "\n\n";
        }
        let site = Site::new(&[("p/x", "")]);
        let problems = Project::discover(&site.around("p", &[("DPPCTL_FORKS", "many")])).unwrap_err();
        screens += &excerpt(&problems[0], false, 100);
        insta::assert_snapshot!(screens);
    }

    #[test]
    fn roles_and_inventories_are_looked_for_in_ansibles_order() {
        let site = Site::new(&[("p/dppctl.toml", "roles = [\"shared\"]\n"), ("p/inventory/prod", "")]);
        let project = Project::discover(&site.around("p", &[])).unwrap();
        let folders = project.role_folders(&site.path("p/plays"));
        assert_eq!(folders, ["p/plays/roles", "p/shared", "p/plays"].map(|name| site.path(name)));
        assert_eq!(project.inventory_source("prod"), site.path("p/inventory/prod").display().to_string());
        assert_eq!(project.inventory_source("a,b"), "a,b");
    }
}
