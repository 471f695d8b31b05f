//! The words of questions: phrases with a meaning of their own, and words that mean alike.
//!
//! Nothing here is about any one database. Names of stores and fields go before these where they are as long.

mod phrases;

pub use phrases::concepts;

/// What a phrase means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Concept {
    /// Show, list, find.
    Show,
    /// How many, number of.
    Count,
    /// How much.
    HowMuch,
    /// An aggregate function.
    Aggregate(Function),
    /// Total, as in "total revenue".
    Total,
    /// Altogether.
    Altogether,
    /// By.
    By,
    /// Per.
    Per,
    /// Each, every.
    Each,
    /// Sort by.
    Sort,
    /// In the order of the alphabet.
    Alphabetical,
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
    /// Top.
    Top,
    /// Bottom.
    Bottom,
    /// First.
    First,
    /// Last.
    Last,
    /// Best.
    Best,
    /// An adjective in the superlative.
    Extreme(Attribute, Extreme),
    /// Most: "the most orders", "most helpful".
    Most,
    /// Fewest, least.
    Least,
    /// An adjective in the comparative.
    Compared(Attribute, Comparison),
    /// An attribute as a verb or noun of its own: costs, weighs.
    Attribute(Attribute),
    /// A comparison with a number.
    Compare(Comparison),
    /// Between.
    Between,
    /// And.
    And,
    /// Or.
    Or,
    /// Not.
    Not,
    /// Without, has no.
    Without,
    /// With, that have.
    With,
    /// In, from, at.
    In,
    /// Of.
    Of,
    /// To.
    To,
    /// On.
    On,
    /// For.
    For,
    /// Who, that, which within a sentence.
    Which,
    /// Who at the beginning: somebody is asked for.
    Who,
    /// Whose, where.
    Where,
    /// Is, equals.
    Is,
    /// Contains.
    Contains,
    /// Starts with.
    Starts,
    /// Ends with.
    Ends,
    /// Is missing, is empty.
    Missing,
    /// Is there.
    Present,
    /// Named.
    Named,
    /// Different.
    Distinct,
    /// Only.
    Only,
    /// And what about: the last question with something else in it.
    Instead,
    /// They, those, ones.
    Pronoun,
    /// Their, its.
    Their,
    /// That, in "sort by that".
    That,
    /// Since.
    Since,
    /// Before, older than.
    Before,
    /// After.
    After,
    /// Until.
    Until,
    /// Limit, at most so many rows.
    Limit,
    /// Everybody, anything: no condition.
    Anything,
    /// Money that came in.
    Money,
    /// Pieces that went out.
    Units,
    /// Buying and selling.
    Trade,
    /// A word without a meaning of its own here.
    Noise,
}

/// A function of many values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Function {
    /// How many.
    Count,
    /// The sum.
    Sum,
    /// The mean.
    Avg,
    /// The smallest.
    Min,
    /// The largest.
    Max,
    /// The middle.
    Median,
}

impl Function {
    /// Its name in SQL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Min => "min",
            Self::Max => "max",
            Self::Median => "median",
        }
    }
}

/// Least or most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extreme {
    /// The least.
    Min,
    /// The most.
    Max,
}

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Comparison {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
}

impl Comparison {
    /// The operator in SQL; also for null.
    pub fn sql(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Ne => "IS NOT",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Lt => "<",
            Self::Le => "<=",
        }
    }

    /// What holds where this does not.
    pub fn negated(self) -> Self {
        match self {
            Self::Eq => Self::Ne,
            Self::Ne => Self::Eq,
            Self::Gt => Self::Le,
            Self::Ge => Self::Lt,
            Self::Lt => Self::Ge,
            Self::Le => Self::Gt,
        }
    }
}

/// What an adjective is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Attribute {
    /// What it costs.
    Price,
    /// How long it takes, or is.
    Length,
    /// How heavy it is.
    Weight,
    /// How large it is.
    Size,
    /// How high it is.
    Height,
    /// When it was.
    Date,
    /// How old somebody is: when they were born.
    Birth,
    /// How it was judged.
    Rating,
}

impl Attribute {
    /// Words that fields of it have in their names, best first.
    pub fn words(self) -> &'static [&'static str] {
        match self {
            Self::Price => &["price", "cost", "fee", "fare", "total", "amount"],
            Self::Length => &[
                "length",
                "duration",
                "runtime",
                "millisecond",
                "second",
                "minute",
                "distance",
            ],
            Self::Weight => &["weight", "mass"],
            Self::Size => &[
                "total",
                "size",
                "amount",
                "byte",
                "area",
                "volume",
                "population",
                "quantity",
                "price",
            ],
            Self::Height => &["height", "elevation", "altitude"],
            Self::Date => &[
                "date",
                "created",
                "placed",
                "joined",
                "written",
                "time",
                "timestamp",
                "updated",
                "year",
            ],
            Self::Birth => &["birth", "birthdate", "birthday", "born", "dob"],
            Self::Rating => &["rating", "star", "score", "grade", "rank", "helpful"],
        }
    }
}

