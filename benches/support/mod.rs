//! Rows of `glassloop::bench` as criterion's benchmarks: a group for each row, in it our figure and every peer's.
//! What criterion calls an iteration is a round, and its figure what one operation of that round cost.

use std::time::{Duration, Instant};

use criterion::measurement::{Measurement, ValueFormatter};
use criterion::{Criterion, SamplingMode, Throughput};
use glassloop::bench::{Unit, child, rows};

/// Measures the rows of the groups named. First of all in `main`.
pub(crate) fn main(groups: &[&str]) {
    child::answer();
    // `cargo test --benches` only wants to see it run.
    let quick = !std::env::args().any(|argument| argument == "--bench");
    for row in rows().into_iter().filter(|row| groups.contains(&row.group)) {
        let mut criterion =
            Criterion::default().with_measurement(Figure(row.unit)).configure_from_args();
        let mut group = criterion.benchmark_group(row.name);
        group
            .sampling_mode(SamplingMode::Flat)
            .sample_size(10)
            .warm_up_time(Duration::from_millis(500))
            .measurement_time(Duration::from_secs(2));
        let round = if quick { row.round.min(100) } else { row.round };
        for contender in row.contenders() {
            let mut run = None;
            group.bench_function(contender.name, |bench| {
                // Not before criterion comes to it: it may have been told to leave it out.
                let run = run.get_or_insert_with(|| prepared(row.prepare(contender)));
                bench.iter_custom(|times| (0..times).map(|_| prepared(run(round))).sum());
            });
        }
        group.finish();
    }
}

fn prepared<T>(result: anyhow::Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("{error:#}"))
}

/// Criterion's idea of a quantity, for one that is measured elsewhere.
struct Figure(Unit);

impl Measurement for Figure {
    type Intermediate = Instant;
    type Value = f64;

    fn start(&self) -> Instant {
        Instant::now()
    }

    fn end(&self, start: Instant) -> f64 {
        start.elapsed().as_nanos() as f64
    }

    fn add(&self, one: &f64, other: &f64) -> f64 {
        one + other
    }

    fn zero(&self) -> f64 {
        0.0
    }

    fn to_f64(&self, value: &f64) -> f64 {
        *value
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        self
    }
}

impl ValueFormatter for Figure {
    fn scale_values(&self, _typical: f64, _values: &mut [f64]) -> &'static str {
        self.0.name()
    }

    fn scale_throughputs(
        &self,
        _typical: f64,
        _operations: &Throughput,
        _values: &mut [f64],
    ) -> &'static str {
        self.0.name()
    }

    fn scale_for_machines(&self, _values: &mut [f64]) -> &'static str {
        self.0.name()
    }
}
