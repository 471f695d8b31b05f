//! Writes the binary form from front to back.
//!
//! Tables follow what they list, so nothing that was written is moved. The caller gives names and
//! values in turn; the builder refuses what may not be stored.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use super::error::DocumentError;
use super::layout::{
    ARRAY, BYTES, BYTES_FIELD, FALSE, FLOAT, FORMAT_VERSION, INT, MAX_SCANNED_FIELDS, NULL, NUMBER,
    OBJECT, STRING, TRUE, UINT, push_name_length, push_number, split_entry, width_class,
};
use super::number::{Number, number_length};
use super::{MAX_DEPTH, MAX_DOCUMENT_BYTES};

pub(super) struct Builder {
    out: Vec<u8>,
    /// Entries of all open arrays and objects.
    entries: Vec<Entry>,
    open: Vec<Frame>,
    /// Offset in the source text of the name that was given last.
    name_offset: u32,
}

#[derive(Clone, Copy)]
struct Entry {
    /// Where it ends in its container's body.
    end: u32,
    name_offset: u32,
}

struct Frame {
    /// The tag to write: that of the narrowest form.
    tag: u8,
    /// Where the payload begins.
    start: usize,
    first_entry: usize,
}

/// A name that is twice in an object, and the offset at which the second one was given.
struct Duplicate {
    name: String,
    offset: usize,
}

impl Builder {
    pub fn new() -> Self {
        Self::with_capacity(0)
    }

    pub fn with_capacity(bytes: usize) -> Self {
        let mut out = Vec::with_capacity(bytes.saturating_add(16));
        out.push(FORMAT_VERSION);
        Self {
            out,
            entries: Vec::new(),
            open: Vec::new(),
            name_offset: 0,
        }
    }

    /// Bytes written so far: where the next entry begins.
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// The name of the entry that begins there, for messages.
    pub fn name_at(&self, start: usize) -> String {
        let entry = self.out.get(start..).unwrap_or_default();
        let name = split_entry(entry).map_or(&[][..], |(name, _)| name);
        String::from_utf8_lossy(name).into_owned()
    }

    /// The encoded document.
    pub fn finish(self) -> Vec<u8> {
        self.out
    }

    pub fn null(&mut self) -> Result<(), DocumentError> {
        self.out.push(NULL);
        self.end_value()
    }

    pub fn bool(&mut self, value: bool) -> Result<(), DocumentError> {
        self.out.push(if value { TRUE } else { FALSE });
        self.end_value()
    }

    /// A number, of text that has been checked.
    pub fn number(&mut self, text: &str) -> Result<(), DocumentError> {
        self.push(Number::of(text))
    }

    pub fn int(&mut self, value: i64) -> Result<(), DocumentError> {
        self.push(Number::Int(value))
    }

    pub fn uint(&mut self, value: u64) -> Result<(), DocumentError> {
        self.push(i64::try_from(value).map_or(Number::Uint(value), Number::Int))
    }

    /// A finite double, as its shortest text.
    pub fn float(&mut self, value: f64) -> Result<(), DocumentError> {
        let mut buffer = zmij::Buffer::new();
        let text = buffer.format_finite(value);
        self.push(if text.contains('e') {
            Number::Text(text)
        } else {
            Number::Float(value)
        })
    }

    fn push(&mut self, number: Number<'_>) -> Result<(), DocumentError> {
        match number {
            Number::Int(value) => {
                self.out.push(INT);
                let length = int_length(value);
                let bytes = value.to_le_bytes();
                self.out
                    .extend_from_slice(bytes.get(..length).unwrap_or_default());
            }
            Number::Uint(value) => {
                self.out.push(UINT);
                self.out.extend_from_slice(&value.to_le_bytes());
            }
            Number::Float(value) => {
                self.out.push(FLOAT);
                self.out.extend_from_slice(&value.to_bits().to_le_bytes());
            }
            Number::Text(text) => {
                self.out.push(NUMBER);
                self.out.extend_from_slice(text.as_bytes());
            }
        }
        self.end_value()
    }

