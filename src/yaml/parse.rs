//! From the parser's events to nodes.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};

use crate::secret::{Decrypt, NoPassword};
use crate::source::{Place, Problem, Problems, Source};
use crate::yaml::flow::{Flowing, is_of_flow};
use crate::yaml::merge::merged;
use crate::yaml::mistake;
use crate::yaml::offsets::Offsets;
use crate::yaml::tagged::{Scalar, unknown_tag};
use crate::yaml::{Data, Key, Node};

/// Deeper than anything a person writes, and shallow enough for any stack.
const DEEPEST: usize = 128;
/// What aliases may repeat in one source before it is taken for a bomb.
const ALIASED_NODES: usize = 100_000;

/// Reads the documents of a source that holds no encrypted value.
pub fn parse(source: &Arc<Source>) -> Result<Vec<Node>, Problems> {
    parse_with(source, &NoPassword)
}

/// Reads the documents of a source; `!vault` values are decrypted.
pub fn parse_with(source: &Arc<Source>, vault: &dyn Decrypt) -> Result<Vec<Node>, Problems> {
    let mut text = Flowing::of(source.text());
    loop {
        let mut builder = Builder::new(source, &text, vault);
        let read = builder.documents().map_err(|fatal| builder.all(fatal));
        let (outside, problems) = (builder.outside, builder.problems);
        match (read, outside.and_then(|at| text.moved(at))) {
            (Err(_), Some(moved)) => text = moved,
            (Err(fatal), None) => return Err(fatal),
            (Ok(documents), _) => return if problems.is_empty() { Ok(documents) } else { Err(problems) },
        }
    }
}

struct Builder<'a> {
    source: &'a Arc<Source>,
    vault: &'a dyn Decrypt,
    offsets: Offsets,
    events: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, Node>,
    aliased: usize,
    depth: usize,
    /// The byte at which a line inside of brackets begins too far to the left for the parser.
    outside: Option<usize>,
    /// Mistakes after which reading goes on: duplicate keys, envelopes that do not open.
    problems: Problems,
}

type Reading<T> = Result<T, Problem>;

impl<'a> Builder<'a> {
    fn new(source: &'a Arc<Source>, text: &'a Flowing, vault: &'a dyn Decrypt) -> Self {
        Self {
            source,
            vault,
            offsets: text.offsets(),
            events: Parser::new_from_str(&text.text),
            anchors: HashMap::new(),
            aliased: 0,
            depth: 0,
            outside: None,
            problems: Vec::new(),
        }
    }

    fn all(&mut self, fatal: Problem) -> Problems {
        let mut problems = std::mem::take(&mut self.problems);
        problems.push(fatal);
        problems
    }

    fn documents(&mut self) -> Reading<Vec<Node>> {
        let mut documents = Vec::new();
        while let Some((event, _)) = self.next()? {
            if let Event::DocumentStart(_) = event {
                self.anchors.clear();
                documents.push(self.node()?);
            }
        }
        Ok(documents)
    }

    fn next(&mut self) -> Reading<Option<(Event<'a>, Span)>> {
        self.events.next_event().transpose().map_err(|error| {
            let at = self.offsets.byte(error.marker());
            self.outside = is_of_flow(error.info()).then_some(at);
            mistake::explain(self.source, at, error.info())
        })
    }

    fn node(&mut self) -> Reading<Node> {
        match self.next()? {
            Some((event, span)) => self.node_of(event, &span),
            None => Err(Problem::error("DPP0101", "the document ends in the middle")),
        }
    }

    fn node_of(&mut self, event: Event<'a>, span: &Span) -> Reading<Node> {
        match event {
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::Scalar(text, style, anchor, tag) => {
                let scalar = Scalar { text: &text, style, tag: tag.as_deref(), range: self.offsets.range(span) };
                let node = scalar.node(self.source, self.vault, &mut self.problems)?;
                Ok(self.anchored(anchor, node))
            }
            Event::SequenceStart(anchor, tag) => {
                let node = self.nested(span, tag.as_deref(), Self::list)?;
                Ok(self.anchored(anchor, node))
            }
            Event::MappingStart(anchor, tag) => {
                let node = self.nested(span, tag.as_deref(), Self::map)?;
                Ok(self.anchored(anchor, node))
            }
            _ => Err(Problem::error("DPP0101", "a value is missing").at(&self.place(self.offsets.range(span)), "")),
        }
    }

    fn anchored(&mut self, anchor: usize, node: Node) -> Node {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        node
    }

