//! Folders and volumes of a container: `/src:/dst:ro`, and the longer form of `mounts`.

use dpp_protocol::Failure;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::arguments::{Flag, Words};
use crate::docker::size::bytes;

/// One of `mounts`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mount {
    target: Words,
    source: Option<Words>,
    #[serde(default, rename = "type")]
    kind: MountKind,
    read_only: Option<Flag>,
    consistency: Option<Words>,
    propagation: Option<Words>,
    non_recursive: Option<Flag>,
    create_mountpoint: Option<Flag>,
    read_only_non_recursive: Option<Flag>,
    read_only_force_recursive: Option<Flag>,
    no_copy: Option<Flag>,
    labels: Option<Map<String, Value>>,
    volume_driver: Option<Words>,
    volume_options: Option<Map<String, Value>>,
    subpath: Option<Words>,
    tmpfs_size: Option<Words>,
    tmpfs_mode: Option<Words>,
    tmpfs_options: Option<Vec<Map<String, Value>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum MountKind {
    Bind,
    Cluster,
    Image,
    Npipe,
    Tmpfs,
    #[default]
    Volume,
}

impl MountKind {
    fn word(self) -> &'static str {
        match self {
            Self::Bind => "bind",
            Self::Cluster => "cluster",
            Self::Image => "image",
            Self::Npipe => "npipe",
            Self::Tmpfs => "tmpfs",
            Self::Volume => "volume",
        }
    }
}

impl Mount {
    /// As the engine takes it.
    pub(super) fn told(&self) -> Result<Value, Failure> {
        self.check()?;
        let mut told = json!({"Target": self.target.0, "Type": self.kind.word()});
        let mut add = |way: &[&str], value: Option<Value>| {
            if let Some(value) = value {
                let mut inner = &mut told;
                for name in way {
                    inner = &mut inner[*name];
                }
                *inner = value;
            }
        };
        let word = |words: &Option<Words>| words.as_ref().map(|words| Value::from(words.0.as_str()));
        let flag = |flag: &Option<Flag>| flag.map(|flag| Value::from(flag.0));
        let texts = |map: &Option<Map<String, Value>>| map.as_ref().map(|map| Value::from(texts(map)));
        add(&["Source"], word(&self.source));
        add(&["ReadOnly"], flag(&self.read_only));
        add(&["Consistency"], word(&self.consistency));
        add(&["BindOptions", "Propagation"], word(&self.propagation));
        add(&["BindOptions", "NonRecursive"], flag(&self.non_recursive));
        add(&["BindOptions", "CreateMountpoint"], flag(&self.create_mountpoint));
        add(&["BindOptions", "ReadOnlyNonRecursive"], flag(&self.read_only_non_recursive));
        add(&["BindOptions", "ReadOnlyForceRecursive"], flag(&self.read_only_force_recursive));
        add(&["VolumeOptions", "NoCopy"], flag(&self.no_copy));
        add(&["VolumeOptions", "Labels"], texts(&self.labels));
        add(&["VolumeOptions", "DriverConfig", "Name"], word(&self.volume_driver));
        add(&["VolumeOptions", "DriverConfig", "Options"], texts(&self.volume_options));
        let of_image = if self.kind == MountKind::Image { "ImageOptions" } else { "VolumeOptions" };
        add(&[of_image, "Subpath"], word(&self.subpath));
        let size = self.tmpfs_size.as_ref().map(|size| bytes("tmpfs_size", &size.0)).transpose()?;
        add(&["TmpfsOptions", "SizeBytes"], size.map(Value::from));
        let mode = self.tmpfs_mode.as_ref().and_then(|mode| i64::from_str_radix(&mode.0, 8).ok());
        add(&["TmpfsOptions", "Mode"], mode.map(Value::from));
        add(&["TmpfsOptions", "Options"], self.tmpfs_options.as_ref().map(|all| tmpfs_options(all)));
        Ok(told)
    }

    fn check(&self) -> Result<(), Failure> {
        let target = &self.target.0;
        let of_bind = [self.propagation.is_some(), self.non_recursive.is_some(), self.create_mountpoint.is_some()];
        let of_volume = [self.no_copy.is_some(), self.labels.is_some(), self.volume_driver.is_some()];
        let of_tmpfs = [self.tmpfs_size.is_some(), self.tmpfs_mode.is_some(), self.tmpfs_options.is_some()];
        let is = |kind: MountKind| self.kind == kind;
        let is_octal = |mode: &Words| i64::from_str_radix(&mode.0, 8).is_ok();
        let wrong = match () {
            () if of_bind.contains(&true) && !is(MountKind::Bind) => "has options of `type: bind`",
            () if of_volume.contains(&true) && !is(MountKind::Volume) => "has options of `type: volume`",
            () if of_tmpfs.contains(&true) && !is(MountKind::Tmpfs) => "has options of `type: tmpfs`",
            () if is(MountKind::Tmpfs) && self.source.is_some() => "is of `type: tmpfs`, which has no `source`",
            () if is(MountKind::Bind) && self.source.is_none() => "is of `type: bind`, which needs a `source`",
            () if self.volume_options.is_some() && self.volume_driver.is_none() => {
                "has `volume_options` without a `volume_driver`"
            }
            () if self.tmpfs_mode.as_ref().is_some_and(|mode| !is_octal(mode)) => "has a `tmpfs_mode` that is no mode",
            () => return Ok(()),
        };
        Err(Failure::new(format!("the mount at {target} {wrong}")).code("DPP0104"))
    }
}

