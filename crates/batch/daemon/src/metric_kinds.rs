//! What kinds of metrics there are, and how one of each is registered.

use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry, Result,
};

/// A metric as it is declared.
#[derive(Clone, Copy, Debug)]
pub struct Declared {
    /// Its name.
    pub name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// Upper bounds, of a histogram.
    pub buckets: &'static [f64],
    /// What it says.
    pub help: &'static str,
}

/// A kind of metric.
pub(crate) trait Declare: Sized {
    /// The word in Prometheus' text format.
    const KIND: &'static str;

    /// Makes one and registers it.
    fn declare(registry: &Registry, declared: &Declared) -> Result<Self>;
}

macro_rules! kind {
    ($type:ident, $kind:literal, |$declared:ident| $made:expr) => {
        impl Declare for $type {
            const KIND: &'static str = $kind;

            fn declare(registry: &Registry, $declared: &Declared) -> Result<Self> {
                let metric = $made?;
                registry.register(Box::new(metric.clone()))?;
                Ok(metric)
            }
        }
    };
}

kind!(IntCounter, "counter", |declared| Self::new(declared.name, declared.help));
kind!(IntCounterVec, "counter", |declared| Self::new(Opts::new(declared.name, declared.help), declared.labels));
kind!(Gauge, "gauge", |declared| Self::new(declared.name, declared.help));
kind!(GaugeVec, "gauge", |declared| Self::new(Opts::new(declared.name, declared.help), declared.labels));
kind!(Histogram, "histogram", |declared| Self::with_opts(histogram(declared)));
kind!(HistogramVec, "histogram", |declared| Self::new(histogram(declared), declared.labels));

fn histogram(declared: &Declared) -> HistogramOpts {
    HistogramOpts::new(declared.name, declared.help).buckets(declared.buckets.to_vec())
}
