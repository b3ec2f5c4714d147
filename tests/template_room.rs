//! The room `template` as the other rooms use it: scopes, laziness, conditions, files, errors with their places.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dppctl::source::{Place, Source};
use dppctl::template::{
    FileOptions, Lookup, Scope, SearchPath, Surroundings, TemplateError, Templates, Variables, is_omit, omit,
};
use dppctl::value::{Map, Text, Value};

fn template(text: &str) -> Value {
    Value::template(text)
}

fn scope(variables: impl IntoIterator<Item = (&'static str, Value)>) -> Scope {
    let map: Map = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/templates");
    Scope::new(Arc::new(map), Arc::new(SearchPath { folders: vec![folder] }))
}

fn templates() -> Templates {
    Templates::new(Surroundings::of_this_process())
}

/// A text of a YAML file, with its place; the place covers the quotes too, as a node's does.
fn written(yaml: &str, scalar: &str, text: &str) -> Text {
    let source = Source::new("roles/web/tasks/main.yml", yaml);
    let start = yaml.find(scalar).expect("the scalar stands in the file");
    Text::template(text).at(Place::new(&source, start..start + scalar.len()))
}

/// Place, the characters there, and the message.
fn told(error: &TemplateError) -> String {
    let problem = error.problem();
    let at = problem.at.as_ref().map_or_else(String::new, |(place, _)| format!("{place} [{}] ", place.text()));
    let more: Vec<String> = problem.notes.iter().chain(&problem.help).map(|line| format!("; {line}")).collect();
    format!("{at}{}: {}{}", problem.code, problem.message, more.concat())
}

fn text_error(text: &Text, scope: &Scope) -> String {
    told(&templates().text(text, scope).expect_err("it must fail"))
}

#[test]
fn an_undefined_name_is_pointed_at_inside_its_yaml_text() {
    let yaml = "- copy:\n    dest: \"/srv/{{ es_heapp }}/x\"\n";
    let text = written(yaml, "\"/srv/{{ es_heapp }}/x\"", "/srv/{{ es_heapp }}/x");
    assert_eq!(
        text_error(&text, &scope([("es_heap", Value::Int(1))])),
        "roles/web/tasks/main.yml:2:20 [es_heapp] DPP0301: `es_heapp` is not defined; did you mean `es_heap`?"
    );
}

#[test]
fn a_missing_member_is_named_with_its_path() {
    let yaml = "msg: \"{{ a.b.missing }}\"\n";
    let text = written(yaml, "\"{{ a.b.missing }}\"", "{{ a.b.missing }}");
    let scope = scope([("a", Value::map([("b", Value::map([("c", Value::Int(1))]))]))]);
    assert_eq!(
        text_error(&text, &scope),
        "roles/web/tasks/main.yml:1:10 [a.b.missing] DPP0301: `a.b.missing` is not defined"
    );
}

#[test]
fn a_variable_whose_value_uses_what_is_missing_says_so() {
    let scope = scope([("url", template("http://{{ hostt }}:{{ port }}")), ("port", Value::Int(1))]);
    assert_eq!(
        text_error(&Text::template("{{ url }}"), &scope),
        "DPP0301: `url` is not defined; the value of `url` uses `hostt`, which is not defined"
    );
}

#[test]
fn no_value_gets_into_an_error() {
    let scope = scope([("password", Value::plain("hunter2")), ("l", Value::list([Value::plain("hunter2")]))]);
    for text in [
        "{{ password + 1 }}",
        "{{ password // 2 }}",
        "{{ -password }}",
        "{{ password < 1 }}",
        "{{ password | round }}",
        "{{ password | from_json }}",
        "{{ password | b64decode }}",
        "{{ password | to_datetime }}",
        "{{ password | combine({}) }}",
        "{{ password | ipmath(1) }}",
        "{{ password() }}",
        "{{ password.nope() }}",
        "{{ l.nope.x() }}",
        "{{ l | sum }}",
        "{{ l * password }}",
        "{{ 2 ** password }}",
        "{{ range(password) }}",
        "{{ password | map('upper') | nope }}",
        "{{ password is version('', '<') }}",
        "{{ l[password].x }}",
        "{{ lookup(password) }}",
        "{{ '%d' % password }}",
        "{{ '{:d}'.format(password) }}",
        "{% for a, b in l %}{% endfor %}",
        "{% include l %}",
    ] {
        if let Err(error) = templates().text(&Text::template(text), &scope) {
            let told = format!("{} {error:?}", told(&error));
            let is_name_asked_for = text.contains("lookup(password)") || text.contains("include l");
            assert!(is_name_asked_for || !told.contains("hunter2"), "{text}: {told}");
        }
    }
}

#[test]
fn variables_are_rendered_when_they_are_used() {
    let scope = scope([
        ("a", template("{{ b }}-{{ c.d }}")),
        ("b", template("{{ n }}")),
        ("n", Value::Int(3)),
        ("c", Value::map([("d", template("{{ b }}!")), ("broken", template("{{ gone }}"))])),
        ("raw", Value::plain("{{ b }}")),
        ("list", Value::list([template("{{ b }}"), Value::plain("{{ b }}")])),
    ]);
    let text = |text: &str| templates().text(&Text::template(text), &scope).expect("it renders");
    assert_eq!(text("{{ a }}"), Value::plain("3-3!"));
    assert_eq!(text("{{ c.d }} {{ raw }}"), Value::plain("3! {{ b }}"));
    // Only a text that names the number itself gives a number; what is rendered on the way becomes text.
    assert_eq!(text("{{ n }}"), Value::Int(3));
    assert_eq!(text("{{ b }}"), Value::plain("3"));
    assert_eq!(text("{{ list }}"), Value::list([Value::plain("3"), Value::plain("{{ b }}")]));
    assert!(templates().text(&Text::template("{{ c }}"), &scope).is_err());
}

#[test]
fn a_line_end_behind_a_sole_expression_does_not_make_it_another_one() {
    let scope = scope([("n", Value::Int(3)), ("list", Value::list([Value::Int(1)]))]);
    let text = |text: &str| templates().text(&Text::template(text), &scope).expect("it renders");
    assert_eq!(text("{{ n }}\n"), Value::Int(3));
    assert_eq!(text("{{ n + 1 }}\n"), Value::plain("4\n"));
    assert_eq!(text("{{ list }}\n"), Value::list([Value::Int(1)]));
    // What is JSON already stays the text that it is.
    assert_eq!(text("{{ list | to_json }}\n"), Value::plain("[1]\n"));
    assert_eq!(text("{{ list | to_json }}\n\n"), Value::list([Value::Int(1)]));
}

#[test]
fn a_variable_that_holds_itself_is_an_error_that_names_the_circle() {
    let round = scope([("a", template("{{ b }}")), ("b", template("x{{ c }}")), ("c", template("{{ a }}"))]);
    assert_eq!(text_error(&Text::template("{{ a }}"), &round), "DPP0304: the variable holds itself: a → b → c → a");
    let nested = scope([("a", Value::list([template("{{ a }}")]))]);
    assert!(text_error(&Text::template("{{ a }}"), &nested).contains("holds itself"));
    assert!(templates().text(&Text::template("{{ a | to_json }}"), &nested).is_err());
    let _long = templates().text(&Text::template("{{ a | string | length }}"), &nested);
}

#[test]
fn a_template_without_an_end_comes_to_one() {
    let scope = scope([]);
    for text in
        ["{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}", "{{ 'x' * 999999999 }}"]
    {
        assert!(templates().text(&Text::template(text), &scope).is_err(), "{text}");
    }
    let text = "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}";
    assert!(templates().text(&Text::template(text), &scope).is_err());
}

struct Waiting;

impl Variables for Waiting {
    fn lookup(&self, name: &str) -> Lookup {
        match name {
            "result" => Lookup::Pending,
            "object" => Lookup::Object(minijinja::Value::from(vec![1, 2])),
            _ => Lookup::Missing,
        }
    }

    fn names(&self) -> Vec<String> {
        vec!["result".to_owned(), "object".to_owned()]
    }
}

#[test]
fn what_depends_on_a_task_that_was_not_run_is_pending_even_with_a_default() {
    let scope = Scope::new(Arc::new(Waiting), Arc::new(SearchPath::default()));
    for text in ["{{ result.rc }}", "{{ result | default(1) }}", "{{ result is defined }}"] {
        let error = templates().text(&Text::template(text), &scope).expect_err("it waits");
        assert_eq!(error, TemplateError::Pending { name: "result".to_owned() });
    }
    assert_eq!(templates().text(&Text::template("{{ object[1] }}"), &scope).expect("renders"), Value::plain("2"));
}

#[test]
fn conditions_follow_python_and_refuse_what_is_not_defined() {
    let scope = scope([
        ("yes", Value::Bool(true)),
        ("no_text", Value::plain("no")),
        ("empty", Value::list([])),
        ("n", Value::Int(5)),
        ("expression", Value::plain("n == 5")),
        ("result", Value::map([("rc", Value::Int(0)), ("stdout", Value::plain("a.b"))])),
    ]);
    let holds = |text: &str| templates().condition(&Text::template(text), &scope).ok();
    for (text, expected) in [
        ("yes", Some(true)),
        ("not yes", Some(false)),
        ("no_text", Some(true)),
        ("no_text | bool", Some(false)),
        ("empty", Some(false)),
        ("n > 3 and result.rc == 0", Some(true)),
        ("gone", None),
        ("gone is defined", Some(false)),
        ("gone.x.y is defined", Some(false)),
        ("gone is defined and gone.x", Some(false)),
        ("{{ yes }}", Some(true)),
        ("{{ n }} == 5", Some(true)),
        ("{{ expression }}", Some(true)),
        ("", Some(true)),
        ("False", Some(false)),
        ("result.stdout is search('a\\.b')", Some(true)),
        ("n >", None),
        ("'a' in ['a', 'b'] or gone", Some(true)),
        ("result.gone | default(false)", Some(false)),
    ] {
        assert_eq!(holds(text), expected, "{text}");
    }
}

#[test]
fn a_condition_is_pointed_at_in_its_yaml_text() {
    let yaml = "- debug:\n  when: result.rc == 0 and colour == 'red'\n";
    let text = written(yaml, "result.rc == 0 and colour == 'red'", "result.rc == 0 and colour == 'red'");
    let scope = scope([("result", Value::map([("rc", Value::Int(0))])), ("color", Value::Null)]);
    let error = templates().condition(&text, &scope).expect_err("it is undefined");
    assert_eq!(
        told(&error),
        "roles/web/tasks/main.yml:2:28 [colour] DPP0301: `colour` is not defined; did you mean `color`?"
    );
}

#[test]
fn what_does_not_exist_is_an_error_only_when_it_is_evaluated() {
    let scope = scope([("yes", Value::Bool(true))]);
    let text = |text: &str| templates().text(&Text::template(text), &scope);
    assert_eq!(text("{{ 'x' if yes else ('y' | nope) }}").expect("renders"), Value::plain("x"));
    let yaml = "x: \"{{ 'a' | uper }}\"\n";
    let written = written(yaml, "\"{{ 'a' | uper }}\"", "{{ 'a' | uper }}");
    assert_eq!(
        text_error(&written, &scope),
        "roles/web/tasks/main.yml:1:14 [uper] DPP0303: there is no filter `uper`; did you mean `upper`?"
    );
    let checked = templates().check(&written);
    assert_eq!(checked.errors.iter().map(told).collect::<Vec<_>>(), [text_error(&written, &scope)]);
}

#[test]
fn a_check_lists_the_variables_a_text_uses() {
    let text = Text::template("{% set x = a %}{{ x }}{{ b.c | default(d) }}{{ lookup('env', 'E') }}{{ 1 < e }}");
    let checked = templates().check(&text);
    assert_eq!(checked.variables.into_iter().collect::<Vec<_>>(), ["a", "b", "d", "e"]);
    assert!(checked.errors.is_empty());
    let wrong = templates().check_condition(&Text::template("a is nope and"));
    assert_eq!(wrong.errors.len(), 1);
}

#[test]
fn omit_drops_entries_of_mappings() {
    let scope = scope([("omit", omit()), ("name", Value::plain("x"))]);
    let arguments = Value::map([
        ("name", template("{{ name }}")),
        ("mode", template("{{ gone | default(omit) }}")),
        ("{{ name }}_key", Value::list([template("{{ omit }}")])),
    ]);
    let rendered = templates().value(&arguments, &scope).expect("renders");
    let entries = rendered.as_map().expect("a mapping");
    assert_eq!(entries.keys().collect::<Vec<_>>(), ["name", "x_key"]);
    assert!(is_omit(&entries["x_key"].as_list().expect("a list")[0]));
}

#[test]
fn a_secret_is_remembered_and_stays_one() {
    let scope =
        scope([("password", Value::Text(Text::secret("hunter2"))), ("dsn", template("amqp://u:{{ password }}@h"))]);
    let templates = templates();
    let rendered = templates.text(&Text::template("{{ password }}"), &scope).expect("renders");
    assert!(matches!(&rendered, Value::Text(text) if text.is_secret()));
    let rendered = templates.text(&Text::template("{{ dsn }}"), &scope).expect("renders");
    assert_eq!(rendered, Value::plain("amqp://u:hunter2@h"));
    assert_eq!(templates.secrets(), ["hunter2"]);
}

fn file(name: &str, text: &str, scope: &Scope, options: &FileOptions) -> Result<String, TemplateError> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/templates/templates");
    templates().file(&Source::new(folder.join(name).display().to_string(), text), scope, options)
}

