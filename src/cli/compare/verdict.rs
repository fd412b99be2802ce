//! Which model, and why: worked out from the figures.

use glassloop::workloads::Model;
use serde::Serialize;

use super::super::values::show_size;
use super::bench::Entry;

/// Two walls closer than this are alike on a noisy machine; then the cheaper model wins.
const ALIKE: f64 = 1.2;
/// A model must be so much faster than one after another to be worth its trouble.
const WORTH_IT: f64 = 1.1;

/// What the figures say of each workload; nothing of one that was not measured.
#[derive(Debug, Default, Serialize)]
pub(super) struct Verdict {
    pub(super) download: Option<Advice>,
    pub(super) sum: Option<Advice>,
}

/// Which model for one workload.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Advice {
    pub(super) model: &'static str,
    /// How much of the sequential run was waiting, between 0 and 1; the rest was computing.
    pub(super) waiting_share: f64,
    pub(super) text: String,
}

impl Verdict {
    pub(super) fn new(download: &[Entry], sum: &[Entry]) -> Self {
        Self { download: advise("download", download), sum: advise("sum", sum) }
    }
}

// ANCHOR: advise
/// Needs the sequential run to compare with, and at least one model beside it.
fn advise(workload: &str, entries: &[Entry]) -> Option<Advice> {
    let sequential = entries.iter().find(|entry| entry.model == Model::Sequential.name())?;
    let others = || entries.iter().filter(|entry| entry.model != sequential.model);
    let fastest = others().min_by(|a, b| a.wall_s.total_cmp(&b.wall_s))?;
    // Of those about as fast, the one that costs the processor least.
    let alike = others().filter(|entry| entry.wall_s <= fastest.wall_s * ALIKE);
    let best = alike.min_by(|a, b| a.cpu_s.total_cmp(&b.cpu_s))?;

    let waiting_share = (1.0 - sequential.cpu_s / sequential.wall_s).clamp(0.0, 1.0);
    let percent = (100.0 * waiting_share).round();
    let split = format!(
        "{workload}: one after another was {percent:.0} % waiting and {:.0} % computing.",
        100.0 - percent
    );
    let speedup = sequential.wall_s / best.wall_s;
    let (model, because) = if speedup < WORTH_IT {
        (sequential.model, "No other model was clearly faster".to_owned())
    } else {
        (best.model, reason(best, waiting_share, speedup))
    };
    let rest = runners_up(model, others());
    let text = format!("{split} {because}: choose {model}.{rest}");
    Some(Advice { model, waiting_share, text })
}
// ANCHOR_END: advise

fn reason(best: &Entry, waiting_share: f64, speedup: f64) -> String {
    // One thread never computes on two processors: what it saved was waiting, however little there was.
    if waiting_share >= 0.5 || best.model == Model::EventLoop.name() {
        let Entry { model, in_flight, .. } = best;
        format!(
            "Waiting overlaps: {model} had {in_flight} jobs in flight and was {speedup:.1} times as fast"
        )
    } else {
        let workers = best.in_flight;
        format!(
            "Computing needs more processors at work: with {workers} it was {speedup:.1} times as fast"
        )
    }
}

/// What the other models cost, in a few words each.
fn runners_up<'a>(chosen: &str, others: impl Iterator<Item = &'a Entry>) -> String {
    let rest: Vec<String> = others
        .filter(|entry| entry.model != chosen)
        .filter_map(|entry| {
            let speedup = entry.speedup?;
            let memory = show_size(entry.peak_rss_bytes);
            Some(format!("{} came to {speedup:.1} times with {memory}", entry.model))
        })
        .collect();
    if rest.is_empty() { String::new() } else { format!(" ({}.)", rest.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(model: Model, wall_s: f64, cpu_s: f64, in_flight: usize) -> Entry {
        Entry {
            model: model.name(),
            wall_s,
            cpu_s,
            peak_rss_bytes: 1 << 22,
            in_flight,
            jobs: 80,
            failed: 0,
            speedup: Some(1.0),
            bytes: None,
            verified: true,
        }
    }

    #[test]
    fn when_most_is_waiting_the_cheapest_of_the_fast_models_wins() {
        let advice = advise(
            "download",
            &[
                entry(Model::Sequential, 4.0, 0.04, 1),
                entry(Model::ThreadPerTask, 0.070, 0.030, 80),
                entry(Model::EventLoop, 0.075, 0.010, 80),
            ],
        );
        let advice = advice.unwrap();
        assert_eq!((advice.model, advice.waiting_share), ("event-loop", 0.99));
        assert!(advice.text.contains("99 % waiting and 1 % computing"), "{}", advice.text);
    }

    #[test]
    fn when_most_is_computing_more_processors_win() {
        let advice = advise(
            "sum",
            &[
                entry(Model::Sequential, 1.0, 1.0, 1),
                entry(Model::ThreadPerTask, 0.5, 1.0, 2),
                entry(Model::EventLoop, 1.0, 1.0, 1),
            ],
        );
        assert_eq!(advice.unwrap().model, "thread-per-task");
    }

    #[test]
    fn an_event_loop_that_wins_has_saved_waiting_not_computing() {
        let entries = [entry(Model::Sequential, 1.0, 0.6, 1), entry(Model::EventLoop, 0.6, 0.6, 4)];
        let advice = advise("download", &entries).unwrap();
        assert!(advice.text.contains("Waiting overlaps"), "{}", advice.text);
    }

    #[test]
    fn when_nothing_is_faster_one_after_another_is_enough() {
        let entries =
            [entry(Model::Sequential, 1.0, 1.0, 1), entry(Model::ThreadPerTask, 1.0, 1.0, 2)];
        assert_eq!(advise("sum", &entries).unwrap().model, "sequential");
    }

    #[test]
    fn without_the_sequential_run_there_is_no_verdict() {
        assert_eq!(advise("sum", &[entry(Model::EventLoop, 1.0, 1.0, 1)]), None);
    }
}
