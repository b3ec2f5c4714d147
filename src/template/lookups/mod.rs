//! The lookups: `lookup('name', …)` and `query('name', …)`; one line a lookup in this table.

use minijinja::{Environment, Error, Value as Dynamic};

use super::arguments::Arguments;
use super::error::fault;

pub(super) fn register(_environment: &mut Environment<'static>) {}
pub(super) fn lookup(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let name = arguments.need_text(0, "name")?;
    Err(fault(format!("there is no lookup `{name}`")))
}
pub(super) fn query(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    lookup(arguments)
}
