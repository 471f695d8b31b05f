//! The phrases, each with its meaning.
//!
//! Of two meanings of one phrase the one that is higher up goes first.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Attribute, Comparison, Concept, Extreme, Function};
use crate::planner::token::Token;
use Attribute::{Birth, Date, Height, Length, Price, Rating, Size, Weight};
use Comparison::{Ge, Gt, Le, Lt};
use Concept as C;

const PHRASES: &[(Concept, &str)] = &[
    (
        C::Show,
        "show|list|find|get|give|display|fetch|print|view|see|return|retrieve|select|search|search for|look up|look for|tell|want|need|like to see|want to see",
    ),
    (
        C::Count,
        "how many|number of|count|counts|the number of|count of|total number of|amount of times|how often",
    ),
    (C::HowMuch, "how much"),
    (
        C::Aggregate(Function::Sum),
        "sum|sum of|sum up|add up|combined|total sum of",
    ),
    (
        C::Aggregate(Function::Avg),
        "average|avg|mean|average of|on average|typical",
    ),
    (C::Aggregate(Function::Min), "min|minimum|minimal"),
    (C::Aggregate(Function::Max), "max|maximum|maximal"),
    (C::Aggregate(Function::Median), "median|median of"),
    (C::Total, "total|overall"),
    (
        C::Altogether,
        "altogether|in total|all together|in all|in sum",
    ),
    (C::By, "by"),
    (
        C::Per,
        "per|grouped by|group by|broken down by|split by|for each|for every|in each|in every|of each|of every|by each|by every|group them by|group it by|group that by|for all the different|grouped per|from each",
    ),
    (C::Each, "each|every"),
    (
        C::Sort,
        "sort by|sorted by|order by|ordered by|sort them by|sort it by|sort that by|sort these by|sort those by|order them by|order it by|rank by|ranked by|ranked|sorted|sort|in order of|arranged by|sort on",
    ),
    (
        C::Alphabetical,
        "alphabetically|in alphabetical order|in alphabetic order|alphabetical order|alphabetical|from a to z|a to z|a-z",
    ),
    (
        C::Ascending,
        "ascending|asc|fewest first|lowest first|smallest first|from low to high|low to high|upwards|increasing",
    ),
    (
        C::Descending,
        "descending|desc|most first|highest first|largest first|biggest first|from high to low|high to low|reversed|in reverse|in reverse order|decreasing|backwards|in descending order|the other way round",
    ),
    (C::Ascending, "in ascending order"),
    (C::Top, "top"),
    (C::Bottom, "bottom|worst"),
    (C::First, "first"),
    (C::Last, "last"),
    (C::Best, "best"),
    (
        C::Extreme(Price, Extreme::Max),
        "most expensive|priciest|dearest|costliest|most costly",
    ),
    (
        C::Extreme(Price, Extreme::Min),
        "cheapest|least expensive|most affordable",
    ),
    (C::Extreme(Length, Extreme::Max), "longest"),
    (C::Extreme(Length, Extreme::Min), "shortest"),
    (C::Extreme(Weight, Extreme::Max), "heaviest"),
    (C::Extreme(Weight, Extreme::Min), "lightest"),
    (
        C::Extreme(Size, Extreme::Max),
        "biggest|largest|highest|greatest|maximum",
    ),
    (C::Extreme(Size, Extreme::Min), "smallest|lowest"),
    (C::Extreme(Height, Extreme::Max), "tallest"),
    (
        C::Extreme(Date, Extreme::Max),
        "latest|newest|most recent|most recently",
    ),
    (C::Extreme(Date, Extreme::Min), "earliest"),
    (C::Extreme(Birth, Extreme::Min), "oldest"),
    (C::Extreme(Birth, Extreme::Max), "youngest"),
    (
        C::Extreme(Rating, Extreme::Max),
        "best rated|highest rated|top rated|best reviewed",
    ),
    (C::Extreme(Rating, Extreme::Min), "worst rated|lowest rated"),
    (C::Most, "most|highest number of|largest number of"),
    (C::Least, "fewest|least|lowest number of"),
    (
        C::Compared(Price, Gt),
        "more expensive than|dearer than|pricier than",
    ),
    (C::Compared(Price, Lt), "cheaper than|less expensive than"),
    (C::Compared(Length, Gt), "longer than"),
    (C::Compared(Length, Lt), "shorter than"),
    (C::Compared(Weight, Gt), "heavier than"),
    (C::Compared(Weight, Lt), "lighter than"),
    (
        C::Compared(Size, Gt),
        "larger than|bigger than|greater in size than",
    ),
    (C::Compared(Size, Lt), "smaller than"),
    (C::Attribute(Price), "cost|costs|costing|priced|priced at"),
    (C::Attribute(Weight), "weigh|weighs|weighing"),
    (C::Attribute(Length), "long|lasts|lasting|last for"),
    (
        C::Compare(Gt),
        "over|above|more than|greater than|exceeding|exceeds|exceed|higher than|>|bigger than|larger than|in excess of|beyond|upwards of",
    ),
    (
        C::Compare(Ge),
        "at least|no less than|not less than|>=|greater than or equal to|more than or equal to|minimum of|or more than",
    ),
    (
        C::Compare(Lt),
        "under|below|less than|fewer than|lower than|<|smaller than",
    ),
    (
        C::Compare(Le),
        "at most|no more than|not more than|up to|<=|less than or equal to|maximum of|not over|not above",
    ),
    (
        C::Compare(Comparison::Ne),
        "!=|<>|is not equal to|other than|except|excluding|different from",
    ),
    (C::Compare(Comparison::Eq), "equal to|exactly|=|equals|=="),
    (C::Between, "between|ranging from"),
    (
        C::And,
        "then|then by|and then|and then by|and by|and|as well as|plus|,|but|also|and also|&|along with",
    ),
    (C::Or, "or|either"),
    (
        C::Not,
        "not|non|isnt|arent|wasnt|are not|is not|not in|no longer",
    ),
    (
        C::Without,
        "without|out of|with no|have no|has no|having no|had no|that have no|who have no|do not have|does not have|did not have|never|no|lack|lacking|that lack|without any|with no known|do not have any|have not|has not|have never|has never|have never been|has never been|were never|was never|not any|who never|who have never|that were never|not been|have not been|has not been|who have not|that have not|did not|do not|does not|with zero|have zero",
    ),
    (
        C::With,
        "with|have|has|having|had|who have|that have|which have|including|containing at least",
    ),
    (C::In, "in|from|at|within|inside|into|during"),
    (C::Of, "of|'s|belonging to"),
    (C::To, "to"),
    (C::On, "on"),
    (C::For, "for"),
    (
        C::Which,
        "that|which|what|what are|that are|who are|which are|who is|that is|that were|which were",
    ),
    (C::Who, "who|whom|anyone|anybody"),
    (C::Where, "whose|where"),
    (C::Is, "is|are|was|were|be|being|been"),
    (
        C::Contains,
        "contains|contain|containing|includes|mention|mentions|mentioning|that contain|matching|like|that mention",
    ),
    (
        C::Starts,
        "starts with|start with|starting with|begins with|begin with|beginning with|starting in|that start with|that begin with",
    ),
    (
        C::Ends,
        "ends with|end with|ending with|ending in|end in|ends in",
    ),
    (
        C::Missing,
        "is missing|are missing|missing|is empty|are empty|empty|is null|null|is blank|is unknown|unknown|is not set|not set|is not known|not known|is unset|unset",
    ),
    (
        C::Present,
        "is present|exists|is set|is known|known|is not null|is not empty|is not missing|given|is given",
    ),
    (C::Named, "named|called|titled|by the name of|with the name"),
    (C::Distinct, "different|distinct|unique|various"),
    (
        C::Only,
        "only|just|only those|only the|just the|just those|restrict to|limit to|narrow down to|filter to|filter by|filter for|keep",
    ),
    (
        C::Instead,
        "what about|how about|and for|and in|and of|instead|and with|same for|the same for|now for|now in|now with|now the|now",
    ),
    (
        C::Pronoun,
        "they|them|those|these|ones|one|it|there|of them|of those|of these|the others",
    ),
    (
        C::Their,
        "their|its|his|her|and their|with their|together with their|along with their|and its|with its",
    ),
    (C::That, "that|this|it"),
    (C::Since, "since|starting from|starting|from on|as of"),
    (C::Before, "before|older than|earlier than|prior to"),
    (
        C::After,
        "after|newer than|later than|following|younger than",
    ),
    (C::Until, "until|till|up until|through"),
    (C::Limit, "limit|limited to|limit to|maximum"),
    (
        C::Anything,
        "something|anything|everything|everyone|everybody|things|stuff|all of them",
    ),
    (
        C::Money,
        "revenue|sales|turnover|income|earnings|money|spent|spend|spending|spends|takings|proceeds|revenues",
    ),
    (C::Units, "units|pieces|copies"),
    (
        C::Trade,
        "bought|buy|buys|buying|purchased|purchase|sold|sell|sells|selling|ordered|orders|order|been sold",
    ),
    (
        C::Noise,
        "the|a|an|all|our|my|your|us|me|i|we|you|please|pls|plz|can|could|would|will you|do|does|did|whats|what|please can|of the|any|some|current|currently|yet|already|there|so|ok|okay|hi|hey|thanks|thank you|have we|id|i'd|'d|'re|'m|'ve|'ll|'s|kindly|quickly|also|records|record|entries|rows|row|items|item|list of|the list of|full list of|complete|whole|entire|details|detail|information|info|data|as|be|been|if|up|am|such|us|respectively|every single|together|ever|made|make|makes|come|comes|came|brought|bring|brings|live|living|lives|based|located|reside|residing|resides|work|works|working|play|plays|played|belong|belongs|generate|generated|got|get|gets|appear|appears|appearing|exist|happened|happen|write|wrote|done|do|be|when|along|themselves|being|earn|earned|make up|was there|were there|are there|is there|do we have|we have|have we got|in the database|in stock right now|right now|at the moment|so far|of all time|of all times|ever made|did we|do you have|does|dollar|dollars|euro|euros|usd|eur|value of|values of|worth|worth of|with a value of|shown|using|use|now please|.|:",
    ),
];

