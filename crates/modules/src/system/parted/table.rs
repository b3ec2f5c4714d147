//! What `parted -m` prints of a disk and its partitions.

use serde_json::{Map, Value, json};

use super::units::{Place, canonical};

/// A disk with its partitions.
#[derive(Debug)]
pub(super) struct Table {
    /// As a result has it.
    pub(super) disk: Map<String, Value>,
    /// Its kind; `unknown` where there is none.
    pub(super) label: String,
    /// The partitions.
    pub(super) partitions: Vec<Partition>,
}

/// One partition.
#[derive(Debug)]
pub(super) struct Partition {
    pub(super) number: i64,
    pub(super) name: String,
    /// Those that can be set; parted of some makers adds `type=8e`.
    pub(super) flags: Vec<String>,
    /// Where it ends.
    pub(super) end: Place,
    /// As a result has it.
    pub(super) told: Value,
}

impl Table {
    /// Reads it; units are told in small letters, as Ansible does, unless theirs are to be kept.
    pub(super) fn read(said: &str, keeps_case: bool) -> Option<Self> {
        let mut lines = said.lines().skip_while(|line| !matches!(line.trim_end(), "BYT;" | "CHS;" | "CYL;")).skip(1);
        let head = fields(lines.next()?);
        let [dev, size, _transport, logical, physical, label, model, ..] = head.as_slice() else { return None };
        let size = Place::read(size)?;
        let cased = |unit: &str| if keeps_case { canonical(unit) } else { unit.to_lowercase() };
        let unit = cased(&size.unit);
        let disk = json!({"dev": dev, "size": size.value, "unit": unit, "table": label, "model": model,
            "logical_block": logical.parse::<i64>().ok()?, "physical_block": physical.parse::<i64>().ok()?});
        let Value::Object(mut disk) = disk else { return None };
        if matches!(size.unit.as_str(), "cyl" | "chs") {
            disk.insert("chs_info".into(), geometry(&fields(lines.next()?), &cased)?);
        }
        let rows = lines.filter(|line| !line.trim().is_empty());
        let partitions = rows.map(|line| Partition::read(&fields(line), &unit)).collect::<Option<_>>()?;
        Some(Self { disk, label: label.clone(), partitions })
    }

    /// The partition of this number.
    pub(super) fn partition(&self, number: i64) -> Option<&Partition> {
        self.partitions.iter().find(|partition| partition.number == number)
    }
}

impl Partition {
    fn read(row: &[String], unit: &str) -> Option<Self> {
        let [number, begin, end, rest @ ..] = row else { return None };
        let (size, rest) = match unit {
            // Between cylinders, heads and sectors there is no size.
            "chs" => (json!(""), rest),
            _ => (Place::read(rest.first()?)?.value, &rest[1..]),
        };
        let [kind, name, flags, ..] = rest else { return None };
        let (number, end) = (number.parse().ok()?, Place::read(end)?);
        let flags: Vec<&str> = flags.split(", ").map(str::trim).filter(|flag| !flag.is_empty()).collect();
        let told = json!({"num": number, "begin": Place::read(begin)?.value, "end": end.value, "size": size,
            "fstype": kind, "name": name, "flags": flags, "unit": unit});
        let settable = flags.into_iter().filter(|flag| !flag.starts_with("type=")).map(str::to_owned);
        Some(Self { number, name: name.clone(), flags: settable.collect(), end, told })
    }
}

fn geometry(row: &[String], cased: &dyn Fn(&str) -> String) -> Option<Value> {
    let [cylinders, heads, sectors, size, ..] = row else { return None };
    let number = |text: &String| text.parse::<i64>().ok();
    let size = Place::read(size)?;
    Some(json!({"cylinders": number(cylinders)?, "heads": number(heads)?, "sectors": number(sectors)?,
        "cyl_size": size.value, "cyl_size_unit": cased(&size.unit)}))
}

/// The fields of a line; colons of names have a backslash before them.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut letters = line.trim_end().trim_end_matches(';').chars();
    while let Some(letter) = letters.next() {
        match letter {
            ':' => fields.push(String::new()),
            letter => {
                let letter = if letter == '\\' { letters.next().unwrap_or(letter) } else { letter };
                if let Some(last) = fields.last_mut() {
                    last.push(letter);
                }
            }
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: &str = "BYT;\n/dev/sda:286061MB:scsi:512:512:msdos:ATA TOSHIBA THNSFJ25:;\n
1:1.05MB:106MB:105MB:fat32::esp, boot;\n2:106MB:368MB:262MB:ext2::;\n3:368MB:256061MB:255692MB:::lvm, type=8e;\n";
    const CYLINDERS: &str = "CYL;\n/dev/sdb:5221cyl:scsi:512:512:gpt:Virtual disk:;\n5221:255:63:8225kB;\n1:0cyl:13cyl:13cyl:ext4:a\\:b:;\n";
    const HEADS: &str = "CHS;\n/dev/sdb:5220,138,29:scsi:512:512:gpt:Virtual disk:;\n5221:255:63:8225kB;\n1:0,32,32:13,15,14:ext4:data:boot;\n";
    const UNKNOWN: &str = "Error: /dev/sdc: unrecognised disk label\nBYT;\n/dev/sdc:20480kiB:file:512:512:unknown::;\n";

    #[test]
    fn a_disk_and_its_partitions_are_read_in_every_unit() {
        let table = Table::read(BYTES, false).unwrap();
        assert_eq!(
            Value::from(table.disk.clone()),
            json!({"dev": "/dev/sda", "size": 286_061.0, "unit": "mb", "table": "msdos", "model": "ATA TOSHIBA THNSFJ25",
                "logical_block": 512, "physical_block": 512})
        );
        assert_eq!(
            table.partitions[0].told,
            json!({"num": 1, "begin": 1.05, "end": 106.0, "size": 105.0, "fstype": "fat32", "name": "",
                "flags": ["esp", "boot"], "unit": "mb"})
        );
        let last = table.partition(3).unwrap();
        assert_eq!((last.flags.as_slice(), &last.told["flags"]), (&["lvm".to_owned()][..], &json!(["lvm", "type=8e"])));
        assert!(table.partition(4).is_none());
        assert_eq!(Table::read(BYTES, true).unwrap().disk["unit"], "MB");
    }

    #[test]
    fn cylinders_heads_and_disks_without_a_label_are_read() {
        let table = Table::read(CYLINDERS, false).unwrap();
        let geometry =
            json!({"cylinders": 5221, "heads": 255, "sectors": 63, "cyl_size": 8225.0, "cyl_size_unit": "kb"});
        assert_eq!(table.disk["chs_info"], geometry);
        assert_eq!((table.partitions[0].name.as_str(), &table.partitions[0].told["size"]), ("a:b", &json!(13.0)));
        let table = Table::read(HEADS, false).unwrap();
        assert_eq!(table.disk["size"], json!({"cylinder": 5220, "head": 138, "sector": 29}));
        assert_eq!((&table.partitions[0].told["size"], table.partitions[0].flags.len()), (&json!(""), 1));
        let table = Table::read(UNKNOWN, false).unwrap();
        assert_eq!((table.label.as_str(), table.partitions.len()), ("unknown", 0));
        assert!(
            Table::read("Error: Could not stat device", false).is_none() && Table::read("BYT;\nx\n", false).is_none()
        );
    }
}
