//! Topics of help that are no commands: `dppctl help exit-codes`.

use crate::exit::Exit;
use crate::ui::{Table, Ui};

/// Shows the topic that was asked for; `None` when the words ask for something else.
pub(super) fn topic(words: &[String], ui: Ui) -> Option<Exit> {
    match words {
        [help, topic] if help == "help" && topic == "exit-codes" => {
            ui.answer(&exit_codes());
            Some(Exit::Ok)
        }
        _ => None,
    }
}

fn exit_codes() -> String {
    let mut table = Table::new(&["CODE", "NAME", "WHEN"]);
    for (exit, name, meaning) in Exit::TABLE {
        table.row([exit.code().to_string(), (*name).to_owned(), (*meaning).to_owned()]);
    }
    table.to_text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_every_code() {
        insta::assert_snapshot!(exit_codes());
    }
}