/// A phrase taken apart, and its meaning.
type Phrase = (Vec<&'static str>, Concept);

/// The phrases by their first word.
static TABLE: LazyLock<HashMap<&'static str, Vec<Phrase>>> = LazyLock::new(|| {
    let mut table: HashMap<&str, Vec<_>> = HashMap::new();
    for (concept, phrases) in PHRASES {
        for phrase in phrases.split('|') {
            let words: Vec<&str> = phrase.split(' ').collect();
            let first = words.first().copied().unwrap_or_default();
            table.entry(first).or_default().push((words, *concept));
        }
    }
    table
});

/// The phrases that begin at a token, longest first; of those of one length in the order of the list.
pub fn concepts(tokens: &[Token], at: usize) -> Vec<(Concept, usize)> {
    let first = tokens.get(at).map_or("", |token| token.lower.as_str());
    let Some(phrases) = TABLE.get(first) else {
        return Vec::new();
    };
    let fits = |words: &[&str]| {
        let rest = tokens.get(at..at + words.len());
        rest.is_some_and(|rest| {
            rest.iter()
                .zip(words)
                .all(|(token, word)| token.lower == *word)
        })
    };
    let fitting = phrases.iter().filter(|(words, _)| fits(words));
    let mut found: Vec<_> = fitting
        .map(|(words, concept)| (*concept, words.len()))
        .collect();
    found.sort_by_key(|(_, length)| std::cmp::Reverse(*length));
    found
}
