//! The filters: one file a family, one line a filter in this table.

mod choice;
mod lists;
mod maps;
mod numbers;
mod select;
mod strings;

use minijinja::value::Rest;
use minijinja::{Environment, State, Value as Dynamic};

use super::arguments::{self, Function};

/// The longest text or list that a filter makes out of a number somebody wrote.
pub(super) const LONGEST: usize = 10_000_000;

/// Every filter, by name.
const FILTERS: &[(&str, Function)] = &[
    ("abs", numbers::abs),
    ("attr", maps::attr),
    ("batch", lists::batch),
    ("bool", choice::bool),
    ("capitalize", strings::capitalize),
    ("center", strings::center),
    ("combine", maps::combine),
    ("count", lists::length),
    ("d", choice::default),
    ("default", choice::default),
    ("dict2items", maps::dict2items),
    ("dictsort", maps::dictsort),
    ("difference", lists::difference),
    ("extract", maps::extract),
    ("first", lists::first),
    ("flatten", lists::flatten),
    ("float", numbers::float),
    ("format", strings::format),
    ("groupby", select::groupby),
    ("indent", strings::indent),
    ("int", numbers::int),
    ("intersect", lists::intersect),
    ("items", maps::items),
    ("items2dict", maps::items2dict),
    ("join", lists::join),
    ("last", lists::last),
    ("length", lists::length),
    ("list", lists::list),
    ("lower", strings::lower),
    ("mandatory", choice::mandatory),
    ("map", select::map),
    ("max", lists::max),
    ("min", lists::min),
    ("product", lists::product),
    ("reject", select::reject),
    ("rejectattr", select::rejectattr),
    ("replace", strings::replace),
    ("reverse", lists::reverse),
    ("round", numbers::round),
    ("select", select::select),
    ("selectattr", select::selectattr),
    ("slice", lists::slice),
    ("sort", lists::sort),
    ("split", strings::split),
    ("string", strings::string),
    ("subelements", maps::subelements),
    ("sum", lists::sum),
    ("symmetric_difference", lists::symmetric_difference),
    ("ternary", choice::ternary),
    ("title", strings::title),
    ("trim", strings::trim),
    ("truncate", strings::truncate),
    ("type_debug", choice::type_debug),
    ("union", lists::union),
    ("unique", lists::unique),
    ("upper", strings::upper),
    ("wordcount", strings::wordcount),
    ("wordwrap", strings::wordwrap),
    ("zip", lists::zip),
    ("zip_longest", lists::zip_longest),
];

/// Makes them known to an environment.
pub(super) fn register(environment: &mut Environment<'static>) {
    for (name, function) in FILTERS {
        let call = |state: &mut State<'_, '_>, given: Rest<Dynamic>| arguments::call(name, *function, state, given);
        environment.add_filter(*name, call);
    }
}

/// All names.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FILTERS.iter().map(|(name, _)| *name)
}
