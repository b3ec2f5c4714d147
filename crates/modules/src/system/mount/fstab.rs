//! The text of an fstab: the line of a mount point is set or taken out; all other lines stay as they are.

/// What stands in a line, unescaped.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) src: String,
    pub(super) path: String,
    pub(super) fstype: String,
    pub(super) opts: String,
    pub(super) dump: String,
    pub(super) passno: String,
}

impl Entry {
    fn fields(&self) -> [String; 6] {
        [&self.src, &self.path, &self.fstype, &self.opts, &self.dump, &self.passno].map(|field| escaped(field))
    }
}

/// The text with this entry in it: in the place of the line for the same mount point, or as the last one.
pub(super) fn with(text: &str, entry: &Entry) -> String {
    let wanted = entry.fields();
    let mut is_there = false;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for line in &mut lines {
        if !is_for(line, &entry.path, Some(&entry.src)) {
            continue;
        }
        is_there = true;
        if !line.split_whitespace().eq(wanted.iter().map(String::as_str)) {
            *line = wanted.join(" ");
        }
    }
    if !is_there {
        lines.push(wanted.join(" "));
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

/// The text without the entries of a mount point; of swap, which has none, those of this source.
pub(super) fn without(text: &str, path: &str, src: Option<&str>) -> String {
    text.split_inclusive('\n').filter(|line| !is_for(line, path, src)).collect()
}

fn is_for(line: &str, path: &str, src: Option<&str>) -> bool {
    let fields: Vec<&str> = line.split_whitespace().collect();
    if line.trim_start().starts_with('#') || !(4..=6).contains(&fields.len()) || fields[1] != escaped(path) {
        return false;
    }
    let is_swap = fields[1] == "none" && fields[2] == "swap";
    !is_swap || src.is_none_or(|src| fields[0] == escaped(src))
}

/// A field as fstab(5) wants it, and as Ansible writes it.
fn escaped(field: &str) -> String {
    field.replace('\\', "\\134").replace(' ', "\\040").replace('&', "\\046")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(src: &str, path: &str) -> Entry {
        let words = ["ext4", "noatime", "0", "2"].map(str::to_owned);
        let [fstype, opts, dump, passno] = words;
        Entry { src: src.into(), path: path.into(), fstype, opts, dump, passno }
    }

    #[test]
    fn an_entry_takes_the_place_of_the_one_for_its_mount_point() {
        let wanted = "/dev/sdb1 /srv ext4 noatime 0 2\n";
        for (text, after) in [
            ("", wanted.to_owned()),
            ("# a\n\nproc /proc proc defaults 0 0", format!("# a\n\nproc /proc proc defaults 0 0\n{wanted}")),
            ("/dev/sdb1\t/srv   ext4 noatime 0 2\n", "/dev/sdb1\t/srv   ext4 noatime 0 2\n".to_owned()),
            ("/dev/old /srv xfs defaults 0 0\n#/dev/sdb1 /srv\n", format!("{wanted}#/dev/sdb1 /srv\n")),
            ("/dev/sdb1 /srv ext4 noatime\n", wanted.to_owned()),
        ] {
            assert_eq!(with(text, &entry("/dev/sdb1", "/srv")), after, "{text}");
            assert_eq!(with(&after, &entry("/dev/sdb1", "/srv")), after, "{text}");
        }
    }

    #[test]
    fn blanks_are_escaped_as_fstab_wants_it() {
        let text = with("", &entry("//nas/our files", "/srv/a & b"));
        assert_eq!(text, "//nas/our\\040files /srv/a\\040\\046\\040b ext4 noatime 0 2\n");
        assert_eq!(without(&text, "/srv/a & b", None), "");
    }

    #[test]
    fn swap_is_told_apart_by_its_source() {
        let text = "/dev/a none swap sw 0 0\n/dev/b none swap sw 0 0\n";
        assert_eq!(without(text, "none", Some("/dev/b")), "/dev/a none swap sw 0 0\n");
        assert_eq!(without("a /a b c 0 0\n# /a\n", "/a", Some("other")), "# /a\n");
    }
}
