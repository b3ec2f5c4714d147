//! The web application: a text entered in its form is found in Elasticsearch, with who entered it and where.

use super::{eventually, pipeline};

#[test]
fn a_text_entered_in_the_page_is_found_in_elasticsearch() {
    let pipeline = pipeline();
    let text = format!("entered by test {}", std::process::id());
    let page = format!("http://{}:8080/app_dev.php/test", pipeline.address("web1"));
    let answer = ureq::post(&page).send_form([("message", text.as_str()), ("level", "warning")]).unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
    let query = format!("http://127.0.0.1:9200/logs_data/_search?q=message:%22{}%22", text.replace(' ', "%20"));
    let found = eventually("the text in Elasticsearch", || {
        let answer = pipeline.ask("elasticsearch1", &query);
        let hit = answer["hits"]["hits"].get(0).map(|hit| hit["_source"].clone());
        hit.ok_or_else(|| answer.to_string())
    });
    assert_eq!(found["message"], text.as_str(), "{found}");
    assert_eq!(found["context"]["page"], "/app_dev.php/test", "{found}");
}
