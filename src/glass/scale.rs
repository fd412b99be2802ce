//! The axis of time: where its marks stand, and what they say.

/// The marks on an axis from `from` to `to`: at round times, and no more than `most`.
pub(super) fn ticks((from, to): (u64, u64), most: usize) -> Vec<(u64, String)> {
    let step = step((to - from).div_ceil(most.max(1) as u64).max(1));
    let mut ticks = Vec::new();
    let mut next = from.checked_next_multiple_of(step);
    while let Some(at) = next.filter(|at| *at <= to) {
        ticks.push((at, in_unit(at, step)));
        next = at.checked_add(step);
    }
    ticks
}

/// The next larger of 1, 2, 5, 10, 20, 50 ...
fn step(least: u64) -> u64 {
    let mut ten = 1_u64;
    loop {
        for step in [ten, ten.saturating_mul(2), ten.saturating_mul(5)] {
            if step >= least {
                return step;
            }
        }
        let Some(next) = ten.checked_mul(10) else { return u64::MAX };
        ten = next;
    }
}

const UNITS: [(&str, u64); 4] = [("s", 1_000_000_000), ("ms", 1_000_000), ("µs", 1000), ("ns", 1)];

/// A time in the unit of `step`, a tenth of which is still said in it: `0.2 s`.
fn in_unit(at: u64, step: u64) -> String {
    if at == 0 {
        return "0".into();
    }
    let fits = |(_, size): &&(&str, u64)| step >= size / 10;
    let (unit, size) = UNITS.iter().find(fits).unwrap_or(&UNITS[3]);
    let (whole, rest) = (at / size, at % size);
    match rest * 10 / size {
        0 => format!("{whole} {unit}"),
        tenths => format!("{whole}.{tenths} {unit}"),
    }
}

/// How long something took, to three digits: `4.27 s`, `61.2 ms`.
pub(super) fn time(nanos: u64) -> String {
    let (unit, size) = UNITS.iter().find(|(_, size)| nanos >= *size).unwrap_or(&UNITS[3]);
    let value = nanos as f64 / *size as f64;
    let decimals = match value {
        _ if *size == 1 => 0,
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    format!("{value:.decimals$} {unit}")
}

/// A text of at most `most` characters. Of a URL the end tells most, of anything else the beginning.
pub(super) fn shorten(text: &str, most: usize, dots: &str) -> String {
    if text.chars().count() <= most {
        return text.into();
    }
    let kept = most.saturating_sub(dots.chars().count());
    if !text.contains("://") {
        return text.chars().take(kept).chain(dots.chars().take(most)).collect();
    }
    let file = text.rfind('/').map_or(text, |slash| &text[slash..]);
    let end = if file.chars().count() <= kept { file } else { text };
    let end = end.chars().skip(end.chars().count().saturating_sub(kept));
    dots.chars().take(most).chain(end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_stand_at_round_times_and_say_them_in_one_unit() {
        let said = |window, most| -> Vec<String> {
            ticks(window, most).into_iter().map(|(_, said)| said).collect()
        };
        assert_eq!(said((0, 52_000_000), 6), ["0", "10 ms", "20 ms", "30 ms", "40 ms", "50 ms"]);
        assert_eq!(said((1_050_000, 1_900_000), 3), ["1.5 ms"]);
        assert_eq!(said((0, 400_000_000), 4), ["0", "0.1 s", "0.2 s", "0.3 s", "0.4 s"]);
        assert_eq!(said((0, 1), 10), ["0", "1 ns"]);
        assert!(ticks((0, u64::MAX), 5).len() <= 6);
        assert!(ticks((u64::MAX - 1, u64::MAX), 0).len() <= 2);
    }

    #[test]
    fn a_text_that_is_too_long_keeps_what_tells_most() {
        assert_eq!(shorten("http://host/file-0001.bin", 20, "…"), "…/file-0001.bin");
        assert_eq!(shorten("http://host/file-0001.bin", 11, "…"), "…e-0001.bin");
        assert_eq!(shorten("a long name", 6, "..."), "a l...");
        assert_eq!(shorten("a long name", 2, "..."), "..");
        assert_eq!(shorten("short", 5, "…"), "short");
    }
}
