//! The words of a statement, as far as this layer has to know them: where statements end, which names they
//! use, and what the statements are that SQLite doesn't know. SQLite reads everything else.

use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A keyword or a bare name.
    Word,
    /// A name in `"`, `` ` `` or `[]`.
    Quoted,
    /// Text in `'`.
    Text,
    /// A number.
    Number,
    /// `?`, `?1`, `:name`, `@name`, `$name`.
    Parameter,
    /// Anything else, one character.
    Sign,
}

/// A token and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub kind: TokenKind,
    pub span: Range<usize>,
}

impl Token {
    pub fn text<'a>(&self, sql: &'a str) -> &'a str {
        sql.get(self.span.clone()).unwrap_or_default()
    }

    /// Whether it is this keyword, in letters of either case.
    pub fn is(&self, sql: &str, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text(sql).eq_ignore_ascii_case(word)
    }

    pub fn is_sign(&self, sql: &str, sign: &str) -> bool {
        self.kind == TokenKind::Sign && self.text(sql) == sign
    }

    /// The name that it stands for, or the text without its quotes.
    pub fn name(&self, sql: &str) -> String {
        let text = self.text(sql);
        let quote = match self.kind {
            TokenKind::Quoted | TokenKind::Text => text.chars().next(),
            _ => None,
        };
        let Some(quote) = quote else {
            return text.to_owned();
        };
        let inner = text
            .get(1..text.len().saturating_sub(1))
            .unwrap_or_default();
        match quote {
            '[' => inner.to_owned(),
            quote => inner.replace(&format!("{quote}{quote}"), &quote.to_string()),
        }
    }

    pub fn is_name(&self) -> bool {
        matches!(self.kind, TokenKind::Word | TokenKind::Quoted)
    }
}

/// Splits a text into tokens; comments and spaces are left out. What is not closed goes to the end.
pub(crate) fn tokens(sql: &str) -> Vec<Token> {
    let bytes = sql.as_bytes();
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let kind = match byte(at) {
            b if b.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            b'-' if byte(at + 1) == b'-' => {
                at = find(bytes, at, b"\n");
                continue;
            }
            b'/' if byte(at + 1) == b'*' => {
                at = find(bytes, at + 2, b"*/");
                continue;
            }
            b'\'' => {
                at = quoted(bytes, at, b'\'');
                TokenKind::Text
            }
            quote @ (b'"' | b'`') => {
                at = quoted(bytes, at, quote);
                TokenKind::Quoted
            }
            b'[' => {
                at = find(bytes, at, b"]");
                TokenKind::Quoted
            }
            b if b.is_ascii_digit() || (b == b'.' && byte(at + 1).is_ascii_digit()) => {
                at = number(bytes, at);
                TokenKind::Number
            }
            b'?' | b':' | b'@' | b'$' if byte(at) == b'?' || is_word(byte(at + 1)) => {
                at = word(bytes, at + 1);
                TokenKind::Parameter
            }
            b if is_word(b) => {
                at = word(bytes, at);
                // x'00' is one blob.
                if at == start + 1 && b.eq_ignore_ascii_case(&b'x') && byte(at) == b'\'' {
                    at = quoted(bytes, at, b'\'');
                    TokenKind::Number
                } else {
                    TokenKind::Word
                }
            }
            _ => {
                at += 1;
                TokenKind::Sign
            }
        };
        at = at.min(bytes.len());
        out.push(Token {
            kind,
            span: start..at,
        });
    }
    out
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

fn word(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|byte| is_word(**byte)).count()
}

fn number(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(byte) = bytes.get(at) {
        let sign = matches!(byte, b'+' | b'-')
            && matches!(bytes.get(at - 1), Some(b'e' | b'E'))
            && !bytes
                .get(from..from + 2)
                .is_some_and(|x| x.eq_ignore_ascii_case(b"0x"));
        if !(is_word(*byte) || *byte == b'.' || (at > from && sign)) {
            break;
        }
        at += 1;
    }
    at
}

/// Behind the next `end`.
fn find(bytes: &[u8], from: usize, end: &[u8]) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    rest.windows(end.len())
        .position(|window| window == end)
        .map_or(bytes.len(), |at| from + at + end.len())
}

/// Behind a quoted text, in which the quote is written twice.
fn quoted(bytes: &[u8], from: usize, quote: u8) -> usize {
    let mut at = from + 1;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        if *byte == quote {
            if bytes.get(at) != Some(&quote) {
                return at;
            }
            at += 1;
        }
    }
    at
}

/// A name as it is written in a statement.
pub(crate) fn quote_name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as it is written in a statement.
pub(crate) fn quote_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(sql: &str) -> Vec<&str> {
        tokens(sql).iter().map(|token| token.text(sql)).collect()
    }

    #[test]
    fn what_is_told_apart() {
        let sql = "SELECT \"a\"\"b\", [c d], 'it''s', x'00', 1.5e-3, 0x1F, ?1, :n -- no; end\n/* ; */ FROM é;";
        assert_eq!(
            texts(sql),
            [
                "SELECT",
                "\"a\"\"b\"",
                ",",
                "[c d]",
                ",",
                "'it''s'",
                ",",
                "x'00'",
                ",",
                "1.5e-3",
                ",",
                "0x1F",
                ",",
                "?1",
                ",",
                ":n",
                "FROM",
                "é",
                ";"
            ]
        );
        assert_eq!(tokens(sql)[1].name(sql), "a\"b");
        assert_eq!(tokens(sql)[5].name(sql), "it's");
        assert_eq!(texts("'not closed"), ["'not closed"]);
        assert_eq!(texts("a->>'$.b'"), ["a", "-", ">", ">", "'$.b'"]);
    }

    proptest! {
        #[test]
        fn any_text_is_split_into_parts_that_ascend(sql in ".{0,60}") {
            let mut end = 0;
            for token in tokens(&sql) {
                prop_assert!(token.span.start >= end && token.span.end > token.span.start);
                end = token.span.end;
            }
            prop_assert!(end <= sql.len());
        }
    }
}
