//! The tests of `is`: one file a family, one line a test in this table.

mod kinds;
mod order;

use minijinja::value::Rest;
use minijinja::{Environment, Error, State, Value as Dynamic};

use super::arguments::{self, Function};

/// Every test, by name.
const TESTS: &[(&str, Function)] = &[
    ("!=", order::ne),
    ("<", order::lt),
    ("<=", order::le),
    ("==", order::eq),
    (">", order::gt),
    (">=", order::ge),
    ("boolean", kinds::boolean),
    ("callable", kinds::callable),
    ("contains", order::contains),
    ("defined", kinds::defined),
    ("divisibleby", order::divisibleby),
    ("eq", order::eq),
    ("equalto", order::eq),
    ("even", order::even),
    ("false", kinds::is_false),
    ("falsy", kinds::falsy),
    ("filter", kinds::filter),
    ("float", kinds::float),
    ("ge", order::ge),
    ("greaterthan", order::gt),
    ("gt", order::gt),
    ("in", order::is_in),
    ("integer", kinds::integer),
    ("iterable", kinds::iterable),
    ("le", order::le),
    ("lessthan", order::lt),
    ("lower", kinds::lower),
    ("lt", order::lt),
    ("mapping", kinds::mapping),
    ("ne", order::ne),
    ("none", kinds::none),
    ("number", kinds::number),
    ("odd", order::odd),
    ("sameas", order::sameas),
    ("sequence", kinds::sequence),
    ("string", kinds::string),
    ("test", kinds::test),
    ("true", kinds::is_true),
    ("truthy", kinds::truthy),
    ("undefined", kinds::undefined),
    ("upper", kinds::upper),
];

/// Makes them known to an environment.
pub(super) fn register(environment: &mut Environment<'static>) {
    for (name, function) in TESTS {
        let call = |state: &mut State<'_, '_>, given: Rest<Dynamic>| -> Result<bool, Error> {
            arguments::call(name, *function, state, given).map(|holds| holds.is_true())
        };
        environment.add_test(*name, call);
    }
}

/// All names.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    TESTS.iter().map(|(name, _)| *name)
}
