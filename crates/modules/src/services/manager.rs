//! systemd's manager: units, jobs, unit files; every question and order that modules have for it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use dpp_protocol::Failure;

use super::bus::{BusError, Call, Connection, Message, Value};
use super::unit::Unit;

const MANAGER: &str = "org.freedesktop.systemd1.Manager";
const OBJECT: &str = "/org/freedesktop/systemd1";

/// Whose services are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// The host's.
    #[default]
    System,
    /// Those of the user that the agent runs as.
    User,
}

/// systemd, ready to be asked.
#[derive(Debug)]
pub struct Manager {
    bus: Connection,
    scope: Scope,
}

/// A line of systemd's list of units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// `loaded`, `not-found`, `masked`.
    pub load: String,
    /// `active`, `inactive`, `failed`.
    pub active: String,
    /// `running`, `exited`, `dead`.
    pub sub: String,
}

impl Manager {
    /// Connects to the systemd of this host.
    pub fn connect(scope: Scope) -> Result<Self, Failure> {
        if scope == Scope::System && !Path::new("/run/systemd/system").is_dir() {
            return Err(Failure::new("systemd is not running on this host")
                .code("DPP0705")
                .help("services are driven through systemd; a container needs it as its first process"));
        }
        let bus = Self::open(scope).map_err(|error| {
            Failure::new(format!("cannot speak with systemd: {error}"))
                .code("DPP0706")
                .help("does `systemctl status` answer on the host?")
        })?;
        Ok(Self { bus, scope })
    }

    fn open(scope: Scope) -> Result<Connection, BusError> {
        let runtime = || std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let uid = rustix::process::geteuid();
        match scope {
            Scope::User => {
                let folder = runtime().unwrap_or_else(|| format!("/run/user/{}", uid.as_raw()).into());
                Connection::direct(&folder.join("systemd/private"))
            }
            Scope::System if uid.is_root() => {
                Connection::direct(Path::new("/run/systemd/private")).or_else(|_| Connection::over_the_bus())
            }
            Scope::System => Connection::over_the_bus(),
        }
    }

    /// A unit, loaded from its file where that was not done yet; one that does not exist says so itself.
    pub fn unit(&mut self, name: &str) -> Result<Unit, Failure> {
        let body = self.order("LoadUnit", vec![Value::text(name)], &format!("look at {name}"))?;
        let path = body.first().and_then(Value::as_str).unwrap_or_default().to_owned();
        self.unit_at(path, name)
    }

    /// A unit again, as it is by now.
    pub fn again(&mut self, unit: &Unit) -> Result<Unit, Failure> {
        self.unit_at(unit.path.clone(), unit.text("Id"))
    }

    fn unit_at(&mut self, path: String, name: &str) -> Result<Unit, Failure> {
        let call = Call {
            path: &path,
            interface: "org.freedesktop.DBus.Properties",
            member: "GetAll",
            // Without a name, the properties of all interfaces of the unit come.
            body: vec![Value::text("")],
        };
        let body = self.bus.call(&call).map_err(|error| refused(&format!("look at {name}"), &error))?;
        let properties = body.into_iter().next().map(Value::into_dictionary).unwrap_or_default();
        Ok(Unit::new(path, properties))
    }

    /// Whether and how a unit's file is enabled; empty when there is no file.
    pub fn file_state(&mut self, name: &str) -> Result<String, Failure> {
        let call = Self::to_manager("GetUnitFileState", vec![Value::text(name)]);
        match self.bus.call(&call) {
            Ok(body) => Ok(body.first().and_then(Value::as_str).unwrap_or_default().to_owned()),
            Err(BusError::Refused { name, .. }) if name.ends_with("FileNotFound") || name.ends_with("NoSuchUnit") => {
                Ok(String::new())
            }
            Err(error) => Err(refused(&format!("look at the file of {name}"), &error)),
        }
    }

    /// When systemd read the unit files anew last; none where it did not since the boot, or is too old to tell.
    pub fn units_read_at(&mut self) -> Result<Option<SystemTime>, Failure> {
        let call = Call {
            path: OBJECT,
            interface: "org.freedesktop.DBus.Properties",
            member: "Get",
            body: vec![Value::text(MANAGER), Value::text("UnitsLoadTimestamp")],
        };
        match self.bus.call(&call) {
            Ok(body) => {
                // It is 0 from the boot on until files are read anew.
                let micros = body.first().and_then(Value::as_u64).filter(|micros| *micros > 0);
                Ok(micros.map(|micros| SystemTime::UNIX_EPOCH + Duration::from_micros(micros)))
            }
            Err(BusError::Refused { .. }) => Ok(None),
            Err(error) => Err(refused("ask systemd when it read its files", &error)),
        }
    }

    /// All units that systemd has loaded.
    pub fn units(&mut self) -> Result<Vec<Listed>, Failure> {
        let body = self.order("ListUnits", Vec::new(), "list the units")?;
        let listed = |fields: &Value| {
            let field = |at: usize| fields.items().get(at).and_then(Value::as_str).unwrap_or_default().to_owned();
            Listed { name: field(0), load: field(2), active: field(3), sub: field(4) }
        };
        Ok(body.first().map(Value::items).unwrap_or_default().iter().map(listed).collect())
    }

