//! The filters: one file a family, one line a filter in this table.

mod choice;
mod comment;
mod community;
mod encoding;
mod human;
mod json;
mod lists;
mod maps;
mod merge;
mod network;
mod numbers;
pub(super) mod password;
mod paths;
mod products;
mod random;
mod regex;
mod select;
mod sets;
mod strings;
mod urls;
mod wrap;
mod yaml;

use minijinja::value::{Rest, ValueOrKwargs};
use minijinja::{Environment, Error, State};

use super::arguments::{self, Function};
use super::error::fault;
use super::{predicates, time};

/// The longest text or list that a filter makes out of a number somebody wrote.
pub(super) const LONGEST: usize = 10_000_000;

/// The width, unless a text of it would fill the memory.
pub(super) fn narrow(width: usize) -> Result<usize, Error> {
    if width > LONGEST { Err(fault(format!("a width above {LONGEST} is refused"))) } else { Ok(width) }
}

/// Every filter, by name.
const FILTERS: &[(&str, Function)] = &[
    ("abs", numbers::abs),
    ("array_to_str", community::array_to_str),
    ("attr", maps::attr),
    ("b64decode", encoding::b64decode),
    ("b64encode", encoding::b64encode),
    ("basename", paths::basename),
    ("batch", lists::batch),
    ("bool", choice::bool),
    ("capitalize", strings::capitalize),
    ("center", strings::center),
    ("changed", predicates::changed),
    ("checksum", encoding::sha1),
    ("combinations", products::combinations),
    ("combine", merge::combine),
    ("comment", comment::comment),
    ("commonpath", paths::commonpath),
    ("count", lists::length),
    ("d", choice::default),
    ("default", choice::default),
    ("dict", community::dict_filter),
    ("dict2items", maps::dict2items),
    ("dict_kv", community::dict_kv),
    ("dictsort", maps::dictsort),
    ("difference", sets::difference),
    ("dirname", paths::dirname),
    ("e", encoding::escape),
    ("escape", encoding::escape),
    ("expanduser", paths::expanduser),
    ("expandvars", paths::expandvars),
    ("extract", maps::extract),
    ("extract_role_users", community::extract_role_users),
    ("fact_diff", community::fact_diff),
    ("failed", predicates::failed),
    ("fileglob", paths::fileglob),
    ("filename", community::filename),
    ("filter_reserved", community::filter_reserved),
    ("filesizeformat", human::filesizeformat),
    ("first", lists::first),
    ("flatten", lists::flatten),
    ("float", numbers::float),
    ("format", strings::format),
    ("from_json", json::from_json),
    ("from_yaml", yaml::from_yaml),
    ("from_yaml_all", yaml::from_yaml_all),
    ("groupby", select::groupby),
    ("hash", encoding::hash),
    ("human_readable", human::human_readable),
    ("human_to_bytes", human::human_to_bytes),
    ("indent", strings::indent),
    ("int", numbers::int),
    ("intersect", sets::intersect),
    ("ipaddr", network::ipaddr),
    ("ipmath", network::ipmath),
    ("ipsubnet", network::ipsubnet),
    ("ipv4", network::ipv4),
    ("ipv6", network::ipv6),
    ("ipwrap", network::ipwrap),
    ("items", maps::items),
    ("items2dict", maps::items2dict),
    ("join", lists::join),
    ("json_query", json::json_query),
    ("keep_keys", community::keep_keys),
    ("last", lists::last),
    ("length", lists::length),
    ("list", lists::list),
    ("lists_mergeby", community::lists_mergeby),
    ("log", numbers::log),
    ("lower", strings::lower),
    ("mandatory", choice::mandatory),
    ("map", select::map),
    ("match", predicates::matches),
    ("max", lists::max),
    ("md5", encoding::md5),
    ("min", lists::min),
    ("next_nth_usable", network::next_nth_usable),
    ("normpath", paths::normpath),
    ("nthhost", network::nthhost),
    ("password_hash", password::password_hash),
    ("path_join", paths::path_join),
    ("permutations", products::permutations),
    ("pow", numbers::pow),
    ("product", products::product),
    ("quote", encoding::quote),
    ("random", random::random),
    ("random_mac", random::random_mac),
    ("realpath", paths::realpath),
    ("regex_escape", regex::regex_escape),
    ("regex_findall", regex::regex_findall),
    ("regex_replace", regex::regex_replace),
    ("regex_search", regex::regex_search),
    ("reject", select::reject),
    ("rejectattr", select::rejectattr),
    ("rekey_on_member", community::rekey_on_member),
    ("relpath", paths::relpath),
    ("remove_keys", community::remove_keys),
    ("replace", strings::replace),
    ("reverse", lists::reverse),
    ("root", numbers::root),
    ("round", numbers::round),
    ("search", predicates::search),
    ("select", select::select),
    ("selectattr", select::selectattr),
    ("sha1", encoding::sha1),
    ("shuffle", random::shuffle),
    ("skipped", predicates::skipped),
    ("slice", lists::slice),
    ("sort", lists::sort),
    ("split", strings::split),
    ("splitext", paths::splitext),
    ("strftime", time::strftime),
    ("string", strings::string),
    ("subelements", maps::subelements),
    ("succeeded", predicates::succeeded),
    ("success", predicates::succeeded),
    ("sum", lists::sum),
    ("symmetric_difference", sets::symmetric_difference),
    ("ternary", choice::ternary),
    ("title", strings::title),
    ("to_datetime", time::to_datetime),
    ("to_json", json::to_json),
    ("to_nice_json", json::to_nice_json),
    ("to_nice_yaml", yaml::to_nice_yaml),
    ("to_toml", community::to_toml),
    ("to_uuid", encoding::to_uuid),
    ("to_yaml", yaml::to_yaml),
    ("tojson", json::tojson),
    ("trim", strings::trim),
    ("truncate", strings::truncate),
    ("type_debug", choice::type_debug),
    ("union", sets::union),
    ("unique", sets::unique),
    ("upper", strings::upper),
    ("urldecode", urls::urldecode),
    ("urlencode", urls::urlencode),
    ("urlsplit", urls::urlsplit),
    ("version_compare", predicates::version),
    ("version_sort", community::version_sort),
    ("win_basename", paths::win_basename),
    ("win_dirname", paths::win_dirname),
    ("win_splitdrive", paths::win_splitdrive),
    ("wordcount", strings::wordcount),
    ("wordwrap", strings::wordwrap),
    ("zip", products::zip),
    ("zip_longest", products::zip_longest),
];

/// Makes them known to an environment.
pub(super) fn register(environment: &mut Environment<'static>) {
    for (name, function) in FILTERS {
        let call =
            |state: &mut State<'_, '_>, given: Rest<ValueOrKwargs>| arguments::call(name, *function, state, given);
        environment.add_filter(*name, call);
    }
}

/// All names.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FILTERS.iter().map(|(name, _)| *name)
}
