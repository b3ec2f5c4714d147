//! Merge keys: `<<: *defaults` and `<<: [*a, *b]`.

use crate::source::Problem;
use crate::yaml::{Data, Key, Node};

/// Puts what is merged before the mapping's own entries, which win; among several merged mappings the first wins.
pub(crate) fn merged(own: Vec<(Key, Node)>, merges: Vec<Node>) -> Result<Vec<(Key, Node)>, Problem> {
    let mut entries: Vec<(Key, Node)> = Vec::new();
    for merge in merges {
        for source in mappings(merge)? {
            for (key, node) in source {
                if !entries.iter().any(|(known, _)| known.text == key.text) {
                    entries.push((key, node));
                }
            }
        }
    }
    for (key, node) in own {
        match entries.iter_mut().find(|(known, _)| known.text == key.text) {
            Some(entry) => *entry = (key, node),
            None => entries.push((key, node)),
        }
    }
    Ok(entries)
}

fn mappings(merge: Node) -> Result<Vec<Vec<(Key, Node)>>, Problem> {
    match merge.data {
        Data::Map(entries) => Ok(vec![entries]),
        Data::List(items) => items.into_iter().map(mapping).collect(),
        _ => Err(unfit(&merge)),
    }
}

fn mapping(item: Node) -> Result<Vec<(Key, Node)>, Problem> {
    match item.data {
        Data::Map(entries) => Ok(entries),
        _ => Err(unfit(&item)),
    }
}

fn unfit(node: &Node) -> Problem {
    Problem::error("DPP0101", format!("`<<` merges mappings, and this is a {}", node.kind()))
        .at(&node.place, "not a mapping")
}
