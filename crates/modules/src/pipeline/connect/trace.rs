//! The root cause of a failed task: one line out of a Java stack trace, and what to do about the known ones.

/// Why a task failed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Cause {
    /// `JsonParseException: Unrecognized token 'this' …`.
    pub(super) text: String,
    /// What to do, for causes that are known.
    pub(super) help: Option<&'static str>,
}

/// What the trace contains, and what to do then; the first match counts.
const KNOWN: &[(&str, &str)] = &[
    (
        "schemas.enable requires",
        "the records are plain JSON: set key.converter to org.apache.kafka.connect.storage.StringConverter and \
         value.converter.schemas.enable to false",
    ),
    (
        "java.lang.NoClassDefFoundError",
        "a jar of the plugin is not found: plugin.path must name the folder above the plugin's own folder",
    ),
    (
        "java.lang.IllegalAccessError",
        "plugin and worker do not fit: 4.0.2 goes with Connect 1.0, 15.x with Connect 3.9 and newer",
    ),
    ("java.lang.NoSuchMethodError", "two versions of a jar meet: leave one version of the plugin in plugin.path"),
    (
        "JsonParseException",
        "a record of the topic is no JSON: set errors.tolerance=all with errors.deadletterqueue.topic.name to go on \
         without it",
    ),
    (
        "SerializationException",
        "a record does not fit the converter: set errors.tolerance=all with errors.deadletterqueue.topic.name to go \
         on without it",
    ),
    (
        "mapper_parsing_exception",
        "Elasticsearch refused a document: set behavior.on.malformed.documents=warn with a dead letter topic, or \
         correct the index's mapping",
    ),
    (
        "document_parsing_exception",
        "Elasticsearch refused a document: set behavior.on.malformed.documents=warn with a dead letter topic, or \
         correct the index's mapping",
    ),
    ("index_closed_exception", "the index is closed: open it with POST /INDEX/_open"),
    (
        "cluster_block_exception",
        "the index is blocked, above all by a full disk: make room, then clear index.blocks.read_only_allow_delete",
    ),
    ("Connection refused", "is Elasticsearch up at connection.url?"),
    ("ConnectException", "is Elasticsearch up at connection.url?"),
    ("UnknownHostException", "the host's name in connection.url is not known here"),
    ("security_exception", "connection.username or connection.password is wrong or may not write the index"),
    ("TopicAuthorizationException", "the worker may not read the topic"),
    ("OutOfMemoryError", "the worker's heap is too small: raise it in the unit's environment"),
];

/// Finds the innermost cause of a trace.
pub(super) fn root_cause(trace: &str) -> Cause {
    let first = trace.lines().next().unwrap_or_default();
    let innermost = trace.lines().filter_map(|line| line.strip_prefix("Caused by: ")).next_back().unwrap_or(first);
    let known = KNOWN.iter().find(|(mark, _)| innermost.contains(mark));
    let known = known.or_else(|| KNOWN.iter().find(|(mark, _)| trace.contains(mark)));
    Cause { text: without_packages(innermost), help: known.map(|(_, help)| *help) }
}

/// `com.fasterxml.jackson.core.JsonParseException: x` as `JsonParseException: x`.
fn without_packages(line: &str) -> String {
    let (class, message) = line.split_once(':').unwrap_or((line, ""));
    let is_class = !class.contains(' ') && class.contains('.');
    let class = if is_class { class.rsplit('.').next().unwrap_or(class) } else { class };
    let message = message.trim();
    if message.is_empty() { class.trim().to_owned() } else { format!("{class}: {message}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACES: &[(&str, &str, &str)] = &[
        (
            include_str!("../../../tests/fixtures/connect/trace-not-json.txt"),
            "JsonParseException: Unrecognized token 'this': was expecting (JSON String, Number, Array, Object or token \
             'null', 'true' or 'false')",
            "errors.tolerance=all",
        ),
        (
            include_str!("../../../tests/fixtures/connect/trace-no-class.txt"),
            "NoClassDefFoundError: io/searchbox/action/Action",
            "plugin.path must name the folder above",
        ),
        (
            include_str!("../../../tests/fixtures/connect/trace-schemas.txt"),
            "DataException: JsonConverter with schemas.enable requires \"schema\" and \"payload\" fields and may not \
             contain additional fields. If you are trying to deserialize plain JSON data, set schemas.enable=false in \
             your converter configuration.",
            "value.converter.schemas.enable to false",
        ),
        (
            "org.apache.kafka.connect.errors.ConnectException: Exiting WorkerSinkTask due to unrecoverable exception.\n\
             \tat a.B.c(B.java:1)\nCaused by: org.apache.kafka.connect.errors.ConnectException: Failed to execute bulk \
             request due to 'java.net.ConnectException: Connection refused' after 6 attempt(s)\n\tat a.B.c(B.java:1)",
            "ConnectException: Failed to execute bulk request due to 'java.net.ConnectException: Connection refused' \
             after 6 attempt(s)",
            "is Elasticsearch up",
        ),
        (
            "java.lang.IllegalAccessError: tried to access method org.apache.kafka.common.utils.SystemTime.<init>()V",
            "IllegalAccessError: tried to access method org.apache.kafka.common.utils.SystemTime.<init>()V",
            "plugin and worker do not fit",
        ),
    ];

    #[test]
    fn the_innermost_cause_is_found_and_known_ones_have_help() {
        for (trace, text, help) in TRACES {
            let cause = root_cause(trace);
            assert_eq!(cause.text, *text);
            assert!(cause.help.is_some_and(|found| found.contains(help)), "{text}: {:?}", cause.help);
        }
    }

    #[test]
    fn a_cause_that_nobody_knows_is_shown_without_help() {
        let cause = root_cause("a.b.OddException\n\tat x\nCaused by: java.lang.NullPointerException\n\t... 3 more");
        assert_eq!(cause, Cause { text: "NullPointerException".into(), help: None });
        assert_eq!(root_cause("").text, "");
    }
}
