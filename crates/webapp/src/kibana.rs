//! The way to a message in Kibana's Discover. Kibana itself is never asked.

use crate::{
    config::Kibana,
    log_entry::{LogEntry, MessageId},
};

/// The address of Discover, showing the message `id` alone.
pub fn discover(kibana: &Kibana, id: MessageId) -> String {
    let base = kibana.url.as_str().trim_end_matches('/');
    let major = major_version(kibana);
    // Kibana 8 moved Discover; 7 still answers at the old place.
    let place = if major < 8 { "app/kibana#/discover" } else { "app/discover#/" };
    let state = format!("(columns:!(message),index:{},query:{})", rison(&kibana.data_view), query(major, id));
    format!("{base}/{place}?_g=(time:(from:now-1h,mode:quick,to:now))&_a={}", percent(&state))
}

/// Kibana 5 holds the query as Elasticsearch takes it, later ones name its language.
fn query(major: u32, id: MessageId) -> String {
    let terms = rison(&format!("{}:{id}", LogEntry::ID_FIELD));
    if major < 6 { format!("(query_string:(query:{terms}))") } else { format!("(language:lucene,query:{terms})") }
}

fn major_version(kibana: &Kibana) -> u32 {
    let major = kibana.version.as_deref().and_then(|version| version.split('.').next()?.parse().ok());
    major.unwrap_or(u32::MAX)
}

/// A string in rison, the notation of Kibana's addresses.
fn rison(text: &str) -> String {
    format!("'{}'", text.replace('!', "!!").replace('\'', "!'"))
}

/// Escapes what would end a fragment or an attribute; rison's own signs stay readable.
fn percent(text: &str) -> String {
    let readable = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~!*'(),:".contains(&byte);
    let escaped = |byte| if readable(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use reqwest::Url;

    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    fn link(version: Option<&str>, data_view: &str) -> String {
        let kibana = Kibana {
            url: Url::parse("http://kibana:5601/base/").unwrap(),
            version: version.map(Into::into),
            data_view: data_view.into(),
        };
        discover(&kibana, ID.parse().unwrap())
    }

    #[test]
    fn kibana_5_gets_its_own_form() {
        let expected = format!(
            "http://kibana:5601/base/app/kibana#/discover?_g=(time:(from:now-1h,mode:quick,to:now))&_a=(columns:!(message),\
             index:'logs_data',query:(query_string:(query:'context.message_id:{ID}')))"
        );
        assert_eq!(link(Some("5.1.1"), "logs_data"), expected);
    }

    #[test]
    fn later_kibanas_are_told_the_language() {
        let query = format!("query:(language:lucene,query:'context.message_id:{ID}')");
        for (version, place) in [
            (Some("6.2.1"), "/app/kibana#/discover?"),
            (Some("7.17.29"), "/app/kibana#/discover?"),
            (Some("8.14.0"), "/app/discover#/?"),
            (None, "/app/discover#/?"),
        ] {
            let link = link(version, "logs_data");
            assert!(link.contains(place) && link.contains(&query), "{link}");
        }
    }

    #[test]
    fn a_strange_data_view_stays_inside_its_quotes() {
        let link = link(None, "a'b!c \"<&#");
        assert!(link.contains("index:'a!'b!!c%20%22%3C%26%23'"), "{link}");
    }
}
