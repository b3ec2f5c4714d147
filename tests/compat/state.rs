//! What lies on the host after a run: kind, mode, owner, group, size and hash of each file below some folders.

use crate::host::Host;

/// The lab's own: which key opens its hosts differs from lab to lab.
const LABS: &str = "/.ssh/authorized_keys";

/// One line for each file, in the order of their paths.
pub(crate) fn of(host: Option<&Host>, paths: &[String]) -> Vec<String> {
    let Some(host) = host else { return Vec::new() };
    let look = paths.iter().map(|path| {
        format!(
            "[ ! -e {path} ] || find {path} -printf '%y %m %u:%g %p %l\\n'; \
             [ ! -e {path} ] || find {path} -type f -exec sha256sum {{}} +"
        )
    });
    let said = host.on(&look.collect::<Vec<_>>().join("; "));
    let mut lines: Vec<String> =
        said.lines().map(|line| line.trim_end().to_owned()).filter(|line| !line.ends_with(LABS)).collect();
    lines.sort();
    lines
}
