//! Writing the text format of Prometheus, version 0.0.4.

use std::fmt::Write as _;

/// What a family of samples is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Never goes down while the program runs.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by size.
    Histogram,
}

/// A value of a sample.
pub trait Figure: Copy {
    /// Appends it.
    fn write(&self, out: &mut String);
}

impl Figure for u64 {
    fn write(&self, out: &mut String) {
        let _ = write!(out, "{self}");
    }
}

impl Figure for f64 {
    fn write(&self, out: &mut String) {
        let _ = write!(out, "{self}");
    }
}

/// Labels of a sample: names of the program's own, values of any text.
pub type Labels<'a> = &'a [(&'a str, &'a str)];

/// A text that grows, family by family.
#[derive(Debug, Default)]
pub struct Exposition {
    text: String,
    family: &'static str,
}

impl Exposition {
    /// Begins a family; its samples have to follow. `help` is one line without backslashes.
    pub fn family(&mut self, name: &'static str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
        self.family = name;
    }

    /// A sample of the family, whose name may have a suffix.
    pub fn sample(&mut self, suffix: &str, labels: Labels<'_>, value: impl Figure) {
        self.text.push_str(self.family);
        self.text.push_str(suffix);
        for (at, (name, value)) in labels.iter().enumerate() {
            self.text.push(if at == 0 { '{' } else { ',' });
            self.text.push_str(name);
            self.text.push_str("=\"");
            for c in value.chars() {
                match c {
                    '\\' => self.text.push_str("\\\\"),
                    '"' => self.text.push_str("\\\""),
                    '\n' => self.text.push_str("\\n"),
                    c => self.text.push(c),
                }
            }
            self.text.push('"');
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        self.text.push(' ');
        value.write(&mut self.text);
        self.text.push('\n');
    }

    /// The samples of a histogram: `counts` has one number for each of the limits and one for what is above.
    pub fn histogram(
        &mut self,
        labels: Labels<'_>,
        limits: impl IntoIterator<Item = f64>,
        counts: &[u64],
        sum: f64,
    ) {
        let limits = limits.into_iter().map(|limit| limit.to_string());
        let limits = limits.chain(std::iter::once("+Inf".to_owned()));
        let mut total = 0;
        for (limit, count) in limits.zip(counts) {
            total += count;
            let mut with_limit = labels.to_vec();
            with_limit.push(("le", &limit));
            self.sample("_bucket", &with_limit, total);
        }
        self.sample("_sum", labels, sum);
        self.sample("_count", labels, total);
    }

    /// The text.
    pub fn into_text(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_samples_and_histograms_have_their_form() {
        let mut out = Exposition::default();
        out.family("a_total", Kind::Counter, "Some.");
        out.sample("", &[], 3u64);
        out.sample("", &[("x", "a\\b\"c\nd"), ("y", "")], 0.5);
        out.family("b_seconds", Kind::Histogram, "Times.");
        out.histogram(&[("x", "1")], [0.000_025, 1.0], &[1, 0, 2], 7.25);
        assert_eq!(
            out.into_text(),
            "# HELP a_total Some.\n# TYPE a_total counter\na_total 3\na_total{x=\"a\\\\b\\\"c\\nd\",y=\"\"} 0.5\n\
             # HELP b_seconds Times.\n# TYPE b_seconds histogram\nb_seconds_bucket{x=\"1\",le=\"0.000025\"} 1\n\
             b_seconds_bucket{x=\"1\",le=\"1\"} 1\nb_seconds_bucket{x=\"1\",le=\"+Inf\"} 3\n\
             b_seconds_sum{x=\"1\"} 7.25\nb_seconds_count{x=\"1\"} 3\n"
        );
    }
}
