//! Reports that are wanted as files: `--report junit=out.xml`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use crate::event::Stamped;
use crate::report::{Junit, Line};

/// A kind of report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// JUnit's XML.
    Junit,
    /// The stream of events.
    Jsonl,
}

/// A report that is being written.
#[derive(Debug)]
pub struct ReportFile {
    path: PathBuf,
    run: u64,
    file: BufWriter<File>,
    junit: Option<Junit>,
}

impl ReportFile {
    /// Makes the file, so that a folder that is not there is known before the run.
    pub fn create(kind: ReportKind, path: PathBuf, run: u64) -> io::Result<Self> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let file = BufWriter::new(File::create(&path).map_err(named)?);
        Ok(Self { path, run, file, junit: (kind == ReportKind::Junit).then(Junit::default) })
    }

    /// Takes one event into account.
    pub fn absorb(&mut self, event: &Stamped) {
        match &mut self.junit {
            Some(junit) => junit.absorb(event),
            // A disk that is full is told at the end, when the rest is written.
            None => drop(writeln!(self.file, "{}", Line::new(self.run, event).to_json())),
        }
    }

    /// Writes what is left.
    pub fn finish(mut self) -> io::Result<()> {
        let written = match self.junit.take() {
            Some(junit) => junit.to_xml().map_err(io::Error::other).and_then(|xml| self.file.write_all(xml.as_bytes())),
            None => Ok(()),
        };
        written
            .and_then(|()| self.file.flush())
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", self.path.display())))
    }
}