/// Words that mean alike, each list a group. The first are singular stems.
const ALIKE: &[&[&str]] = &[
    &[
        "customer",
        "client",
        "buyer",
        "shopper",
        "purchaser",
        "user",
        "consumer",
    ],
    &["user", "account", "member", "person", "customer", "human"],
    &[
        "employee",
        "staff",
        "worker",
        "colleague",
        "coworker",
        "person",
    ],
    &["product", "item", "article", "merchandise"],
    &["order", "purchase"],
    &["invoice", "bill", "receipt"],
    &["track", "song", "tune"],
    &["album", "record", "lp"],
    &["artist", "band", "musician", "singer", "performer", "group"],
    &["review", "opinion", "feedback", "rating"],
    &["rating", "star", "score"],
    &["movie", "film"],
    &["category", "type", "kind", "class"],
    &["name", "title"],
    &["email", "mail", "e-mail"],
    &["phone", "telephone", "mobile"],
    &["country", "nation", "land"],
    &["city", "town"],
    &["state", "province"],
    &["postal", "zip"],
    &["postcode", "zipcode", "postal"],
    &["price", "cost"],
    &["quantity", "unit", "piece", "amount"],
    &["total", "value", "amount", "sum"],
    &["stock", "inventory"],
    &[
        "company",
        "firm",
        "employer",
        "organisation",
        "organization",
    ],
    &["length", "duration", "runtime", "millisecond"],
    &["weight", "mass"],
    &["size", "byte"],
    &["text", "comment", "body", "message"],
    &["note", "remark", "comment"],
    &["date", "day", "when"],
    &["birth", "birthday"],
    &["rep", "representative", "agent"],
    &["job", "position", "title"],
    &["salary", "wage", "pay"],
    &["department", "dept", "division"],
    &["line", "row", "entry", "position"],
    &["status", "state"],
    &["tag", "label"],
];

/// Stores whose items are purchases have one of these in their names.
pub const TRADES: [&str; 7] = [
    "line",
    "order",
    "sale",
    "purchase",
    "invoice",
    "transaction",
    "receipt",
];
/// Fields with money that came in, best first.
pub const MONEY: [&str; 7] = [
    "total", "revenue", "amount", "turnover", "sum", "subtotal", "value",
];
/// Fields with pieces that went out.
pub const UNITS: [&str; 4] = ["quantity", "qty", "unit", "piece"];

/// Whether two stems mean alike.
pub fn alike(one: &str, other: &str) -> bool {
    let mut groups = ALIKE.iter();
    groups.any(|group| group.contains(&one) && group.contains(&other))
}

/// A word that tells in which unit a number is: the words of fields that it fits, and what one of it is there.
pub fn measure(word: &str) -> Option<(&'static [&'static str], f64)> {
    const MS: &[&str] = &["millisecond", "ms"];
    const TIME: &[&str] = &[
        "millisecond",
        "ms",
        "second",
        "sec",
        "minute",
        "min",
        "duration",
        "length",
    ];
    const WEIGHT: &[&str] = &["weight", "mass"];
    const MONEY: &[&str] = &["price", "cost", "total", "amount", "value", "fee"];
    Some(match word {
        "ms" | "millisecond" | "milliseconds" => (MS, 1.0),
        "second" | "seconds" | "sec" | "secs" => (TIME, 1_000.0),
        "minute" | "minutes" | "min" | "mins" => (TIME, 60_000.0),
        "hour" | "hours" => (TIME, 3_600_000.0),
        "kg" | "kilo" | "kilos" | "kilogram" | "kilograms" => (WEIGHT, 1.0),
        "dollar" | "dollars" | "usd" | "euro" | "euros" | "eur" | "pound" | "pounds" | "bucks"
        | "cents" | "$" | "€" => (MONEY, 1.0),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::token::tokens;

    #[test]
    fn the_longest_phrase_goes_first() {
        let tokens = tokens("with no phone");
        let found = concepts(&tokens, 0);
        assert_eq!(found.first(), Some(&(Concept::Without, 2)));
        assert!(found.contains(&(Concept::With, 1)));
        assert!(concepts(&tokens, 2).is_empty() && concepts(&tokens, 9).is_empty());
    }

    #[test]
    fn words_alike_are_alike_both_ways() {
        assert!(alike("client", "customer") && alike("customer", "client"));
        assert!(!alike("client", "product"));
    }

    #[test]
    fn words_alike_are_stems() {
        for word in ALIKE.iter().copied().flatten() {
            assert_eq!(crate::planner::words::singular(word), *word);
        }
    }
}
