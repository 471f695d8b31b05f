//! A question as tokens.
//!
//! Every character other than spaces and closing punctuation is in exactly one token. Nothing is known of meanings here.

use super::dates::Day;
use super::words;

/// What a token is by its form.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// A word, a name, a code.
    Word,
    /// A number; thousands may have commas, and a sign of money before or after.
    Number(f64),
    /// A day as `2024-05-31`.
    Day(Day),
    /// Text in quotes, without them.
    Quoted,
    /// `,`, `=`, `<` and such.
    Sign,
}

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// As it was written.
    pub text: String,
    /// In lower case.
    pub lower: String,
    /// The singular in lower case.
    pub stem: String,
    /// What all forms of the word share.
    pub root: String,
    /// What it is.
    pub form: Form,
}

impl Token {
    fn new(text: &str, form: Form) -> Self {
        let lower = text.to_lowercase();
        Self {
            text: text.to_owned(),
            stem: words::singular(&lower),
            root: words::root(&lower),
            lower,
            form,
        }
    }

    /// Whether it is written like a name.
    pub fn is_capital(&self) -> bool {
        self.form == Form::Word && self.text.chars().next().is_some_and(char::is_uppercase)
    }

    /// The number that it is, also one in letters.
    pub fn number(&self) -> Option<f64> {
        const LETTERS: [&str; 13] = [
            "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
            "eleven", "twelve",
        ];
        match self.form {
            Form::Number(number) => Some(number),
            Form::Word => match self.lower.as_str() {
                "twenty" => Some(20.0),
                "fifty" => Some(50.0),
                "hundred" => Some(100.0),
                lower => LETTERS
                    .iter()
                    .position(|word| *word == lower)
                    .map(|at| at as f64),
            },
            _ => None,
        }
    }

    /// The year that it may be.
    pub fn year(&self) -> Option<i32> {
        let digits = self.text.len() == 4 && self.text.bytes().all(|b| b.is_ascii_digit());
        let year: i32 = self.text.parse().ok().filter(|_| digits)?;
        (1900..2100).contains(&year).then_some(year)
    }
}

/// Terms of several words that mean what one does.
const TERMS: [(&str, &str); 12] = [
    ("email address", "email"),
    ("email addresses", "emails"),
    ("e-mail address", "email"),
    ("e-mail addresses", "emails"),
    ("phone number", "phone"),
    ("phone numbers", "phones"),
    ("telephone number", "phone"),
    ("telephone numbers", "phones"),
    ("fax number", "fax"),
    ("fax numbers", "faxes"),
    ("zip code", "postcode"),
    ("zip codes", "postcodes"),
];

/// The most tokens that a question is taken with.
pub const MAX_TOKENS: usize = 80;

/// Takes a text apart; what is beyond [`MAX_TOKENS`] is left out.
pub fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().map(plain_quote).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(c) = chars.get(at).copied() {
        if found.len() > MAX_TOKENS {
            break;
        }
        let unequal = c == '!' && chars.get(at + 1) == Some(&'=');
        if c.is_whitespace() || ("?!;()[]{}".contains(c) && !unequal) {
            at += 1;
            continue;
        }
        if let Some((quoted, end)) = quoted(&chars, at) {
            found.push(Token::new(&quoted, Form::Quoted));
            at = end;
        } else if "<>=!,:".contains(c) {
            let two = "<>=!".contains(c) && matches!(chars.get(at + 1), Some('=' | '>'));
            let end = at + 1 + usize::from(two);
            found.push(Token::new(&piece(&chars, at, end), Form::Sign));
            at = end;
        } else {
            let end = word_end(&chars, at);
            push_word(&mut found, &piece(&chars, at, end));
            at = end.max(at + 1);
        }
    }
    joined(found)
}

fn plain_quote(c: char) -> char {
    match c {
        '“' | '”' | '„' => '"',
        '’' | '‘' => '\'',
        c => c,
    }
}

fn piece(chars: &[char], from: usize, to: usize) -> String {
    chars.get(from..to).unwrap_or_default().iter().collect()
}

/// Text in quotes that begin at `at`, and where it ends. A single quote opens only before a word and closes only after one.
fn quoted(chars: &[char], at: usize) -> Option<(String, usize)> {
    let quote = chars
        .get(at)
        .copied()
        .filter(|c| matches!(c, '"' | '\'' | '`'))?;
    let rest = chars.get(at + 1..)?;
    let closes = |place: usize| {
        let outside = rest
            .get(place + 1)
            .is_none_or(|next| !next.is_alphanumeric());
        rest.get(place) == Some(&quote) && (quote == '"' || outside)
    };
    let length = (0..rest.len())
        .find(|place| closes(*place))
        .filter(|length| *length > 0)?;
    Some((rest.get(..length)?.iter().collect(), at + length + 2))
}

