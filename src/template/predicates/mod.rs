//! The tests of `is`: one file a family, one line a test in this table.

mod files;
mod kinds;
mod lists;
mod order;
mod results;
mod texts;

pub(super) use results::{changed, failed, skipped, succeeded};
pub(super) use texts::{matches, search, version};

use minijinja::value::{Rest, ValueOrKwargs};
use minijinja::{Environment, Error, State};

use super::arguments::{self, Function};

/// Every test, by name.
const TESTS: &[(&str, Function)] = &[
    ("!=", order::ne),
    ("<", order::lt),
    ("<=", order::le),
    ("==", order::eq),
    (">", order::gt),
    (">=", order::ge),
    ("abs", files::absolute),
    ("all", lists::all),
    ("any", lists::any),
    ("boolean", kinds::boolean),
    ("callable", kinds::callable),
    ("change", results::changed),
    ("changed", results::changed),
    ("contains", order::contains),
    ("defined", kinds::defined),
    ("directory", files::directory),
    ("divisibleby", order::divisibleby),
    ("eq", order::eq),
    ("equalto", order::eq),
    ("even", order::even),
    ("exists", files::exists),
    ("failed", results::failed),
    ("failure", results::failed),
    ("false", kinds::is_false),
    ("falsy", kinds::falsy),
    ("file", files::file),
    ("filter", kinds::filter),
    ("finished", results::finished),
    ("float", kinds::float),
    ("ge", order::ge),
    ("greaterthan", order::gt),
    ("gt", order::gt),
    ("in", order::is_in),
    ("integer", kinds::integer),
    ("is_abs", files::absolute),
    ("is_dir", files::directory),
    ("is_file", files::file),
    ("is_link", files::link),
    ("issubset", lists::subset),
    ("issuperset", lists::superset),
    ("iterable", kinds::iterable),
    ("le", order::le),
    ("lessthan", order::lt),
    ("link", files::link),
    ("link_exists", files::link_exists),
    ("lower", kinds::lower),
    ("lt", order::lt),
    ("mapping", kinds::mapping),
    ("match", texts::matches),
    ("ne", order::ne),
    ("none", kinds::none),
    ("number", kinds::number),
    ("odd", order::odd),
    ("reachable", results::reachable),
    ("regex", texts::regex),
    ("same_file", files::same_file),
    ("sameas", order::sameas),
    ("search", texts::search),
    ("sequence", kinds::sequence),
    ("skip", results::skipped),
    ("skipped", results::skipped),
    ("started", results::started),
    ("string", kinds::string),
    ("subset", lists::subset),
    ("succeeded", results::succeeded),
    ("success", results::succeeded),
    ("successful", results::succeeded),
    ("superset", lists::superset),
    ("test", kinds::test),
    ("timedout", results::timed_out),
    ("true", kinds::is_true),
    ("truthy", kinds::truthy),
    ("undefined", kinds::undefined),
    ("unreachable", results::unreachable),
    ("upper", kinds::upper),
    ("version", texts::version),
    ("version_compare", texts::version),
];

/// Makes them known to an environment.
pub(super) fn register(environment: &mut Environment<'static>) {
    for (name, function) in TESTS {
        let call = |state: &mut State<'_, '_>, given: Rest<ValueOrKwargs>| -> Result<bool, Error> {
            arguments::call(name, *function, state, given).map(|holds| holds.is_true())
        };
        environment.add_test(*name, call);
    }
}

/// All names.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    TESTS.iter().map(|(name, _)| *name)
}
