//! What the characters of a text allow: plain, or in which quotes.

/// What can be done with a text.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own")]
pub(super) struct Analysis {
    pub(super) is_multiline: bool,
    pub(super) flow_plain: bool,
    pub(super) block_plain: bool,
    pub(super) single_quoted: bool,
}

const BREAKS: &[char] = &['\n', '\u{85}', '\u{2028}', '\u{2029}'];
const BLANKS: &[char] = &['\0', ' ', '\t', '\r', '\n', '\u{85}', '\u{2028}', '\u{2029}'];

/// Whether the character ends a line.
pub(super) fn is_break(character: char) -> bool {
    BREAKS.contains(&character)
}

/// Whether the character can stand in a text as it is.
pub(super) fn is_printable(character: char) -> bool {
    match character {
        '\n' | ' '..='~' => true,
        '\u{feff}' => false,
        c => matches!(c, '\u{85}' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}'),
    }
}

/// Looks at a text.
pub(super) fn analyse(text: &str) -> Analysis {
    let characters: Vec<char> = text.chars().collect();
    let (Some(first), Some(last)) = (characters.first(), characters.last()) else {
        return Analysis { is_multiline: false, flow_plain: false, block_plain: true, single_quoted: true };
    };
    let outer = |c: &char| *c == ' ' || is_break(*c);
    let has_outer_blank = outer(first) || outer(last);
    let pairs = || characters.windows(2).map(|pair| (pair[0], pair[1]));
    let break_space = pairs().any(|(a, b)| is_break(a) && b == ' ');
    let space_break = pairs().any(|(a, b)| a == ' ' && is_break(b));
    let is_special = characters.iter().any(|c| !is_printable(*c));
    let is_multiline = characters.iter().copied().any(is_break);
    let (flow_signs, block_signs) = signs(&characters, text);
    let plain = !has_outer_blank && !break_space && !space_break && !is_special && !is_multiline;
    Analysis {
        is_multiline,
        flow_plain: plain && !flow_signs,
        block_plain: plain && !block_signs,
        single_quoted: !break_space && !space_break && !is_special,
    }
}

/// Whether a sign would be taken for syntax, in flow style and in block style.
fn signs(characters: &[char], text: &str) -> (bool, bool) {
    let (mut flow, mut block) = (false, false);
    if text.starts_with("---") || text.starts_with("...") {
        (flow, block) = (true, true);
    }
    for (index, character) in characters.iter().enumerate() {
        let before_blank = characters.get(index + 1).is_none_or(|next| BLANKS.contains(next));
        let after_blank = index == 0 || BLANKS.contains(&characters[index - 1]);
        let (in_flow, in_block) = match character {
            '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`'
                if index == 0 =>
            {
                (true, true)
            }
            '?' | ':' if index == 0 => (true, before_blank),
            '-' if index == 0 => (before_blank, before_blank),
            ',' | '?' | '[' | ']' | '{' | '}' => (true, false),
            ':' => (true, before_blank),
            '#' => (after_blank, after_blank),
            _ => (false, false),
        };
        flow |= in_flow;
        block |= in_block;
    }
    (flow, block)
}
