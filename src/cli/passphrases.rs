//! Passphrases of private keys: asked for together, before a run begins, and each key once however many hosts it opens.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use crate::cli::{Stop, ask};
use crate::inventory::{Connection, ConnectionKind};
use crate::secret::Secret;
use crate::source::Problem;
use crate::transport::{Login, PrivateKey, TransportError, agent_keys};
use crate::ui::Ui;

const INSTEAD: &str = "--key-passphrase-file FILE, or load the key into the ssh agent: ssh-add";
/// As often as OpenSSH's client asks.
const ATTEMPTS: usize = 3;

/// The passphrases that the ways to these hosts need and nobody gave.
pub(super) fn ask_for<'a>(
    ways: impl IntoIterator<Item = (&'a str, &'a Connection)>,
    ui: Ui,
) -> Result<BTreeMap<PathBuf, Secret>, Stop> {
    let mut keys = Keys::new(agent_keys());
    for (host, way) in ways.into_iter().filter(|(_, way)| way.kind == ConnectionKind::Ssh) {
        keys.want(host, &way.login);
    }
    keys.ask(ui)
}

/// The keys of all logins, each read once.
struct Keys {
    held_by_agent: Vec<Vec<u8>>,
    files: HashMap<PathBuf, Option<PrivateKey>>,
    wanted: BTreeMap<PathBuf, BTreeSet<String>>,
    /// Keys that what was given does not open.
    misfits: BTreeSet<PathBuf>,
}

impl Keys {
    fn new(held_by_agent: Vec<Vec<u8>>) -> Self {
        Self { held_by_agent, files: HashMap::new(), wanted: BTreeMap::new(), misfits: BTreeSet::new() }
    }

    fn want(&mut self, host: &str, login: &Login) {
        let mut wanted: Vec<PathBuf> = login.keys.iter().filter(|path| self.is_wanted(path, login)).cloned().collect();
        if login.keys.is_empty() && self.rests_on_usual_keys(login) {
            wanted.extend(login.usual_keys.iter().filter(|path| self.is_wanted(path, login)).cloned());
        }
        for path in wanted {
            self.wanted.entry(path).or_default().insert(host.to_owned());
        }
    }

    /// Whether nothing else may let us in, so that it is worth a question. A key that `~/.ssh/config` names is meant.
    fn rests_on_usual_keys(&mut self, login: &Login) -> bool {
        let agent = login.use_agent && !self.held_by_agent.is_empty();
        let open = login.usual_keys.iter().any(|path| self.read(path).is_some_and(|key| !key.is_encrypted()));
        !open && login.password.is_none() && (login.usual_are_configured || (!agent && ask::is_possible()))
    }

    fn is_wanted(&mut self, path: &Path, login: &Login) -> bool {
        if let Some(given) = login.passphrase(path) {
            let misfits = self.read(path).is_some_and(|key| key.is_encrypted() && key.opens_with(given) == Some(false));
            if misfits {
                self.misfits.insert(path.to_owned());
            }
            return misfits;
        }
        let held = if login.use_agent { self.held_by_agent.clone() } else { Vec::new() };
        let is_held = |key: &PrivateKey| key.public_half().is_some_and(|half| held.contains(&half));
        self.read(path).is_some_and(|key| key.is_encrypted() && !is_held(key))
    }

    fn read(&mut self, path: &Path) -> Option<&PrivateKey> {
        self.files.entry(path.to_owned()).or_insert_with(|| PrivateKey::read(path).ok()).as_ref()
    }

    fn ask(&self, ui: Ui) -> Result<BTreeMap<PathBuf, Secret>, Stop> {
        if !self.wanted.is_empty() && ask::is_possible() {
            let s = if self.wanted.len() == 1 { " is" } else { "s are" };
            ui.story(&format!("{} private key{s} encrypted; to be asked no more: {INSTEAD}", self.wanted.len()));
        }
        if let Some(path) = self.misfits.first().filter(|_| !ask::is_possible()) {
            let error = TransportError::WrongPassphrase { path: path.display().to_string() };
            let problem = Problem::error(error.code(), error.to_string());
            return Err(problem.help(error.help().unwrap_or_default()).into());
        }
        let mut given: BTreeMap<PathBuf, Secret> = BTreeMap::new();
        for (path, hosts) in &self.wanted {
            let key = self.files.get(path).and_then(Option::as_ref);
            let fits = |secret: &Secret| key.and_then(|key| key.opens_with(secret));
            // People give one passphrase to several keys.
            let passphrase = match given.values().find(|known| fits(known) == Some(true)).cloned() {
                Some(known) => known,
                None => one(path, hosts, &fits, ui)?,
            };
            given.insert(path.clone(), passphrase);
        }
        Ok(given)
    }
}

