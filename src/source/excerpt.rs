//! How a problem looks on the screen: the line it is in, a caret under the words, what to do about it.
//!
//! It prints nothing; whoever prints chooses colour and width.

use std::ops::Range;

use annotate_snippets::renderer::DEFAULT_TERM_WIDTH;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};

use crate::source::{Place, Problem, Severity};

/// Draws one problem; `width` is the terminal's, 0 when it is not known.
pub fn excerpt(problem: &Problem, color: bool, width: usize) -> String {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = printable(&problem.message);
    let mut group = Group::with_title(level.primary_title(title).id(problem.code));
    group = group.elements(snippets(problem));
    for note in &problem.notes {
        group = group.element(Level::NOTE.message(printable(note)));
    }
    if let Some(help) = &problem.help {
        group = group.element(Level::HELP.message(printable(help)));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let width = if width == 0 { DEFAULT_TERM_WIDTH } else { width.max(40) };
    renderer.term_width(width).render(&[group])
}

/// One snippet for both places if they are in one source, else one each.
fn snippets(problem: &Problem) -> Vec<Snippet<'_, Annotation<'_>>> {
    let Some((place, label)) = &problem.at else { return context_alone(problem) };
    let primary = snippet(place).annotation(annotation(AnnotationKind::Primary, place, label));
    match &problem.context {
        None => vec![primary],
        Some((other, words)) if other.source() == place.source() => {
            vec![primary.annotation(annotation(AnnotationKind::Context, other, words))]
        }
        Some((other, words)) => {
            vec![primary, snippet(other).annotation(annotation(AnnotationKind::Context, other, words))]
        }
    }
}

fn context_alone(problem: &Problem) -> Vec<Snippet<'_, Annotation<'_>>> {
    let context = problem.context.iter();
    context.map(|(place, words)| snippet(place).annotation(annotation(AnnotationKind::Primary, place, words))).collect()
}

fn snippet(place: &Place) -> Snippet<'_, Annotation<'_>> {
    Snippet::source(place.source().text()).path(place.source().name())
}

fn annotation<'a>(kind: AnnotationKind, place: &Place, label: &'a str) -> Annotation<'a> {
    let annotation = kind.span(first_line(place));
    if label.is_empty() { annotation } else { annotation.label(label) }
}

/// A place of many lines is shown by its first.
fn first_line(place: &Place) -> Range<usize> {
    let range = place.range();
    let length = place.text().find(['\n', '\r']).unwrap_or(range.len());
    range.start..range.start + length
}

/// Text from a host or a file may carry escape sequences, which do not belong on a terminal.
fn printable(text: &str) -> String {
    text.chars().filter(|character| *character == '\n' || !character.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    #[test]
    fn a_problem_shows_line_caret_second_place_and_help() {
        let source = Source::new(
            "roles/es/tasks/main.yml",
            "- name: settings\n  template:\n    src: e.j2\n    dets: /etc/e.yml\n",
        );
        let problem = Problem::error("DPP0103", "unknown key `dets` in task action `template`")
            .at(&Place::new(&source, 49..53), "not a key of `template`")
            .context(&Place::new(&source, 21..29), "in this action")
            .note("keys of `template`: src, dest, owner")
            .did_you_mean(Some("dest"));
        insta::assert_snapshot!(excerpt(&problem, false, 100));
    }

    #[test]
    fn a_problem_without_a_place_is_two_lines() {
        let problem = Problem::error("DPP0201", "no inventory `hosts`").help("dppctl init makes one");
        insta::assert_snapshot!(excerpt(&problem, false, 100));
    }

    #[test]
    fn the_second_place_may_be_in_another_file() {
        let (one, two) = (Source::new("a.yml", "x: 1\n"), Source::new("b.yml", "x: 2\n"));
        let problem = Problem::warning("DPP0204", "set twice")
            .at(&Place::new(&two, 0..1), "again")
            .context(&Place::new(&one, 0..1), "first here");
        insta::assert_snapshot!(excerpt(&problem, false, 100));
    }

    #[test]
    fn no_range_and_no_width_makes_it_panic() {
        let texts = ["", "\n", "ü", "a\r\nb\r\n", "\t\tx\n", "日本語\n\u{0}\u{1b}[31m\n", "a\n\n\n"];
        for text in texts {
            let source = Source::new("x.yml", text);
            for start in 0..=text.len() + 2 {
                for end in start..=text.len() + 3 {
                    let place = Place::new(&source, start..end);
                    let problem = Problem::error("DPP0101", "m").at(&place, "l").context(&place, "");
                    assert!(excerpt(&problem, start % 2 == 0, end * 20).contains("DPP0101"));
                }
            }
        }
    }
}
