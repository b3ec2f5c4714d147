//! The minijinja environments, one for each set of template options, and the compiled templates, found by their text.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::StringInput;
use minijinja::{Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value as Dynamic};

use super::chance::Chance;
use super::dialect::{Backslash, Manner, Marks, Mention, OffsetMap, Translation, translate};
use super::frame::Frame;
use super::regex::Patterns;
use super::surroundings::Surroundings;
use super::{dynamic, filters, functions, methods, predicates, python};
use crate::source::Source;

/// What a template may cost: enough for a million turns of a loop, spent in a few seconds.
const FUEL: u64 = 40_000_000;

/// How a template's text is read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Settings {
    pub(super) marks: Marks,
    pub(super) keep_block_newlines: bool,
    pub(super) lstrip_blocks: bool,
    /// What ends the lines that the template itself has, if it is no line feed.
    pub(super) line_end: Option<&'static str>,
}

/// What a text is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Mode {
    /// A text of a playbook or a variable.
    Playbook,
    /// An expression without marks, as in `when`.
    Expression,
    /// A template file.
    File(Settings),
}

/// A text, translated, under the name by which minijinja loads it.
#[derive(Debug)]
pub(super) struct Unit {
    name: String,
    text: Arc<str>,
    prefix: usize,
    translation: Translation,
    settings: Settings,
    source: Option<Arc<Source>>,
}

const SOLE: char = '=';
const EXPRESSION_OPEN: &str = "{{ ";

impl Unit {
    fn new(number: usize, text: &str, mode: &Mode, source: Option<Arc<Source>>) -> Self {
        let settings = match mode {
            Mode::File(settings) => settings.clone(),
            _ => Settings::default(),
        };
        let (written, prefix) = match mode {
            Mode::Expression => (format!("{EXPRESSION_OPEN}{text} }}}}"), EXPRESSION_OPEN.len()),
            _ => (text.to_owned(), 0),
        };
        let backslash = if *mode == Mode::Playbook { Backslash::Literal } else { Backslash::Escapes };
        let manner =
            Manner { backslash, trims: !settings.keep_block_newlines, line_end: settings.line_end.unwrap_or("\n") };
        let translation = translate(&written, &settings.marks, manner);
        let is_sole = translation.is_sole && !matches!(mode, Mode::File(_));
        let name = format!("{}{number}", if is_sole { SOLE } else { '#' });
        Self { name, text: text.into(), prefix, translation, settings, source }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The text as it was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The file it is, if it is one.
    pub(super) fn source(&self) -> Option<&Arc<Source>> {
        self.source.as_ref()
    }

    /// Whether the whole text is one expression, whose value is wanted and not its characters.
    pub(super) fn is_sole(&self) -> bool {
        self.name.starts_with(SOLE)
    }

    /// The variable that the whole text names.
    pub(super) fn bare(&self) -> Option<&str> {
        self.translation.bare.as_deref().filter(|_| self.is_sole())
    }

    /// The filters and tests it names.
    pub(super) fn mentions(&self) -> &[Mention] {
        &self.translation.mentions
    }

    /// Bytes of the text as it was written, for bytes of what minijinja compiled.
    pub(super) fn original(&self, range: std::ops::Range<usize>) -> std::ops::Range<usize> {
        let map: &OffsetMap = &self.translation.map;
        let range = map.original(range);
        let cut = |at: usize| at.saturating_sub(self.prefix).min(self.text.len());
        self.written(cut(range.start)..cut(range.end))
    }

    /// Where in the text a mention stands.
    pub(super) fn place_of(&self, mention: &Mention) -> std::ops::Range<usize> {
        mention.at.start.saturating_sub(self.prefix)..mention.at.end.saturating_sub(self.prefix)
    }

    fn written(&self, range: std::ops::Range<usize>) -> std::ops::Range<usize> {
        let Some(text) = self.text.get(range.clone()) else { return range };
        let start = range.start + (text.len() - text.trim_start().len());
        start..(range.start + text.trim_end().len()).max(start)
    }
}

/// Every secret text that passed through a template.
#[derive(Default)]
pub(super) struct Secrets(RwLock<std::collections::HashSet<String>>);

impl Secrets {
    pub(super) fn add(&self, text: &str) {
        if !text.is_empty() && !self.has(text) {
            self.0.write().unwrap_or_else(PoisonError::into_inner).insert(text.to_owned());
        }
    }

    pub(super) fn has(&self, text: &str) -> bool {
        let secrets = self.0.read().unwrap_or_else(PoisonError::into_inner);
        !secrets.is_empty() && secrets.contains(text)
    }

    pub(super) fn all(&self) -> Vec<String> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

#[derive(Default)]
struct Units {
    by_text: HashMap<Mode, HashMap<Arc<str>, Arc<Unit>>>,
    by_number: Vec<Arc<Unit>>,
}

/// All environments of a run.
pub(super) struct Engines {
    units: Arc<RwLock<Units>>,
    environments: Mutex<HashMap<Settings, Arc<Environment<'static>>>>,
    usual: Arc<Environment<'static>>,
    secrets: Secrets,
    patterns: Patterns,
    turns: AtomicU64,
    passwords: Mutex<()>,
    surroundings: Surroundings,
}

impl Engines {
    pub(super) fn new(surroundings: Surroundings) -> Self {
        let units = Arc::new(RwLock::new(Units::default()));
        let usual = Arc::new(environment(&Settings::default(), &units));
        let environments = Mutex::new(HashMap::new());
        Self {
            units,
            environments,
            usual,
            secrets: Secrets::default(),
            patterns: Patterns::default(),
            turns: AtomicU64::new(0),
            passwords: Mutex::new(()),
            surroundings,
        }
    }

