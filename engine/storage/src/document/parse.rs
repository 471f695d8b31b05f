//! JSON text to the binary form, in one pass and without a tree in between.
//!
//! RFC 8259 without extensions. Numbers are handed on as they are written, which a parser behind
//! `serde` could not tell from an object of a certain name.

use std::borrow::Cow;

use super::MAX_DOCUMENT_BYTES;
use super::builder::Builder;
use super::error::{DocumentError, Position};
use super::number::number_length;

/// The encoded document of JSON text.
pub(super) fn parse(json: &[u8]) -> Result<Vec<u8>, DocumentError> {
    if json.len() > MAX_DOCUMENT_BYTES {
        return Err(DocumentError::TooLarge {
            bytes: json.len(),
            limit: MAX_DOCUMENT_BYTES,
        });
    }
    let text = std::str::from_utf8(json).map_err(|error| DocumentError::Syntax {
        detail: "the text is not UTF-8",
        position: Position::of(json, error.valid_up_to()),
    })?;
    let mut parser = Parser {
        text,
        at: 0,
        builder: Builder::with_capacity(json.len()),
    };
    parser.skip_space();
    parser.value()?;
    parser.skip_space();
    if parser.at < json.len() {
        return parser.error("text after the end of the value");
    }
    Ok(parser.builder.finish())
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    builder: Builder,
}

impl<'a> Parser<'a> {
    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    fn rest(&self) -> &'a [u8] {
        self.bytes().get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes().get(self.at).copied()
    }

    fn error<T>(&self, detail: &'static str) -> Result<T, DocumentError> {
        Err(DocumentError::Syntax {
            detail: if self.at >= self.text.len() {
                "the text ends before the value does"
            } else {
                detail
            },
            position: Position::of(self.bytes(), self.at),
        })
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Result<(), DocumentError> {
        match self.peek() {
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => {
                let text = self.string()?;
                self.builder.string(&text)
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", |builder| builder.bool(true)),
            Some(b'f') => self.word("false", |builder| builder.bool(false)),
            Some(b'n') => self.word("null", Builder::null),
            _ => self.error("expected a value"),
        }
    }

    fn word(
        &mut self,
        word: &str,
        then: impl FnOnce(&mut Builder) -> Result<(), DocumentError>,
    ) -> Result<(), DocumentError> {
        if !self.rest().starts_with(word.as_bytes()) {
            return self.error("expected true, false or null");
        }
        self.at += word.len();
        then(&mut self.builder)
    }

    fn number(&mut self) -> Result<(), DocumentError> {
        let Some(length) = number_length(self.rest()) else {
            return self.error("not a number as JSON writes it");
        };
        let text = self.text.get(self.at..self.at + length).unwrap_or_default();
        self.at += length;
        self.builder.number(text)
    }

    fn array(&mut self) -> Result<(), DocumentError> {
        self.begin(Builder::begin_array)?;
        if self.peek() == Some(b']') {
            return self.end();
        }
        loop {
            self.value()?;
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => return self.end(),
                _ => return self.error("expected , or ]"),
            }
            self.skip_space();
        }
    }

    fn object(&mut self) -> Result<(), DocumentError> {
        self.begin(Builder::begin_object)?;
        if self.peek() == Some(b'}') {
            return self.end();
        }
        loop {
            if self.peek() != Some(b'"') {
                return self.error("expected a field name in double quotes");
            }
            let offset = self.at;
            let name = self.string()?;
            self.builder.name(&name, offset)?;
            self.skip_space();
            if self.peek() != Some(b':') {
                return self.error("expected : after the field name");
            }
            self.at += 1;
            self.skip_space();
            self.value()?;
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => return self.end(),
                _ => return self.error("expected , or }"),
            }
            self.skip_space();
        }
    }

    /// Opens an array or object; the depth limit of the builder also bounds the recursion here.
    fn begin(
        &mut self,
        begin: impl FnOnce(&mut Builder) -> Result<(), DocumentError>,
    ) -> Result<(), DocumentError> {
        begin(&mut self.builder).map_err(|error| match error {
            DocumentError::TooDeep { limit, .. } => DocumentError::TooDeep {
                limit,
                position: Some(Position::of(self.bytes(), self.at)),
            },
            other => other,
        })?;
        self.at += 1;
        self.skip_space();
        Ok(())
    }

    fn end(&mut self) -> Result<(), DocumentError> {
        self.at += 1;
        self.builder.end().map_err(|(error, offset)| match error {
            DocumentError::DuplicateField { name, .. } => DocumentError::DuplicateField {
                name,
                position: Some(Position::of(self.bytes(), offset)),
            },
            other => other,
        })
    }

    /// Reads a string; the next character is its opening quote.
    fn string(&mut self) -> Result<Cow<'a, str>, DocumentError> {
        self.at += 1;
        let mut decoded = String::new();
        loop {
            let rest = self.rest();
            let plain = rest
                .iter()
                .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1F))
                .unwrap_or(rest.len());
            let piece = self.text.get(self.at..self.at + plain).unwrap_or_default();
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    if decoded.is_empty() {
                        return Ok(Cow::Borrowed(piece));
                    }
                    decoded.push_str(piece);
                    return Ok(Cow::Owned(decoded));
                }
                Some(b'\\') => {
                    decoded.push_str(piece);
                    decoded.push(self.escape()?);
                }
                _ => return self.error("a control character in a string; write it as \\u00XX"),
            }
        }
    }

    /// Reads an escape; the next character is its backslash.
    fn escape(&mut self) -> Result<char, DocumentError> {
        let short = match self.bytes().get(self.at + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{C}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return self.error("an unknown escape in a string"),
        };
        self.at += 2;
        Ok(short)
    }

    fn unicode_escape(&mut self) -> Result<char, DocumentError> {
        let Some(first) = self.hex_escape(self.at) else {
            return self.error("expected four hexadecimal digits after \\u");
        };
        if let Some(character) = char::from_u32(first) {
            self.at += 6;
            return Ok(character);
        }
        // Half of a pair: UTF-16 writes characters beyond U+FFFF so.
        let pair = (0xD800..0xDC00).contains(&first).then(|| {
            let second = self.hex_escape(self.at + 6)?;
            let low = second.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
            char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + low)
        });
        let Some(character) = pair.flatten() else {
            return self.error("half of a surrogate pair, which is no character");
        };
        self.at += 12;
        Ok(character)
    }

    /// The number in `\uXXXX` at `from`.
    fn hex_escape(&self, from: usize) -> Option<u32> {
        let digits = self.text.get(from..from + 6)?.strip_prefix("\\u")?;
        let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        hexadecimal
            .then(|| u32::from_str_radix(digits, 16).ok())
            .flatten()
    }
}