#[test]
fn a_file_keeps_its_newlines_and_takes_options_from_its_first_line() {
    let scope = scope([("l", Value::list([Value::Int(1), Value::Int(2)])), ("re", Value::plain("a.b"))]);
    let usual = FileOptions::default();
    let render = |text: &str| file("x.j2", text, &scope, &usual).expect("renders");
    assert_eq!(render("{% for i in l %}\n- {{ i }}\n{% endfor %}\nend\n"), "- 1\n- 2\nend\n");
    assert_eq!(render("a\n\n\n"), "a\n\n\n");
    assert_eq!(render("  {% if l %}\nx\n  {% endif %}\n"), "  x\n  \n");
    assert_eq!(render("#jinja2: lstrip_blocks: True\n  {% if l %}\nx\n  {% endif %}\n"), "x\n");
    assert_eq!(render("#jinja2: trim_blocks:False\n{% if l %}\nx{% endif %}\n"), "\nx\n");
    let marks = "#jinja2: variable_start_string:'[%', variable_end_string:'%]'\n[% l[0] %] {{ l }}\n";
    assert_eq!(render(marks), "1 {{ l }}\n");
    assert_eq!(render("{{ re | regex_replace('\\.', '\\\\.') }} {{ 'x\\n' }}"), "a\\.b x\n");
    assert_eq!(render("{{ none }}|{{ true }}|{{ l }}\n"), "|True|[1, 2]\n");
    let windows = FileOptions { newline_sequence: "\r\n".to_owned(), ..FileOptions::default() };
    let text = "{% if l %}\na\n{% endif %}\n{{ 'x\\ny' }}\n";
    assert_eq!(file("x.j2", text, &scope, &windows).expect("renders"), "a\r\nx\ny\r\n", "values keep theirs");
    let of_windows = "{% if l %}\r\na\r\n{% endif %}\r\n{{ l[0] }}\r\nb\rc{% raw %}\r\nx{% endraw %}\r\n\r\n\r\n";
    assert_eq!(render(of_windows), "a\n1\nb\nc\nx\n");
    let own = FileOptions {
        variables: [("ansible_managed".to_owned(), Value::plain("managed"))].into_iter().collect(),
        ..FileOptions::default()
    };
    assert_eq!(file("x.j2", "{{ ansible_managed | comment }}", &scope, &own).expect("renders"), "#\n# managed\n#");
}

