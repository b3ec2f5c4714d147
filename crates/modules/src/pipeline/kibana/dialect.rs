//! How each line of Kibana wants to be told of a data view: one table, nothing else knows of versions.

use ureq::http::Method;

/// Who keeps data views.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeper {
    /// Kibana, through an interface of its own.
    Kibana,
    /// Elasticsearch: Kibana 5 has no interface for it, and reads documents of its index.
    Elasticsearch,
}

/// One way to speak of data views; `{id}` in a path is the data view's.
#[derive(Debug)]
pub(super) struct Dialect {
    /// First major version that speaks it.
    pub(super) since: u64,
    pub(super) keeper: Keeper,
    /// Where a data view is read.
    pub(super) read: &'static str,
    /// Where its attributes lie in the answer.
    pub(super) attributes: &'static str,
    pub(super) create: (Method, &'static str),
    pub(super) update: (Method, &'static str),
    /// The field into which attributes are put when it is created, and when it is updated; empty for none.
    pub(super) wrap: (&'static str, &'static str),
    /// Whether id and name are attributes too.
    pub(super) names_itself: bool,
    /// Where the default is read, where its id lies in the answer, where and in which field it is set.
    pub(super) default_read: &'static str,
    pub(super) default_id: &'static str,
    pub(super) default_set: (&'static str, &'static str),
}

const SETTINGS: &str = "/api/kibana/settings";
const DEFAULT_SETTING: (&str, &str) = ("/api/kibana/settings/defaultIndex", "value");
const DEFAULT_FOUND: &str = "/settings/defaultIndex/userValue";

/// From the oldest to the newest.
static DIALECTS: [Dialect; 3] = [
    Dialect {
        since: 5,
        keeper: Keeper::Elasticsearch,
        read: "/.kibana/index-pattern/{id}",
        attributes: "/_source",
        create: (Method::PUT, "/.kibana/index-pattern/{id}?refresh=true"),
        update: (Method::POST, "/.kibana/index-pattern/{id}/_update?refresh=true"),
        wrap: ("", "doc"),
        names_itself: false,
        default_read: SETTINGS,
        default_id: DEFAULT_FOUND,
        default_set: DEFAULT_SETTING,
    },
    Dialect {
        since: 6,
        keeper: Keeper::Kibana,
        read: "/api/saved_objects/index-pattern/{id}",
        attributes: "/attributes",
        create: (Method::POST, "/api/saved_objects/index-pattern/{id}"),
        update: (Method::PUT, "/api/saved_objects/index-pattern/{id}"),
        wrap: ("attributes", "attributes"),
        names_itself: false,
        default_read: SETTINGS,
        default_id: DEFAULT_FOUND,
        default_set: DEFAULT_SETTING,
    },
    Dialect {
        since: 8,
        keeper: Keeper::Kibana,
        read: "/api/data_views/data_view/{id}",
        attributes: "/data_view",
        create: (Method::POST, "/api/data_views/data_view"),
        update: (Method::POST, "/api/data_views/data_view/{id}"),
        wrap: ("data_view", "data_view"),
        names_itself: true,
        default_read: "/api/data_views/default",
        default_id: "/data_view_id",
        default_set: ("/api/data_views/default", "data_view_id"),
    },
];

/// The dialect of a version such as `5.1.1`; nothing when it is older than all or no version.
pub(super) fn of(version: &str) -> Option<&'static Dialect> {
    let major: u64 = version.split('.').next()?.parse().ok()?;
    DIALECTS.iter().rev().find(|dialect| dialect.since <= major)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_newest_dialect_that_a_version_knows_is_taken() {
        let cases =
            [("4.6.0", None), ("5.1.1", Some(5)), ("6.8.23", Some(6)), ("7.17.29", Some(6)), ("9.1.0", Some(8))];
        for (version, since) in cases {
            assert_eq!(super::of(version).map(|dialect| dialect.since), since, "{version}");
        }
    }
}
