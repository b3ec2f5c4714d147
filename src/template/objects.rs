//! Lists and mappings of variables inside an evaluation: a member is rendered when it is used, and a template can
//! change them, as Python's can be, without changing the variable.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;
use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Error, Value as Dynamic};

use super::dynamic::to_dynamic;
use super::frame::Frame;
use super::python;
use crate::value::{Map, Value};

/// Values as they were written, with the frame in which they are rendered.
struct Written<T> {
    data: Arc<T>,
    frame: Arc<Frame>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn member(value: &Value, frame: &Arc<Frame>) -> Option<Dynamic> {
    match to_dynamic(value, frame) {
        Ok(value) => Some(value),
        Err(error) if Frame::forgives(&error) => None,
        Err(error) => Some(Dynamic::from(error)),
    }
}

/// A list.
pub(super) struct List {
    written: Option<Written<Vec<Value>>>,
    changed: Mutex<Option<Vec<Dynamic>>>,
}

impl List {
    /// A variable's list.
    pub(super) fn written(data: Arc<Vec<Value>>, frame: Arc<Frame>) -> Self {
        Self { written: Some(Written { data, frame }), changed: Mutex::new(None) }
    }

    /// A list that a template made.
    pub(super) fn made(items: Vec<Dynamic>) -> Self {
        Self { written: None, changed: Mutex::new(Some(items)) }
    }

    /// The variable's own list, if it can be handed on as it is.
    pub(super) fn shared(&self) -> Option<Arc<Vec<Value>>> {
        let written = self.written.as_ref().filter(|_| locked(&self.changed).is_none())?;
        let is_done = written.data.iter().all(|item| item.is_rendered() && !Frame::watches(item));
        is_done.then(|| Arc::clone(&written.data))
    }

    /// Changes the items in place.
    pub(super) fn change<R>(&self, change: impl FnOnce(&mut Vec<Dynamic>) -> R) -> R {
        let missing = locked(&self.changed).is_none();
        let rendered = if missing { self.rendered() } else { Vec::new() };
        change(locked(&self.changed).get_or_insert(rendered))
    }

    fn rendered(&self) -> Vec<Dynamic> {
        let items = self.written.iter().flat_map(|written| written.data.iter().map(|item| (item, &written.frame)));
        items.map(|(item, frame)| member(item, frame).unwrap_or_default()).collect()
    }

    fn length(&self) -> usize {
        match &*locked(&self.changed) {
            Some(items) => items.len(),
            None => self.written.as_ref().map_or(0, |written| written.data.len()),
        }
    }
}

impl Object for List {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Dynamic) -> Option<Dynamic> {
        let index = key.as_usize()?;
        if let Some(items) = &*locked(&self.changed) {
            return items.get(index).cloned();
        }
        let written = self.written.as_ref()?;
        member(written.data.get(index)?, &written.frame)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.length())
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&python::repr(&Dynamic::from_dyn_object(Arc::clone(self))))
    }
}

impl fmt::Debug for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "list of {}", self.length())
    }
}

/// A mapping.
pub(super) struct Dict {
    written: Option<Written<Map>>,
    changed: Mutex<Option<IndexMap<Dynamic, Dynamic>>>,
}

impl Dict {
    /// A variable's mapping.
    pub(super) fn written(data: Arc<Map>, frame: Arc<Frame>) -> Self {
        Self { written: Some(Written { data, frame }), changed: Mutex::new(None) }
    }

    /// A mapping that a template made.
    pub(super) fn made(entries: impl IntoIterator<Item = (Dynamic, Dynamic)>) -> Self {
        Self { written: None, changed: Mutex::new(Some(entries.into_iter().collect())) }
    }

    /// The variable's own mapping, if it can be handed on as it is.
    pub(super) fn shared(&self) -> Option<Arc<Map>> {
        let written = self.written.as_ref().filter(|_| locked(&self.changed).is_none())?;
        let is_done = written.data.values().all(|item| item.is_rendered() && !Frame::watches(item));
        is_done.then(|| Arc::clone(&written.data))
    }

    /// Changes the entries in place.
    pub(super) fn change<R>(&self, change: impl FnOnce(&mut IndexMap<Dynamic, Dynamic>) -> R) -> R {
        let missing = locked(&self.changed).is_none();
        let rendered = if missing { self.rendered() } else { IndexMap::new() };
        change(locked(&self.changed).get_or_insert(rendered))
    }

    fn rendered(&self) -> IndexMap<Dynamic, Dynamic> {
        let entries = self.written.iter().flat_map(|written| written.data.iter().map(|entry| (entry, &written.frame)));
        entries
            .map(|((key, value), frame)| (Dynamic::from(key.as_str()), member(value, frame).unwrap_or_default()))
            .collect()
    }

    fn at(&self, key: &Dynamic) -> Option<Dynamic> {
        if let Some(entries) = &*locked(&self.changed) {
            return entries.get(key).cloned();
        }
        let written = self.written.as_ref()?;
        let value = match key.as_str() {
            Some(key) => written.data.get(key)?,
            None => written.data.get(&python::key(key))?,
        };
        member(value, &written.frame)
    }
}

impl Object for Dict {
    fn get_value(self: &Arc<Self>, key: &Dynamic) -> Option<Dynamic> {
        self.at(key)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Dynamic> {
        if locked(&self.changed).is_some() {
            return self.at(&Dynamic::from(key));
        }
        let written = self.written.as_ref()?;
        member(written.data.get(key)?, &written.frame)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        if let Some(entries) = &*locked(&self.changed) {
            return Enumerator::Values(entries.keys().cloned().collect());
        }
        let keys = self.written.iter().flat_map(|written| written.data.keys());
        Enumerator::Values(keys.map(|key| Dynamic::from(key.as_str())).collect())
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&python::repr(&Dynamic::from_dyn_object(Arc::clone(self))))
    }
}

impl fmt::Debug for Dict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("mapping")
    }
}

/// A list of these items.
pub(super) fn list(items: Vec<Dynamic>) -> Dynamic {
    Dynamic::from_object(List::made(items))
}

/// A mapping of these entries.
pub(super) fn dict(entries: impl IntoIterator<Item = (Dynamic, Dynamic)>) -> Dynamic {
    Dynamic::from_object(Dict::made(entries))
}

/// The items of anything that can be walked; a mapping gives its keys.
pub(super) fn items(value: &Dynamic) -> Result<Vec<Dynamic>, Error> {
    let value = super::dynamic::defined(value)?;
    if value.is_none() {
        return Err(super::error::fault("nothing (None) has no items"));
    }
    value.try_iter()?.checked().collect()
}
