//! How much memory a model took: its process, and what its workers have for themselves.

use anyhow::Context;

/// The most memory this process has had resident, and what these others, which it forked, do not share with
/// it or with each other at this moment, in bytes. Look when the work is done and they are still there.
///
/// Of this process it is `VmHWM`, which begins anew at exec. (`getrusage` would tell the parent's peak if
/// that was higher: it is inherited.)
#[cfg(target_os = "linux")]
pub(super) fn peak(others: &[u32]) -> anyhow::Result<u64> {
    let own = sum_of("/proc/self/status", &["VmHWM:"])?;
    let private = |process| {
        let rollup = format!("/proc/{process}/smaps_rollup");
        // One that has been killed has none.
        sum_of(&rollup, &["Private_Clean:", "Private_Dirty:"]).unwrap_or(0)
    };
    Ok(own + others.iter().map(private).sum::<u64>())
}

/// The sum of these fields in one of the kernel's files.
#[cfg(target_os = "linux")]
fn sum_of(file: &str, fields: &[&str]) -> anyhow::Result<u64> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?;
    let mut sum = 0;
    for field in fields {
        let line = text.lines().find_map(|line| line.strip_prefix(field));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        sum += kib.with_context(|| format!("{file} has no {field}"))? * 1024;
    }
    Ok(sum)
}

/// The most memory this process has had resident, in bytes. What others have for themselves, nobody tells.
#[cfg(not(target_os = "linux"))]
pub(super) fn peak(_: &[u32]) -> anyhow::Result<u64> {
    use nix::sys::resource::{UsageWho, getrusage};

    let peak = getrusage(UsageWho::RUSAGE_SELF).context("cannot read memory use")?.max_rss();
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    Ok(u64::try_from(peak).unwrap_or(0) * unit)
}