fn one(path: &Path, hosts: &BTreeSet<String>, fits: &dyn Fn(&Secret) -> Option<bool>, ui: Ui) -> Result<Secret, Stop> {
    let what = format!("the passphrase of {} ({})", path.display(), several(hosts));
    for _ in 0..ATTEMPTS {
        let passphrase = ask::secret(&what, INSTEAD)?;
        if fits(&passphrase) != Some(false) {
            return Ok(passphrase);
        }
        ui.story("that does not open it");
    }
    Err(Stop::Declined(format!("no passphrase opens {}; nothing was touched", path.display())))
}

/// A few names, and how many more there are.
fn several(hosts: &BTreeSet<String>) -> String {
    let shown: Vec<&str> = hosts.iter().take(3).map(String::as_str).collect();
    let more = if hosts.len() > 3 { format!(" and {} more", hosts.len() - 3) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn key(folder: &Path, name: &str, passphrase: &str) -> PathBuf {
        let path = folder.join(name);
        let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", passphrase, "-f"]).arg(&path).status();
        assert!(made.unwrap().success());
        path
    }

    fn login(keys: &[&PathBuf], usual: &[&PathBuf]) -> Login {
        Login {
            keys: keys.iter().copied().cloned().collect(),
            usual_keys: usual.iter().copied().cloned().collect(),
            usual_are_configured: true,
            use_agent: true,
            ..Login::default()
        }
    }

    #[test]
    fn a_key_of_many_hosts_is_wanted_once_and_an_open_or_given_or_held_one_never() {
        let folder = tempfile::tempdir().unwrap();
        let locked = key(folder.path(), "locked", "secret");
        let held = key(folder.path(), "held", "secret");
        let open = key(folder.path(), "open", "");
        let in_agent = PrivateKey::read(&held).unwrap().public_half().unwrap();
        let mut keys = Keys::new(vec![in_agent]);
        keys.want("es1", &login(&[&locked, &open], &[]));
        keys.want("es2", &login(&[&locked, &held], &[]));
        let given = BTreeMap::from([(locked.clone(), Secret::new("secret"))]);
        keys.want("es3", &Login { passphrases: given, ..login(&[&locked], &[]) });
        keys.want("es4", &Login { passphrase: Some(Secret::new("wrong")), ..login(&[&locked], &[]) });
        let hosts = ["es1", "es2", "es4"].map(str::to_owned).into();
        assert_eq!(keys.wanted, BTreeMap::from([(locked, hosts)]));
    }

    #[test]
    fn a_usual_key_is_wanted_only_when_nothing_else_may_let_us_in() {
        let folder = tempfile::tempdir().unwrap();
        let locked = key(folder.path(), "locked", "secret");
        let open = key(folder.path(), "open", "");
        for (login, wanted) in [
            (login(&[], &[&locked]), 1),
            (login(&[], &[&locked, &open]), 0),
            (login(&[&open], &[&locked]), 0),
            (Login { password: Some(Secret::new("p")), ..login(&[], &[&locked]) }, 0),
        ] {
            let mut keys = Keys::new(Vec::new());
            keys.want("es1", &login);
            assert_eq!(keys.wanted.len(), wanted, "{login:?}");
        }
    }

    #[test]
    fn a_given_passphrase_that_does_not_fit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut keys = Keys::new(Vec::new());
        let locked = key(folder.path(), "locked", "secret");
        keys.want("es1", &Login { passphrase: Some(Secret::new("wrong")), ..login(&[&locked], &[]) });
        let Err(Stop::Refused(problems)) = keys.ask(Ui::plain()) else { panic!("it was taken") };
        assert_eq!(problems[0].code, "DPP0405");
    }

    #[test]
    fn without_a_terminal_the_option_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let mut keys = Keys::new(Vec::new());
        keys.want("es1", &login(&[&key(folder.path(), "locked", "secret")], &[]));
        let Err(Stop::Declined(words)) = keys.ask(Ui::plain()) else { panic!("somebody answered") };
        assert!(words.contains("passphrase of") && words.contains("--key-passphrase-file"), "{words}");
    }
}