    pub(super) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Holds off whoever else makes a password, until it is dropped.
    pub(super) fn one_at_a_time(&self) -> MutexGuard<'_, ()> {
        self.passwords.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fresh chance; another one at each call, all from the run's seed.
    pub(super) fn chance(&self) -> Chance {
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        Chance::of_number(self.surroundings.seed.wrapping_add(turn.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    pub(super) fn patterns(&self) -> &Patterns {
        &self.patterns
    }

    pub(super) fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    /// The environment for these settings.
    pub(super) fn environment(&self, settings: &Settings) -> Arc<Environment<'static>> {
        if *settings == Settings::default() {
            return Arc::clone(&self.usual);
        }
        let mut environments = self.environments.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || Arc::new(environment(settings, &self.units));
        Arc::clone(environments.entry(settings.clone()).or_insert_with(make))
    }

    /// The unit of a text, translated once.
    pub(super) fn unit(&self, text: &str, mode: &Mode) -> Arc<Unit> {
        self.found(text, mode).unwrap_or_else(|| self.add(text, mode, None))
    }

    /// The unit of a file.
    pub(super) fn file_unit(&self, source: &Arc<Source>, text: &str, settings: Settings) -> Arc<Unit> {
        let mode = Mode::File(settings);
        let found = self.found(text, &mode).filter(|unit| unit.source() == Some(source));
        found.unwrap_or_else(|| self.add(text, &mode, Some(Arc::clone(source))))
    }

    /// The unit that minijinja knows by this name.
    pub(super) fn named(&self, name: &str) -> Option<Arc<Unit>> {
        named(&self.units, name)
    }

    fn found(&self, text: &str, mode: &Mode) -> Option<Arc<Unit>> {
        let units = self.units.read().unwrap_or_else(PoisonError::into_inner);
        units.by_text.get(mode)?.get(text).cloned()
    }

    fn add(&self, text: &str, mode: &Mode, source: Option<Arc<Source>>) -> Arc<Unit> {
        let mut units = self.units.write().unwrap_or_else(PoisonError::into_inner);
        let unit = Arc::new(Unit::new(units.by_number.len(), text, mode, source));
        units.by_number.push(Arc::clone(&unit));
        units.by_text.entry(mode.clone()).or_default().insert(Arc::clone(&unit.text), Arc::clone(&unit));
        unit
    }
}

fn named(units: &RwLock<Units>, name: &str) -> Option<Arc<Unit>> {
    let number: usize = name.get(1..)?.parse().ok()?;
    let units = units.read().unwrap_or_else(PoisonError::into_inner);
    units.by_number.get(number).filter(|unit| unit.name == name).cloned()
}

fn environment(settings: &Settings, units: &Arc<RwLock<Units>>) -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_debug(true);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(200);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_formatter(print);
    environment.set_unknown_method_callback(methods::call);
    environment.set_path_join_callback(|name, parent| included(name, parent).unwrap_or_else(|| name.to_owned()).into());
    let units = Arc::clone(units);
    environment.set_loader(move |name| Ok(named(&units, name).map(|unit| unit.translation.text.clone())));
    if let Ok(syntax) = syntax(settings) {
        environment.set_syntax(syntax);
    }
    filters::register(&mut environment);
    predicates::register(&mut environment);
    functions::register(&mut environment);
    environment
}

/// The syntax that these settings ask for.
pub(super) fn syntax(settings: &Settings) -> Result<SyntaxConfig, Error> {
    let Marks { variable, block, comment } = settings.marks.clone();
    SyntaxConfig::builder()
        .variable_delimiters(variable.0, variable.1)
        .block_delimiters(block.0, block.1)
        .comment_delimiters(comment.0, comment.1)
        .trim_blocks(!settings.keep_block_newlines)
        .lstrip_blocks(settings.lstrip_blocks)
        .build()
}

/// Prints a value as Ansible does: nothing for None, Python's form for all else. A sole expression's value is kept.
fn print(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Dynamic) -> Result<(), Error> {
    if value.is_undefined() {
        // Without an `else`, a condition that does not hold gives what prints as nothing; all else is refused here.
        StringInput::new(state, value)?;
    }
    if let Some(error) = functions::unset(value) {
        return Err(error);
    }
    if value.is_tuple() {
        // Nothing but its text is kept of it.
        dynamic::whole(value)?;
    }
    if state.name().starts_with(SOLE) {
        Frame::current()?.keep(&if value.is_undefined() { Dynamic::from("") } else { value.clone() });
        return Ok(());
    }
    let written = match value.as_str() {
        Some(text) => {
            if value.is_safe() {
                Frame::current()?.note_text(text);
            }
            out.write_str(text)
        }
        None if value.is_none() || value.is_undefined() => Ok(()),
        None => {
            dynamic::whole(value)?;
            out.write_str(&python::text(value))
        }
    };
    written.map_err(|_| Error::from(ErrorKind::WriteFailure))
}

/// The unit of a template that another one includes, imports or extends.
fn included(name: &str, parent: &str) -> Option<String> {
    let frame = Frame::current().ok()?;
    let engines = frame.engines();
    let parent = engines.named(parent);
    let settings = parent.as_ref().map(|unit| unit.settings().clone()).unwrap_or_default();
    let beside = parent.as_ref().and_then(|unit| unit.source().cloned());
    let beside = beside.and_then(|source| std::path::Path::new(source.name()).parent().map(|folder| folder.join(name)));
    let candidates = frame.scope().search().candidates("templates", name).into_iter().chain(beside);
    let (path, text) = engines.surroundings().files.first(candidates)?;
    let source = Source::new(path.display().to_string(), text);
    Some(engines.file_unit(&source, source.text(), settings).name().to_owned())
}
