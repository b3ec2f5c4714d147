//! The log of each run: `.dppctl/runs/N/log.jsonl`, for its owner alone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::event::Stamped;
use crate::report::Line;

/// A log that is being written.
#[derive(Debug)]
pub struct RunLog {
    number: u64,
    path: PathBuf,
    file: BufWriter<File>,
}

impl RunLog {
    /// Begins the log of the next run of the project in this folder.
    pub fn begin(project: &Path) -> io::Result<Self> {
        let runs = project.join(".dppctl/runs");
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&runs)?;
        let (number, folder) = next(&runs)?;
        let path = folder.join("log.jsonl");
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Self { number, path, file: BufWriter::new(file) })
    }

    /// A log in a file that is there.
    #[cfg(test)]
    pub(crate) fn into_file(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).open(path)?;
        Ok(Self { number: 1, path: path.to_owned(), file: BufWriter::new(file) })
    }

    /// Number of the run.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes one event; whoever looks at the file while the run goes on sees it.
    pub fn write(&mut self, event: &Stamped) -> io::Result<()> {
        writeln!(self.file, "{}", Line::new(self.number, event).to_json())?;
        self.file.flush()
    }
}

/// Makes the folder of the next number; a run that begins at the same moment gets another one.
fn next(runs: &Path) -> io::Result<(u64, PathBuf)> {
    let known = fs::read_dir(runs)?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u64>().ok());
    let mut number = known.max().unwrap_or(0) + 1;
    loop {
        let folder = runs.join(number.to_string());
        match fs::DirBuilder::new().mode(0o700).create(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            made => return made.map(|()| (number, folder)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::event::Event;

    #[test]
    fn runs_are_counted_and_their_logs_are_their_owners() {
        let project = tempfile::tempdir().unwrap();
        assert_eq!(RunLog::begin(project.path()).unwrap().number(), 1);
        fs::create_dir_all(project.path().join(".dppctl/runs/41")).unwrap();
        let mut log = RunLog::begin(project.path()).unwrap();
        log.write(&Stamped { t: 0, event: Event::RunFinished { ms: 1 } }).unwrap();
        assert_eq!(log.path(), project.path().join(".dppctl/runs/42/log.jsonl"));
        assert_eq!(fs::metadata(log.path()).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(fs::read_to_string(log.path()).unwrap().ends_with("\"run_finished\",\"ms\":1}\n"));
    }
}
