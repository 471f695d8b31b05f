//! Which scripts are at work, one in the other: a script may read another one as a table, and that one a third.

use std::sync::Arc;

use sop_systemdb::script::MAX_CALL_DEPTH;

/// The scripts whose steps or rows are being made, the outermost first.
#[derive(Clone, Debug, Default)]
pub struct Chain(Arc<[String]>);

impl Chain {
    /// With one more.
    #[must_use]
    pub fn with(&self, reference: &str) -> Self {
        let more = [reference.to_owned()];
        Self(self.0.iter().cloned().chain(more).collect())
    }

    /// Why a script cannot be read within these: it would never end.
    pub fn refusal(&self, reference: &str) -> Option<String> {
        let names = || {
            let names = self.0.iter().map(String::as_str);
            names.chain([reference]).collect::<Vec<_>>().join(" → ")
        };
        if self.0.iter().any(|there| there == reference) {
            return Some(format!("scripts read each other in a circle: {}", names()));
        }
        (self.0.len() >= MAX_CALL_DEPTH).then(|| {
            format!(
                "scripts read each other deeper than {MAX_CALL_DEPTH} levels: {}",
                names()
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_and_depth_are_refused() {
        let chain = Chain::default().with("general.a").with("general.b");
        assert_eq!(chain.refusal("general.c"), None);
        let circle = chain.refusal("general.a").unwrap();
        assert!(
            circle.ends_with("general.a → general.b → general.a"),
            "{circle}"
        );
        let deep =
            (0..MAX_CALL_DEPTH).fold(Chain::default(), |chain, n| chain.with(&n.to_string()));
        assert!(deep.refusal("x").unwrap().contains("deeper"));
    }
}
