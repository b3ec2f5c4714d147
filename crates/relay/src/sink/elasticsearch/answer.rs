//! What `_bulk` answers for each document, and what that means for it. Pure; the answers are those of 5 to 9 and `OpenSearch`.

use serde::Deserialize;
use serde_json::Value;

/// What a bulk request's answer says, as far as it is asked for (`filter_path`).
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    errors: bool,
    #[serde(default)]
    items: Vec<Item>,
}

#[derive(Debug, Deserialize)]
struct Item {
    /// Always this, for always this is asked for.
    create: Created,
}

#[derive(Debug, Deserialize)]
struct Created {
    status: u16,
    error: Option<Value>,
}

/// What became of one document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is in the index, by this request or an earlier one.
    Written,
    /// Elasticsearch refuses it for what it is.
    Poison(String),
    /// It may be written later, when something else has changed.
    Wait(String),
}

impl Answer {
    /// Returns the fates of as many documents, in their order; none when the answer does not fit the question.
    pub(super) fn fates(self, of: usize) -> Option<Vec<Fate>> {
        if !self.errors {
            return Some((0..of).map(|_| Fate::Written).collect());
        }
        (self.items.len() == of).then(|| self.items.into_iter().map(|item| fate(item.create)).collect())
    }
}

fn fate(created: Created) -> Fate {
    let error = created.error.unwrap_or_default();
    match created.status {
        200..=299 | 409 => Fate::Written,
        413 => Fate::Poison(words(created.status, &error)),
        400 if is_the_documents_fault(&error) => Fate::Poison(words(400, &error)),
        status => Fate::Wait(words(status, &error)),
    }
}

/// Everything that another document, or this one another day, would be refused for as well is waited for.
fn is_the_documents_fault(error: &Value) -> bool {
    /// Reasons of an `illegal_argument_exception` that speak of the index and not of the document.
    const OF_THE_INDEX: [&str; 6] = [
        "more than 1 type",
        "Invalid type",
        "no write index",
        "more than one index",
        "pipeline with id",
        "maximum normal shards open",
    ];
    let reason = error["reason"].as_str().unwrap_or_default();
    match error["type"].as_str().unwrap_or_default() {
        "mapper_parsing_exception"
        | "document_parsing_exception"
        | "strict_dynamic_mapping_exception"
        | "parsing_exception"
        | "x_content_parse_exception"
        | "action_request_validation_exception" => true,
        "illegal_argument_exception" => !OF_THE_INDEX.iter().any(|words| reason.contains(words)),
        _ => false,
    }
}

/// Elasticsearch's own words, with the cause below them.
pub(super) fn words(status: u16, error: &Value) -> String {
    let of = |error: &Value| {
        let (kind, reason) = (error["type"].as_str().unwrap_or("no type"), error["reason"].as_str().unwrap_or(""));
        format!("{kind}: {reason}")
    };
    let error = error.get("error").unwrap_or(error);
    match (error, error.get("caused_by")) {
        (Value::Object(_), Some(cause)) => format!("{status} {}; {}", of(error), of(cause)),
        (Value::Object(_), None) => format!("{status} {}", of(error)),
        (Value::String(text), _) => format!("{status} {text}"),
        _ => status.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fates(items: &Value, of: usize) -> Option<Vec<Fate>> {
        let answer = json!({ "errors": true, "items": items });
        serde_json::from_value::<Answer>(answer).unwrap().fates(of)
    }

    fn fate_of(status: u16, kind: &str, reason: &str) -> Fate {
        let item = json!([{ "create": { "status": status, "error": { "type": kind, "reason": reason } } }]);
        fates(&item, 1).unwrap().remove(0)
    }

    #[test]
    fn written_is_written_also_when_it_was_before() {
        let answer: Answer = serde_json::from_value(json!({ "errors": false })).unwrap();
        assert_eq!(answer.fates(2), Some(vec![Fate::Written, Fate::Written]));
        let items = json!([{ "create": { "status": 201 } }, { "create": { "status": 409, "error": {
            "type": "version_conflict_engine_exception", "reason": "[log][10]: version conflict, document already exists" } } }]);
        assert_eq!(fates(&items, 2), Some(vec![Fate::Written, Fate::Written]));
    }

    #[test]
    fn only_what_is_wrong_with_the_document_itself_makes_it_a_dead_letter() {
        for (status, kind, reason) in [
            (400, "mapper_parsing_exception", "failed to parse [n]"),
            (400, "document_parsing_exception", "[1:5] failed to parse field [n]"),
            (400, "strict_dynamic_mapping_exception", "mapping set to strict"),
            (400, "illegal_argument_exception", "mapper [a] cannot be changed from type [long] to [object]"),
            (400, "illegal_argument_exception", "Limit of total fields [1000] in index [logs] has been exceeded"),
            (413, "es_rejected_execution_exception", "too large"),
        ] {
            assert!(matches!(fate_of(status, kind, reason), Fate::Poison(_)), "{kind}: {reason}");
        }
        for (status, kind, reason) in [
            (429, "es_rejected_execution_exception", "rejected execution"),
            (503, "unavailable_shards_exception", "primary shard is not active"),
            (403, "cluster_block_exception", "blocked by: [FORBIDDEN/12/index read-only / allow delete (api)];"),
            (429, "cluster_block_exception", "disk usage exceeded flood-stage watermark"),
            (403, "security_exception", "action [indices:data/write/bulk] is unauthorized"),
            (404, "index_not_found_exception", "no such index and [action.auto_create_index] is [false]"),
            (400, "index_closed_exception", "closed"),
            (400, "invalid_index_name_exception", "Invalid index name [Logs], must be lowercase"),
            (400, "illegal_argument_exception", "the final mapping would have more than 1 type: [doc, log]"),
            (400, "illegal_argument_exception", "Invalid type: expecting [log] but got [doc]"),
            (500, "translog_exception", "No space left on device"),
        ] {
            assert!(matches!(fate_of(status, kind, reason), Fate::Wait(_)), "{kind}: {reason}");
        }
    }

    #[test]
    fn an_answer_to_another_question_is_none() {
        assert_eq!(fates(&json!([{ "create": { "status": 201 } }]), 2), None);
    }

    #[test]
    fn the_cause_is_told_with_the_failure() {
        let error = json!({ "type": "mapper_parsing_exception", "reason": "failed to parse [n]",
            "caused_by": { "type": "number_format_exception", "reason": "For input string: \"x\"" } });
        let told =
            "400 mapper_parsing_exception: failed to parse [n]; number_format_exception: For input string: \"x\"";
        assert_eq!(words(400, &error), told);
        assert_eq!(
            words(406, &json!({ "error": "Content-Type header is not supported" })),
            "406 Content-Type header is not supported"
        );
    }
}
