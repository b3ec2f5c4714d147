//! What Ansible does to paths and to the words of `command` although no shell is there: `$HOME`, `${HOME}` and a leading
//! `~`, as Python's `expandvars` and `expanduser`. It knows no globs.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::system::account;

thread_local! {
    /// The environment of the task whose parameters are being read on this thread.
    static ENVIRONMENT: RefCell<BTreeMap<String, String>> = const { RefCell::new(BTreeMap::new()) };
}

/// Reads parameters whose paths are expanded with the environment of their task.
pub(crate) fn within<T>(environment: &BTreeMap<String, String>, read: impl FnOnce() -> T) -> T {
    let before = ENVIRONMENT.replace(environment.clone());
    let done = read();
    ENVIRONMENT.replace(before);
    done
}

/// A path of the task whose parameters are being read, with its variables and its leading `~` replaced.
pub(crate) fn expand_parameter(path: &str) -> String {
    ENVIRONMENT.with_borrow(|environment| expand(path, environment))
}

/// A word with its variables and its leading `~` replaced; unknown variables and users stay as they are written.
///
/// What the environment does not hold is looked for in that of this process.
pub(crate) fn expand(word: &str, environment: &BTreeMap<String, String>) -> String {
    home(&variables(word, environment), environment)
}

fn variables(word: &str, environment: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = word;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let (whole, name) = variable(&rest[at..]);
        out.push_str(value(name, environment).as_deref().unwrap_or(whole));
        rest = &rest[at + whole.len()..];
    }
    out + rest
}

/// The text of a variable at the start, and its name.
fn variable(text: &str) -> (&str, &str) {
    let after = &text[1..];
    if let Some(end) = after.strip_prefix('{').and_then(|inner| inner.find('}')) {
        return (&text[..end + 3], &after[1..=end]);
    }
    let length = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(after.len());
    (&text[..=length], &after[..length])
}

fn value(name: &str, environment: &BTreeMap<String, String>) -> Option<String> {
    if name.is_empty() {
        return None;
    }
    environment.get(name).cloned().or_else(|| std::env::var(name).ok())
}

fn home(word: &str, environment: &BTreeMap<String, String>) -> String {
    let Some(after) = word.strip_prefix('~') else { return word.to_owned() };
    let (name, rest) = after.find('/').map_or((after, ""), |slash| after.split_at(slash));
    let home = match name {
        "" => value("HOME", environment).or_else(|| Some(account::user_of(rustix::process::geteuid().as_raw())?.home)),
        name => account::user(name).map(|user| user.home),
    };
    match home.map(|home| home.trim_end_matches('/').to_owned() + rest) {
        None => word.to_owned(),
        Some(path) if path.is_empty() => "/".to_owned(),
        Some(path) => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_and_home_are_replaced_and_the_unknown_is_left() {
        let environment = [("ES", "/etc/es"), ("HOME", "/home/ops/"), ("SHORT", "~/x"), ("TWICE", "$ES")];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        for (word, wanted) in [
            ("$ES/a", "/etc/es/a"),
            ("x${ES}y", "x/etc/esy"),
            ("$ES-$ES", "/etc/es-/etc/es"),
            ("$TWICE", "$ES"),
            ("$NO_SUCH_THING$", "$NO_SUCH_THING$"),
            ("${NO_SUCH_THING}/a", "${NO_SUCH_THING}/a"),
            ("${}", "${}"),
            ("${open", "${open"),
            ("~", "/home/ops"),
            ("~/a", "/home/ops/a"),
            ("$HOME/a", "/home/ops//a"),
            ("$SHORT", "/home/ops/x"),
            ("~root/.ssh", "/root/.ssh"),
            ("~root", "/root"),
            ("~no-such-user/a", "~no-such-user/a"),
            ("a~b", "a~b"),
            ("/a/~/b", "/a/~/b"),
            ("", ""),
        ] {
            assert_eq!(expand(word, &environment), wanted, "{word}");
        }
    }

    #[test]
    fn at_the_root_a_home_is_no_double_slash() {
        let environment = BTreeMap::from([("HOME".to_owned(), "/".to_owned())]);
        assert_eq!((expand("~", &environment).as_str(), expand("~/a", &environment).as_str()), ("/", "/a"));
    }

    #[test]
    fn without_a_word_of_the_task_the_home_is_that_of_this_process() {
        assert_eq!(
            expand("~/a", &BTreeMap::new()),
            expand("~", &BTreeMap::new()).trim_end_matches('/').to_owned() + "/a"
        );
        assert_ne!(expand("~", &BTreeMap::new()), "~");
    }
}