#[test]
fn files_include_import_and_extend_one_another() {
    let scope = scope([("name", Value::plain("World"))]);
    let usual = FileOptions::default();
    let render = |text: &str| file("x.j2", text, &scope, &usual).expect("renders");
    assert_eq!(render("{% include 'greeting.j2' %}!\n"), "Hello World!\n");
    assert_eq!(render("{% include 'nowhere.j2' ignore missing %}x"), "x");
    assert_eq!(render("{% import 'macros.j2' as m %}{{ m.twice('a') }}"), "aa");
    assert_eq!(render("{% from 'macros.j2' import twice with context %}{{ twice(name) }}"), "WorldWorld");
    assert_eq!(render("{% extends 'base.j2' %}{% block body %}mine {{ super() }}{% endblock %}"), "<mine base>");
    assert!(file("x.j2", "{% include 'nowhere.j2' %}", &scope, &usual).is_err());
}

#[test]
fn a_mistake_in_an_included_file_is_pointed_at_there() {
    let error = file("x.j2", "line\n{% include 'broken.j2' %}\n", &scope([]), &FileOptions::default());
    let error = error.expect_err("it is undefined");
    let place = error.place().expect("it has a place");
    let name = PathBuf::from(place.source().name());
    assert!(name.ends_with("templates/broken.j2"), "{place}");
    assert_eq!((place.line(), place.column(), place.text()), (2, 4, "missing"));
}