    fn alias(&mut self, anchor: usize, span: &Span) -> Reading<Node> {
        let place = self.place(self.offsets.range(span));
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(Problem::error("DPP0101", "an alias inside the very value it stands for").at(&place, ""));
        };
        self.aliased += size(node);
        if self.aliased > ALIASED_NODES {
            let message = format!("aliases repeat more than {ALIASED_NODES} values");
            return Err(Problem::error("DPP0101", message).at(&place, "this one is too much"));
        }
        Ok(node.clone())
    }

    /// Reads a collection's content, keeping count of the depth.
    fn nested(
        &mut self,
        span: &Span,
        tag: Option<&Tag>,
        read: fn(&mut Self, usize) -> Reading<(Data, usize)>,
    ) -> Reading<Node> {
        let start = self.offsets.byte(&span.start);
        if let Some(tag) = tag.filter(|tag| !(tag.is_yaml_core_schema() && ["seq", "map"].contains(&&*tag.suffix))) {
            return Err(unknown_tag(tag, self.source, start));
        }
        if self.depth == DEEPEST {
            let message = format!("nested deeper than {DEEPEST} levels");
            return Err(Problem::error("DPP0101", message).at(&self.place(start..start + 1), ""));
        }
        self.depth += 1;
        let (data, end) = read(self, self.offsets.byte(&span.end))?;
        self.depth -= 1;
        Ok(Node { place: self.place(start..end.max(start)), data })
    }

    fn list(&mut self, mut end: usize) -> Reading<(Data, usize)> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                Some((Event::SequenceEnd, span)) => return Ok((Data::List(items), end.max(self.closing(&span)))),
                Some((event, span)) => {
                    let item = self.node_of(event, &span)?;
                    end = end.max(self.offsets.byte(&span.end)).max(item.place.range().end);
                    items.push(item);
                }
                None => return Err(Problem::error("DPP0101", "the document ends inside a list")),
            }
        }
    }

    fn map(&mut self, mut end: usize) -> Reading<(Data, usize)> {
        let mut own: Vec<(Key, Node)> = Vec::new();
        let mut merges = Vec::new();
        let mut seen = HashMap::new();
        loop {
            match self.next()? {
                Some((Event::MappingEnd, span)) => {
                    let entries = if merges.is_empty() { own } else { merged(own, merges)? };
                    return Ok((Data::Map(entries), end.max(self.closing(&span))));
                }
                Some((event, span)) => {
                    let is_merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
                    let key = self.key(event, &span)?;
                    let node = self.node()?;
                    end = end.max(key.place.range().end).max(node.place.range().end);
                    if is_merge {
                        merges.push(node);
                    } else if self.is_first(&mut seen, &key) {
                        own.push((key, node));
                    }
                }
                None => return Err(Problem::error("DPP0101", "the document ends inside a mapping")),
            }
        }
    }

    fn is_first(&mut self, seen: &mut HashMap<String, Place>, key: &Key) -> bool {
        let Some(first) = seen.get(&key.text) else {
            seen.insert(key.text.clone(), key.place.clone());
            return true;
        };
        self.problems.push(
            Problem::error("DPP0102", format!("key `{}` stands twice in one mapping", key.text))
                .at(&key.place, "again here")
                .context(first, "first here")
                .help("only the last one would count: take one of them out"),
        );
        false
    }

    fn key(&mut self, event: Event<'a>, span: &Span) -> Reading<Key> {
        let place = self.place(self.offsets.range(span));
        let node = match event {
            Event::MappingStart(..) | Event::SequenceStart(..) => return Err(mistake::collection_as_key(&place)),
            event => self.node_of(event, span)?,
        };
        let text = match &node.data {
            // As JSON names them, and so every result.
            Data::Null => "null".to_owned(),
            Data::Bool(yes) => if *yes { "true" } else { "false" }.to_owned(),
            Data::Int(number) => number.to_string(),
            Data::Float(number) => format!("{number:?}"),
            Data::Text(text, _) => text.as_str().to_owned(),
            Data::List(_) | Data::Map(_) => return Err(mistake::collection_as_key(&place)),
        };
        Ok(Key { text, place: node.place })
    }

    fn place(&self, range: Range<usize>) -> Place {
        Place::new(self.source, range)
    }

    /// The end of a flow collection's bracket; block collections end with their last entry.
    fn closing(&self, span: &Span) -> usize {
        let range = self.offsets.range(span);
        if self.source.text()[range.clone()].starts_with([']', '}']) { range.end } else { 0 }
    }
}

fn size(node: &Node) -> usize {
    1 + match &node.data {
        Data::List(items) => items.iter().map(size).sum(),
        Data::Map(entries) => entries.iter().map(|(_, node)| size(node)).sum(),
        _ => 0,
    }
}