    pub fn string(&mut self, text: &str) -> Result<(), DocumentError> {
        self.blob(STRING, text.as_bytes())
    }

    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), DocumentError> {
        self.blob(BYTES, bytes)
    }

    fn blob(&mut self, tag: u8, bytes: &[u8]) -> Result<(), DocumentError> {
        check_size(bytes.len())?;
        self.out.push(tag);
        self.out.extend_from_slice(bytes);
        self.end_value()
    }

    /// A value in its binary form.
    pub fn encoded(&mut self, value: &[u8]) -> Result<(), DocumentError> {
        self.out.extend_from_slice(value);
        self.end_value()
    }

    /// The name of the next value; `offset` is its place in the source text.
    pub fn name(&mut self, name: &str, offset: usize) -> Result<(), DocumentError> {
        check_size(name.len())?;
        push_name_length(name.len(), &mut self.out);
        self.out.extend_from_slice(name.as_bytes());
        self.name_offset = u32::try_from(offset).unwrap_or(u32::MAX);
        Ok(())
    }

    pub fn begin_array(&mut self) -> Result<(), DocumentError> {
        self.begin(ARRAY)
    }

    pub fn begin_object(&mut self) -> Result<(), DocumentError> {
        self.begin(OBJECT)
    }

    fn begin(&mut self, tag: u8) -> Result<(), DocumentError> {
        if self.open.len() == MAX_DEPTH {
            return Err(DocumentError::TooDeep {
                limit: MAX_DEPTH,
                position: None,
            });
        }
        self.out.push(tag);
        // The name of the container itself is needed again when it is closed.
        self.entries.push(Entry {
            end: 0,
            name_offset: self.name_offset,
        });
        self.open.push(Frame {
            tag,
            start: self.out.len(),
            first_entry: self.entries.len(),
        });
        Ok(())
    }

    /// Closes the array or object that was opened last.
    ///
    /// Errors with the place of the second of two equal names as an offset in the source text.
    pub fn end(&mut self) -> Result<(), (DocumentError, usize)> {
        let Some(frame) = self.open.pop() else {
            return Ok(());
        };
        if let Err(duplicate) = self.write_table(&frame) {
            let error = DocumentError::DuplicateField {
                name: duplicate.name,
                position: None,
            };
            return Err((error, duplicate.offset));
        }
        self.entries.truncate(frame.first_entry);
        if let Some(own) = self.entries.pop() {
            self.name_offset = own.name_offset;
        }
        self.end_value().map_err(|error| (error, 0))
    }

    fn write_table(&mut self, frame: &Frame) -> Result<(), Duplicate> {
        let entries = self.entries.get(frame.first_entry..).unwrap_or_default();
        let body = self.out.get(frame.start..).unwrap_or_default();
        if entries.is_empty() {
            return Ok(());
        }
        let class = width_class(body.len());
        let mut index = Vec::new();
        if frame.tag == OBJECT {
            let names = Names { body, entries };
            if entries.len() > MAX_SCANNED_FIELDS {
                index = names.sorted()?;
            } else {
                names.check_few()?;
            }
            if let Some(bytes) = bytes_of(body, entries.len()) {
                self.out.truncate(frame.start - 1);
                self.out.push(BYTES);
                self.out.extend_from_slice(&bytes);
                return Ok(());
            }
        }
        if let Some(tag) = self.out.get_mut(frame.start - 1) {
            *tag = frame.tag + class;
        }
        for &position in &index {
            push_number(class, position as usize, &mut self.out);
        }
        for entry in entries {
            push_number(class, entry.end as usize, &mut self.out);
        }
        push_number(class, entries.len(), &mut self.out);
        Ok(())
    }

    fn end_value(&mut self) -> Result<(), DocumentError> {
        check_size(self.out.len())?;
        if let Some(frame) = self.open.last() {
            self.entries.push(Entry {
                // Below the limit of a document, which fits.
                end: (self.out.len() - frame.start) as u32,
                name_offset: self.name_offset,
            });
        }
        Ok(())
    }

    pub fn value(&mut self, value: &Value) -> Result<(), DocumentError> {
        match value {
            Value::Null => self.null(),
            Value::Bool(value) => self.bool(*value),
            Value::Number(number) => {
                let text = number.as_str();
                if number_length(text.as_bytes()) != Some(text.len()) {
                    return Err(DocumentError::InvalidNumber {
                        text: text.chars().take(60).collect(),
                    });
                }
                self.number(text)
            }
            Value::String(text) => self.string(text),
            Value::Array(elements) => {
                self.begin_array()?;
                for element in elements {
                    self.value(element)?;
                }
                self.end().map_err(|(error, _)| error)
            }
            Value::Object(fields) => {
                self.begin_object()?;
                for (name, field) in fields {
                    self.name(name, 0)?;
                    self.value(field)?;
                }
                self.end().map_err(|(error, _)| error)
            }
        }
    }
}

