//! `elasticsearch_search`: waits for marked documents, tells when each was found, and removes them; for end-to-end probes.

use std::collections::BTreeMap;
use std::time::Duration;

use dpp_protocol::{Failure, ResultMap};
use serde_json::{Value, json};
use ureq::http::Method;

use crate::arguments::{Flag, Names, Number};
use crate::pipeline::deadline::{Deadline, now_ms};
use crate::pipeline::http::{Endpoint, segment};
use crate::pipeline::product::{Never, Product};
use crate::{Host, Survey};

/// As many phrases as one query may hold, with room.
const AT_ONCE: usize = 500;

with_node! {
    /// Parameters of `elasticsearch_search`.
    pub struct ElasticsearchSearch {
        index: String,
        /// The field that holds the mark, dotted: `dppctl_probe.id`.
        field: String,
        ids: Names,
        /// Whether what was found is deleted afterwards.
        #[serde(default)]
        delete: Flag,
        #[serde(default = "a_minute")]
        timeout: Number,
    }
}

fn a_minute() -> Number {
    Number(60.0)
}

impl Product for ElasticsearchSearch {
    const NAME: &'static str = "elasticsearch_search";
    type Step = Never;

    only_asks!();

    fn look(&self, _host: &Host) -> Result<Survey<Never>, Failure> {
        Ok(Survey::unchanged().unpredicted())
    }

    fn finish(&self, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let node = self.node();
        let deadline = Deadline::seconds(self.timeout.0);
        let mut seen: BTreeMap<String, u64> = BTreeMap::new();
        loop {
            let open: Vec<&String> = self.ids.0.iter().filter(|id| !seen.contains_key(*id)).collect();
            let found = self.counts(&node, &open)?;
            seen.extend(found.into_keys().map(|id| (id, now_ms())));
            if seen.len() == self.ids.0.len() || deadline.over() {
                break;
            }
            host.life(&format!("searching index {}", self.index), Some((seen.len() as u64, self.ids.0.len() as u64)));
            deadline.pause(Duration::from_millis(100));
        }
        // Doubles come late: they are counted once all were seen.
        let counts = self.counts(&node, &self.ids.0.iter().collect::<Vec<_>>())?;
        let lost: Vec<&String> = self.ids.0.iter().filter(|id| !seen.contains_key(*id)).collect();
        let doubled: Vec<&String> = counts.iter().filter(|(_, count)| **count > 1).map(|(id, _)| id).collect();
        result.insert("lost".into(), json!(lost));
        result.insert("doubled".into(), json!(doubled));
        let seen = seen.iter().map(|(id, at)| (id.clone(), json!({"seen_ms": at, "count": counts.get(id)})));
        result.insert("seen".into(), seen.collect::<serde_json::Map<_, _>>().into());
        if self.delete.0 {
            result.insert("deleted".into(), self.remove(&node)?.into());
        }
        Ok(())
    }
}

impl ElasticsearchSearch {
    /// How many documents hold each of the ids; an index that is not there holds none.
    fn counts(&self, node: &Endpoint, ids: &[&String]) -> Result<BTreeMap<String, u64>, Failure> {
        let mut counts = BTreeMap::new();
        let index = segment(&self.index);
        // An index that nobody searches refreshes only when it is told to.
        let refreshed = node.bare(&Method::POST, &format!("/{index}/_refresh"))?;
        if refreshed.found(&format!("refresh index {}", self.index))?.is_none() {
            return Ok(counts);
        }
        for ids in ids.chunks(AT_ONCE) {
            let body = json!({"size": ids.len() * 4, "_source": [self.field], "query": self.query(ids)});
            let reply = node.post(&format!("/{index}/_search"), &body)?;
            let Some(found) = reply.found(&format!("search index {}", self.index))? else { continue };
            for hit in found["hits"]["hits"].as_array().into_iter().flatten() {
                // A phrase also matches what only begins alike in a text that is cut into words.
                if let Some(id) = self.mark(&hit["_source"]).filter(|mark| ids.iter().any(|id| id == mark)) {
                    *counts.entry(id.to_owned()).or_default() += 1;
                }
            }
        }
        Ok(counts)
    }

    fn query(&self, ids: &[&String]) -> Value {
        let phrases: Vec<Value> = ids.iter().map(|id| json!({"match_phrase": {self.field.as_str(): id}})).collect();
        json!({"bool": {"should": phrases, "minimum_should_match": 1}})
    }

    /// The mark in a document, where dots may be levels or part of a name.
    fn mark<'a>(&self, source: &'a Value) -> Option<&'a str> {
        let nested = self.field.split('.').try_fold(source, |value, key| value.get(key));
        nested.or_else(|| source.get(&self.field))?.as_str()
    }

    fn remove(&self, node: &Endpoint) -> Result<u64, Failure> {
        let mut deleted = 0;
        for ids in self.ids.0.iter().collect::<Vec<_>>().chunks(AT_ONCE) {
            let path = format!("/{}/_delete_by_query?refresh=true&conflicts=proceed", segment(&self.index));
            let reply = node.post(&path, &json!({"query": self.query(ids)}))?;
            let done = reply.found(&format!("delete test events from index {}", self.index))?;
            deleted += done.and_then(|done| done["deleted"].as_u64()).unwrap_or(0);
        }
        Ok(deleted)
    }
}

#[cfg(test)]
mod tests {
    use dpp_protocol::{Mode, Outcome};

    use super::*;
    use crate::pipeline::stub::{Stub, run};

    fn hits(ids: &[&str]) -> String {
        let hits: Vec<Value> = ids.iter().map(|id| json!({"_id": "x", "_source": {"probe": {"id": id}}})).collect();
        json!({"hits": {"total": {"value": 9}, "hits": hits}}).to_string()
    }

    fn search(stub: &Stub) -> Outcome {
        let params = json!({"index": "logs_data", "field": "probe.id", "ids": ["m-1", "m-2"], "delete": true,
            "timeout": 0.5, "url": stub.url()});
        run("elasticsearch_search", &params, Mode::Apply).unwrap()
    }

    #[test]
    fn it_searches_until_all_are_seen_then_counts_doubles_and_cleans_up() {
        let deleted = include_str!("../../../tests/fixtures/elasticsearch/7.17.29/delete-by-query.json");
        let stub = Stub::new(&[
            ("POST /logs_data/_refresh", 404, "{}"),
            ("POST /logs_data/_refresh", 200, "{}"),
            ("POST /logs_data/_search", 200, &hits(&["m-1", "m-11"])),
            ("POST /logs_data/_search", 200, &hits(&["m-2"])),
            ("POST /logs_data/_search", 200, &hits(&["m-1", "m-2", "m-2"])),
            ("POST /logs_data/_delete_by_query?refresh=true&conflicts=proceed", 200, deleted),
        ]);
        let outcome = search(&stub);
        assert!(!outcome.changed);
        assert_eq!((&outcome.result["lost"], &outcome.result["doubled"]), (&json!([]), &json!(["m-2"])));
        assert_eq!(outcome.result["seen"]["m-2"]["count"], 2);
        assert!(outcome.result["seen"]["m-1"]["seen_ms"].as_u64() <= outcome.result["seen"]["m-2"]["seen_ms"].as_u64());
        assert_eq!(outcome.result["deleted"], 1);
    }

    #[test]
    fn what_is_not_there_in_time_is_lost() {
        let outcome = search(&Stub::new(&[]));
        assert_eq!(outcome.result["lost"], json!(["m-1", "m-2"]));
    }
}