#[test]
fn a_file_error_has_line_and_column_behind_the_options() {
    let text = "#jinja2: lstrip_blocks: True\nfirst\nheap: {{ es_heapp }}\n";
    let error = file("jvm.j2", text, &scope([]), &FileOptions::default()).expect_err("it is undefined");
    let place = error.place().expect("it has a place");
    assert_eq!((place.line(), place.column(), place.text()), (3, 10, "es_heapp"));
    let syntax = file("jvm.j2", "a\n{% if x %}\n", &scope([]), &FileOptions::default()).expect_err("no endif");
    assert!(matches!(syntax, TemplateError::Syntax { at: Some(_), .. }), "{syntax:?}");
}

#[test]
fn a_loop_asks_a_lookup_for_its_items() {
    let scope = scope([]);
    let terms = [Value::list([Value::Int(1), Value::list([Value::Int(2)])])];
    let items = templates().lookup("indexed_items", &terms, &scope).expect("it answers");
    assert_eq!(items[0], Value::list([Value::Int(0), Value::Int(1)]));
    let error = templates().lookup("itms", &terms, &scope).expect_err("there is none");
    assert_eq!(told(&error), "DPP0303: there is no lookup `itms`; did you mean `items`?");
}

#[test]
fn a_password_is_made_once_and_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let map: Map = Map::new();
    let scope = Scope::new(Arc::new(map), Arc::new(SearchPath { folders: vec![folder.path().to_owned()] }));
    let text = Text::template("{{ lookup('password', 'secrets/db length=12 chars=ascii_letters,digits') }}");
    let templates = templates();
    let first = templates.text(&text, &scope).expect("it is made");
    assert_eq!(templates.text(&text, &scope).expect("it is read"), first);
    let word = first.as_str().expect("a text");
    assert!(word.len() == 12 && word.chars().all(|c| c.is_ascii_alphanumeric()), "a password of twelve");
    assert!(templates.secrets().iter().any(|secret| secret == word));
    let kept = std::fs::read_to_string(folder.path().join("secrets/db")).expect("it is kept");
    assert_eq!(kept.trim_end(), word);
    let hashed = Text::template("{{ lookup('password', 'secrets/db encrypt=sha512_crypt') }}");
    let hash = templates.text(&hashed, &scope).expect("it is hashed");
    assert!(hash.as_str().is_some_and(|hash| hash.starts_with("$6$")));
    assert_eq!(templates.text(&hashed, &scope).expect("the salt is kept"), hash);
}

#[test]
fn many_threads_render_at_once() {
    let templates = templates();
    let scope = scope([("l", Value::list((0..50).map(Value::Int))), ("x", template("{{ l | sum }}"))]);
    std::thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| {
                for _ in 0..50 {
                    let rendered = templates.text(&Text::template("{{ x }}/{{ l | length }}"), &scope);
                    assert_eq!(rendered.expect("renders"), Value::plain("1225/50"));
                }
            });
        }
    });
}
