//! A table for look-ups: read when the relay starts, and again when its file has changed.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

/// The file is looked at this often.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the table {}: {reason}", path.display())]
pub struct TableError {
    /// Its file.
    path: PathBuf,
    /// The system's words, or what is wrong in the file.
    reason: String,
}

/// One table and its file.
#[derive(Debug)]
pub(super) struct Table {
    path: PathBuf,
    now: Mutex<Edition>,
}

#[derive(Debug)]
struct Edition {
    values: Arc<HashMap<String, Value>>,
    of: Option<SystemTime>,
    looked: Instant,
}

impl Table {
    pub(super) fn open(path: &Path) -> Result<Self, TableError> {
        let of = changed(path);
        let edition = Edition { values: Arc::new(read(path)?), of, looked: Instant::now() };
        Ok(Self { path: path.to_owned(), now: Mutex::new(edition) })
    }

    /// Returns what the table has for a key. A new edition that cannot be read leaves the old one.
    pub(super) fn get(&self, key: &str) -> Option<Value> {
        let mut edition = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if edition.looked.elapsed() >= LOOK_EVERY {
            edition.looked = Instant::now();
            self.renew(&mut edition);
        }
        edition.values.get(key).cloned()
    }

    fn renew(&self, edition: &mut Edition) {
        let of = changed(&self.path);
        if of == edition.of {
            return;
        }
        edition.of = of;
        match read(&self.path) {
            Ok(values) => {
                tracing::info!(table = %self.path.display(), rows = values.len(), "the table has a new edition");
                edition.values = Arc::new(values);
            }
            Err(error) => tracing::error!("{error}; the old edition is used on"),
        }
    }
}

fn changed(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|found| found.modified()).ok()
}

fn read(path: &Path) -> Result<HashMap<String, Value>, TableError> {
    let failed = |reason: String| TableError { path: path.to_owned(), reason };
    let file = File::open(path).map_err(|error| failed(error.to_string()))?;
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => rows(file).map_err(failed),
        Some("json") => serde_json::from_reader(BufReader::new(file)).map_err(|error| failed(error.to_string())),
        _ => Err(failed("its name ends neither in .csv nor in .json".to_owned())),
    }
}

/// The first line has the names of the columns, as spreadsheets write them.
fn rows(file: File) -> Result<HashMap<String, Value>, String> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(file);
    let mut values = HashMap::new();
    for row in reader.records() {
        let row = row.map_err(|error| error.to_string())?;
        let line = row.position().map_or(0, csv::Position::line);
        let (Some(key), Some(value), None) = (row.get(0), row.get(1), row.get(2)) else {
            return Err(format!("line {line} has {} columns where key and value are expected", row.len()));
        };
        values.insert(key.to_owned(), Value::String(value.to_owned()));
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("dpp-relay-{}-{name}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn a_csv_and_a_json_file_are_tables() {
        let csv = file("table.csv", "id,name\n7,\"Ada, Countess\"\n 8 , Grace\n");
        let json = file("table.json", r#"{"7":{"name":"Ada"},"8":3}"#);
        let (from_csv, from_json) = (Table::open(&csv).unwrap(), Table::open(&json).unwrap());
        assert_eq!(from_csv.get("7"), Some("Ada, Countess".into()));
        assert_eq!((from_csv.get("8"), from_csv.get("id")), (Some("Grace".into()), None));
        assert_eq!((from_json.get("8"), from_json.get("9")), (Some(3.into()), None));
        [csv, json].iter().for_each(|path| std::fs::remove_file(path).unwrap());
    }

    #[test]
    fn a_new_edition_is_used_and_a_broken_one_is_not() {
        let path = file("edition.csv", "id,name\n7,old\n");
        let table = Table::open(&path).unwrap();
        let renew = |text: &str, seconds: u64| {
            std::fs::write(&path, text).unwrap();
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            File::open(&path).unwrap().set_modified(time).unwrap();
            table.renew(&mut table.now.lock().unwrap());
            table.get("7")
        };
        assert_eq!(renew("id,name\n7,new\n", 1), Some("new".into()));
        assert_eq!(renew("id,name\n7\n", 2), Some("new".into()));
        std::fs::remove_file(&path).unwrap();
        table.renew(&mut table.now.lock().unwrap());
        assert_eq!(table.get("7"), Some("new".into()));
    }

    #[test]
    fn what_is_wrong_with_a_table_is_told_with_its_line() {
        let path = file("wrong.csv", "id,name\n7,a\n8\n");
        let error = Table::open(&path).unwrap_err().to_string();
        std::fs::remove_file(&path).unwrap();
        assert!(error.contains("wrong.csv: line 3 has 1 columns"), "{error}");
        assert!(Table::open(&path).unwrap_err().to_string().contains("No such file"));
    }
}
