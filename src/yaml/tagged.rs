//! One scalar: where its characters stand, and what its style and its tag make of them.

use std::ops::Range;
use std::sync::Arc;

use saphyr_parser::{ScalarStyle, Tag};

use crate::secret::Decrypt;
use crate::source::{Place, Problem, Problems, Source};
use crate::value::Text;
use crate::yaml::{Data, Node, Style, resolve};

/// A scalar as the parser gives it; `range` begins with its anchor and tag.
pub(crate) struct Scalar<'a> {
    pub(crate) text: &'a str,
    pub(crate) style: ScalarStyle,
    pub(crate) tag: Option<&'a Tag>,
    pub(crate) range: Range<usize>,
}

impl Scalar<'_> {
    /// Makes a node of it; an envelope that does not open goes to `problems`, for reading can go on.
    pub(crate) fn node(
        &self,
        source: &Arc<Source>,
        vault: &dyn Decrypt,
        problems: &mut Problems,
    ) -> Result<Node, Problem> {
        let (whole, content) = self.extent(source.text());
        let place = Place::new(source, whole);
        let inner = Place::new(source, content);
        let text = || Text::template(self.text);
        let data = match self.tag.map(|tag| (tag.handle.as_str(), tag.suffix.as_str(), tag)) {
            None if self.style == ScalarStyle::Plain => resolve(self.text).unwrap_or_else(|| self.data(text(), inner)),
            None | Some(("!", "", _) | ("", "!", _)) => self.data(text(), inner),
            Some(("!", "unsafe", _)) => self.data(Text::plain(self.text), inner),
            Some(("!", "vault" | "vault-encrypted", _)) => {
                let opened = self.opened(vault, &inner, problems);
                self.data(opened, inner)
            }
            Some((_, "str", tag)) if tag.is_yaml_core_schema() => self.data(text(), inner),
            Some((_, _, tag)) => self.converted(tag, &place)?,
        };
        Ok(Node { place, data })
    }

    fn data(&self, text: Text, place: Place) -> Data {
        let style = match self.style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
        };
        Data::Text(text.at(place), style)
    }

    fn opened(&self, vault: &dyn Decrypt, place: &Place, problems: &mut Problems) -> Text {
        match vault.decrypt(self.text) {
            Ok(text) => Text::secret(text.as_str()),
            Err(error) => {
                let problem = Problem::error(error.code(), format!("cannot read a vault value: {error}")).at(place, "");
                problems.push(match error.help() {
                    Some(help) => problem.help(help),
                    None => problem,
                });
                Text::secret("")
            }
        }
    }

    /// What `!!int` and its like make of it.
    fn converted(&self, tag: &Tag, place: &Place) -> Result<Data, Problem> {
        if !(tag.is_yaml_core_schema() && ["int", "float", "bool", "null"].contains(&tag.suffix.as_str())) {
            return Err(unknown_tag(tag, place.source(), place.range().start));
        }
        match (tag.suffix.as_str(), resolve(self.text)) {
            ("int", Some(data @ Data::Int(_)))
            | ("float", Some(data @ Data::Float(_)))
            | ("bool", Some(data @ Data::Bool(_)))
            | ("null", Some(data @ Data::Null)) => Ok(data),
            #[expect(clippy::cast_precision_loss, reason = "`!!float 3` asks for exactly this")]
            ("float", Some(Data::Int(number))) => Ok(Data::Float(number as f64)),
            _ => Err(Problem::error("DPP0101", format!("`{}` is no `!!{}`", self.text, tag.suffix)).at(place, "")),
        }
    }

    /// Where it stands with its quotes, and where its characters do.
    fn extent(&self, text: &str) -> (Range<usize>, Range<usize>) {
        let Range { start, end } = after_properties(text, self.range.clone());
        match self.style {
            ScalarStyle::Plain => (start..end, start..end),
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => (start..end, start + 1..end.max(start + 2) - 1),
            ScalarStyle::Literal | ScalarStyle::Folded => {
                // After a tag the range has the block's head in it, else it begins with the content.
                let has_head = start != self.range.start;
                let head = text[start..end].find('\n').filter(|_| has_head).map_or(0, |line| line + 1);
                let rest = &text[start + head..end];
                let begin = start + head + rest.len() - rest.trim_start().len();
                let block = begin..begin + rest.trim().len();
                (block.clone(), block)
            }
        }
    }
}

/// Says that a tag means nothing here; `at` is where its value begins, or the tag itself.
pub(crate) fn unknown_tag(tag: &Tag, source: &Arc<Source>, at: usize) -> Problem {
    let text = source.text();
    let start = if text[at..].starts_with('!') { at } else { text[..at].rfind('!').unwrap_or(at) };
    let start = start - usize::from(text[..start].ends_with('!'));
    let length = text[start..].find(char::is_whitespace).unwrap_or(text.len() - start);
    let name = if tag.is_yaml_core_schema() { format!("!!{}", tag.suffix) } else { tag.to_string() };
    Problem::error("DPP0101", format!("unknown tag `{name}`"))
        .at(&Place::new(source, start..start + length), "")
        .note("tags with a meaning here: !vault, !unsafe, !!str, !!int, !!float, !!bool, !!null")
        .help("quote the value if it is a text that begins with `!`")
}

fn after_properties(text: &str, range: Range<usize>) -> Range<usize> {
    let mut start = range.start;
    while text[start..range.end].starts_with(['&', '!']) {
        let rest = &text[start..range.end];
        let word = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let gap = rest[word..].len() - rest[word..].trim_start().len();
        start += word + gap;
    }
    start..range.end
}
