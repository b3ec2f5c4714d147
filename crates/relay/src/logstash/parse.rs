//! Logstash's configuration language, as far as it is data: sections, plugins with settings, and branches.

/// A whole file.
pub(super) type File = Vec<(String, Vec<Step>)>;

/// What stands in a section.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// A plugin.
    Plugin(Plugin),
    /// A branch: its condition as it is written, and what stands in it. `else` is a branch of its own.
    Branch(String, Vec<Step>),
}

/// A plugin and its settings, in their order.
#[derive(Debug, PartialEq)]
pub(super) struct Plugin {
    pub(super) name: String,
    pub(super) settings: Vec<(String, Setting)>,
}

/// The value of a setting.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Setting {
    Text(String),
    List(Vec<Setting>),
    Table(Vec<(String, Setting)>),
    /// A codec with settings of its own; its name.
    Codec(String),
}

impl Setting {
    /// The text, where one is expected; the first of a list of one.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Codec(text) => Some(text),
            Self::List(items) if items.len() == 1 => items[0].text(),
            _ => None,
        }
    }

    /// The texts of a list; a text alone is a list of one.
    pub(super) fn texts(&self) -> Vec<&str> {
        match self {
            Self::List(items) => items.iter().filter_map(Self::text).collect(),
            other => other.text().into_iter().collect(),
        }
    }
}

/// Reads a file; the error says in which line it stops making sense.
pub(super) fn parse(text: &str) -> Result<File, String> {
    let mut reader = Reader { text, at: 0 };
    let mut file = Vec::new();
    while !reader.is_at_end() {
        let section = reader.word()?;
        file.push((section, reader.steps()?));
    }
    Ok(file)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn steps(&mut self) -> Result<Vec<Step>, String> {
        self.expect('{')?;
        let mut steps = Vec::new();
        while !self.takes('}') {
            let name = self.word()?;
            steps.push(match name.as_str() {
                "if" | "else" => Step::Branch(self.condition(&name)?, self.steps()?),
                _ => Step::Plugin(Plugin { settings: self.table()?, name }),
            });
        }
        Ok(steps)
    }

    /// All up to the brace, outside of quotes.
    fn condition(&mut self, word: &str) -> Result<String, String> {
        let (begin, mut quote) = (self.at, None);
        let rest = &self.text[begin..];
        for (at, letter) in rest.char_indices() {
            match (quote, letter) {
                (None, '{') => {
                    self.at = begin + at;
                    let condition = rest[..at].trim();
                    return Ok(if word == "else" { format!("else {condition}") } else { condition.to_owned() });
                }
                (None, '"' | '\'') => quote = Some(letter),
                (Some(open), letter) if open == letter => quote = None,
                _ => {}
            }
        }
        Err(self.fault("a condition without `{`"))
    }

    fn table(&mut self) -> Result<Vec<(String, Setting)>, String> {
        self.expect('{')?;
        let mut settings = Vec::new();
        while !self.takes('}') {
            let name = self.word()?;
            self.expect('=')?;
            self.expect('>')?;
            settings.push((name, self.setting()?));
            self.takes(',');
        }
        Ok(settings)
    }

    fn setting(&mut self) -> Result<Setting, String> {
        match self.peek() {
            Some('[') => self.list(),
            Some('{') => self.table().map(Setting::Table),
            Some('"' | '\'') => self.word().map(Setting::Text),
            _ => {
                let word = self.word()?;
                if self.peek() != Some('{') {
                    return Ok(Setting::Text(word));
                }
                self.table()?;
                Ok(Setting::Codec(word))
            }
        }
    }

    fn list(&mut self) -> Result<Setting, String> {
        self.expect('[')?;
        let mut items = Vec::new();
        while !self.takes(']') {
            items.push(self.setting()?);
            self.takes(',');
        }
        Ok(Setting::List(items))
    }

    /// A word, bare or in quotes.
    fn word(&mut self) -> Result<String, String> {
        match self.peek() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote),
            _ => {
                let rest = &self.text[self.at..];
                let length = rest.find(|c: char| !(c.is_alphanumeric() || "_-.@:/".contains(c))).unwrap_or(rest.len());
                if length == 0 {
                    return Err(self.fault("a name or a value is expected"));
                }
                self.at += length;
                Ok(rest[..length].to_owned())
            }
        }
    }

    /// Logstash reads backslashes literally, except before the quote.
    fn quoted(&mut self, quote: char) -> Result<String, String> {
        let mut text = String::new();
        let mut letters = self.text[self.at + 1..].char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                letter if letter == quote => {
                    self.at += at + 2;
                    return Ok(text);
                }
                '\\' if letters.as_str().starts_with(quote) => {
                    text.push(quote);
                    letters.next();
                }
                letter => text.push(letter),
            }
        }
        Err(self.fault("a text without its closing quote"))
    }

    fn peek(&mut self) -> Option<char> {
        self.skip();
        self.text[self.at..].chars().next()
    }

    fn takes(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += if found { wanted.len_utf8() } else { 0 };
        found
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.takes(wanted) { Ok(()) } else { Err(self.fault(&format!("`{wanted}` is expected"))) }
    }

    fn is_at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    /// Passes over blanks and comments.
    fn skip(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            self.at += rest.len() - rest.trim_start().len();
            if !self.text[self.at..].starts_with('#') {
                return;
            }
            self.at += self.text[self.at..].find('\n').unwrap_or(self.text.len() - self.at);
        }
    }

    fn fault(&self, words: &str) -> String {
        format!("line {}: {words}", self.text[..self.at].matches('\n').count() + 1)
    }
}
