//! A role in a folder of roles, and the project that applies it.

use std::fmt::Write;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::host::Host;
use crate::oracle;

/// One role.
pub(crate) struct Role {
    pub(crate) name: String,
    /// Where it lies with those that it may depend on.
    pub(crate) among: PathBuf,
    /// `among/NAME.yml`, or else the one of the repository: variables without which it has nothing to do.
    vars: Option<PathBuf>,
}

impl Role {
    /// Those of a folder that have tasks, in the order of their names. A link is another name for a dependency.
    pub(crate) fn all(folder: &Path, names: &[String]) -> Vec<Self> {
        let among = folder.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let entries = fs::read_dir(&among).unwrap().map(|entry| entry.unwrap());
        let folders =
            entries.filter(|entry| entry.file_type().unwrap().is_dir() && entry.path().join("tasks").is_dir());
        let mut found: Vec<String> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
        found.retain(|name| names.is_empty() || names.contains(name));
        found.sort();
        found.into_iter().map(|name| Self::at(&among, name)).collect()
    }

    fn at(among: &Path, name: String) -> Self {
        let file = format!("{name}.yml");
        let vars = [among.join(&file), oracle::here("roles/vars").join(&file)].into_iter().find(|path| path.exists());
        Self { name, among: among.to_path_buf(), vars }
    }

    /// A project of nothing but this role, for one of the lab's hosts.
    pub(crate) fn project(&self, host: &Host, has_python: bool) -> TempDir {
        let project = TempDir::new().unwrap();
        symlink(&self.among, project.path().join("roles")).unwrap();
        let mut inventory = host.inventory_for(has_python);
        let mut play = format!("- hosts: twin\n  become: true\n  roles:\n    - role: {}\n", self.name);
        if let Some(vars) = &self.vars {
            fs::copy(vars, project.path().join("vars.yml")).unwrap();
            play.push_str("  vars_files: [vars.yml]\n");
            if fs::read_to_string(vars).unwrap().contains("lab_mirror") {
                writeln!(inventory, "lab_mirror={}", host.mirror()).unwrap();
            }
        }
        fs::write(project.path().join("hosts"), inventory).unwrap();
        fs::write(project.path().join("site.yml"), play).unwrap();
        project
    }

    /// Another one when the role or its variables are others.
    pub(crate) fn hash(&self) -> u64 {
        let mut hash = DefaultHasher::new();
        let files = Command::new("find").arg(self.among.join(&self.name)).args(["-type", "f"]).output().unwrap();
        let mut files: Vec<&[u8]> = files.stdout.split(|byte| *byte == b'\n').collect();
        files.sort_unstable();
        for file in files {
            let path = PathBuf::from(String::from_utf8_lossy(file).into_owned());
            (file, fs::read(&path).unwrap_or_default()).hash(&mut hash);
        }
        self.vars.as_ref().map(|path| fs::read(path).unwrap()).hash(&mut hash);
        hash.finish()
    }
}
