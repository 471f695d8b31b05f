//! What tokens cost.

use std::collections::BTreeMap;

use super::Usage;
use crate::config::Price;

/// The cost of `usage` in dollars, by the price whose name is the longest beginning of the model's; `None`
/// when no price fits.
pub fn cost(prices: &BTreeMap<String, Price>, model: &str, usage: Usage) -> Option<f64> {
    let fitting = prices
        .iter()
        .filter(|(name, _)| model.starts_with(name.as_str()));
    let (_, price) = fitting.max_by_key(|(name, _)| name.len())?;
    let cached = usage.cached.min(usage.input);
    let fresh = (usage.input - cached) as f64;
    let kept = cached as f64 * price.cached.unwrap_or(price.input);
    Some((fresh * price.input + kept + usage.output as f64 * price.output) / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_wins_and_kept_tokens_have_their_own_price() {
        let price = |input, cached, output| Price {
            input,
            cached,
            output,
        };
        let prices = BTreeMap::from([
            ("m".to_owned(), price(1.0, None, 2.0)),
            ("m-large".to_owned(), price(10.0, Some(1.0), 20.0)),
        ]);
        let usage = Usage {
            input: 1_000_000,
            cached: 400_000,
            output: 100_000,
        };
        assert_eq!(cost(&prices, "m-large-2", usage), Some(8.4));
        assert_eq!(cost(&prices, "m-small", usage), Some(1.2));
        assert_eq!(cost(&prices, "other", usage), None);
    }
}
