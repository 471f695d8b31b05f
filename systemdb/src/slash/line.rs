//! A line as words: quotes, escapes, `name=value`, JSON objects and lists.
//!
//! A word ends at a blank outside of quotes and brackets. `"…"` and `'…'` keep blanks; in `"…"` a backslash escapes as in
//! JSON, in `'…'` only the quote and itself, and outside of quotes it takes the next character as it is. `{…}` and `[…]`
//! that begin a value are JSON. What is not quoted is read as a value: `10`, `true`, `null`, else text; dates are text.

use serde_json::Value;

use super::SlashFault;

/// The longest line.
pub const MAX_LINE_BYTES: usize = 256 << 10;

/// A word of a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// The name in front of `=`.
    pub name: Option<String>,
    /// What it says.
    pub value: Value,
    /// The value as it was written, without its quotes.
    pub text: String,
    /// Whether it was in quotes: text whatever it looks like.
    pub quoted: bool,
    /// Where it begins, in characters.
    pub at: usize,
    /// Where it begins, in bytes.
    pub(super) offset: usize,
}

struct Reader<'l> {
    line: &'l str,
    offset: usize,
    at: usize,
}

/// The words of a line.
///
/// # Errors
/// A quote or bracket that is not closed, JSON that is not right.
pub fn words(line: &str) -> Result<Vec<Word>, SlashFault> {
    if line.len() > MAX_LINE_BYTES {
        let message = format!("the command is longer than {MAX_LINE_BYTES} bytes");
        return Err(SlashFault::new("syntax_error", message));
    }
    let mut reader = Reader {
        line,
        offset: 0,
        at: 0,
    };
    let mut words = Vec::new();
    loop {
        while reader.peek().is_some_and(char::is_whitespace) {
            reader.next();
        }
        if reader.peek().is_none() {
            return Ok(words);
        }
        words.push(reader.word()?);
    }
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.line.get(self.offset..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.offset += c.len_utf8();
        self.at += 1;
        Some(c)
    }

    fn word(&mut self) -> Result<Word, SlashFault> {
        let (at, offset) = (self.at, self.offset);
        let name = self.name();
        let (value, text, quoted) = match self.peek() {
            Some('{' | '[') => {
                let (value, text) = self.json()?;
                (value, text, false)
            }
            _ => {
                let (text, quoted) = self.text()?;
                let value = match quoted {
                    true => Value::String(text.clone()),
                    false => plain(&text),
                };
                (value, text, quoted)
            }
        };
        Ok(Word {
            name,
            value,
            text,
            quoted,
            at,
            offset,
        })
    }

    /// Takes `name=`, if the word begins so.
    fn name(&mut self) -> Option<String> {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.')))?;
        let (name, after) = rest.split_at_checked(end)?;
        // `a==b` and `a=>b` are no names.
        let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
        let mut after = after.chars();
        if !is_name || after.next() != Some('=') || matches!(after.next(), Some('=' | '>')) {
            return None;
        }
        let name = name.to_owned();
        self.at += name.chars().count() + 1;
        self.offset += name.len() + 1;
        Some(name)
    }

    fn json(&mut self) -> Result<(Value, String), SlashFault> {
        let at = self.at;
        let mut stream = serde_json::Deserializer::from_str(self.rest()).into_iter::<Value>();
        let value = match stream.next() {
            Some(Ok(value)) => value,
            Some(Err(error)) => {
                let message = format!("this is not right JSON: {error}");
                return Err(SlashFault::new("syntax_error", message).at(at));
            }
            None => Value::Null,
        };
        let length = stream.byte_offset();
        let text = self.rest().get(..length).unwrap_or_default().to_owned();
        self.at += text.chars().count();
        self.offset += length;
        if self.peek().is_some_and(|c| !c.is_whitespace()) {
            let message = "a blank is missing after the JSON";
            return Err(SlashFault::new("syntax_error", message).at(self.at));
        }
        Ok((value, text))
    }

    fn text(&mut self) -> Result<(String, bool), SlashFault> {
        let mut text = String::new();
        let mut quoted = false;
        while let Some(c) = self.peek() {
            match c {
                c if c.is_whitespace() => break,
                '"' | '\'' if text.is_empty() || quoted => {
                    quoted = true;
                    self.quoted(&mut text)?;
                }
                '\\' => {
                    self.next();
                    text.extend(self.next());
                }
                c => {
                    self.next();
                    text.push(c);
                }
            }
        }
        Ok((text, quoted))
    }

    fn quoted(&mut self, text: &mut String) -> Result<(), SlashFault> {
        let at = self.at;
        let quote = self.next().unwrap_or('"');
        loop {
            match self.next() {
                Some(c) if c == quote => return Ok(()),
                Some('\\') if quote == '"' => match self.next() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('r') => text.push('\r'),
                    Some('b') => text.push('\u{8}'),
                    Some('f') => text.push('\u{c}'),
                    Some('u') => text.push(self.unicode(at)?),
                    Some(c @ ('"' | '\\' | '/' | '\'')) => text.push(c),
                    Some(c) => {
                        text.push('\\');
                        text.push(c);
                    }
                    None => break,
                },
                Some('\\') => match self.peek() {
                    Some(c @ ('\'' | '\\')) => {
                        self.next();
                        text.push(c);
                    }
                    _ => text.push('\\'),
                },
                Some(c) => text.push(c),
                None => break,
            }
        }
        let message = format!("the quote {quote} is not closed");
        Err(SlashFault::new("syntax_error", message).at(at))
    }

    fn unicode(&mut self, at: usize) -> Result<char, SlashFault> {
        let digits: String = (0..4).filter_map(|_| self.next()).collect();
        let code = u32::from_str_radix(&digits, 16).ok();
        let digits_only = digits.chars().all(|c| c.is_ascii_hexdigit());
        code.filter(|_| digits_only)
            .and_then(char::from_u32)
            .ok_or_else(|| {
                let message = "\\u needs four digits of a character, as in \\u00e9";
                SlashFault::new("syntax_error", message).at(at)
            })
    }
}

/// A word without quotes as a value: a number, true, false, null, or text.
fn plain(text: &str) -> Value {
    match text {
        "true" => return Value::Bool(true),
        "false" => return Value::Bool(false),
        "null" => return Value::Null,
        _ => {}
    }
    let number_like = text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    match number_like.then(|| serde_json::from_str::<serde_json::Number>(text)) {
        Some(Ok(number)) => Value::Number(number),
        _ => Value::String(text.to_owned()),
    }
}