/// Where the word that begins at `at` ends.
fn word_end(chars: &[char], at: usize) -> usize {
    let mut end = at;
    while let Some(c) = chars.get(end) {
        let followed = chars
            .get(end + 1)
            .is_some_and(|next| next.is_alphanumeric());
        let stays = c.is_alphanumeric()
            || "$€£%#_+@&-*".contains(*c)
            || (followed && end > at && "./'".contains(*c))
            || (followed && *c == ',' && is_thousand(chars, end));
        if !stays {
            break;
        }
        end += 1;
    }
    end
}

/// Whether a comma stands between the digits of one number.
fn is_thousand(chars: &[char], at: usize) -> bool {
    let digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
    let before = at.checked_sub(1).is_some_and(digit);
    before && (1..=3).all(|step| digit(at + step)) && !digit(at + 4)
}

fn push_word(found: &mut Vec<Token>, word: &str) {
    if word.is_empty() {
        return;
    }
    let lower = word.to_lowercase();
    if let Some(day) = Day::parse(word) {
        found.push(Token::new(word, Form::Day(day)));
    } else if let Some(number) = number(word) {
        found.push(Token::new(word, Form::Number(number)));
    } else if let Some(start) = lower.strip_suffix("n't") {
        let start = if start == "ca" { "can" } else { start };
        found.push(Token::new(start, Form::Word));
        found.push(Token::new("not", Form::Word));
    } else if let Some((start, end)) = ending(word) {
        found.push(Token::new(start, Form::Word));
        found.push(Token::new(end, Form::Word));
    } else {
        found.push(Token::new(word, Form::Word));
    }
}

/// A word and its `'s`, `'re`, `'d`, `'ll`, `'ve`, `'m`.
fn ending(word: &str) -> Option<(&str, &str)> {
    let at = word.rfind('\'')?;
    let (start, end) = word.split_at_checked(at)?;
    let known = ["'s", "'re", "'d", "'ll", "'ve", "'m"];
    (known.contains(&end.to_lowercase().as_str()) && !start.is_empty()).then_some((start, end))
}

fn number(word: &str) -> Option<f64> {
    let bare = word.trim_matches(['$', '€', '£']).replace(',', "");
    let (bare, factor) = match bare.strip_suffix(['k', 'K']) {
        Some(start) => (start.to_owned(), 1000.0),
        None => (bare, 1.0),
    };
    let digits = bare.strip_prefix('-').unwrap_or(&bare);
    let plain = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    let number: f64 = bare.parse().ok().filter(|_| plain)?;
    Some(number * factor)
}

/// Puts one word for [`TERMS`].
fn joined(tokens: Vec<Token>) -> Vec<Token> {
    let mut out = Vec::with_capacity(tokens.len());
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let term = tokens.peek().and_then(|next| {
            let both = format!("{} {}", token.lower, next.lower);
            TERMS.iter().find(|(term, _)| *term == both)
        });
        match term {
            Some((_, word)) => {
                tokens.next();
                out.push(Token::new(word, Form::Word));
            }
            None => out.push(token),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        tokens(text).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn words_codes_and_signs_are_told_apart() {
        assert_eq!(
            texts("What's up, O'Brien?"),
            ["What", "'s", "up", ",", "O'Brien"]
        );
        assert_eq!(texts("A/B-12 >= 1,000.5"), ["A/B-12", ">=", "1,000.5"]);
        assert_eq!(texts("a=b, c!=d"), ["a", "=", "b", ",", "c", "!=", "d"]);
        assert_eq!(texts("I don't know."), ["I", "do", "not", "know"]);
        assert_eq!(texts("x@y.org email address"), ["x@y.org", "email"]);
        assert!(texts("…").is_empty());
    }

    #[test]
    fn numbers_days_and_quotes_have_their_forms() {
        let forms: Vec<Form> = tokens("$1,200 5k 2024-02-29 2024-02-31 \"a b\" 'c'")
            .into_iter()
            .map(|token| token.form)
            .collect();
        let day = Day::new(2024, 2, 29).unwrap();
        let expected = [
            Form::Number(1200.0),
            Form::Number(5000.0),
            Form::Day(day),
            Form::Word,
            Form::Quoted,
            Form::Quoted,
        ];
        assert_eq!(forms, expected);
        assert_eq!(tokens("seven")[0].number(), Some(7.0));
        assert_eq!(tokens("2031")[0].year(), Some(2031));
    }

    #[test]
    fn any_text_is_taken_apart() {
        for text in [
            "",
            "'",
            "\"",
            "'''",
            "\"\"\"",
            ",,,",
            "'s",
            "a'",
            "\u{0}\u{301}é𝒳",
            "- - -",
            "$",
        ] {
            let _ = tokens(text);
        }
        assert!(tokens(&"a ".repeat(10_000)).len() <= MAX_TOKENS + 1);
    }
}