fn check_size(bytes: usize) -> Result<(), DocumentError> {
    if bytes > MAX_DOCUMENT_BYTES {
        return Err(DocumentError::TooLarge {
            bytes,
            limit: MAX_DOCUMENT_BYTES,
        });
    }
    Ok(())
}

/// The fewest bytes that tell an integer: 0 for zero.
pub(super) fn int_length(value: i64) -> usize {
    if value == 0 {
        return 0;
    }
    // One bit more than the magnitude, for the sign.
    let magnitude = if value < 0 { !value } else { value };
    (65 - magnitude.leading_zeros()).div_ceil(8) as usize
}

/// The bytes that an object of `count` entries stands for; `None` when it is just an object.
pub(super) fn bytes_of(body: &[u8], count: usize) -> Option<Vec<u8>> {
    let (name, value) = split_entry(body).filter(|_| count == 1)?;
    let text = value.strip_prefix(&[STRING])?;
    if name != BYTES_FIELD.as_bytes() {
        return None;
    }
    // The decoder accepts only the text that encoding gives back.
    BASE64.decode(text).ok()
}

/// The names of an object whose entries are written.
struct Names<'a> {
    body: &'a [u8],
    entries: &'a [Entry],
}

impl<'a> Names<'a> {
    fn get(&self, at: usize) -> &'a [u8] {
        let start = match at.checked_sub(1) {
            Some(before) => self
                .entries
                .get(before)
                .map_or(0, |entry| entry.end as usize),
            None => 0,
        };
        let rest = self.body.get(start..).unwrap_or_default();
        split_entry(rest).map_or(&[], |(name, _)| name)
    }

    fn duplicate(&self, at: usize) -> Duplicate {
        Duplicate {
            name: String::from_utf8_lossy(self.get(at)).into_owned(),
            offset: self
                .entries
                .get(at)
                .map_or(0, |entry| entry.name_offset as usize),
        }
    }

    /// Compares each name with each other one: few enough for that.
    fn check_few(&self) -> Result<(), Duplicate> {
        let mut names: [&[u8]; MAX_SCANNED_FIELDS] = [&[]; MAX_SCANNED_FIELDS];
        for (at, slot) in names.iter_mut().enumerate().take(self.entries.len()) {
            *slot = self.get(at);
        }
        for (at, name) in names.iter().enumerate().take(self.entries.len()) {
            if names.iter().take(at).any(|earlier| earlier == name) {
                return Err(self.duplicate(at));
            }
        }
        Ok(())
    }

    /// The positions of the entries in the order of their names.
    fn sorted(&self) -> Result<Vec<u32>, Duplicate> {
        let mut named: Vec<(&[u8], u32)> = (0..self.entries.len())
            .map(|at| (self.get(at), at as u32))
            .collect();
        named.sort_unstable();
        for pair in named.windows(2) {
            if let [(name, _), (next, at)] = pair
                && name == next
            {
                return Err(self.duplicate(*at as usize));
            }
        }
        Ok(named.into_iter().map(|(_, at)| at).collect())
    }
}