    /// Names and states of all unit files.
    pub fn unit_files(&mut self) -> Result<Vec<(String, String)>, Failure> {
        let body = self.order("ListUnitFiles", Vec::new(), "list the unit files")?;
        let file = |fields: &Value| {
            let [path, state] = [0, 1].map(|at| fields.items().get(at).and_then(Value::as_str).unwrap_or_default());
            (path.rsplit('/').next().unwrap_or_default().to_owned(), state.to_owned())
        };
        Ok(body.first().map(Value::items).unwrap_or_default().iter().map(file).collect())
    }

    /// Puts a job in the queue (`StartUnit`, `RestartUnit` …) and returns its object.
    pub fn enqueue(&mut self, method: &'static str, unit: &str, attempt: &str) -> Result<String, Failure> {
        let body = self.order(method, vec![Value::text(unit), Value::text("replace")], attempt)?;
        Ok(body.first().and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// The result of a job once it is over (`done`, `failed`, `timeout` …); none when it is not over at the deadline.
    pub fn result_of(&mut self, job: &str, deadline: Instant) -> Result<Option<String>, Failure> {
        while let Some(signal) = self.next_signal(deadline)? {
            let Message::Signal { member, body, .. } = signal else { continue };
            if member == "JobRemoved" && body.get(1).and_then(Value::as_str) == Some(job) {
                return Ok(Some(body.get(3).and_then(Value::as_str).unwrap_or_default().to_owned()));
            }
        }
        Ok(None)
    }

    /// Returns as soon as systemd says something of this unit, or at the deadline.
    pub fn stirring(&mut self, unit: &Unit, deadline: Instant) -> Result<(), Failure> {
        while let Some(signal) = self.next_signal(deadline)? {
            if matches!(&signal, Message::Signal { path, .. } if *path == unit.path) {
                return Ok(());
            }
        }
        Ok(())
    }

    fn next_signal(&mut self, deadline: Instant) -> Result<Option<Message>, Failure> {
        self.bus.signal(deadline).map_err(|error| refused("hear from systemd", &error))
    }

    /// Forgets that a unit failed, so that the limit of its starts counts anew.
    pub fn reset_failed(&mut self, unit: &str) -> Result<(), Failure> {
        self.order("ResetFailedUnit", vec![Value::text(unit)], &format!("reset {unit}")).map(|_| ())
    }

    /// Enables a unit's file.
    pub fn enable(&mut self, unit: &str, force: bool) -> Result<(), Failure> {
        let body = vec![Value::texts(&[unit]), Value::Bool(false), Value::Bool(force)];
        self.order("EnableUnitFiles", body, &format!("enable {unit}"))?;
        self.reload()
    }

    /// Disables a unit's file.
    pub fn disable(&mut self, unit: &str) -> Result<(), Failure> {
        let body = vec![Value::texts(&[unit]), Value::Bool(false)];
        self.order("DisableUnitFiles", body, &format!("disable {unit}"))?;
        self.reload()
    }

    /// Makes a unit impossible to start.
    pub fn mask(&mut self, unit: &str, force: bool) -> Result<(), Failure> {
        let body = vec![Value::texts(&[unit]), Value::Bool(false), Value::Bool(force)];
        self.order("MaskUnitFiles", body, &format!("mask {unit}"))?;
        self.reload()
    }

    /// Takes that back.
    pub fn unmask(&mut self, unit: &str) -> Result<(), Failure> {
        let body = vec![Value::texts(&[unit]), Value::Bool(false)];
        self.order("UnmaskUnitFiles", body, &format!("unmask {unit}"))?;
        self.reload()
    }

    /// Reads all unit files again.
    pub fn reload(&mut self) -> Result<(), Failure> {
        self.order("Reload", Vec::new(), "read the unit files again").map(|_| ())
    }

    /// Starts systemd's own program again; it hangs up, so the connection is made anew.
    pub fn reexecute(&mut self) -> Result<(), Failure> {
        const PATIENCE: Duration = Duration::from_secs(30);
        let call = Self::to_manager("Reexecute", Vec::new());
        self.bus.send(&call).map_err(|error| refused("start systemd again", &error))?;
        let deadline = Instant::now() + PATIENCE;
        while self.bus.signal(deadline).is_ok() && Instant::now() < deadline {}
        loop {
            match Self::open(self.scope) {
                Ok(bus) => break self.bus = bus,
                Err(error) if Instant::now() > deadline => {
                    return Err(refused("reach systemd after its restart", &error));
                }
                Err(_) => std::thread::sleep(Duration::from_millis(50)),
            }
        }
        Ok(())
    }

    fn order(&mut self, member: &'static str, body: Vec<Value>, attempt: &str) -> Result<Vec<Value>, Failure> {
        self.bus.call(&Self::to_manager(member, body)).map_err(|error| refused(attempt, &error))
    }

    fn to_manager(member: &'static str, body: Vec<Value>) -> Call<'static> {
        Call { path: OBJECT, interface: MANAGER, member, body }
    }
}

/// The failure that systemd's refusal amounts to.
fn refused(attempt: &str, error: &BusError) -> Failure {
    let failure = Failure::new(format!("cannot {attempt}: {error}"));
    let BusError::Refused { name, .. } = error else { return failure.code("DPP0706") };
    match name.rsplit('.').next().unwrap_or_default() {
        "AccessDenied" | "InteractiveAuthorizationRequired" => failure.code("DPP0501").help("say `become: true`"),
        "NoSuchUnit" | "LoadFailed" | "FileNotFound" => failure.code("DPP0701"),
        "UnitMasked" => failure.code("DPP0704").help("`systemctl unmask` on the host, or `masked: false` in the task, makes it startable; somebody masked it on purpose"),
        _ => failure.code("DPP0706"),
    }
}
