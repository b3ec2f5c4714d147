//! Places on a disk as parted writes and reads them: `10GiB`, `15%`, `-1MB`, `12,3,45`.

use serde_json::{Value, json};

/// Units as a task and parted write them.
const UNITS: [&str; 14] = ["B", "KB", "KiB", "MB", "MiB", "GB", "GiB", "TB", "TiB", "s", "%", "cyl", "chs", "compact"];

/// A number with its unit, or a cylinder, head and sector.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    /// As a result has it.
    pub(super) value: Value,
    number: Option<f64>,
    /// Empty where none is written.
    pub(super) unit: String,
}

impl Place {
    /// Reads one; nothing where it is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        let triple: Vec<u64> = text.split(',').filter_map(|part| part.parse().ok()).collect();
        if let ([cylinder, head, sector], 2) = (triple.as_slice(), text.matches(',').count()) {
            let value = json!({"cylinder": cylinder, "head": head, "sector": sector});
            return Some(Self { value, number: None, unit: "chs".to_owned() });
        }
        let end = text.find(|c: char| !(c.is_ascii_digit() || "-.".contains(c))).unwrap_or(text.len());
        let number: f64 = text[..end].parse().ok()?;
        let unit = text[end..].trim_start();
        let is_unit = unit.chars().all(|c| c.is_alphanumeric() || "_%".contains(c));
        is_unit.then(|| Self { value: json!(number), number: Some(number), unit: unit.to_owned() })
    }

    /// Whether its unit is written, in its own letters.
    pub(super) fn is_complete(&self) -> bool {
        UNITS.contains(&self.unit.as_str())
    }

    /// The byte it means on a disk of so many bytes; nothing for cylinders. One below zero is counted from the end.
    pub(super) fn byte(&self, disk: f64, sector: f64) -> Option<f64> {
        let power = |base: f64| {
            let power = ["B", "K", "M", "G", "T"].iter().position(|first| self.unit.starts_with(first))?;
            Some(base.powi(i32::try_from(power).ok()?))
        };
        let factor = match self.unit.as_str() {
            "s" => sector,
            "%" => disk / 100.0,
            unit if unit.ends_with("iB") => power(1024.0)?,
            "cyl" | "chs" | "compact" | "" => return None,
            _ => power(1000.0)?,
        };
        let byte = self.number? * factor;
        Some(if byte < 0.0 { disk + byte } else { byte })
    }
}

/// A unit that parted printed, in the letters of a task.
pub(super) fn canonical(unit: &str) -> String {
    let known = UNITS.iter().find(|known| known.eq_ignore_ascii_case(unit));
    known.map_or(unit, |known| known).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_and_mean_a_byte() {
        for (text, is_complete, byte) in [
            ("10GiB", true, Some(10_737_418_240.0)),
            ("1.5 MB", true, Some(1_500_000.0)),
            ("15%", true, Some(150_000.0)),
            ("-1KB", true, Some(999_000.0)),
            ("2048s", true, Some(1_048_576.0)),
            ("512B", true, Some(512.0)),
            ("10", false, None),
            ("10kib", false, None),
            ("7cyl", true, None),
            ("1,2,3", true, None),
        ] {
            let place = Place::read(text).unwrap();
            assert_eq!(
                (place.is_complete(), place.is_complete().then(|| place.byte(1e6, 512.0)).flatten()),
                (is_complete, byte),
                "{text}"
            );
        }
        for bad in ["", "GiB", "1,2", "1;2", "--1MB", "ä"] {
            assert_eq!(Place::read(bad), None, "{bad}");
        }
        assert_eq!(Place::read("1,2,3").unwrap().value, json!({"cylinder": 1, "head": 2, "sector": 3}));
        assert_eq!((canonical("kib"), canonical("S"), canonical("odd")), ("KiB".into(), "s".into(), "odd".into()));
    }
}
