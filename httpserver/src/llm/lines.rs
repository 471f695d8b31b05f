//! The two ways in which answers are cut into pieces: Server-Sent Events and lines of JSON.
//!
//! Bytes come in any portions; a piece is given out when its end was seen. A piece is bounded in size.

use super::ModelError;

/// Largest piece of an answer.
const MAX_PIECE: usize = 4 << 20;

/// How an answer is cut into pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// `text/event-stream`: the `data` of each event is a piece.
    Events,
    /// A JSON text in each line.
    Lines,
}

/// Cuts bytes into pieces.
#[derive(Debug)]
pub struct Pieces {
    framing: Framing,
    line: Vec<u8>,
    data: String,
    has_data: bool,
    after_return: bool,
    at_start: bool,
}

impl Pieces {
    /// At the beginning of an answer.
    pub fn new(framing: Framing) -> Self {
        Self {
            framing,
            line: Vec::new(),
            data: String::new(),
            has_data: false,
            after_return: false,
            at_start: true,
        }
    }

    /// Takes further bytes and adds the pieces that end in them to `out`.
    ///
    /// # Errors
    /// A piece is too large or no UTF-8.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<String>) -> Result<(), ModelError> {
        for &byte in bytes {
            let ends_return = std::mem::replace(&mut self.after_return, byte == b'\r');
            match byte {
                b'\n' if ends_return => {}
                b'\n' | b'\r' => self.end_line(out)?,
                _ if self.line.len() + self.data.len() >= MAX_PIECE => {
                    let words = format!("a piece has more than {MAX_PIECE} bytes");
                    return Err(ModelError::Malformed(words));
                }
                _ => self.line.push(byte),
            }
        }
        Ok(())
    }

    /// Takes the end of the answer: a last line needs no end of its own, an event does.
    ///
    /// # Errors
    /// As [`Pieces::push`].
    pub fn end(&mut self, out: &mut Vec<String>) -> Result<(), ModelError> {
        if !self.line.is_empty() {
            self.end_line(out)?;
        }
        if self.has_data {
            // Some servers leave the empty line after the last event out.
            self.end_event(out);
        }
        Ok(())
    }

    fn end_line(&mut self, out: &mut Vec<String>) -> Result<(), ModelError> {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8(line)
            .map_err(|_| ModelError::Malformed("it is not UTF-8".to_owned()))?;
        let first = std::mem::replace(&mut self.at_start, false);
        let line = match line.strip_prefix('\u{feff}') {
            Some(rest) if first => rest,
            _ => line.as_str(),
        };
        match self.framing {
            Framing::Lines if line.trim().is_empty() => {}
            Framing::Lines => out.push(line.to_owned()),
            Framing::Events if line.is_empty() => self.end_event(out),
            Framing::Events => self.field(line),
        }
        Ok(())
    }

    fn field(&mut self, line: &str) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        // Comments have no name; names, ids and waiting times of events are of no use here.
        if name == "data" {
            if self.has_data {
                self.data.push('\n');
            }
            self.has_data = true;
            self.data.push_str(value.strip_prefix(' ').unwrap_or(value));
        }
    }

    fn end_event(&mut self, out: &mut Vec<String>) {
        let data = std::mem::take(&mut self.data);
        if std::mem::replace(&mut self.has_data, false) && !data.is_empty() {
            out.push(data);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(framing: Framing, text: &[u8], portion: usize) -> Vec<String> {
        let mut pieces = Pieces::new(framing);
        let mut out = Vec::new();
        for bytes in text.chunks(portion) {
            pieces.push(bytes, &mut out).unwrap();
        }
        pieces.end(&mut out).unwrap();
        out
    }

    #[test]
    fn events_are_the_same_however_their_bytes_come() {
        let text = "\u{feff}: comment\r\nevent: x\r\ndata: {\"a\":\"ä€\"}\r\n\r\ndata:1\rdata: 2\r\rid: 7\n\n\ndata\n\nretry: 5\ndata:  two spaces\n\ndata: last";
        let expected = ["{\"a\":\"ä€\"}", "1\n2", " two spaces", "last"];
        for portion in 1..=text.len() {
            let got = cut(Framing::Events, text.as_bytes(), portion);
            assert_eq!(got, expected, "{portion}");
        }
    }

    #[test]
    fn lines_are_the_same_however_their_bytes_come() {
        let text = "{\"a\":1}\n\n{\"b\":\"ä\"}\r\n  \n{\"c\":3}";
        for portion in 1..=text.len() {
            let got = cut(Framing::Lines, text.as_bytes(), portion);
            assert_eq!(got, ["{\"a\":1}", "{\"b\":\"ä\"}", "{\"c\":3}"]);
        }
    }

    #[test]
    fn what_is_no_text_or_too_large_is_an_error() {
        let mut pieces = Pieces::new(Framing::Events);
        let error = pieces.push(b"data: \xff\n", &mut Vec::new()).unwrap_err();
        assert_eq!(error.code(), "model_malformed");
        let mut pieces = Pieces::new(Framing::Events);
        let long = vec![b'x'; MAX_PIECE + 1];
        assert!(pieces.push(&long, &mut Vec::new()).is_err());
        let mut pieces = Pieces::new(Framing::Events);
        let line = [b"data: ".as_slice(), &vec![b'x'; MAX_PIECE / 2], b"\n"].concat();
        let pushed = [&line, &line, &line].map(|line| pieces.push(line, &mut Vec::new()));
        assert!(pushed.iter().any(Result::is_err), "many lines of one event");
    }
}