/// Pairs of a name and a text; a name alone where there is no text.
fn tmpfs_options(all: &[Map<String, Value>]) -> Value {
    let one = |(name, value): (&String, &Value)| match value {
        Value::Null => json!([name]),
        value => json!([name, text(value)]),
    };
    all.iter().flatten().map(one).collect::<Vec<Value>>().into()
}

/// A mapping whose values are texts, as Docker wants them.
pub(super) fn texts(map: &Map<String, Value>) -> Map<String, Value> {
    map.iter().map(|(name, value)| (name.clone(), text(value).into())).collect()
}

/// As Docker writes a value; a boolean is in small letters.
pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Volumes in their short form: those that are bound to something, and places of such that have no name.
pub(super) fn binds(volumes: &[String]) -> Result<(Vec<String>, Vec<String>), Failure> {
    let (mut bound, mut own) = (Vec::new(), Vec::new());
    for volume in volumes {
        match volume.split(':').collect::<Vec<_>>().as_slice() {
            [place] => own.push((*place).to_owned()),
            [source, place] if is_mode(place) => own.push((*source).to_owned()),
            [source, place] => bound.push(format!("{}:{place}:rw", source_of(source))),
            [source, place, mode] if is_mode(mode) => bound.push(format!("{}:{place}:{mode}", source_of(source))),
            _ => {
                let words = format!("`volumes: {volume}` is not like /src:/dst, name:/dst:ro or /dst");
                return Err(Failure::new(words).code("DPP0104"));
            }
        }
    }
    Ok((bound, own))
}

/// A bind as the engine shows it, with its mode.
pub(super) fn with_mode(bind: &str) -> String {
    let has_mode = bind.rsplit(':').next().is_some_and(is_mode);
    if has_mode { bind.to_owned() } else { format!("{bind}:rw") }
}

fn source_of(source: &str) -> String {
    crate::expansion::expand_parameter(source)
}

fn is_mode(word: &str) -> bool {
    const MODES: [&str; 18] = [
        "rw",
        "ro",
        "z",
        "Z",
        "consistent",
        "delegated",
        "cached",
        "rprivate",
        "private",
        "rshared",
        "shared",
        "rslave",
        "slave",
        "nocopy",
        "copy",
        "volume-nocopy",
        "idmap",
        "U",
    ];
    !word.is_empty() && word.split(',').all(|part| MODES.contains(&part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_are_bound_or_without_a_name() {
        let all = ["/a:/b", "data:/c:ro,z", "/d", "/e:rw"].map(str::to_owned);
        let (bound, own) = binds(&all).unwrap();
        assert_eq!(bound, ["/a:/b:rw", "data:/c:ro,z"]);
        assert_eq!(own, ["/d", "/e"]);
        assert!(binds(&["a:b:c:d".to_owned()]).is_err() && binds(&["/a:/b:xx".to_owned()]).is_err());
        assert_eq!((with_mode("/a:/b"), with_mode("/a:/b:ro")), ("/a:/b:rw".to_owned(), "/a:/b:ro".to_owned()));
    }

    #[test]
    fn mounts_are_told_in_the_engines_words() {
        for (mount, wanted) in [
            (json!({"target": "/a", "source": "v"}), json!({"Target": "/a", "Type": "volume", "Source": "v"})),
            (
                json!({"target": "/a", "source": "/b", "type": "bind", "read_only": true, "propagation": "rslave"}),
                json!({"Target": "/a", "Type": "bind", "Source": "/b", "ReadOnly": true, "BindOptions": {"Propagation": "rslave"}}),
            ),
            (
                json!({"target": "/t", "type": "tmpfs", "tmpfs_size": "1M", "tmpfs_mode": "1777", "tmpfs_options": [{"exec": null}, {"uid": 5}]}),
                json!({"Target": "/t", "Type": "tmpfs", "TmpfsOptions": {"SizeBytes": 1_048_576, "Mode": 0o1777,
                    "Options": [["exec"], ["uid", "5"]]}}),
            ),
            (
                json!({"target": "/v", "volume_driver": "nfs", "volume_options": {"o": 1}, "labels": {"a": true}}),
                json!({"Target": "/v", "Type": "volume", "VolumeOptions": {"Labels": {"a": "true"},
                    "DriverConfig": {"Name": "nfs", "Options": {"o": "1"}}}}),
            ),
        ] {
            let read: Mount = serde_json::from_value(mount.clone()).unwrap();
            assert_eq!(read.told().unwrap(), wanted, "{mount}");
        }
        for mount in [
            json!({"target": "/a", "propagation": "slave"}),
            json!({"target": "/a", "type": "bind"}),
            json!({"target": "/a", "type": "tmpfs", "source": "x"}),
            json!({"target": "/a", "volume_options": {}}),
            json!({"target": "/a", "type": "tmpfs", "tmpfs_mode": "9"}),
        ] {
            let read: Mount = serde_json::from_value(mount.clone()).unwrap();
            assert_eq!(read.told().unwrap_err().code, "DPP0104", "{mount}");
        }
    }
}
