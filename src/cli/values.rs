//! How values on the command line are read and written.

use std::time::Duration;

use bytesize::ByteSize;
use clap::builder::{PossibleValuesParser, RangedU64ValueParser, TypedValueParser};
use glassloop::runtime::BackendKind;
use glassloop::workloads::Model;

/// `50ms`, `2s`, `1m 30s`; a bare number is seconds, as for curl.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.map_or_else(
        || humantime::parse_duration(text).map_err(|error| format!("{error} (try 50ms, 2s or 1m)")),
        Ok,
    )
}

/// A duration that must not be zero.
pub(super) fn limit(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("nothing can be done in no time".into()),
        limit => Ok(limit),
    }
}

/// `16KiB`, `1MB`; a bare number is bytes.
pub(super) fn size(text: &str) -> Result<u64, String> {
    match text.parse::<ByteSize>() {
        Ok(size) => Ok(size.as_u64()),
        Err(_) => Err("not a size (try 16384, 16KiB or 1MB)".into()),
    }
}

/// A number of bytes a second that lets at least something through.
pub(super) fn rate(text: &str) -> Result<u64, String> {
    match size(text.strip_suffix("/s").unwrap_or(text))? {
        0 => Err("nothing would ever arrive".into()),
        rate => Ok(rate),
    }
}

/// How many of something: at least one.
pub(super) fn count_up_to(most: usize) -> impl TypedValueParser<Value = usize> {
    count_between(1, most)
}

pub(super) fn count_between(least: usize, most: usize) -> impl TypedValueParser<Value = usize> {
    RangedU64ValueParser::<usize>::new().range(least as u64..=most as u64)
}

pub(super) fn model() -> impl TypedValueParser<Value = Model> {
    PossibleValuesParser::new(Model::ALL.map(Model::name)).try_map(|name| name.parse::<Model>())
}

pub(super) fn backend() -> impl TypedValueParser<Value = BackendKind> {
    let names = BackendKind::ALL.map(BackendKind::name);
    PossibleValuesParser::new(names).try_map(|name| name.parse::<BackendKind>())
}

/// A size for people: `1.3 MiB`.
pub(super) fn show_size(bytes: u64) -> String {
    ByteSize::b(bytes).display().iec().to_string()
}

/// Seconds for people: `4.27 s`, `61.2 ms`.
pub(super) fn show_seconds(seconds: f64) -> String {
    show_amount(seconds * 1e9, "ns")
}

/// An amount for people, to three digits; nanoseconds in the unit that fits.
pub(super) fn show_amount(amount: f64, unit: &str) -> String {
    let (amount, unit) = match (unit, amount) {
        ("ns", 1e9..) => (amount / 1e9, "s"),
        ("ns", 1e6..) => (amount / 1e6, "ms"),
        ("ns", 1e3..) => (amount / 1e3, "µs"),
        _ => (amount, unit),
    };
    let decimals = match amount {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    format!("{amount:.decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_a_unit_and_in_seconds() {
        assert_eq!(duration("50ms"), Ok(Duration::from_millis(50)));
        assert_eq!(duration("1.5"), Ok(Duration::from_millis(1500)));
        for wrong in ["", "soon", "-1", "1e400", "NaN"] {
            assert!(duration(wrong).is_err(), "{wrong:?} was read");
        }
        assert!(limit("0").is_err());
    }

    #[test]
    fn sizes_are_read_in_bytes_and_with_a_unit() {
        assert_eq!(size("16KiB"), Ok(16_384));
        assert_eq!(size("1MB"), Ok(1_000_000));
        assert_eq!(rate("1KiB/s"), Ok(1024));
        for wrong in ["", "big", "-1"] {
            assert!(size(wrong).is_err(), "{wrong:?} was read");
        }
    }

    #[test]
    fn seconds_are_shown_to_three_digits() {
        let shown = [4.273, 42.73, 0.0612, 0.000_004].map(show_seconds);
        assert_eq!(shown, ["4.27 s", "42.7 s", "61.2 ms", "4.00 µs"]);
    }

    #[test]
    fn amounts_have_three_digits_and_a_unit_that_fits() {
        let shown = [6.04, 54.1, 1230.0, 1_078_000.0].map(|amount| show_amount(amount, "ns"));
        assert_eq!(shown, ["6.04 ns", "54.1 ns", "1.23 µs", "1.08 ms"]);
        assert_eq!(show_amount(329.4, "B"), "329 B");
        assert_eq!(show_amount(2.03, "calls"), "2.03 calls");
    }
}
